"""Parses a source into resources: a reading list, one address, a file or a folder."""

from __future__ import annotations

import io
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from urllib.parse import urlsplit

from seekpoint.file_formats import ARCHIVES, CAPTION_SUFFIXES, LIST_SUFFIXES
from seekpoint.files import open_file, read_file, real_path
from seekpoint.index.errors import SourceError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean, counted
from seekpoint.index.types import NOWHERE, Kind, NamedBy, Playlist, Resource, State, completed, shown_url
from seekpoint.indexer.fetch.fetcher import Fetcher
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.reading_list.addresses import (
    address_of,
    beside_pdf,
    is_own,
    is_unread,
    kind_of_path,
    path_named,
    resource_of,
    resources_of_files,
)
from seekpoint.indexer.reading_list.entries import BOOKMARKS_MARK, SCHEME, kinds_of
from seekpoint.indexer.reading_list.list_text import ACCEPTED, parse_list
from seekpoint.indexer.sources.captions import is_captions
from seekpoint.indexer.sources.pages.markdown import front_matter_of
from seekpoint.indexer.sources.sandbox import sandboxed

# Kinds of files that are named where a folder has some that aren't read.
_MOST_KINDS = 8
_MOST_BYTES = 20_000_000
# Each bookmark of Chrome and Firefox has its icon in it, of some kB.
_MOST_WITH_ICONS = 100_000_000
# Front matter stands at the beginning of a note, and is short.
_MOST_OF_A_NOTE = 1 << 16
_HTML = (".html", ".htm")
_BEGINNING = 1024
_KINDS = (
    f"captions ({', '.join(sorted(CAPTION_SUFFIXES))}), recordings, documents (.pdf, {', '.join(sorted(ARCHIVES))}), "
    "web pages or text files (.md, .txt)"
)
_SUFFIXES = "|".join(sorted(suffix[1:] for suffix in LIST_SUFFIXES))
_LIST = rf"[^?]+\.(?:md|markdown|mkd|txt|{_SUFFIXES})"
# Patterns of the addresses of lists, the canonical page, and the address of the raw text.
_ADDRESSES = tuple(
    (re.compile(address, re.IGNORECASE), page, file)
    for address, page, file in (
        (
            rf"https?://(?:www\.)?github\.com/([^/?]+/[^/?]+)/blob/({_LIST})(?:\?.*)?",
            r"https://github.com/\1/blob/\2",
            r"https://raw.githubusercontent.com/\1/\2",
        ),
        (
            r"https?://gist\.github\.com/([^/?]+/[0-9a-f]+)/?(?:\?.*)?",
            r"https://gist.github.com/\1",
            r"https://gist.github.com/\1/raw",
        ),
        (rf"(https?://[^?]+)/-/blob/({_LIST})(?:\?.*)?", r"\1/-/blob/\2", r"\1/-/raw/\2"),
        (rf"https?://[^/?]+/{_LIST}(?:\?.*)?", r"\g<0>", r"\g<0>"),
    )
)
_MARKDOWN_LINK = re.compile(r"\[[^][]*\]\(<?([^\s>)]+)")


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
            return _read_remote(*remote, web or Web())
        return ReadingList(address_of(resource), 1, (resource,))
    path = path_named(source)
    try:
        if source and path.is_dir():
            return _read_folder(_resolved(path))
        if path.is_file():
            return _read_file(_resolved(path), is_trusted)
        if source and path.exists():
            raise SourceError(f"{clean(source)} is a device or a pipe, not a file: a source is {ACCEPTED}")
    except OSError as error:
        raise SourceError(f"can't read {clean(str(error.filename or source))}: {error.strerror}") from error
    raise SourceError(f"no such file or folder: {clean(source) or repr(source)}; a source is {ACCEPTED}")


def _resolved(path: Path) -> Path:
    real = real_path(path)
    try:
        str(real).encode()
    except UnicodeEncodeError as error:  # the library couldn't store it
        raise SourceError(f"{clean(str(real))}: its name can't be read as text: rename it") from error
    return real


def merge(entries: Iterable[Resource]) -> tuple[Resource, ...]:
    """Each resource once, with all its section paths and its first title."""
    by_id: dict[str, list[Resource]] = defaultdict(list)
    for entry in entries:
        by_id[entry.id].append(entry)
    return tuple(
        replace(
            duplicates[0],
            title=next((entry.title for entry in duplicates if entry.title), ""),
            file_title=next((entry.file_title for entry in duplicates if entry.file_title), ""),
            sections=tuple(dict.fromkeys(path for entry in duplicates for path in entry.sections)),
            stated=reduce(completed, (entry.stated for entry in duplicates)),
        )
        for duplicates in by_id.values()
    )


def _read_file(path: Path, is_trusted: bool) -> ReadingList:
    suffix = path.suffix.lower()
    is_bookmarks = has_bookmarks(path)
    is_page = suffix in _HTML and not is_bookmarks
    if is_trusted and (kind_of_path(path) in (Kind.RECORDING, Kind.PAPER) or suffix in ARCHIVES or is_page):
        folder = path.parent if is_captions(path) else None
        return ReadingList(str(path), 1, resources_of_files([path]), folder)
    base = path.parent if is_trusted else f"https://{NOWHERE}/"
    with _prefix_errors_with(clean(str(path))):
        if is_unread(path):
            raise SourceError(str(Reason("format_unread", format=suffix)))
        if is_page:
            raise SourceError("a web page, not a browser's bookmarks: add it as a file, not as a list")
        most = _MOST_WITH_ICONS if is_bookmarks else _MOST_BYTES
        if (size := path.stat().st_size) > most:
            raise SourceError(f"{size / 1e6:.0f} MB are too much for a reading list (at most {most / 1e6:.0f} MB)")
        note = path if is_trusted and suffix == ".md" else None
        return _list(str(path), read_file(path), suffix, base, note=note)


def has_bookmarks(path: Path) -> bool:
    """Whether a file of HTML holds a browser's bookmarks; raises OSError."""
    if path.suffix.lower() not in _HTML:
        return False
    with open_file(path) as file:
        beginning = file.read(_BEGINNING).replace(b"\0", b"")  # its marks are ASCII, also in UTF-16
    return bool(BOOKMARKS_MARK.match(beginning.decode("utf-8", "replace").lstrip("\ufeff\ufffd")))


def remote_list_of(url: str) -> tuple[str, str] | None:
    """The list that a canonical address names: the page that shows it, and the address of its text.

    `None` if it names none.
    """
    for address, page, file in _ADDRESSES:
        if match := address.fullmatch(url):
            return match.expand(page), match.expand(file)
    return None


def _read_remote(page: str, file: str, web: Web) -> ReadingList:
    """Download a list: GitHub's, a gist, GitLab's, or a plain file.

    Its relative links start at `page`, those of a plain file at the address where redirects end.
    """
    with _prefix_errors_with(page):
        try:
            fetched = Fetcher(web, lambda _: _MOST_BYTES).get(file, private=True)
        except Unfetched as failure:
            remedy = "; try again later" if failure.state is State.DEFERRED else ""
            raise SourceError(f"{failure.reason}{remedy}") from failure
        assert fetched  # only a conditional request can be answered with "not modified"
        suffixes = (Path(urlsplit(address).path).suffix for address in (page, fetched.url))
        base = fetched.url if page == file else page
        return _list(page, fetched.data, next(filter(None, suffixes), ""), base, fetched.charset)


@contextmanager
def _prefix_errors_with(source: str) -> Iterator[None]:
    try:
        yield
    except SourceError as error:
        raise SourceError(f"{source}: {error}") from error


def _list(
    source: str, data: bytes, suffix: str, base: Path | str, charset: str | None = None, note: Path | None = None
) -> ReadingList:
    """Parse a list; without entries it is read as the file `note`, if it has words. Raises SourceError."""
    is_remote = isinstance(base, str)
    try:
        parsed = sandboxed(parse_list, data, suffix, str(base), is_remote, charset)
    except Unfetched as failure:
        raise SourceError(str(failure.reason)) from failure
    if not parsed.entries and note and parsed.has_words:
        remark = f"{clean(source)}: it has no links, so it is read as a note"
        return ReadingList(source, 1, resources_of_files([note]), remarks=(remark,))
    if not parsed.entries:
        said = (f"no links found (looked for {parsed.holds})", parsed.remark)
        raise SourceError("; ".join(filter(None, said)))
    if is_remote and not all(map(is_own, parsed.entries)):
        raise SourceError(str(Reason("reader_gave_up")))
    remarks = (f"{clean(source)}: {parsed.remark}",) if parsed.remark else ()
    return ReadingList(source, len(parsed.entries), merge(parsed.entries), is_remote=is_remote, remarks=remarks)


def _read_folder(folder: Path) -> ReadingList:
    """Read the files of a folder and of those in it, each a section; raises SourceError or OSError.

    In an Obsidian vault, the addresses that notes are about come after those of their folder.
    """
    entries: list[Resource] = []
    unread: Counter[str] = Counter()
    no_web: Counter[str] = Counter()
    doubled = 0
    outside: list[Path] = []
    in_vaults: set[Path] = set()
    for directory, files in _files_in(folder, outside):
        path = tuple(filter(None, map(clean, directory.relative_to(folder).parts)))
        sections = (path,) if path else ()
        entries += resources_of_files(files, sections)
        if (directory / ".obsidian").is_dir() or directory.parent in in_vaults:
            in_vaults.add(directory)
            entries += _sources_of_notes(files, sections, no_web)
        doubled += len(beside_pdf(files))
        unknown = (file for file in files if not kind_of_path(file) and not is_unread(file))
        unread.update(file.suffix.lower() or file.name for file in unknown)
    remarks = []
    if outside:
        shown = [clean(str(link.relative_to(folder))) for link in outside[:_MOST_KINDS]]
        shown += ["others"] * (len(outside) > _MOST_KINDS)
        left_out = f"{counted(len(outside), 'link')} left out that lead out of this folder"
        remarks.append(f"{left_out}, give them as sources: {', '.join(shown)}")
    if not entries:
        raise SourceError("; ".join([f"{clean(str(folder))}: no {_KINDS} in this folder", *remarks]))
    if unread:
        remarks.append(f"{counted(unread.total(), 'file')} of kinds that aren't read: {kinds_of(unread, _MOST_KINDS)}")
    if no_web:
        left_out = f"{counted(no_web.total(), 'source')} of notes left out, as they aren't on the web"
        remarks.append(f"{left_out}: {kinds_of(no_web, _MOST_KINDS)}")
    if doubled:
        remarks.append(f"{counted(doubled, 'document')} left out, as a PDF of the same name is read")
    told = tuple(f"{clean(str(folder))}: {remark}" for remark in remarks)
    return ReadingList(str(folder), len(entries), merge(entries), folder, remarks=told)


def _sources_of_notes(
    files: Iterable[Path], sections: Iterable[tuple[str, ...]], left_out: Counter[str]
) -> Iterator[Resource]:
    """The addresses, and Markdown's links, that the notes of a vault name as `url` or `source` in their front matter.

    `left_out` counts those that aren't of the web, by their scheme. The links in a note's text are none: a vault has
    thousands. A file that can't be read has none here, and its resource says why.
    """
    paths = tuple(sections)
    for file in files:
        if file.suffix.lower() == ".md":
            fields: dict[str, list[str]] = {}
            with suppress(OSError), open_file(file) as opened:
                lines = io.TextIOWrapper(io.BytesIO(opened.read(_MOST_OF_A_NOTE)), "utf-8-sig", "replace")
                fields, _ = front_matter_of(lines.read())
            title = " ".join(fields.get("title", ()))
            for said in (*fields.get("url", ()), *fields.get("source", ())):
                link = _MARKDOWN_LINK.search(said)
                address = link[1] if link else said
                if resource := resource_of(address, title, paths):
                    yield resource
                elif scheme := SCHEME.match(address):
                    left_out[scheme[0].lower()] += 1


def _files_in(folder: Path, outside: list[Path]) -> Iterator[tuple[Path, list[Path]]]:
    """Each folder in a folder, and its files but hidden ones; raises OSError.

    Links that lead out of the folder are added to `outside` instead: who gave the folder may not have written them.
    """

    def fail(error: OSError) -> None:
        raise error

    visited: set[Path] = set()
    for parent, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        directory = Path(parent)
        real = real_path(directory)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        shown = [directory / name for name in (*folders, *names) if not name.startswith(".")]
        leading = [path for path in shown if path.is_symlink() and not real_path(path).is_relative_to(folder)]
        outside += leading
        inside = {path.name for path in shown} - {path.name for path in leading}
        folders[:] = sorted(inside & {*folders})
        yield directory, [directory / name for name in sorted(inside & {*names})]


def expand_playlists(listed: Sequence[Resource], playlists: Mapping[str, Playlist]) -> tuple[Resource, ...]:
    """The resources of a list, each playlist followed by its entries in a section with its title, if it isn't in one.

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
            title = resource.title or playlist.title or shown_url(resource)
            sections = tuple(path if path[-1:] == (title,) else (*path, title) for path in resource.sections or ((),))
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
