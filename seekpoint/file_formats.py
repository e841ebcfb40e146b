"""Formats of files by their suffixes and media types: recordings, captions, documents, lists."""

from __future__ import annotations

from typing import NamedTuple

MEDIA_TYPES = {
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".aac": "audio/aac",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
}
CAPTION_SUFFIXES = frozenset({".vtt", ".srt", ".sbv", ".lrc", ".ttml", ".dfxp", ".srv1", ".srv3", ".json3"})
"""The suffixes of caption files. `.json` is ambiguous: it depends on the rest of the name."""


class DocumentFormat(NamedTuple):
    """A format of documents, and the most bytes that are read of a file in it.

    Its parser is in `module`, below `seekpoint.indexer.sources`: a function called `read_` and the format's name, which
    takes bytes, and the charset of a text. An archive is one of XML in zip, told by its parts.
    """

    name: str
    suffixes: tuple[str, ...]
    media_types: tuple[str, ...]
    module: str
    most_bytes: int = 20_000_000
    is_text: bool = False
    is_archive: bool = False


_MOST = 200_000_000
_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCUMENTS = (
    DocumentFormat("html", (".html", ".htm"), ("text/html",), "pages.html", 30_000_000, is_text=True),
    DocumentFormat("markdown", (".md",), ("text/markdown", "text/x-markdown"), "pages.markdown", is_text=True),
    DocumentFormat("plain", (".txt",), ("text/plain",), "pages.markdown", is_text=True),
    DocumentFormat("pdf", (".pdf",), ("application/pdf", "application/x-pdf"), "papers.pdf", _MOST),
    DocumentFormat("epub", (".epub",), ("application/epub+zip",), "archives.epub", _MOST, is_archive=True),
    *(
        DocumentFormat(name, (f".{name}",), (f"{_OFFICE}.{kind}",), f"archives.{name}", _MOST, is_archive=True)
        for name, kind in (("docx", "wordprocessingml.document"), ("pptx", "presentationml.presentation"))
    ),
)
DOCUMENT_SUFFIXES = frozenset(suffix for form in DOCUMENTS if form.is_text for suffix in form.suffixes)
LIST_SUFFIXES = frozenset({".csv", ".tsv", ".opml", ".bib", ".bibtex", ".ris"})
"""The suffixes of files that are reading lists, and nothing else."""
ARCHIVES = frozenset(suffix for form in DOCUMENTS if form.is_archive for suffix in form.suffixes)
ARCHIVE_HEADERS = (b"PK\3\4", b"PK\5\6", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""The beginnings of a zip archive, of an empty one, and of an archive of Office: before 2007, or with a password."""
UNREAD_SUFFIXES = frozenset({".doc", ".odt", ".rtf", ".pages", ".ppt", ".odp", ".key", ".xls", ".xlsx", ".mobi"})
"""The suffixes of documents whose formats aren't read: they are listed with that reason."""
