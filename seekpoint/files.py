"""Files that are replaced in one step, whatever crashes, and those that a stranger names or wrote."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import unquote, urlsplit

# Larger than any file that is read at once.
_MOST_BYTES = 200_000_000
# Some of these are missing on Windows.
_READING = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NONBLOCK"))


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that then replaces `path` atomically and durably; a failure leaves the old file."""
    new = path.with_name(scratch(path.name))  # a lock of the caller's keeps a second writer away
    try:
        with new.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def scratch(name: str) -> str:
    """The name under which the next contents of a file are written."""
    return f".{name}.new"


def sync_folder(folder: Path) -> None:
    """Write a folder's entries to the disk, as POSIX asks after a rename."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_file(path: Path) -> io.FileIO:
    """Open a file for reading; raises OSError, also for a device or a pipe, which may never end or never answer."""
    _check_is_file(path.stat(), path)  # even to open a device may change something
    descriptor = os.open(path, _READING)
    try:
        _check_is_file(os.fstat(descriptor), path)
        return io.FileIO(descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def read_file(path: Path, most: int = _MOST_BYTES) -> bytes:
    """The bytes of a file, up to the size that the system reports; raises OSError if that is more than `most`.

    Of files that the kernel makes up the system says that they are empty. Some of them, such as /proc/kmsg, wait.
    """
    with io.BufferedReader(open_file(path)) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"it has more than {most / 1e6:.0f} MB", str(path))
        return file.read(size)


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, with lines that end in LF; raises OSError and UnicodeDecodeError."""
    return io.TextIOWrapper(io.BytesIO(read_file(path)), encoding="utf-8-sig").read()


def real_path(path: Path) -> Path:
    """The path without symbolic links, as far as it exists; one that leads to itself stays as it is."""
    return Path(os.path.realpath(path))


def parsed_json(text: str | bytes) -> Any:  # noqa: ANN401 - of whatever type the text says
    """The value of a JSON text; raises ValueError, also for one that is nested too deep."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("JSON that is nested too deep") from error


def _check_is_file(found: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file", str(path))


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

_OPENABLE_SUFFIXES = MEDIA_TYPES.keys() | CAPTION_SUFFIXES | DOCUMENT_SUFFIXES | ARCHIVES | {".pdf", ".json"}
_WEB = re.compile(r"https?://", re.IGNORECASE)
# Two slashes or backslashes at the beginning, once decoded, and `\??\` lead Windows to another machine.
_PATH = re.compile(r"/(?![/\\?]).*")


def is_web(address: object) -> bool:
    """Whether a value is an address on the web: an imported library may hold any, such as `javascript:`."""
    return isinstance(address, str) and bool(_WEB.match(address))


def is_openable(address: str) -> bool:
    """Whether an address may become a link: one on the web, or of a file on this machine."""
    return is_web(address) or local_file(address) is not None


def local_file(address: str) -> Path | None:
    """The path in a `file:` address; `None` if it names a host, or a file that is neither media nor a document.

    Programs cut addresses differently, so one with a query or with white space is refused too.
    """
    try:
        scheme, host, path, query, _ = urlsplit(address)
    except ValueError:
        return None
    decoded = unquote(path)
    is_local = scheme == "file" and address[5:8] == "///" and not host and not query and _PATH.fullmatch(decoded)
    is_plain = f"{address}{decoded}".isprintable() and " " not in address
    is_known = Path(decoded).suffix.lower() in _OPENABLE_SUFFIXES
    if not (is_local and is_plain and is_known):
        return None
    from urllib.request import url2pathname

    return Path(url2pathname(path))


_SAMPLES, _SAMPLE_BYTES = 16, 1 << 16


def sampled_hash(path: Path) -> str:
    """A hash of a file's size and of blocks spread evenly over it; hashing all of a model would delay a question."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for k in range(_SAMPLES):
            file.seek(k * max(size - _SAMPLE_BYTES, 0) // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()
