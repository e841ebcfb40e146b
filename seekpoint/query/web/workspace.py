"""The reading list as a workspace: adding, building, retrying and removing, with the progress as an event stream."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from seekpoint.index.errors import LockedLibrary, UsageError
from seekpoint.index.open import is_written
from seekpoint.index.types import NamedBy
from seekpoint.query.serving.parameters import LONGEST_ID
from seekpoint.query.web.adding import MOST_BYTES, SUFFIXES, AddedSources, addresses_in
from seekpoint.query.web.builds import Builds
from seekpoint.query.web.editing import LONGEST_FORM, Editing, Form
from seekpoint.query.web.errors import PageError
from seekpoint.query.web.language import language_of
from seekpoint.query.web.outcomes import Outcomes

if TYPE_CHECKING:
    from starlette.requests import Request

    from seekpoint.query.serving.live_library import LiveLibrary
    from seekpoint.query.serving.resource_cache import ResourceCache, ResourceCaches

_MOST_FILES = 50
# Files that are refused, of those sent at once.
_MOST_TOLD = 3
# Seconds between two looks at the progress.
_BETWEEN_LOOKS = 0.25


class AddressForm(Form):
    """Addresses, a line each."""

    addresses: Annotated[str, Field(max_length=LONGEST_FORM)] = ""


class UploadForm(Form):
    """What is sent along with files."""

    is_list: bool = False


class RetryForm(Form):
    """Whether to ask at once for what waits for a later time too."""

    at_once: bool = False


class RemoveForm(Form):
    """A resource to take out."""

    resource: Annotated[str, Field(max_length=LONGEST_ID)]


class Workspace:
    """The requests that change what is in the library, and how far its builds are.

    `added` holds what is added to a library in a folder. A library on a server has none: it takes addresses, each a
    source of its own, and no files.
    """

    def __init__(
        self, live: LiveLibrary, caches: ResourceCaches, editing: Editing, builds: Builds, added: AddedSources | None
    ) -> None:
        self._live = live
        self._caches = caches
        self._editing = editing
        self._builds = builds
        self._outcomes = Outcomes(live, caches)
        self._builds.is_written = partial(is_written, live.address)
        self._builds.build = self._outcomes.following(builds.build)
        self._added = added

    @property
    def routes(self) -> list[Route]:
        forms = {
            "/add/address": self.add_addresses,
            "/add/file": self.add_files,
            "/add/retry": self.retry,
            "/add/remove": self.remove,
        }
        return [
            *(Route(path, form, methods=["POST"]) for path, form in forms.items()),
            Route("/add/progress", self.progress),
        ]

    def values(self, request: Request, cache: ResourceCache | None = None, back: str = "/list") -> Mapping[str, object]:
        """What a page shows of the workspace, and where its forms lead `back` to; there may be no library yet."""
        standings, now = cache.standings.values() if cache else (), time.time()
        due = sum(standing.is_due(now) for standing in standings)
        waiting = sum(bool(standing.retry_after) and not standing.is_due(now) for standing in standings)
        return {
            "secret": self._editing.secret,
            "back": back,
            "progress": self._shown(language_of(request)),
            "due": due,
            "waiting": waiting,
            "takes_files": self._added is not None,
            "accept": ",".join(SUFFIXES),
        }

    async def add_addresses(self, request: Request) -> Response:
        form = await self._editing.form(request, AddressForm)
        self._start(await run_in_threadpool(self._sources, form.addresses))
        return form.leave()

    async def add_files(self, request: Request) -> Response:
        if self._added is None:
            raise UsageError("a library on a server takes no files here: add them with `seekpoint build`")
        _check_size(request)
        async with request.form(max_files=_MOST_FILES, max_fields=len(UploadForm.model_fields) + 1) as fields:
            texts = {name: value for name, value in fields.items() if isinstance(value, str)}
            form = self._editing.read(request, texts, UploadForm)
            files = [file for file in fields.getlist("file") if isinstance(file, UploadFile) and file.filename]
            if not files:
                raise UsageError("choose a file to add")
            await run_in_threadpool(self._store, self._added, files, form.is_list)
        return form.leave()

    async def retry(self, request: Request) -> Response:
        form = await self._editing.form(request, RetryForm)
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            now, standings = time.time(), cache.standings.items()
            wanted = {key for key, standing in standings if standing.is_due(now, at_once=form.at_once)}
            sections = [section for section in cache.sections if section.named_by is not NamedBy.IMPORT]
            sources = [section.source for section in sections if wanted & section.entries.keys()]
        if self._added is None:
            if wanted:
                self._start([], retry=form.at_once)
            return form.leave()
        for source in dict.fromkeys(filter(None, sources)):
            self._start([source], retry=form.at_once)
        return form.leave()

    async def remove(self, request: Request) -> Response:
        form = await self._editing.form(request, RemoveForm)
        with self._live.reader() as reader:
            if self._caches.of(reader).resource(form.resource) is None:
                raise PageError(404, "taken_out")

        def run() -> None:
            try:
                self._editing.remove(form.resource)
            except LockedLibrary as error:
                raise PageError(503, "locked") from error
            self._live.refresh()

        await run_in_threadpool(run)
        return form.leave()

    async def progress(self, request: Request) -> Response:
        """The progress of the builds as server-sent events, until nothing is built any longer."""
        return StreamingResponse(self._events(language_of(request)), media_type="text/event-stream")

    def _start(self, sources: Sequence[str], *, retry: bool = False) -> None:
        if not self._builds.progress.is_running:
            self._outcomes.clear()
        self._builds.start(sources, retry=retry)

    def _shown(self, language: str) -> Mapping[str, object]:
        """How far the builds are, and at their end what became of them, for a page in a language."""
        version, progress = self._builds.version, self._builds.progress
        last = None if progress.is_running else self._outcomes.last
        told = last.in_words(language) if last else {"outcome": "", "left": [], "more": ""}
        return {**progress.as_dict(), **told, "version": version}

    async def _events(self, language: str) -> AsyncIterator[str]:
        version: object = None
        while True:
            if version != self._builds.version:
                shown = self._shown(language)
                version = shown["version"]
                yield f"data: {json.dumps(shown)}\n\n"
                if not shown["is_running"]:
                    return
            await asyncio.sleep(_BETWEEN_LOOKS)

    def _sources(self, addresses: str) -> Sequence[str]:
        """What to build for the addresses of a form; raises UsageError."""
        return addresses_in(addresses) if self._added is None else [self._added.add_addresses(addresses)]

    def _store(self, added: AddedSources, files: list[UploadFile], is_list: bool) -> None:
        """Store files, and build them; raises UsageError for those that are refused, after the others are stored."""
        sources: dict[str, None] = {}
        refused: list[str] = []
        try:
            for file in files:
                try:
                    sources[added.add_file(file.filename or "", file.file, is_list=is_list)] = None
                except UsageError as error:
                    refused.append(str(error))
        finally:
            for source in sources:
                self._start([source])
        if refused:
            raise UsageError(_refusal(refused, len(files)))


def _refusal(reasons: Sequence[str], files: int) -> str:
    """Why some of so many files were refused, in a line."""
    told = [*reasons[:_MOST_TOLD]]
    if more := len(reasons) - len(told):
        told.append(f"{more} more can't be added")
    if added := files - len(reasons):
        told.append(f"{added} of {files} files are being added")
    return "; ".join(told)


def _check_size(request: Request) -> None:
    """Raise HTTPException for a body of more than MOST_BYTES, before it is read."""
    size = request.headers.get("content-length", "")
    if not size.isdecimal():
        raise HTTPException(411, "send the length of the files")
    if int(size) > MOST_BYTES:
        raise HTTPException(413, f"{MOST_BYTES >> 20} MB at once are the most: build larger files on the server itself")
