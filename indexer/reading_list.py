"""A reading list as the resources it names: Markdown, a text of addresses, one address, a file or a folder."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from index.errors import SourceError
from index.text import clean
from index.types import Kind, Resource
from indexer.addresses import kind_of_path, path_of_link, resource_of, resource_of_link, resources_of_files
from indexer.outline import Outline, outline_of
from indexer.sources.captions import CAPTION_SUFFIXES, is_captions

_MAX_BYTES = 20_000_000
# What the parser takes quadratic time for, or some 50 microseconds each; a list of 50,000 links stays far below.
_MAX_MARKS = {"[": 100_000, "<!": 10_000}
_MAX_ADDRESSES = 1000
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

_FRONT_MATTER = re.compile(r"\A---[ \t\r]*\n(?=\w[^\n:]*:)(?:.*\n)*?(?:---|\.\.\.)[ \t\r]*(?:\n|\Z)")
_ADDRESS = re.compile(r"(?:(?:https?|ftp)://|www\.)\S+", re.IGNORECASE)
# Chinese and Japanese prose puts its punctuation right behind an address.
_BARE_ADDRESS = re.compile(
    r"(?:(?:https?|ftp)://|www\.|youtu\.be/)[^，。；：！？、（）【】「」『』《》〈〉“”‘’…]+", re.IGNORECASE
)
_ACCEPTED = "a reading list (Markdown or text), an address (https://…), a recording, or a folder of caption files"


@dataclass(frozen=True, slots=True)
class ReadingList:
    """What a source names: `entries` links, which are the distinct `resources` in order of first appearance.

    `source` is an absolute path or a canonical address. `folder` is where caption files lie beside the resources.
    """

    source: str
    entries: int
    resources: tuple[Resource, ...]
    folder: Path | None = None


def read_source(source: str) -> ReadingList:
    """Read what a path or an address names; raises SourceError."""
    if resource := resource_of(source):
        return ReadingList(resource.url, 1, (resource,))
    path = path_of_link(source) if source.lower().startswith("file:") else Path(source)
    try:
        if source and path.is_dir():
            return _read_folder(path.resolve())
        if path.is_file():
            return _read_file(path.resolve())
    except OSError as error:
        raise SourceError(f"can't read {clean(str(error.filename or source))}: {error.strerror}") from error
    raise SourceError(f"no such file or folder: {clean(source) or repr(source)}; a source is {_ACCEPTED}")


def parse_markdown(text: str, base: Path | None = None) -> tuple[Resource, ...]:
    """One resource a link, each under the headings above it; raises SourceError for lists that are past reason.

    Relative links name files under `base`. A single h1 above every link is the title of the list, not a section;
    a link within a heading stands under that heading.
    """
    _refuse_endless_work(text)
    return tuple(_entries(outline_of(_FRONT_MATTER.sub("", text)), base))


def _refuse_endless_work(text: str) -> None:
    for mark, most in _MAX_MARKS.items():
        if text.count(mark) > most:
            raise SourceError(f"more than {most:,} times {mark} are too much for a reading list: split it")
    if any(word.count("://") + word.count(".") > _MAX_ADDRESSES for word in text.split()):
        raise SourceError(
            f"{_MAX_ADDRESSES:,} addresses without a space between are too much: put each on its own line"
        )


def parse_urls(text: str, base: Path | None = None) -> tuple[Resource, ...]:
    """One resource an address or Markdown link in plain text; lines that begin with `#` are comments."""
    lines = (line.strip() for line in text.splitlines())
    return parse_markdown("\n".join("" if line.startswith("#") else line for line in lines), base)


def merge(entries: Iterable[Resource]) -> tuple[Resource, ...]:
    """Each resource once, with every section path it stands under and the first title it was given."""
    merged: dict[str, Resource] = {}
    for entry in entries:
        known = merged.setdefault(entry.id, entry)
        sections = tuple(dict.fromkeys(known.sections + entry.sections))
        merged[entry.id] = replace(known, title=known.title or entry.title, sections=sections)
    return tuple(merged.values())


def _entries(outline: Outline, base: Path | None) -> Iterator[Resource]:
    titles = [heading for heading in outline.headings if heading.level == 1]
    is_title = len(titles) == 1 and all(link.path[:1] == (titles[0],) for link in outline.links)
    for link in outline.links:
        text = clean("".join(link.text))
        title = "" if link.bare or text == link.href or _ADDRESS.fullmatch(text) else text
        path = tuple(filter(None, (clean("".join(heading.text)) for heading in link.path[is_title:])))
        sections = (path,) if path else ()
        for href in _bare_addresses(link.href, text) if link.bare else (link.href,):
            if resource := resource_of_link(href, title, sections, base):
                yield resource


def _bare_addresses(href: str, text: str) -> list[str]:
    """Take apart what the parser took for one address; a host alone, such as fast.ai, is a word of the prose."""
    if href == f"http://{text}":
        if "/" not in text and not text.lower().startswith("www."):
            return []
        href = f"https://{text}"
    return _BARE_ADDRESS.findall(f"https:{href}" if href.startswith("//") else href)


def _read_file(path: Path) -> ReadingList:
    if kind_of_path(path) in (Kind.RECORDING, Kind.PAPER) or path.suffix.lower() in (".html", ".htm"):
        folder = path.parent if is_captions(path) else None
        return ReadingList(str(path), 1, resources_of_files([path]), folder)
    try:
        parse = parse_urls if path.suffix.lower() == ".txt" else parse_markdown
        entries = parse(_text(path), path.parent)
    except SourceError as error:
        raise SourceError(f"{clean(str(path))}: {error}") from error
    if not entries:
        raise SourceError(
            f"{clean(str(path))}: no links found (looked for Markdown links, <a href> and https://… addresses)"
        )
    return ReadingList(str(path), len(entries), merge(entries))


def _text(path: Path) -> str:
    size = path.stat().st_size
    if size > _MAX_BYTES:
        raise SourceError(f"{size / 1e6:.0f} MB are too much for a reading list (at most {_MAX_BYTES / 1e6:.0f} MB)")
    data = path.read_bytes()
    marked = [encoding for mark, encoding in _BOMS.items() if data.startswith(mark)]
    if b"\0" in data and not marked:
        raise SourceError("not a text file; a source is " + _ACCEPTED)
    for encoding in marked or ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            text = data.decode(encoding)
            if not text.strip():
                raise SourceError("the file is empty")
            return text
    raise SourceError("not readable as text; save it as UTF-8")


def _read_folder(folder: Path) -> ReadingList:
    entries = [entry for files, sections in _files(folder) for entry in resources_of_files(files, sections)]
    if not any(entry.kind in (Kind.VIDEO, Kind.RECORDING) for entry in entries):
        captions = ", ".join(sorted(CAPTION_SUFFIXES))
        raise SourceError(f"{clean(str(folder))}: neither captions ({captions}) nor recordings in this folder")
    return ReadingList(str(folder), len(entries), merge(entries), folder)


def _files(folder: Path) -> Iterator[tuple[list[Path], tuple[tuple[str, ...], ...]]]:
    """List the files of each folder inside, with its section path; raises OSError."""
    seen: set[Path] = set()
    for place, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        here = Path(place)
        if here.resolve() in seen:
            folders.clear()
            continue
        seen.add(here.resolve())
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        path = tuple(filter(None, map(clean, here.relative_to(folder).parts)))
        yield [here / name for name in sorted(names) if not name.startswith(".")], (path,) if path else ()


def _raise(error: OSError) -> None:
    raise error
