"""Opens documents that are zip archives of XML, and finds the reader for them by their parts."""

from __future__ import annotations

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import NamedTuple
from urllib.parse import unquote

from lxml import etree

try:
    from lzma import LZMAError
except ImportError:  # Python may be built without it, and zipfile then raises RuntimeError
    LZMAError = RuntimeError  # type: ignore[assignment,misc]

from seekpoint.file_formats import ARCHIVE_HEADERS, DOCUMENTS
from seekpoint.index.errors import unavailable
from seekpoint.index.types import Details
from seekpoint.indexer.sources.metadata import stated_authors, stated_date, stated_title
from seekpoint.indexer.sources.pages.text_runs import Element
from seekpoint.indexer.transcript.text_timeline import ParsedDocument

_READ = frozenset(form.name for form in DOCUMENTS if form.is_archive)

MOST_UNPACKED = 300_000_000
"""Bytes that are unpacked of an archive: its text and not its images. A book of 872 pages has 10 MB."""

# The roots of the main parts of Office documents, and the types at the beginning of other archives.
_ROOTS = {"document": "docx", "presentation": "pptx", "workbook": ".xlsx"}
_MIMETYPES = {
    b"application/epub+zip": "epub",
    b"application/vnd.oasis.opendocument.text": ".odt",
    b"application/vnd.oasis.opendocument.presentation": ".odp",
    b"application/vnd.oasis.opendocument.spreadsheet": ".ods",
}
# Office before 2007, and later files with a password, are archives of Microsoft's own: [MS-CFB] and [MS-OFFCRYPTO].
_COMPOUND_FILE = ARCHIVE_HEADERS[-1]
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_FAULTS = (
    *(zipfile.BadZipFile, zlib.error, LZMAError, struct.error, etree.LxmlError),
    *(EOFError, OSError, ValueError, IndexError, RuntimeError),
)


def read_archive(data: bytes) -> ParsedDocument:
    """Parse a document that is a zip archive; raises Unfetched if it is none, is damaged, encrypted, or has no text."""
    if data.startswith(_COMPOUND_FILE):
        raise unavailable("archive_encrypted" if _ENCRYPTED_PACKAGE in data else "office_before_2007")
    try:
        archive = DocumentArchive(data)
        form = _format(archive)
        if form not in _READ:
            raise unavailable("format_unread", format=form) if form else unavailable("archive_unread")
        document: ParsedDocument = getattr(import_module(f"{__package__}.{form}"), f"read_{form}")(archive)
    except _FAULTS as error:
        raise unavailable("archive_broken") from error
    if not document.blocks:
        raise unavailable("no_words")
    return document


class Relationship(NamedTuple):
    """What another part is to a part of an Office document: the last word of the type, and the name of that part."""

    kind: str
    target: str


class DocumentArchive:
    """The parts of a zip archive by their names, in any case; unpacks at most `most` bytes in all."""

    def __init__(self, data: bytes, most: int = MOST_UNPACKED) -> None:
        self._file = zipfile.ZipFile(io.BytesIO(data))
        self._entries = {_key(entry.filename): entry for entry in self._file.infolist()}
        self._most = most
        self._left = most

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._entries

    def read(self, name: str) -> bytes:
        """The bytes of a part, none if it is missing; raises Unfetched if they are too many or encrypted."""
        entry = self._entries.get(_key(name))
        if entry is None:
            return b""
        if entry.flag_bits & 1:
            raise unavailable("archive_encrypted")
        self._left -= entry.file_size  # zipfile unpacks no more than this, whatever is packed
        if self._left < 0:
            raise unavailable("archive_too_large", most=f"{self._most / 1e6:.0f}")
        return self._file.read(entry)

    def xml(self, name: str) -> Element:
        """The root of a part, without comments and entities; an empty element if the part is missing."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
        data = self.read(name)
        return etree.fromstring(data, parser) if data.strip() else etree.Element("missing")

    def relationships(self, part: str) -> dict[str, Relationship]:
        """The relationships of a part (of the archive, if empty) to other parts, by their ids."""
        folder, _, name = part.rpartition("/")
        root = self.xml(f"{folder}/_rels/{name}.rels")
        return {
            each.get("Id", ""): Relationship(each.get("Type", "").rpartition("/")[2], join(folder, each.get("Target")))
            for each in root
            if each.get("Target")
        }

    def related(self, part: str, kind: str) -> str | None:
        """The first part that has a relationship of this kind with a part."""
        return next((each.target for each in self.relationships(part).values() if each.kind == kind), None)


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


def join(folder: str, target: str) -> str:
    """The name of a part that a part in `folder` refers to."""
    return posixpath.normpath(posixpath.join("/", folder, unquote(target))).lstrip("/")


def local(element: Element) -> str:
    """The name of an element without its namespace; of Office's there are two, of which one is rare (`strict`)."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Element, name: str) -> str | None:
    """The value of an attribute in a namespace, else of the one in none: `r:id` of a slide is another than `id`."""
    prefixed = (value for key, value in element.items() if key.endswith((f"}}{name}", f":{name}")))
    value: str | None = next(prefixed, element.get(name))
    return value


def named(element: Element, *names: str) -> Iterator[Element]:
    """The descendants with one of these names, in whatever namespace they are."""
    yield from element.iter(*(f"{{*}}{name}" for name in names))


def _format(archive: DocumentArchive) -> str | None:
    """The format of an archive; one that isn't read begins with a dot."""
    mimetype = archive.read("mimetype").strip() if "mimetype" in archive else b""
    if form := _MIMETYPES.get(mimetype) or ("epub" if "META-INF/container.xml" in archive else None):
        return form
    main = archive.related("", "officeDocument")
    return _ROOTS.get(local(archive.xml(main))) if main else None


# Elements of Office's text that aren't its own: deleted or moved away, the code of fields, and what stands for newer
# elements in older programs.
_UNREAD = frozenset({"del", "moveFrom", "instrText", "delText", "Fallback", "pPr", "rPr", "sdtPr", "rt"})
_APART = ("txbxContent", "footnoteReference", "endnoteReference")
# Before and after the text of an element: white space, and the parts of formulas.
_AROUND = {
    **dict.fromkeys(("tab", "ptab", "br", "cr"), (" ", "")),
    **{"noBreakHyphen": ("-", ""), "sup": ("^", ""), "sub": ("_", ""), "den": ("/", "")},
    **{"d": ("(", ")"), "rad": ("√(", ")")},
}


def paragraph_text(paragraph: Element, apart: Callable[[Element], object] = lambda _: None) -> str:
    """The text of a paragraph of Office, formulas in one line; `apart` gets the text boxes and notes that lie in it."""
    pieces: list[str] = []
    for child in paragraph:
        name = local(child)
        if name == "t":
            pieces.append(child.text or "")
        elif name == "chr":  # the sign of a sum or an integral
            pieces.append(attribute(child, "val") or "")
        elif name in _APART:
            apart(child)
        elif name not in _UNREAD:
            before, after = _AROUND.get(name, ("", ""))
            pieces += [before, paragraph_text(child, apart), after]
    return "".join(pieces)


def core_properties(archive: DocumentArchive) -> tuple[str | None, Details]:
    """The title, and the authors and the date that an Office document states."""
    part = archive.related("", "core-properties")
    stated = {local(each): each.text or "" for each in archive.xml(part)} if part else {}
    title, author, date = (stated.get(name, "") for name in ("title", "creator", "created"))
    return stated_title(title), Details(authors=stated_authors(author), published=stated_date(date))
