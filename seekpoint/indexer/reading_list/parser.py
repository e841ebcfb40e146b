"""Parses a reading list into resources: Markdown, a text of addresses, one address, a file or a folder."""

from __future__ import annotations

import codecs
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from markdown_it import MarkdownIt

from seekpoint.files import CAPTION_SUFFIXES, read_file, real_path
from seekpoint.index.errors import SourceError
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean, counted
from seekpoint.index.types import Kind, NamedBy, Playlist, Resource
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.reading_list.addresses import (
    is_unread,
    kind_of_path,
    path_of_link,
    resource_of,
    resource_of_link,
    resources_of_files,
)
from seekpoint.indexer.reading_list.download import MOST_BYTES, RemoteList, fetch, remote_list_of
from seekpoint.indexer.sources.captions import is_captions

# Marks that take the parser quadratic time, or some 100 microseconds each. A list of 50,000 links has far fewer.
_MAX_MARKS = {"[": 60_000, "![": 25_000, "<!": 10_000}
_MAX_ADDRESSES = 1000
# A paragraph above a line of dashes is a heading too, and is stored with every link under it.
_MAX_TITLE = 500
# Kinds of files that are named where a folder has some that aren't read.
_MOST_KINDS = 8
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

_FRONT_MATTER = re.compile(r"\A---[ \t\r]*\n(?=\w[^\n:]*:)(?:.*\n)*?(?:---|\.\.\.)[ \t\r]*(?:\n|\Z)")
_ADDRESS = re.compile(r"(?:(?:https?|ftp)://|www\.)\S+", re.IGNORECASE)
# In Chinese and Japanese, punctuation follows an address without a space.
_BARE_ADDRESS = re.compile(
    r"(?:(?:https?|ftp)://|www\.|youtu\.be/)[^，。；：！？、（）【】「」『』《》〈〉“”‘’…]+", re.IGNORECASE
)
_WEB_PAGE = re.compile(r"\s*(?:<!--(?>.*?-->)\s*)*+<(?:!doctype\s+html|html|head)\b", re.IGNORECASE | re.DOTALL)
_ACCEPTED = "a reading list (Markdown or text), an address (https://…), a recording, a PDF, a web page, or a folder"
_KINDS = f"captions ({', '.join(sorted(CAPTION_SUFFIXES))}), recordings, PDFs, web pages or text files (.md, .txt)"

NOWHERE = "list.invalid"
"""The host of links without one in a list that isn't trusted; RFC 2606 reserves the name."""


@dataclass(frozen=True, slots=True)
class ReadingList:
    """A parsed source: the number of its `entries`, and the distinct `resources` in order of appearance.

    `source` is an absolute path or a canonical address. `folder` is a folder to search for caption files. `is_remote`
    is set if the list is from the web, and `named_by` says who named the source. `remarks` are messages for the user.
    """

    source: str
    entries: int
    resources: tuple[Resource, ...]
    folder: Path | None = None
    is_remote: bool = False
    named_by: NamedBy = NamedBy.OWNER
    remarks: tuple[str, ...] = ()


def read_source(source: str, web: Web | None = None, *, is_trusted: bool = True) -> ReadingList:
    """Read the source at a path or an address; raises SourceError.

    A list in a file that isn't trusted may name no more than one on the web: no files, and no private network.
    """
    if resource := resource_of(source):
        if resource.kind is Kind.PAGE and (remote := remote_list_of(resource.url)):
            return _read_address(remote, web or Web())
        return ReadingList(resource.url, 1, (resource,))
    path = path_of_link(source) if source.lower().startswith("file:") else Path(source)
    try:
        if source and path.is_dir():
            return _read_folder(_resolved(path))
        if path.is_file():
            return _read_file(_resolved(path), is_trusted)
        if source and path.exists():
            raise SourceError(f"{clean(source)} is a device or a pipe, not a file: a source is {_ACCEPTED}")
    except OSError as error:
        raise SourceError(f"can't read {clean(str(error.filename or source))}: {error.strerror}") from error
    raise SourceError(f"no such file or folder: {clean(source) or repr(source)}; a source is {_ACCEPTED}")


def _resolved(path: Path) -> Path:
    real = real_path(path)
    try:
        str(real).encode()
    except UnicodeEncodeError as error:  # the library couldn't store it
        raise SourceError(f"{clean(str(real))}: its name can't be read as text: rename it") from error
    return real


def parse_markdown(text: str, base: Path | str | None = None) -> tuple[Resource, ...]:
    """One resource per link, in the section of its headings; raises SourceError for lists beyond reasonable limits.

    `base` of relative links is a folder or an address. A single h1 above all links is the title of the list, not a
    section. A link within a heading belongs to that heading.
    """
    for mark, most in _MAX_MARKS.items():
        if text.count(mark) > most:
            raise SourceError(f"more than {most:,} times {mark} are too much for a reading list: split it")
    if any(word.count("://") + word.count(".") > _MAX_ADDRESSES for word in text.split()):
        raise SourceError(
            f"{_MAX_ADDRESSES:,} addresses without a space between are too much: put each on its own line"
        )
    outline = outline_of(_FRONT_MATTER.sub("", text))
    titles = [heading for heading in outline.headings if heading.level == 1]
    is_title = len(titles) == 1 and all(link.path[:1] == (titles[0],) for link in outline.links)
    names = {id(heading): _title("".join(heading.text)) for heading in outline.headings}
    entries: list[Resource | None] = []
    for link in outline.links:
        label = clean("".join(link.text))
        title = "" if link.bare or label == link.href or _ADDRESS.fullmatch(label) else _title(label)
        path = tuple(filter(None, (names[id(heading)] for heading in link.path[is_title:])))
        for href in _bare_addresses(link.href, label) if link.bare else (link.href,):
            entries.append(resource_of_link(href, title, (path,) if path else (), base))
    return tuple(filter(None, entries))


def parse_urls(text: str, base: Path | str | None = None) -> tuple[Resource, ...]:
    """One resource per address or Markdown link in plain text; lines that begin with `#` are comments."""
    lines = (line.strip() for line in text.splitlines())
    return parse_markdown("\n".join("" if line.startswith("#") else line for line in lines), base)


def merge(entries: Iterable[Resource]) -> tuple[Resource, ...]:
    """Each resource once, with all its section paths and its first title."""
    by_id: dict[str, list[Resource]] = defaultdict(list)
    for entry in entries:
        by_id[entry.id].append(entry)
    return tuple(
        replace(
            duplicates[0],
            title=next((entry.title for entry in duplicates if entry.title), ""),
            sections=tuple(dict.fromkeys(path for entry in duplicates for path in entry.sections)),
        )
        for duplicates in by_id.values()
    )


def _title(text: str) -> str:
    cleaned = clean(text)
    return cleaned if len(cleaned) <= _MAX_TITLE else f"{cleaned[: _MAX_TITLE - 1]}…"


def _bare_addresses(href: str, text: str) -> list[str]:
    """Split addresses that the parser took for one; a bare host, such as fast.ai, is a word rather than a link."""
    if href == f"http://{text}":
        if "/" not in text and not text.lower().startswith("www."):
            return []
        href = f"https://{text}"
    return _BARE_ADDRESS.findall(f"https:{href}" if href.startswith("//") else href)


def _read_file(path: Path, is_trusted: bool) -> ReadingList:
    if kind_of_path(path) in (Kind.RECORDING, Kind.PAPER) or path.suffix.lower() in (".html", ".htm"):
        folder = path.parent if is_captions(path) else None
        return ReadingList(str(path), 1, resources_of_files([path]), folder)
    base = path.parent if is_trusted else f"https://{NOWHERE}/"
    with _prefix_errors_with(clean(str(path))):
        if is_unread(path):
            raise SourceError(str(Reason("format_unread", format=path.suffix.lower())))
        if (size := path.stat().st_size) > MOST_BYTES:
            most = f"{MOST_BYTES / 1e6:.0f} MB"
            raise SourceError(f"{size / 1e6:.0f} MB are too much for a reading list (at most {most})")
        text = _text(read_file(path))
        listed = _list(str(path), text, path.suffix, base)
        has_text = any(map(str.isalnum, _FRONT_MATTER.sub("", text)))
        if not listed.entries and is_trusted and path.suffix.lower() == ".md" and has_text:
            remark = f"{clean(str(path))}: it has no links, so it is read as a note"
            return ReadingList(str(path), 1, resources_of_files([path]), remarks=(remark,))
        return _with_links(listed)


def _read_address(remote: RemoteList, web: Web) -> ReadingList:
    with _prefix_errors_with(remote.page):
        page = fetch(remote, web)
        text = _text(page.data, page.charset)
        if _WEB_PAGE.match(text):
            raise SourceError("a web page, not a list: give the address of the file itself, behind “Raw” or “Download”")
        suffixes = (Path(urlsplit(address).path).suffix for address in (remote.page, page.url))
        base = page.url if remote.page == remote.file else remote.page
        return _with_links(_list(remote.page, text, next(filter(None, suffixes), ""), base))


@contextmanager
def _prefix_errors_with(source: str) -> Iterator[None]:
    try:
        yield
    except SourceError as error:
        raise SourceError(f"{source}: {error}") from error


def _list(source: str, text: str, suffix: str, base: Path | str) -> ReadingList:
    parse = parse_urls if suffix.lower() == ".txt" else parse_markdown
    entries = parse(text, base)
    return ReadingList(source, len(entries), merge(entries), is_remote=isinstance(base, str))


def _with_links(listed: ReadingList) -> ReadingList:
    if not listed.entries:
        raise SourceError("no links found (looked for Markdown links, <a href> and https://… addresses)")
    return listed


def _text(data: bytes, charset: str | None = None) -> str:
    """Decode a list; the declared `charset` comes after UTF-8, as it is often wrong for UTF-8 texts."""
    bom_encodings = [encoding for mark, encoding in _BOMS.items() if data.startswith(mark)]
    for encoding in bom_encodings or filter(None, ("utf-8", charset, "gb18030")):
        with suppress(UnicodeError, LookupError):
            text = data.decode(encoding)
            if not text.strip():
                raise SourceError("the file is empty")
            if "\0" not in text:
                return text
    if b"\0" in data:
        raise SourceError("not a text file; a source is " + _ACCEPTED)
    raise SourceError("not readable as text; save it as UTF-8")


def _read_folder(folder: Path) -> ReadingList:
    """Read the files of a folder and of those in it, each a section; raises SourceError or OSError."""
    entries: list[Resource] = []
    left_out: Counter[str] = Counter()
    visited: set[Path] = set()
    for parent, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        directory = Path(parent)
        real = real_path(directory)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        path = tuple(filter(None, map(clean, directory.relative_to(folder).parts)))
        files = [directory / name for name in sorted(names) if not name.startswith(".")]
        entries += resources_of_files(files, (path,) if path else ())
        left_out.update(
            file.suffix.lower() or file.name for file in files if not kind_of_path(file) and not is_unread(file)
        )
    if not entries:
        raise SourceError(f"{clean(str(folder))}: no {_KINDS} in this folder")
    kinds = [f"{number:,} {clean(kind)}" for kind, number in left_out.most_common(_MOST_KINDS)]
    kinds += ["others"] if len(left_out) > _MOST_KINDS else []
    remark = f"{clean(str(folder))}: {counted(left_out.total(), 'file')} of kinds that aren't read: {', '.join(kinds)}"
    return ReadingList(str(folder), len(entries), merge(entries), folder, remarks=(remark,) if left_out else ())


def _raise(error: OSError) -> None:
    raise error


# markdown-it drops deeper elements, and recurses once or twice per level.
_MAX_NESTING = 100


def outline_of(text: str) -> Outline:
    """The headings and links of a Markdown text, raw HTML included; raises SourceError if it is nested too deep."""
    outline, parser = Outline(), _markdown()
    tokens = parser.parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type in ("list_item_open", "blockquote_open") and token.level + 1 >= _MAX_NESTING:
            raise SourceError(f"line {token.map[0] + 1 if token.map else '?'} is nested too deep to be read")
        if token.type == "html_block":
            outline.read(token.content)
        elif token.type == "inline" and before is not None:
            for part in token.children or ():
                if part.markup == "linkify":
                    part.attrSet("data-bare", "")
            html = parser.renderer.render([token], parser.options, {})
            outline.read(f"<{before.tag}>{html}</{before.tag}>")
    return outline


class _Markdown(MarkdownIt):
    """A parser that accepts every link, such as `file:`, and leaves its address as it is: `addresses` decides on it."""

    def validateLink(self, url: str) -> bool:
        return True

    def normalizeLink(self, url: str) -> str:
        return url

    def normalizeLinkText(self, link: str) -> str:
        return link


@cache
def _markdown() -> MarkdownIt:
    return _Markdown("gfm-like", {"maxNesting": _MAX_NESTING})


@dataclass(slots=True)
class Heading:
    """A heading; `text` has one piece per text node."""

    level: int
    text: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Link:
    """A link and its `path` of headings; it is `bare` if its text is the address itself."""

    href: str
    bare: bool
    path: tuple[Heading, ...]
    text: list[str] = field(default_factory=list)


class Outline(HTMLParser):
    """Collects headings and the links under them from blocks of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.headings: list[Heading] = []
        self._path: tuple[Heading, ...] = ()
        self._open: dict[str, list[str]] = {}

    def read(self, html: str) -> None:
        """Add a block; elements that it leaves open end with it."""
        self.feed(html)
        self.close()
        self.reset()
        self._open.clear()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "a" and (href := attributes.get("href")):
            link = Link(href, "data-bare" in attributes, self._path)
            self.links.append(link)
            self._open["a"] = link.text
        elif re.fullmatch("h[1-6]", tag):
            heading = Heading(int(tag[1]))
            self.headings.append(heading)
            self._path = (*(above for above in self._path if above.level < heading.level), heading)
            self._open["h"] = heading.text
        elif tag in ("img", "br"):
            self.handle_data(f" {attributes.get('alt') or ''} ")

    def handle_endtag(self, tag: str) -> None:
        self._open.pop("h" if re.fullmatch("h[1-6]", tag) else tag, None)

    def handle_data(self, data: str) -> None:
        for text in self._open.values():
            text.append(data)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Skip `<![…>`, for which the standard parser fails with an AssertionError if it doesn't know the keyword."""
        return self.rawdata.find(">", i) + 1 or -1


def expand_playlists(listed: Sequence[Resource], playlists: Mapping[str, Playlist]) -> tuple[Resource, ...]:
    """The resources of a list, each playlist followed by its entries in a section with its title.

    A playlist is expanded once: playlists may contain each other, and themselves. An address that looks like a page or
    a video may have turned out to be one. The list's title for a video takes precedence over the playlist's.
    """
    expanded: set[str] = set()
    entries: list[Resource] = []
    stack = list(reversed(listed))
    while stack:
        resource = stack.pop()
        entries.append(replace(resource, kind=Kind.PLAYLIST) if resource.id in playlists else resource)
        if resource.id in playlists and resource.id not in expanded:
            expanded.add(resource.id)
            playlist = playlists[resource.id]
            title = resource.title or playlist.title or resource.url
            sections = tuple((*path, title) for path in resource.sections or ((),))
            contained = [replace(entry.resource, sections=sections) for entry in reversed(playlist.entries)]
            stack += [entry for entry in contained if entry.id not in expanded]
    listed_titles = {resource.id: resource.title for resource in listed}
    return tuple(replace(entry, title=listed_titles.get(entry.id) or entry.title) for entry in merge(entries))


def unavailable_entries(playlists: Mapping[str, Playlist]) -> dict[str, Reason]:
    """The reasons for unavailable entries, by id; entries that another playlist lists as available are left out."""
    entries = [entry for playlist in playlists.values() for entry in playlist.entries]
    available = {entry.resource.id for entry in entries if entry.fault is None}
    return {
        entry.resource.id: Reason.of(entry.fault)
        for entry in entries
        if entry.fault and entry.resource.id not in available
    }
