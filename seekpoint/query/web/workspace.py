"""The reading list as a workspace: adding, building, retrying and removing, with the progress as an event stream."""

from __future__ import annotations

import asyncio
import filecmp
import json
import re
import secrets
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Annotated, BinaryIO
from urllib.parse import urlsplit

from pydantic import Field, Json
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from seekpoint.file_formats import ARCHIVES, CAPTION_SUFFIXES, DOCUMENT_SUFFIXES, LIST_SUFFIXES
from seekpoint.files import replacing
from seekpoint.hosts import host_of, is_private_host
from seekpoint.index.address import ADDED_ADDRESSES, ADDED_FILES, ADDED_LISTS, added_as, folder_of, is_added_list
from seekpoint.index.errors import LibraryError, LockedLibrary, UsageError
from seekpoint.index.open import is_written, open_writer
from seekpoint.index.settings import MOST_CHANGES
from seekpoint.index.text.clean import clean
from seekpoint.index.types import NamedBy, ResourceStatus, Standing, State
from seekpoint.query.serving.parameter_types import LONGEST_ID
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.web.builds import Build, BuildOrder, SourceChecks, Tell
from seekpoint.query.web.forms import LONGEST_FORM, Editing, Form
from seekpoint.query.web.problems import PageError
from seekpoint.query.web.translations import LANGUAGES, language_of, reason_in, translator
from seekpoint.query.web.view_models import entry_name, resource_href

if TYPE_CHECKING:
    from starlette.requests import Request

    from seekpoint.query.serving.live_library import LiveLibrary

_MOST_FILES = 50
# The most refused files that an error names, and the most entries that an outcome does: with faults, and indexed.
_MOST_TOLD, _MOST_NAMED = 3, 5
# Seconds between two checks of the progress.
_BETWEEN_LOOKS = 0.25


BELOW = " › "
"""Stands between a heading and the one below it."""

_DEEPEST = 10


def key_of(source: str) -> str:
    """What names a source on the page, which doesn't show where files lie."""
    return sha256(source.encode()).hexdigest()[:16]


class AddressForm(Form):
    """Addresses, a line each."""

    addresses: Annotated[str, Field(max_length=LONGEST_FORM)] = ""


class UploadForm(Form):
    """The fields beside uploaded files."""

    is_list: bool = False


class RemoveForm(Form):
    """A resource to take out, or the key of a source."""

    resource: Annotated[str, Field(max_length=LONGEST_ID)] = ""
    source: Annotated[str, Field(max_length=LONGEST_ID)] = ""


class HeadingForm(Form):
    """A path of headings, of a source where it is empty, and the headings that are to stand in its place."""

    path: Json[tuple[str, ...]]
    source: Annotated[str, Field(max_length=LONGEST_ID)] = ""
    heading: Annotated[str, Field(max_length=2000)] = ""


class Workspace:
    """The requests that change the library's content, and the progress of its builds.

    A library on a server takes addresses alone, each a source of its own, and no files.
    """

    def __init__(self, live: LiveLibrary, editing: Editing) -> None:
        self._live = live
        self._editing = editing
        self._builds = editing.builds
        self._outcome: Outcome | None = None
        self._changed: set[str] = set()
        self._builds.is_written = partial(is_written, live.address)
        self._builds.build = partial(self._build, self._builds.build)
        folder = folder_of(live.address)
        self._added = AddedSources(folder, editing.checks) if folder else None

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/add/address", self.add_addresses, methods=["POST"]),
            Route("/add/file", self.add_files, methods=["POST"]),
            Route("/add/retry", self.retry, methods=["POST"]),
            Route("/add/remove", self.remove, methods=["POST"]),
            Route("/add/heading", self.change_heading, methods=["POST"]),
            Route("/add/progress", self.progress),
        ]

    @property
    def is_building(self) -> bool:
        """Whether a build that the page started runs or waits."""
        return self._builds.progress.is_running

    def values(
        self, request: Request, cache: ResourceCache | None = None, back: str = "/list", *, is_building: bool = False
    ) -> Mapping[str, object]:
        """The template's values for the workspace, whose forms lead `back`; there may be no library yet.

        A build that runs comes to the entries that are pending by itself.
        """
        standings, now = cache.standings.values() if cache else (), time.time()
        left = [standing for standing in standings if standing.is_due(now, at_once=True)]
        return {
            "secret": self._editing.secret,
            "back": back,
            "progress": self._shown(language_of(request)),
            "left": sum(not (is_building and standing.state is State.PENDING) for standing in left),
            "takes_files": self._added is not None,
            "accept": ",".join(sorted(LIST_SUFFIXES.union(SUFFIXES))),
            "key_of": key_of,
            "sources": self._sources(cache) if cache else (),
        }

    def _sources(self, cache: ResourceCache) -> list[dict[str, object]]:
        """The sources with several entries; the `own` ones are those that no other source lists."""
        entries: dict[str, dict[str, State]] = {}
        for section in cache.sections:
            entries.setdefault(section.source, {}).update(section.entries)
        entries.pop("", None)
        lists = Counter(key for listed in entries.values() for key in listed)
        shown = []
        for source, listed in entries.items():
            if len(listed) == 1:
                continue
            name = f"{urlsplit(source).hostname}{urlsplit(source).path}" if "://" in source else Path(source).name
            first = cache.resource(next(iter(listed)))
            if first and source.removeprefix("feed:") == first.url:
                name = entry_name(first)
            added, own = added_as(source, self._live.address), sum(lists[key] == 1 for key in listed)
            is_added = bool(added) or is_added_list(source, self._live.address)
            facts = {"key": key_of(source), "name": name, "added_as": added, "is_added": is_added}
            shown.append({**facts, "entries": len(listed), "own": own})
        return shown

    async def add_addresses(self, request: Request) -> Response:
        form = await self._editing.form(request, AddressForm)
        async with _storing():
            await run_in_threadpool(self._add, form.addresses)
        return form.leave()

    async def add_files(self, request: Request) -> Response:
        if self._added is None:
            raise PageError(400, "no_files")
        size = request.headers.get("content-length", "")
        if not size.isdecimal():
            raise PageError(411, "no_length")
        if int(size) > MOST_BYTES:
            raise PageError(413, "most_at_once", most=f"{MOST_BYTES >> 20}")
        most = {"max_files": _MOST_FILES, "max_fields": len(UploadForm.model_fields) + 1}
        async with _storing(), request.form(**most) as fields:
            texts = {name: value for name, value in fields.items() if isinstance(value, str)}
            form = self._editing.read(request, texts, UploadForm)
            files = [file for file in fields.getlist("file") if isinstance(file, UploadFile) and file.filename]
            if not files:
                raise PageError(400, "choose_file")
            await run_in_threadpool(self._store, self._added, files, form.is_list)
        return form.leave()

    async def retry(self, request: Request) -> Response:
        """Try again what isn't indexed, also before its time."""
        form = await self._editing.form(request, Form)
        with self._live.cache() as cache:
            now, standings = time.time(), cache.standings.items()
            wanted = {key for key, standing in standings if standing.is_due(now, at_once=True)}
            sections = [section for section in cache.sections if section.named_by is not NamedBy.IMPORT]
            sources = [section.source for section in sections if wanted & section.entries.keys()]
        if self._added is None and wanted:
            self._start([], retry=True)
        elif self._added:
            for source in dict.fromkeys(filter(None, sources)):
                self._start([source], retry=True)
        return form.leave()

    async def remove(self, request: Request) -> Response:
        form = await self._editing.form(request, RemoveForm)
        with self._live.cache() as cache:
            source = next((each.source for each in cache.sections if key_of(each.source) == form.source), "")
            if not source and cache.resource(form.resource) is None:
                raise PageError(404, "taken_out")
        await self._change(partial(self._editing.remove, form.resource, source))
        return form.leave()

    async def change_heading(self, request: Request) -> Response:
        """Rename a heading, or move it with all below it under another one, in the sources that have it."""
        form = await self._editing.form(request, HeadingForm)
        new = tuple(part for part in map(str.strip, clean(form.heading).split(BELOW.strip())) if part)
        with self._live.cache() as cache:
            depths = {
                each.source: len(each.path)
                for each in sorted(cache.sections, key=lambda each: len(each.path))
                if each.source and each.path[: len(form.path)] == form.path
                if form.path or (not each.path and key_of(each.source) == form.source)
            }
        if not depths:
            raise PageError(404, "heading_gone")
        if not new:
            raise PageError(400, "empty_heading")
        deepest = max(depths.values())
        if deepest - len(form.path) + len(new) > max(_DEEPEST, deepest):
            raise PageError(400, "too_deep", most=str(_DEEPEST))

        def run() -> None:
            with open_writer(self._live.address) as writer:
                changes = [*writer.settings.headings, *((source, form.path, new) for source in depths)]
                if len(changes) > MOST_CHANGES:
                    raise PageError(400, "most_changes", most=str(MOST_CHANGES))
                writer.put_settings(headings=changes)

        if clean(form.heading) != BELOW.join(map(clean, form.path)):
            await self._change(run)
        return form.leave()

    async def _change(self, change: Callable[[], None]) -> None:
        """Change the library beside its builds; raises PageError while one writes to it."""

        def run() -> None:
            try:
                change()
            except LockedLibrary as error:
                raise PageError(503, "locked") from error
            self._live.refresh()

        async with _storing():
            await run_in_threadpool(run)

    async def progress(self, request: Request) -> Response:
        """The progress of the builds as server-sent events, until none runs."""
        language = language_of(request)

        async def events() -> AsyncIterator[str]:
            version: object = None
            while True:
                if version != self._builds.version:
                    shown = self._shown(language)
                    version = shown["version"]
                    yield f"data: {json.dumps(shown)}\n\n"
                    if not shown["is_running"]:
                        return
                await asyncio.sleep(_BETWEEN_LOOKS)

        return StreamingResponse(events(), media_type="text/event-stream")

    def _start(self, sources: Sequence[str], *, retry: bool = False) -> None:
        if not self._builds.progress.is_running:
            self._outcome, self._changed = None, set()
        self._builds.start(sources, retry=retry)

    def _build(self, build: Build, order: BuildOrder, tell: Tell, stop: Event) -> str:
        """Carry out a build, and add its outcome to that of the builds since none was running."""
        before = self._standings()
        told = build(order, tell, stop)
        now = self._standings()
        self._changed |= {key for key, standing in now.items() if before.get(key) != standing}
        changed = [key for key in now if key in self._changed]
        indexed = [key for key in reversed(changed) if now[key].is_indexed]
        others = [key for key in reversed(changed) if not now[key].is_indexed]
        named: list[ResourceStatus | None] = []
        with suppress(LibraryError), self._live.cache() as cache:
            named = [cache.status(key) for key in (*indexed[:_MOST_NAMED], *others[:_MOST_TOLD])]
        self._outcome = Outcome(len(changed), len(indexed), tuple(filter(None, named)))
        return told

    def _standings(self) -> Mapping[str, Standing]:
        """Every entry's standing, in the order in which they were added; empty if no library can be read."""
        self._live.refresh()
        with suppress(LibraryError), self._live.cache() as cache:
            return cache.standings
        return {}

    def _shown(self, language: str) -> Mapping[str, object]:
        """The progress of the builds and, when they have ended, their outcome in a language."""
        version, progress = self._builds.version, self._builds.progress
        outcome = None if progress.is_running else self._outcome
        told: dict[str, object] = {"outcome": "", "came": [], "more_came": "", "left": [], "more": ""}
        return {**asdict(progress), **told, **(outcome.in_words(language) if outcome else {}), "version": version}

    def _add(self, text: str) -> None:
        """Build the addresses in lines of text; raises PageError for those that are refused, after the others began."""
        addresses, refused = addresses_in(text)
        total = len(addresses) + len(refused)
        sources: list[str] = []
        if self._added:
            source, errors = self._added.add_addresses(addresses)
            refused += errors
            sources = [source] if len(refused) < total else []
        else:
            for address in addresses:
                try:
                    self._editing.checks.check_address(address)
                    sources.append(address)
                except UsageError as error:
                    refused.append(error)
        if sources:
            self._start(sources)
        _tell(refused, total)

    def _store(self, added: AddedSources, files: list[UploadFile], is_list: bool) -> None:
        """Store files, and build them; raises PageError for those that are refused, after the others are stored."""
        sources: dict[str, None] = {}
        refused: list[Exception] = []
        try:
            for file in files:
                try:
                    sources[added.add_file(file.filename or "", file.file, is_list=is_list)] = None
                except (PageError, UsageError) as error:
                    refused.append(error)
        finally:
            for source in sources:
                self._start([source])
        _tell(refused, len(files))


def _tell(refused: Sequence[Exception], total: int) -> None:
    """Raise PageError if any of a total was refused, with the first errors, and how many others are being added."""
    if not refused:
        return
    told = list(refused[:_MOST_TOLD])
    if more := len(refused) - len(told):
        told.append(PageError(400, "more_refused", n=str(more)))
    if (stored := total - len(refused)) > 0:
        told.append(PageError(400, "being_added", n=str(stored), total=str(total)))
    raise PageError(400, "refused", errors=told)


@asynccontextmanager
async def _storing() -> AsyncIterator[None]:
    """Raise PageError where a disk is full, or can't be written."""
    try:
        yield
    except OSError as error:
        raise PageError(507, "not_written", reason=(error.strerror or str(error)).lower()) from error


@dataclass(frozen=True, slots=True)
class Outcome:
    """The entries that builds added or changed: how many, how many of them are indexed, the latest of both kinds."""

    total: int
    indexed: int
    latest: Sequence[ResourceStatus]

    def in_words(self, language: str) -> Mapping[str, object]:
        """The outcome for a page in a language: a line, links to what came in, and what isn't indexed."""
        say = translator(language)
        left, came = [], []
        for status in self.latest:
            title, reason = entry_name(status.resource), status.reason
            if status.state is State.INDEXED:
                came.append({"title": title, "href": resource_href(status.resource)})
                continue
            left.append(
                {
                    "entry": say("left_out", title=title, state=say(status.state.value)),
                    "reason": reason_in(reason, language) if reason else "",
                    # Text of another program counts as English.
                    "lang": LANGUAGES["en" if reason and reason.is_foreign else language],
                }
            )
        more = self.total - self.indexed - len(left)
        more_came = self.indexed - len(came)
        return {
            "outcome": say("of_indexed", n=self.indexed, total=self.total) if self.total else say("nothing_new"),
            "came": came,
            "more_came": say("more_came", n=more_came) if more_came else "",
            "left": left,
            "more": say("more_left", n=more) if more else "",
        }


MOST_BYTES = 64 << 20
"""The most bytes that are uploaded at once."""

SUFFIXES = tuple(sorted(CAPTION_SUFFIXES | DOCUMENT_SUFFIXES | ARCHIVES | {".pdf", ".json"}))
"""The files that can be added, by suffix."""

_MAYBE_LISTS = (".md", ".txt", ".html", ".htm", ".json")
_MOST_ADDRESSES, _LONGEST_ADDRESS = 100, 2000
_ADDRESS = re.compile(r"(?:https?://(?=[^/?#])|www\.|youtu\.be/)\S+", re.IGNORECASE)
# File systems take 255 bytes, and a scratch file's name is longer.
_LONGEST_NAME = 200
# Windows refuses these characters, and takes these names for devices, whatever comes after the first dot.
_REFUSED = re.compile(r'[<>:"|?*/\\]+')
_DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³]) *(?:\.|\Z)", re.IGNORECASE)
# Browsers encode these characters in the name of a file that they send, and no others.
_ENCODED = {"%22": '"', "%0D": "\r", "%0A": "\n"}
_PIECE = 1 << 20


class AddedSources:
    """The files and lists that were added to a library in a folder; safe for several threads."""

    def __init__(self, library: Path, checks: SourceChecks) -> None:
        self._checks = checks
        self._files = library / ADDED_FILES
        self._lists = library / ADDED_LISTS
        self._lock = Lock()

    def add_addresses(self, addresses: Sequence[str]) -> tuple[str, Sequence[UsageError]]:
        """Add addresses to the list of them; returns the list, and the errors of those that it would skip."""
        with self._lock:
            path = self._lists / ADDED_ADDRESSES
            known = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            lines, refused = self._checks.listed(addresses, known)
            if lines:
                self._lists.mkdir(parents=True, exist_ok=True)
                with replacing(path) as file:
                    file.write("".join(f"{line}\n" for line in dict.fromkeys([*known, *lines])).encode())
        return str(path), refused

    def add_file(self, name: str, content: BinaryIO, *, is_list: bool) -> str:
        """Store a file under a safe form of its name; returns the source to build. Raises PageError or UsageError.

        A file whose suffix is that of lists alone is one, whatever `is_list` says.
        """
        is_list = is_list or Path(name).suffix.lower() in LIST_SUFFIXES
        folder = self._lists if is_list else self._files
        target = folder / safe_name(name, (*_MAYBE_LISTS, *sorted(LIST_SUFFIXES)) if is_list else SUFFIXES)
        scratch = folder / f".{secrets.token_hex(8)}.part{target.suffix}"  # which no build reads
        with self._lock:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                with scratch.open("xb") as file:
                    shutil.copyfileobj(content, file, _PIECE)
                self._checks.check_file(scratch, target.name, is_list)
                if target.name != ADDED_ADDRESSES and not target.exists():
                    scratch.replace(target)
                elif target.name == ADDED_ADDRESSES or not filecmp.cmp(scratch, target, shallow=False):
                    raise PageError(400, "same_name", name=target.name)
            finally:
                scratch.unlink(missing_ok=True)
        return str(target if is_list else folder)


def addresses_in(text: str) -> tuple[Sequence[str], list[Exception]]:
    """The addresses in lines of text, each once, and the errors of the lines that are none.

    Raises PageError where there are no lines, or too many.
    """
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not lines:
        raise PageError(400, "paste_address")
    if len(lines) > _MOST_ADDRESSES:
        raise PageError(400, "most_addresses", most=str(_MOST_ADDRESSES))
    addresses, wrong = list[str](), list[Exception]()
    for line in lines:
        is_address = _ADDRESS.fullmatch(line) and line.isprintable() and len(line) <= _LONGEST_ADDRESS
        host = host_of(line if "://" in line else f"https://{line}") if is_address else ""
        if host and not is_private_host(host):
            addresses.append(line)
        else:
            wrong.append(PageError(400, "private_address" if host else "no_address", line=clean(line)[:60]))
    return addresses, wrong


def safe_name(name: str, suffixes: Iterable[str]) -> str:
    """A file's name without folders and without characters that a file system refuses; raises PageError."""
    for code, character in _ENCODED.items():
        name = name.replace(code, character)
    last = re.split(r"[/\\]", name)[-1]
    safe = _REFUSED.sub("_", clean(last)).strip(" .")
    suffix = Path(safe).suffix.lower()
    if not Path(safe).stem.strip(" ._") or suffix not in suffixes:
        raise PageError(
            400, "not_taken", name=clean(last)[:60] or "…", suffixes=", ".join(sorted(LIST_SUFFIXES.union(suffixes)))
        )
    if len(safe.encode("utf-8", "replace")) > _LONGEST_NAME:
        raise PageError(400, "long_name", name=safe[:60])
    return f"_{safe}" if _DEVICES.match(safe) else safe
