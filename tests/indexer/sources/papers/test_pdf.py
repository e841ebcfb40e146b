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


def texts(text: ParsedDocument, role: Role | None = None) -> list[str]:
    return [block.text for block in text.blocks if role in (None, block.role)]


def reason(data: bytes) -> str:
    with pytest.raises(Unfetched) as caught:
        read_pdf(data)
    assert caught.value.state is State.UNAVAILABLE
    assert "\n" not in caught.value.reason
    return caught.value.reason


@pytest.fixture(scope="module")
def paper() -> ParsedDocument:
    return read_pdf(PAPER.read_bytes())


def holding(text: ParsedDocument, words: str) -> Block:
    found = [block for block in text.blocks if words in block.text]
    assert len(found) == 1, words
    return found[0]


@needs_shared
def test_the_paper_has_its_title_and_date(paper: ParsedDocument) -> None:
    assert (paper.title, paper.published, paper.author, paper.language) == (
        "Attention Is All You Need",
        "2017-12-07",
        None,
        None,
    )


@needs_shared
def test_the_papers_headings_come_in_order_with_their_pages(paper: ParsedDocument) -> None:
    assert [(block.page, block.text) for block in paper.blocks if block.role is Role.HEADING] == [
        (1, "Attention Is All You Need"),
        (1, "Abstract"),
        (1, "1 Introduction"),
        (2, "2 Background"),
        (2, "3 Model Architecture"),
        (3, "3.1 Encoder and Decoder Stacks"),
        (3, "3.2 Attention"),
        (4, "3.2.1 Scaled Dot-Product Attention"),
        (4, "3.2.2 Multi-Head Attention"),
        (5, "3.2.3 Applications of Attention in our Model"),
        (5, "3.3 Position-wise Feed-Forward Networks"),
        (5, "3.4 Embeddings and Softmax"),
        (5, "3.5 Positional Encoding"),
        (6, "4 Why Self-Attention"),
        (7, "5 Training"),
        (7, "5.1 Training Data and Batching"),
        (7, "5.2 Hardware and Schedule"),
        (7, "5.3 Optimizer"),
        (7, "5.4 Regularization"),
        (8, "6 Results"),
        (8, "6.1 Machine Translation"),
        (8, "6.2 Model Variations"),
        (9, "6.3 English Constituency Parsing"),
        (10, "7 Conclusion"),
        (10, "References"),
        (13, "Attention Visualizations"),
    ]


@needs_shared
@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (1, "The best performing models also connect the encoder and decoder through an attention mechanism."),
        (1, "state of the art approaches in sequence modeling and transduction problems such as language modeling"),
        (2, "an integral part of compelling sequence modeling and transduction models in various tasks"),
        (3, "Each layer has two sub-layers. The first is a multi-head self-attention mechanism"),
        (5, "information about the relative or absolute position of the tokens in the sequence. To this end"),
        (7, "a shared source-target vocabulary of about 37000 tokens"),
        (6, "restricted to considering only a neighborhood of size r in the input sequence centered"),
        (9, "Vinyals & Kaiser el al. (2014) [37] WSJ only, discriminative 88.3"),
        (13, "Figure 3: An example of the attention mechanism following long-distance dependencies"),
        (15, "The heads clearly learned to perform different tasks."),
    ],
)
def test_sentences_broken_by_lines_columns_and_pages_are_rejoined(
    paper: ParsedDocument, page: int, sentence: str
) -> None:
    block = holding(paper, sentence)
    assert (block.page, block.role) == (page, Role.BODY)


@needs_shared
def test_hyphens_are_kept_and_hyphenation_is_undone(paper: ParsedDocument) -> None:
    everything = " ".join(texts(paper))
    assert "dot-product attention" in everything and "self-attention" in everything
    assert "2014 English-to-German translation" in everything
    for broken in ("selfattention", "dotproduct", "Englishto", "transduc-tion", "convolu-tional", "sequencealigned"):
        assert broken not in everything


@needs_shared
def test_page_numbers_stamps_and_rotated_words_are_dropped(paper: ParsedDocument) -> None:
    everything = texts(paper)
    assert not any(text.isdecimal() for text in everything)
    assert not any("[cs.CL]" in text or "<EOS>" in text or "<pad>" in text for text in everything)


@needs_shared
def test_each_reference_of_the_paper_is_one_block(paper: ParsedDocument) -> None:
    references = texts(paper, Role.REFERENCE)
    assert [text.split()[0] for text in references] == [f"[{number}]" for number in range(1, 41)]
    assert references[8].endswith(
        "Convolutional sequence to sequence learning. arXiv preprint arXiv:1705.03122v2, 2017."
    )


def test_two_columns_are_read_one_after_the_other_below_a_title_across_them() -> None:
    left, right = wrap(" ".join(SENTENCES[:2]), 40), wrap(" ".join(SENTENCES[2:]), 40)
    rows = [shown for pair in zip(lines(60, 660, left * 3), lines(320, 660, right * 3), strict=False) for shown in pair]
    title = line(100, 740, "A Short Note on Reading Order", 18, "F2")
    text = read_pdf(made([[title, *rows]]))
    assert text.title == "A Short Note on Reading Order"
    everything = " ".join(texts(text, Role.BODY))
    assert everything.startswith(" ".join(SENTENCES[:2]))
    assert everything.index(SENTENCES[3]) > everything.rindex(SENTENCES[1])


def test_a_paragraph_continues_in_the_next_column_past_a_footnote() -> None:
    words = wrap(" ".join(SENTENCES * 3), 40)
    left = [*lines(60, 660, words[:12]), line(60, 80, "1 This note is in small print.", 8)]
    text = read_pdf(made([[*left, *lines(320, 660, words[12:])]]))
    assert texts(text) == [" ".join(SENTENCES * 3), "1 This note is in small print."]


def test_running_heads_and_page_numbers_are_dropped_and_a_heading_at_the_top_stays() -> None:
    pages = [
        [
            line(60, 770, f"Journal of Examples 12 (2020) {number}"),
            line(60, 740, f"{number} {name}", 13, "F2"),
            *lines(60, 700, wrap(SENTENCES[number], 70)),
            line(300, 30, f"- {number} -"),
        ]
        for number, name in ((1, "Introduction"), (2, "Aims"), (3, "Findings"))
    ]
    text = read_pdf(made(pages))
    assert texts(text, Role.HEADING) == ["1 Introduction", "2 Aims", "3 Findings"]
    assert texts(text, Role.BODY) == list(SENTENCES[1:])
    assert [block.page for block in text.blocks] == [1, 1, 2, 2, 3, 3]


def test_chinese_lines_join_without_spaces_and_references_are_recognised() -> None:
    body = "注意力机制让模型在处理每个词的时候都能看到整个句子,因此它能更好地理解长距离的依赖关系。"
    shown = [
        line(150, 740, "注意力机制综述", 20, "F3"),
        line(60, 700, "1 引言", 14, "F3"),
        *lines(60, 670, [body[:25], body[25:]], font="F3"),
        line(60, 600, "参考文献", 14, "F3"),
        *lines(
            60,
            580,
            ["[1] 张三, 李四. 神经网络导论. 北京: 科学出", "版社, 2019.", "[2] 王五. 机器翻译. 2020."],
            font="F3",
        ),
    ]
    text = read_pdf(made([shown], catalog="/Lang (zh-CN)"))
    assert (text.title, text.language) == ("注意力机制综述", "zh-CN")
    assert texts(text, Role.HEADING) == ["注意力机制综述", "1 引言", "参考文献"]
    assert texts(text, Role.BODY) == [body]
    assert texts(text, Role.REFERENCE) == [
        "[1] 张三, 李四. 神经网络导论. 北京: 科学出版社, 2019.",
        "[2] 王五. 机器翻译. 2020.",
    ]


def test_ligatures_and_radicals_become_letters_and_exponents_stay() -> None:
    text = read_pdf(made([lines(60, 700, ["eﬃcient ﬂow of ⼈⼯ x² ﬁrst", "trans\xad", "formers"], font="F3")]))
    assert texts(text) == ["efficient flow of 人工 x² first transformers"]


def test_accents_that_are_drawn_before_their_letters_are_composed() -> None:
    text = read_pdf(made([lines(60, 700, ["S¨orensen, Dvoˇr´ak and na¨ıve caf´es", "at 5´ or ´中"], font="F3")]))
    assert texts(text) == ["Sörensen, Dvořák and naïve cafés at 5´ or ´中"]


def test_hyphens_at_line_ends_follow_how_the_paper_writes_the_word_elsewhere() -> None:
    shown = [
        "Here self-attention and a transformer are named, and nothing else is said about self-",
        "attention until the end of the line, where, as every reader will have guessed, trans-",
        "former stands at last, and after it an unheard-of word that only occurs once: gar-",
        "deners.",
    ]
    everything = " ".join(texts(read_pdf(made([lines(60, 700, shown)]))))
    assert "about self-attention until" in everything
    assert "guessed, transformer stands" in everything
    assert everything.endswith("once: gardeners.")


def test_rotated_text_is_dropped_unless_the_whole_page_is_rotated() -> None:
    stamp = line(20, 300, "Stamp 2020", turn="0 1 -1 0")
    assert texts(read_pdf(made([[stamp, line(60, 700, SENTENCES[0])]]))) == [SENTENCES[0]]
    sideways = [line(100 + 12 * index, 60, text, turn="0 1 -1 0") for index, text in enumerate(wrap(SENTENCES[0], 50))]
    assert texts(read_pdf(made([sideways]))) == [SENTENCES[0]]
    assert texts(read_pdf(made([sideways], page="/Rotate 90"))) == [SENTENCES[0]]


def test_text_mirrored_twice_is_upright_and_text_of_size_zero_does_no_harm() -> None:
    shown = [line(60, 700, SENTENCES[0], -10, turn="-1 0 0 -1"), line(60, 600, "gone", turn="0 0 0 0")]
    assert SENTENCES[0] in texts(read_pdf(made([shown])))


def test_thick_stems_alone_do_not_make_a_font_bold() -> None:
    descriptor = "/FontDescriptor << /Type /FontDescriptor /FontName /{0} /Flags 4 /StemV 151 >>"
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{0} /Encoding /WinAnsiEncoding " + descriptor + " >>"
    fonts = f"/Resources << /Font << /F1 {font.format('CMR10')} /F2 {font.format('CMBX10')} >> >>"
    shown = [*lines(60, 700, SENTENCES[:2]), line(60, 640, "A Bold Line", font="F2"), *lines(60, 600, SENTENCES[2:])]
    assert texts(read_pdf(made([shown], page=fonts)), Role.HEADING) == ["A Bold Line"]


def test_a_stated_title_counts_unless_it_is_a_file_name() -> None:
    shown = [line(60, 740, "What Is Printed Large", 20), line(60, 700, SENTENCES[0]), line(60, 688, SENTENCES[1])]
    stated = read_pdf(
        made([shown], info="/Title (What Is Stated) /Author (Ada Lovelace) /CreationDate (D:20200229120000Z)")
    )
    assert (stated.title, stated.author, stated.published) == ("What Is Stated", "Ada Lovelace", "2020-02-29")
    for useless in ("untitled", "Microsoft Word - draft.doc", "paper_final.pdf", "1706.03762v7", ""):
        assert read_pdf(
            made([shown], info=f"/Title ({useless}) /Author (user) /CreationDate (D:20209999)")
        ) == ParsedDocument(blocks=stated.blocks, title="What Is Printed Large")


def test_scanned_papers_need_ocr_and_a_single_scanned_page_does_no_harm() -> None:
    scan = ["q 500 0 0 700 50 50 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q"]
    assert "images without text" in reason(made([scan, scan]))
    text = read_pdf(made([scan, [line(60, 700, SENTENCES[0])]]))
    assert text.blocks == (Block(SENTENCES[0], page=2),)


def test_unmapped_glyphs_need_ocr() -> None:
    nonsense = "".join(map(chr, range(0xE000, 0xE040)))
    assert "which letters" in reason(made([[line(60, 700, nonsense, font="F3"), line(60, 680, "p. 1")]]))


def test_unreadable_pdfs_are_refused() -> None:
    whole = made([[line(60, 700, SENTENCES[0])]])
    locked = "/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{0}> /U <{0}> >> /ID [<00> <00>]".format("5a" * 32)
    assert "password" in reason(made([[line(60, 700, SENTENCES[0])]], trailer=locked))
    assert "no pages" in reason(made([]))
    for broken in (b"", b"%PDF-1.7\n", b"<html>not found</html>", whole[:300]):
        assert "broken" in reason(broken)


def test_a_wrong_cross_reference_table_is_repaired() -> None:
    whole = made([[line(60, 700, SENTENCES[0])]])
    for damaged in (whole.replace(b"startxref\n", b"startxref\n9"), whole.replace(b"00000 n", b"00007 n")):
        assert texts(read_pdf(damaged)) == [SENTENCES[0]]


def test_page_numbers_continue_when_the_document_is_reopened() -> None:
    text = read_pdf(made([[line(60, 400, f"Page {number}: {SENTENCES[0]}")] for number in range(1, 601)]))
    assert [(block.page, block.text.split(":")[0]) for block in text.blocks] == [
        (n, f"Page {n}") for n in range(1, 601)
    ]


@needs_shared
@pytest.mark.slow
def test_a_damaged_paper_gives_text_or_a_reason() -> None:
    whole = PAPER.read_bytes()
    chance = random.Random(5)
    for data in [excerpt(whole)] * 30 + [whole] * 10:
        try:
            text = read_pdf(mutated(data, chance))
        except Unfetched as refused:
            assert refused.state is State.UNAVAILABLE
        else:
            assert text.blocks and all(block.text and block.page for block in text.blocks)


def excerpt(data: bytes) -> bytes:
    written = BytesIO()
    with closing(pypdfium2.PdfDocument(data)) as paper, closing(pypdfium2.PdfDocument.new()) as part:
        part.import_pages(paper, [0, 5, 9])
        part.save(written)
    return written.getvalue()


def mutated(data: bytes, chance: random.Random) -> bytes:
    start, length = chance.randrange(len(data)), chance.randrange(1, len(data) // 4)
    match chance.randrange(4):
        case 0:
            damaged = bytearray(data)
            for _ in range(chance.randrange(1, 2000)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            return bytes(damaged)
        case 1:
            return data[:start]
        case 2:
            return data[:start] + data[start + length :]
        case _:
            return data[start:] + data[:start]
