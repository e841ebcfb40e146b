"""Real, synthetic and damaged PDFs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import closing
from io import BytesIO
from textwrap import wrap

import pypdfium2  # type: ignore[import-untyped]
import pytest

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import State
from seekpoint.indexer.sources.papers.pdf import read_pdf
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role
from tests.indexer.sources.parsed import damaged, refusal, texts
from tests.shared import SHARED, needs_shared

PAPER = SHARED / "resources" / "1706.03762.pdf"
UNICODE_MAP = """/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CMapName /All def /CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange
256 beginbfrange
{} endbfrange endcmap end end""".format(
    "\n".join(f"<{high:02X}00> <{high:02X}FF> <{high:02X}00>" for high in range(256))
)
FONTS = """/F1 << /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>
/F2 << /Type /Font /Subtype /Type1 /BaseFont /Courier-Bold /Encoding /WinAnsiEncoding >>
/F3 << /Type /Font /Subtype /Type0 /BaseFont /Wide /Encoding /Identity-H /ToUnicode 3 0 R /DescendantFonts [
<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Wide /DW 1000
/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >> ] >>"""
SENTENCES = (
    "The quick ascent of the method surprised everyone who had watched the field for years.",
    "Nobody had expected that such a plain idea would carry so far in so short a time.",
    "A second look at the figures confirmed what the first had only suggested to us.",
    "What remains is to explain why the gain is larger on long inputs than on short ones.",
)


def line(x: float, y: float, text: str, size: float = 10, font: str = "F1", turn: str = "1 0 0 1") -> str:
    code = text.encode("utf-16-be" if font == "F3" else "cp1252").hex()
    return f"BT /{font} {size} Tf {turn} {x} {y} Tm <{code}> Tj ET"


def lines(x: float, y: float, texts: Sequence[str], size: float = 10, font: str = "F1") -> list[str]:
    return [line(x, y - 1.2 * size * index, text, size, font) for index, text in enumerate(texts)]


def made(pages: Sequence[Sequence[str]], catalog: str = "", info: str = "", trailer: str = "", page: str = "") -> bytes:
    """A minimal PDF with these lines."""
    numbers = range(5, 5 + 2 * len(pages), 2)
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} /MediaBox [0 0 600 800] "
        f"/Resources << /Font << {FONTS} >> >> >>",
        f"<< /Length {len(UNICODE_MAP)} >>\nstream\n{UNICODE_MAP}\nendstream",
        f"<< {info} >>",
    ]
    for number, shown in zip(numbers, pages, strict=True):
        content = "\n".join(shown)
        objects.append(f"<< /Type /Page /Parent 2 0 R /Contents {number + 1} 0 R {page} >>")
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    data, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    tail = (
        f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R /Info 4 0 R {trailer} >>\n"
    )
    return data + f"{tail}startxref\n{len(data)}\n%%EOF\n".encode()


def shown(*content: str, **around: str) -> ParsedDocument:
    """A PDF of one page, as it is read."""
    return read_pdf(made([content], **around))


@needs_shared
def test_a_real_paper_is_read_as_a_reader_reads_it() -> None:
    paper = read_pdf(PAPER.read_bytes())
    assert (paper.title, paper.stated.published) == ("Attention Is All You Need", "2017-12-07")
    assert (paper.stated.authors, paper.language) == ((), None)
    found = [(block.page, block.text) for block in paper.blocks if block.role is Role.HEADING]
    assert len(found) == 26
    assert found[:4] == [(1, "Attention Is All You Need"), (1, "Abstract"), (1, "1 Introduction"), (2, "2 Background")]
    assert found[8:10] == [(4, "3.2.2 Multi-Head Attention"), (5, "3.2.3 Applications of Attention in our Model")]
    assert found[-3:] == [(10, "7 Conclusion"), (10, "References"), (13, "Attention Visualizations")]
    for page, rejoined in (
        (1, "The best performing models also connect the encoder and decoder through an attention mechanism."),
        (3, "Each layer has two sub-layers. The first is a multi-head self-attention mechanism"),
        (5, "information about the relative or absolute position of the tokens in the sequence. To this end"),
        (6, "restricted to considering only a neighborhood of size r in the input sequence centered"),
        (9, "Vinyals & Kaiser el al. (2014) [37] WSJ only, discriminative 88.3"),
        (13, "Figure 3: An example of the attention mechanism following long-distance dependencies"),
    ):
        assert [(block.page, block.role) for block in paper.blocks if rejoined in block.text] == [(page, Role.BODY)]
    everything = " ".join(texts(paper))
    for kept in ("dot-product attention", "self-attention", "2014 English-to-German translation"):
        assert kept in everything
    for broken in ("selfattention", "dotproduct", "Englishto", "transduc-tion", "convolu-tional", "sequencealigned"):
        assert broken not in everything
    assert not any(text.isdecimal() for text in texts(paper)), "a page number"
    assert not any(dropped in everything for dropped in ("[cs.CL]", "<EOS>", "<pad>")), "stamps and rotated words"
    references = texts(paper, Role.REFERENCE)
    assert [text.split()[0] for text in references] == [f"[{number}]" for number in range(1, 41)]
    assert references[8].endswith("sequence to sequence learning. arXiv preprint arXiv:1705.03122v2, 2017.")


def test_a_paragraph_continues_in_the_next_column_past_a_footnote() -> None:
    words = wrap(" ".join(SENTENCES * 3), 40)
    title, note = line(100, 740, "A Short Note on Reading Order", 18, "F2"), line(60, 80, "1 In small print.", 8)
    text = shown(title, *lines(60, 660, words[:12]), note, *lines(320, 660, words[12:]))
    assert text.title == "A Short Note on Reading Order"
    assert texts(text) == [text.title, " ".join(SENTENCES * 3), "1 In small print."]


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (["eﬃcient ﬂow of ⼈⼯ x² ﬁrst", "trans\xad", "formers"], "efficient flow of 人工 x² first transformers"),
        (["S¨orensen, Dvoˇr´ak and na¨ıve caf´es", "at 5´ or ´中"], "Sörensen, Dvořák and naïve cafés at 5´ or ´中"),
    ],
)
def test_the_letters_of_a_word_are_composed(printed: list[str], text: str) -> None:
    assert texts(shown(*lines(60, 700, printed, font="F3"))) == [text]


def test_rotated_text_is_dropped_unless_the_whole_page_is_rotated() -> None:
    assert texts(shown(line(20, 300, "Stamp 2020", turn="0 1 -1 0"), line(60, 700, SENTENCES[0]))) == [SENTENCES[0]]
    sideways = [line(100 + 12 * index, 60, text, turn="0 1 -1 0") for index, text in enumerate(wrap(SENTENCES[0], 50))]
    assert texts(shown(*sideways)) == texts(shown(*sideways, page="/Rotate 90")) == [SENTENCES[0]]
    mirrored_twice = line(60, 700, SENTENCES[0], -10, turn="-1 0 0 -1")
    assert SENTENCES[0] in texts(shown(mirrored_twice, line(60, 600, "of no size", turn="0 0 0 0")))


def test_thick_stems_alone_do_not_make_a_font_bold() -> None:
    descriptor = "/FontDescriptor << /Type /FontDescriptor /FontName /{0} /Flags 4 /StemV 151 >>"
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{0} /Encoding /WinAnsiEncoding " + descriptor + " >>"
    fonts = f"/Resources << /Font << /F1 {font.format('CMR10')} /F2 {font.format('CMBX10')} >> >>"
    body = [*lines(60, 700, SENTENCES[:2]), *lines(60, 600, SENTENCES[2:])]
    assert texts(shown(*body, line(60, 640, "A Bold Line", font="F2"), page=fonts), Role.HEADING) == ["A Bold Line"]


def test_a_stated_title_counts_unless_it_is_a_file_name() -> None:
    page = [line(60, 740, "What Is Printed Large", 20), line(60, 700, SENTENCES[0]), line(60, 688, SENTENCES[1])]
    info = "/Title (What Is Stated) /Author (Ada Lovelace) /CreationDate (D:20200229120000Z)"
    stated = shown(*page, info=info, catalog="/Lang (zh-CN)")
    assert (stated.title, stated.stated.authors) == ("What Is Stated", ("Ada Lovelace",))
    assert (stated.stated.published, stated.language) == ("2020-02-29", "zh-CN")
    for useless in ("untitled", "Microsoft Word - draft.doc", "paper_final.pdf", "1706.03762v7", ""):
        text = shown(*page, info=f"/Title ({useless}) /Author (user) /CreationDate (D:20209999)")
        assert text == ParsedDocument(blocks=stated.blocks, title="What Is Printed Large")


SCAN = ["q 500 0 0 700 50 50 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q"]
WHOLE = made([[line(60, 700, SENTENCES[0])]])


def test_unreadable_pdfs_are_refused() -> None:
    lock = "/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{0}> /U <{0}> >> /ID [<00> <00>]".format("5a" * 32)
    unmapped = line(60, 700, "".join(map(chr, range(0xE000, 0xE040))), font="F3")
    for data, reason in (
        (made([SCAN, SCAN]), "images without text"),
        (made([[unmapped, line(60, 680, "p. 1")]]), "which letters"),
        (made([[line(60, 700, SENTENCES[0])]], trailer=lock), "password"),
        (made([]), "no pages"),
        *((data, "broken") for data in (b"", b"%PDF-1.7\n", b"<html>not found</html>", WHOLE[:300])),
    ):
        assert reason in refusal(read_pdf, data)


def test_glyphs_of_a_figure_that_stand_for_no_letters_are_dropped() -> None:
    prose, figure = line(60, 700, SENTENCES[0]), ['!"# $!"# %!"#', "?@A -./0123456789:;<=> !'()*+,-$ B&%"]
    assert texts(shown(prose, *lines(60, 500, figure, font="F2"))) == [SENTENCES[0]]
    for kept in ('"Wow!" she said: #1 of $5 is 100%', '!!! "" ##'):
        assert texts(shown(prose, line(60, 500, kept, font="F2")))[1:] == [kept]
    ascii_table = "".join(map(chr, range(33, 127)))
    assert texts(shown(prose, line(60, 500, ascii_table, 5, font="F2")))[1:] == [ascii_table]
    assert "which letters" in refusal(read_pdf, made([lines(60, 500, figure)]))


def test_characters_beyond_the_basic_plane_are_whole() -> None:
    data = made([[line(60, 700, "A 词 ABA", font="F3")]])
    assert texts(read_pdf(data.replace(b"<0000> <00FF> <0000>", b"<0041> <0042> <D842DFB7>"))) == ["𠮷 词 𠮷𠮸𠮷"]


def test_a_code_beyond_unicode_is_no_letter() -> None:
    data = made([[line(60, 700, SENTENCES[0]), line(60, 600, "\uf0a8\ua780", font="F3")]])
    data = data.replace(b"/Encoding /Identity-H /ToUnicode 3 0 R", b"/Encoding 3 0 R")
    assert SENTENCES[0] in texts(read_pdf(data.replace(b"<0000> <FFFF>", b"<00> <7F> <F0808080> <F7BFBFBF>")))


def test_a_scanned_page_or_a_wrong_cross_reference_table_does_no_harm() -> None:
    assert read_pdf(made([SCAN, [line(60, 700, SENTENCES[0])]])).blocks == (Block(SENTENCES[0], page=2),)
    for data in (WHOLE.replace(b"startxref\n", b"startxref\n9"), WHOLE.replace(b"00000 n", b"00007 n")):
        assert texts(read_pdf(data)) == [SENTENCES[0]]


def test_page_numbers_continue_when_the_document_is_reopened() -> None:
    text = read_pdf(made([[line(60, 400, f"Page {number}: {SENTENCES[0]}")] for number in range(1, 601)]))
    assert [(block.page, block.text.split(":")[0]) for block in text.blocks] == [
        (n, f"Page {n}") for n in range(1, 601)
    ]


@needs_shared
@pytest.mark.slow
def test_a_damaged_paper_gives_text_or_a_reason() -> None:
    whole = PAPER.read_bytes()
    with closing(pypdfium2.PdfDocument(whole)) as paper, closing(pypdfium2.PdfDocument.new()) as part:
        part.import_pages(paper, [0, 5, 9])
        part.save(excerpt := BytesIO())
    chance = random.Random(5)
    for data in [excerpt.getvalue()] * 20 + [whole] * 4:
        try:
            text = read_pdf(damaged(data, chance, len(data) // 4))
        except Unfetched as refused:
            assert refused.state is State.UNAVAILABLE
        else:
            assert text.blocks and all(block.text and block.page for block in text.blocks)
