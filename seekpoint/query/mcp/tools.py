"""The tools of the MCP server, as methods whose signatures become their schemas."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Annotated, TypeAlias

from anyio import from_thread
from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from mcp.types import Resource as ListedTranscript
from pydantic import Field

from seekpoint.index.errors import LibraryError, UsageError
from seekpoint.index.open import open_keeper
from seekpoint.index.store import Reader
from seekpoint.index.text.stretches import stretch_id
from seekpoint.index.types import Section, State, union
from seekpoint.query.answers import Moment
from seekpoint.query.digest import check_kept, digest, keep_question
from seekpoint.query.filters import filters_of, seconds_since
from seekpoint.query.mcp.results import (
    AddedResources,
    FoundAnswer,
    KeptNotes,
    KeptQuestions,
    ListedResources,
    NewMoments,
    StatusResult,
    StretchToRead,
    TranscriptWindow,
    added_resources,
    brief_answer,
    compact,
    kept_notes,
    listed_resources,
    listed_transcripts,
    new_moments,
    read_answer,
    status_result,
    structured,
    transcript_links,
)
from seekpoint.query.mcp.transcript_resources import read_window
from seekpoint.query.reading.noting import checked
from seekpoint.query.reading.passages import MOMENTS, PASSAGES, marked_passages
from seekpoint.query.reading.unread_stretches import amount_read, is_read, stretches_of, summaries_left, unread
from seekpoint.query.search.settings import LONGEST_QUESTION, AskOptions
from seekpoint.query.search.wordings import MOST_WORDINGS, spoken
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.serving.parameter_types import (
    LONGEST_SECTION,
    AddedFilter,
    AfterFilter,
    BeforeFilter,
    KindFilter,
    LanguageFilter,
    LanguageTag,
    Offset,
    OrNone,
    SectionFilter,
    SpeakerFilter,
)
from seekpoint.query.serving.suggestions import folded
from seekpoint.query.token_budget import quotable
from seekpoint.query.transcript_places import Place, indexed_resource

_MOST_MOMENTS = 20
_BRIEF = 5
_MOST_MINUTES = 10.0
_MOST_LISTED = 50
# A client shows all of them at once, for its user to choose from; `list_resources` and `ask` lead to the others.
_MOST_TRANSCRIPTS = 500
_ASSISTANT, _LONGEST_NOTES, _NAME = "an assistant", 20_000, 20


# Seconds between two messages on the progress of `add`.
_BETWEEN = 1.0

Adding: TypeAlias = Callable[[str, Callable[[str], None]], Sequence[Section]]
"""Adds an address to the library, telling how far it is; returns its sections, and raises SeekpointError."""


class Tools:
    """The tools, as methods whose signatures become their schemas; each raises SeekpointError, `add` needs `adding`."""

    def __init__(self, live: LiveLibrary, adding: Adding | None) -> None:
        self._live = live
        self._adding = adding
        self._caches = live.caches

    def spoken(self) -> str:
        """The sentence that names the library's languages; empty where there is no library yet."""
        with suppress(LibraryError), self._live.reader() as reader:
            if tags := spoken(reader.languages()):
                return f" The library's languages now: {', '.join(tags)}."
        return ""

    def ask(
        self,
        question: Annotated[
            str,
            Field(
                description="A question in whole words, in any language.",
                json_schema_extra={"maxLength": LONGEST_QUESTION},  # the search says better what is wrong
            ),
        ],
        also: Annotated[
            Annotated[list[str], Field(max_length=MOST_WORDINGS)] | None,
            Field(
                description="In each language of the library a sentence that may be said where it is answered, from "
                "what you know or guess; the question, too, in each other language, as its speakers would put it. Not "
                'beside a "phrase" or a minus.'
            ),
        ] = None,
        k: Annotated[
            int | None,
            Field(
                ge=1,
                le=_MOST_MOMENTS,
                description=f"How many places at most: {PASSAGES} if it isn't given, {_BRIEF} with `brief`.",
            ),
        ] = None,
        brief: Annotated[bool, Field(description="Only a short quote of each place, ranked by likeness.")] = False,
        kind: KindFilter = None,
        section: SectionFilter = None,
        language: LanguageFilter = None,
        resource: Annotated[str | None, OrNone, Field(description="Only this resource, by its id or address.")] = None,
        speaker: SpeakerFilter = None,
        after: AfterFilter = None,
        before: BeforeFilter = None,
        added: AddedFilter = None,
    ) -> Annotated[CallToolResult, FoundAnswer]:
        most = k or (_BRIEF if brief else PASSAGES)
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            within = indexed_resource(resource, cache).id if resource else None
            filters = filters_of(kind, section, language, within, speaker, after, before, added)
            options = AskOptions(most if brief else MOMENTS * most, filters, also=tuple(also or ()))
            answer = self._live.ask(question, options, within=reader)
            known = reader.languages()
            if not brief:
                passages = marked_passages(answer.moments, reader.transcripts, most)
                return structured(
                    read_answer(answer, passages, lambda key: cache.details(key).chapters, filters, known)
                )
            result = brief_answer(answer, partial(_position, reader), filters, known)
        return structured(result, *transcript_links(result.moments or ()))

    def transcript(
        self,
        resource: Annotated[str, Field(description="A resource's id or address, or a link to a place in it.")],
        at: Annotated[
            float | str | None,
            Field(description="A mark's, passage's or moment's `at`, or a time: 754 or 12:34."),
        ] = None,
        continues_at: Annotated[float | None, Field(description="A window's `continues_at`, to read on.")] = None,
        heading: Annotated[str | None, Field(description="Words of a chapter's or section's title.")] = None,
        page: Annotated[int | None, Field(ge=1, description="A page of a paper or a slide, the first being 1.")] = None,
        minutes: Annotated[float, Field(gt=0, le=_MOST_MINUTES, description="How much to read.")] = 3,
        language: Annotated[LanguageTag, Field(description="Which transcript, where there are several.")] = None,
    ) -> Annotated[CallToolResult, TranscriptWindow]:
        place = Place(at, heading, page, continues_at)
        with self._live.cache() as cache:
            return structured(read_window(resource, place, cache, 60 * minutes, language))

    def read_transcript(
        self,
        resource: str,
        at: str | None = None,
        continues_at: float | None = None,
        heading: str | None = None,
        page: Annotated[int | None, Field(ge=1)] = None,
        minutes: Annotated[float, Field(gt=0, le=_MOST_MINUTES)] = _MOST_MINUTES,
        language: LanguageTag = None,
    ) -> str:
        """The JSON of a window, for the address of a transcript."""
        place = Place(at, heading, page, continues_at)
        with self._live.cache() as cache:
            return compact(read_window(resource, place, cache, 60 * minutes, language))

    def transcripts(self) -> list[ListedTranscript]:
        """The first transcripts, in the order of the reading lists."""
        with self._live.cache() as cache:
            return list(islice(listed_transcripts(cache.statuses.values()), _MOST_TRANSCRIPTS))

    def status(self) -> Annotated[CallToolResult, StatusResult]:
        with self._live.cache() as cache:
            return structured(status_result([*cache.statuses.values()]))

    def list_resources(
        self,
        section: SectionFilter = None,
        kind: KindFilter = None,
        state: Annotated[State | None, Field(description="Only those in this state.")] = None,
        offset: Offset = 0,
        limit: Annotated[int, Field(ge=1, le=_MOST_LISTED, description="How many at most.")] = 20,
        named: Annotated[
            Annotated[str, Field(max_length=LONGEST_SECTION)] | None,
            OrNone,
            Field(description="Only those with these words in the title, the authors' names, or where it appeared."),
        ] = None,
    ) -> Annotated[CallToolResult, ListedResources]:
        with self._live.cache() as cache:
            statuses = [*cache.statuses.values()]
            names = cache.folded_names if named else {}
        for word in folded(named or "").split():
            statuses = [status for status in statuses if word in names[status.id]]
        if section:
            words = section.casefold()
            statuses = [
                status
                for status in statuses
                if any(words in heading.casefold() for path in status.resource.sections for heading in path)
            ]
        statuses = [
            status for status in statuses if kind in (None, status.resource.kind) and state in (None, status.state)
        ]
        return structured(listed_resources(statuses, offset, limit))

    def add(
        self,
        address: Annotated[
            str,
            Field(max_length=2000, description="The address (https://) of a video, playlist, channel, page or paper."),
        ],
        context: Context,
    ) -> Annotated[CallToolResult, AddedResources]:
        assert self._adding
        told, last = 0, 0.0

        def tell(message: str) -> None:
            nonlocal told, last
            now = time.monotonic()
            if now - last >= _BETWEEN:
                told, last = told + 1, now
                from_thread.run(context.report_progress, told, None, message)

        entries = union(self._adding(address, tell)).entries
        self._live.refresh()
        with self._live.reader() as reader:
            statuses = [status for status in reader.statuses() if status.resource.id in entries]
        return structured(added_resources(statuses))

    def new_moments(
        self,
        since: Annotated[str, Field(description="A date such as 2026-03-15, or 7d for the last seven days.")] = "7d",
    ) -> Annotated[CallToolResult, NewMoments]:
        with self._live.reader() as reader:
            found = digest(reader, partial(self._live.ask, within=reader), seconds_since(since))
            return structured(new_moments(found, partial(_position, reader)))

    def keep_question(
        self,
        question: Annotated[str, Field(max_length=LONGEST_QUESTION, description="In the user's own words.")],
        also: Annotated[
            Annotated[list[str], Field(max_length=MOST_WORDINGS)] | None,
            Field(description="The question in each other language of the library."),
        ] = None,
        drop: Annotated[bool, Field(description="Keep it no longer.")] = False,
    ) -> Annotated[CallToolResult, KeptQuestions]:
        if drop:
            with self._live.reader() as reader:
                check_kept(question, reader, "`new_moments`")
        keep_question(self._live.address, question, also or (), kept=not drop)
        self._live.refresh()
        with self._live.reader() as reader:
            return structured(KeptQuestions(kept=len(reader.settings.questions)))

    def next_stretch(self) -> Annotated[CallToolResult, StretchToRead]:
        with self._live.cache() as cache:
            statuses = [*cache.statuses.values()]
            amount, summaries = amount_read(cache.reader, statuses), summaries_left(cache.reader, statuses, _ASSISTANT)
            item = next(unread(cache.reader, reader=_ASSISTANT), None)
            if not item:
                return structured(StretchToRead(left=0))
            key = stretch_id(item.resource.id, item.stretch.number)
            left = max(amount.of - amount.stretches + summaries, 1)
            return structured(StretchToRead(stretch=key, rules=item.rules, text=item.text, left=left))

    def note_stretch(
        self,
        stretch: Annotated[str, Field(max_length=200, description="The `stretch` that `next_stretch` gave.")],
        notes: Annotated[str, Field(max_length=_LONGEST_NOTES, description="As its `rules` ask.")],
    ) -> Annotated[CallToolResult, KeptNotes]:
        with self._live.cache() as cache:
            reader = cache.reader
            key, _, number = stretch.rpartition(" ")
            status = cache.status(key)
            items = stretches_of(reader, status.resource) if status and status.chunks else ()
            item = next((each for each in items if str(each.stretch.number) == number), None)
            if not item:
                raise UsageError(f"no stretch is called {quotable(stretch, _NAME)}: `next_stretch` gives the next one")
            before = next(filter(item.is_noted_in, reader.stretches([stretch])), None)
            said = before.questions if before else ()
            found = checked(notes, item, reader, self._live.encoder_of(reader), said)
        if found.is_usable:
            with open_keeper(self._live.address) as keeper:
                keeper.keep(found.as_read(item, _ASSISTANT, before))
            self._live.refresh()
        is_done = found.is_usable or is_read(item, before, _ASSISTANT)
        return structured(kept_notes(found, is_whole=item.is_whole, is_done=is_done))


def _position(library: Reader, moment: Moment) -> float | None:
    """The `at` of a moment: its second, or how far into a text the cue begins in which its quote does."""
    if moment.start is not None:
        return moment.start
    excerpt = library.transcripts(moment.resource.id, moment.language, *moment.cues)
    return round(excerpt[0].cues[0].start, 3) if excerpt else None
