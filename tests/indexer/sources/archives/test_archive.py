"""Documents that are zip archives are known by their parts, and what can't be read is refused in one line."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from contextlib import suppress

import pytest

from seekpoint.index.errors import Unfetched
from seekpoint.indexer.sources.archives.archive import DocumentArchive, read_archive
from tests.cost import at_most
from tests.indexer.sources.archives.samples import docx, epub, paragraph, pptx, relationships, shape, zipped
from tests.indexer.sources.parsed import damaged, refusal, texts

BOOK = epub({"a.xhtml": "<h1>书</h1><p>Words of a book.</p>"})
LETTER = docx(paragraph("Title", "1"), paragraph("Words of a letter. 信。"))
SLIDES = pptx(shape("Masks", placeholder="title"), shape("Words of a slide. 幻灯片。"))
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is damaged, or in another format than its name says: get it again, or open it and save it anew"),
        (b"PK\3\4 hello", "it is damaged"),
        (LETTER[:-30], "it is damaged"),
        (zipped({}), "a zip archive of other files: unpack it and put its files on the list"),
        (zipped({"photo.jpg": "x"}), "a zip archive of other files"),
        (zipped({"mimetype": "application/vnd.oasis.opendocument.text"}), ".odt files aren't read yet"),
        (
            zipped({"_rels/.rels": relationships(("officeDocument", "xl/book.xml")), "xl/book.xml": "<workbook/>"}),
            ".xlsx files aren't read yet: convert it to PDF or text",
        ),
        (zipped({"META-INF/container.xml": "<container/>"}), "it is damaged"),
        (zipped({"META-INF/container.xml": "<container>"}), "it is damaged"),
        (COMPOUND, "it is in the format of Office before 2007: save it as .docx, .pptx or PDF"),
        (COMPOUND + "EncryptedPackage".encode("utf-16-le"), "it is protected by a password: save a copy without one"),
        (docx(), "there are no words in it"),
        (pptx(), "there are no words in it"),
        (epub({"a.xhtml": "<p> </p>"}), "there are no words in it"),
        (epub({}), "there are no words in it"),
        (epub({"a.xhtml": "<div>" * 20_000 + "deep"}), "its HTML elements are nested too deep"),
        (docx("<w:sdt>" * 2000, "</w:sdt>" * 2000), "it is damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(data: bytes, said: str) -> None:
    assert refusal(read_archive, data).startswith(said)


def test_a_part_with_a_password_is_refused() -> None:
    data = bytearray(LETTER)
    with zipfile.ZipFile(io.BytesIO(LETTER)) as archive:
        start = archive.getinfo("word/document.xml").header_offset
    data[start + 6] |= 1
    entry = data.index(b"PK\1\2", data.index(b"word/document.xml", data.index(b"PK\1\2")) - 60)
    data[entry + 8] |= 1
    assert "protected by a password" in refusal(read_archive, bytes(data))


def test_an_archive_is_not_unpacked_beyond_the_limit_whatever_it_says_of_its_size() -> None:
    bomb = zipped({"word/document.xml": b"0" * 5_000_000, "small": b"1"})
    assert len(bomb) < 10_000
    archive = DocumentArchive(bomb, most=1_000_000)
    with pytest.raises(Unfetched, match="unpacked, its text has more than 1 MB: split it"):
        archive.read("word/document.xml")
    lying = bytearray(bomb)
    entry = lying.index(b"PK\1\2")
    lying[entry + 24 : entry + 28] = struct.pack("<I", 10)
    archive = DocumentArchive(bytes(lying), most=1_000_000)
    with pytest.raises(zipfile.BadZipFile):
        archive.read("word/document.xml")
    many = DocumentArchive(zipped({"a": b"0" * 600_000, "b": b"0" * 600_000}), most=1_000_000)
    many.read("a")
    with pytest.raises(Unfetched, match="more than 1 MB"):
        many.read("b")


def test_marks_without_end_are_read_in_time() -> None:
    with at_most(seconds=5):
        for text in ("<!DOCTYPE x [" * 50_000, "<!--" * 50_000, "<?xml " * 50_000, "&a" * 50_000):
            for body in (text, f"<html>{text}"):
                with suppress(Unfetched):
                    read_archive(epub({"a.xhtml": f"{body}<html>words"}))


def test_a_part_that_a_book_names_thousands_of_times_is_read_once() -> None:
    with zipfile.ZipFile(io.BytesIO(epub({"a.xhtml": "<p>字 words</p>"}, contents=dict.fromkeys("abc", "题")))) as book:
        parts = {name: book.read(name).decode() for name in book.namelist()}
    items = "".join(f'<item id="{n}" href="nav.xhtml" properties="nav"/>' for n in range(100_000))
    parts["OPS/book.opf"] = parts["OPS/book.opf"].replace("</manifest>", f"{items}</manifest>")
    with at_most(seconds=5):
        assert texts(read_archive(zipped(parts))) == ["字 words"]


def test_entities_are_not_expanded_and_nothing_outside_is_read() -> None:
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    names = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    parts = {
        "_rels/.rels": relationships(("officeDocument", "word/document.xml")),
        "word/document.xml": f'<!DOCTYPE w [<!ENTITY l0 "ha">{lol}<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        f"<w:document {names}><w:body>{paragraph('Words &l9; &f; here.')}</w:body></w:document>",
    }
    try:
        said = " ".join(texts(read_archive(zipped(parts))))
    except Unfetched as refused:
        said = str(refused)
    assert len(said) < 200 and "haha" not in said and "root:" not in said


def test_names_of_parts_may_be_in_any_case_with_backslashes_or_lead_out_of_the_archive() -> None:
    with zipfile.ZipFile(io.BytesIO(LETTER)) as archive:
        parts = {name.replace("/", "\\").upper(): archive.read(name) for name in archive.namelist()}
    assert "Words of a letter. 信。" in texts(read_archive(zipped(parts)))
    escaping = zipped({"_rels/.rels": relationships(("officeDocument", "../../../etc/passwd"))})
    assert "archive of other files" in refusal(read_archive, escaping)


def with_lzma(data: bytes) -> bytes:
    """The same archive, packed by another method than Office's."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as other:
        for name in archive.namelist():
            other.writestr(name, archive.read(name))
    return packed.getvalue()


@pytest.mark.parametrize("data", [BOOK, LETTER, SLIDES, with_lzma(LETTER)])
def test_whatever_is_damaged_is_read_or_refused(data: bytes) -> None:
    chance = random.Random(37)
    for _ in range(300):
        try:
            read = read_archive(damaged(data, chance, 40))
        except Unfetched as refused:
            assert "\n" not in str(refused)
        else:
            assert read.blocks
