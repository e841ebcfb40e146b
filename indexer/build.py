"""The run: read the lists, plan, fetch, chunk, embed, commit; one resource at a time, so that it can end anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from index.encoder import LazyEncoder, check_model, load_encoder, model_name, other_model
from index.errors import Blocked, SourceError, Unfetched, Unreachable
from index.manifest import FILE as MANIFEST
from index.types import Details, Encoder, Kind, Resource, State, Transcript
from index.writer import EmbeddedTranscript, Writer, text_digest
from indexer.chunking import chunk
from indexer.cooling import Cooling
from indexer.plan import Choices, Job, Step, plan
from indexer.reading_list import ReadingList, read_source
from indexer.sources import Fetched
from indexer.sources.captions import find_captions, read_captions, title_of

if TYPE_CHECKING:
    from index.types import Vectors

# Passages a call of the encoder: often enough for the progress to move and for Ctrl-C to be heard.
_PASSAGES = 64

Clock: TypeAlias = Callable[[], float]


class VideoSource(Protocol):
    """Where transcripts of videos come from; raises Unfetched, or Blocked when asking on makes it worse."""

    def fetch(self, video_id: str) -> Fetched: ...


class Watcher:
    """Is told what a build does; this one keeps silent."""

    def begin(self, jobs: int) -> None:
        """So many resources have something to be done."""

    def work_on(self, resource: Resource) -> None:
        """This resource is next."""

    def embed(self, done: int, total: int) -> None:
        """So many passages of the resource are embedded."""

    def finish(self, resource: Resource) -> None:
        """The resource is done with, for better or worse."""

    def say(self, line: str) -> None:
        """Something that the user should know now."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a build is asked for. `captions` is a folder of caption files, which spare asking YouTube."""

    sources: Sequence[str]
    captions: Path | None = None
    choices: Choices = field(default_factory=Choices)
    model: str | None = None
    prune: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did, and where the resources of its lists stand now. `seconds` is how long it took."""

    entries: int
    states: Mapping[State, int]
    updated: int
    embedded: int
    removed: int
    seconds: float

    @property
    def resources(self) -> int:
        """How many different resources the lists hold."""
        return sum(self.states.values())


def build(
    request: Request,
    folder: Path,
    videos: VideoSource,
    *,
    encoder: Encoder | None = None,
    watcher: Watcher | None = None,
    clock: Clock = time.time,
) -> Report:
    """Bring the library in `folder` up to the lists; raises SourceError, ModelError or LibraryError."""
    started = time.monotonic()
    watcher = watcher or Watcher()
    lists = [read_source(source) for source in request.sources]
    shelf = _shelf(request, lists)
    resources = {resource.id: resource for listed in lists for resource in listed.resources}
    writer, lazy_encoder = _open(folder, request.model, encoder, watcher.say)
    with writer:
        for listed in lists:
            writer.register(listed.source, listed.resources)
        gone = writer.gone([listed.source for listed in lists]) if request.prune else []
        writer.remove(gone)
        standings = writer.standings()
        jobs = [plan(r, standings[r.id], shelf, request.choices, clock()) for r in resources.values()]
        run = _Run(writer, lazy_encoder, videos, watcher, clock)
        run.all(jobs, retry=request.choices.retry)
        standings = writer.standings()
    states = [standings[resource_id].state for resource_id in resources]
    return Report(
        entries=sum(listed.entries for listed in lists),
        states={state: states.count(state) for state in State},
        updated=run.updated,
        embedded=run.embedded,
        removed=len(gone),
        seconds=time.monotonic() - started,
    )


def _shelf(request: Request, lists: Sequence[ReadingList]) -> dict[str, tuple[Path, ...]]:
    """Caption files by video id: from --captions, and from lists that are folders themselves."""
    shelf = {} if request.captions is None else find_captions(request.captions)
    for listed in lists:
        if listed.folder and any(resource.kind is Kind.VIDEO for resource in listed.resources):
            shelf = find_captions(listed.folder) | shelf
    return shelf


def _open(
    folder: Path, model: str | None, encoder: Encoder | None, say: Callable[[str], None]
) -> tuple[Writer, LazyEncoder]:
    if not (folder / MANIFEST).exists():
        encoder = encoder or load_encoder(model, say)
        return Writer.open(folder, encoder.card), LazyEncoder(encoder.card, encoder)
    writer = Writer.open(folder)
    try:
        if encoder:
            check_model(writer.card, encoder.card)
        elif model and model_name(model) != writer.card.name:
            raise other_model(writer.card, model)
    except BaseException:
        writer.__exit__(None, None, None)
        raise
    return writer, LazyEncoder(writer.card, encoder)


class _Run:
    """The jobs of one build, in turn."""

    def __init__(
        self, writer: Writer, encoder: LazyEncoder, videos: VideoSource, watcher: Watcher, clock: Clock
    ) -> None:
        self.updated = 0
        self.embedded = 0
        self._writer = writer
        self._encoder = encoder
        self._videos = videos
        self._watcher = watcher
        self._clock = clock
        self._cooling = Cooling(writer, clock)
        self._stop: Unfetched | None = None

    def all(self, jobs: Sequence[Job], *, retry: bool) -> None:
        """Do what is to be done, whatever becomes of single resources; `retry` asks YouTube in spite of a block."""
        self._stop = None if retry else self._cooling.lasting()
        due = [job for job in jobs if job.step not in (Step.NOTHING, Step.WAIT)]
        self._watcher.begin(len(due))
        for job in due:
            self._watcher.work_on(job.resource)
            try:
                self._one(job)
            except Unfetched as failure:
                self._refuse(job, failure)
            self._watcher.finish(job.resource)

    def _one(self, job: Job) -> None:
        if job.step is Step.REFUSE:
            raise Unfetched(job.state, job.reason)
        fetched = self._ask_youtube(job) if job.step is Step.ASK_YOUTUBE else self._read(job)
        embedded = [self._embed(job.resource, transcript) for transcript in fetched.transcripts if transcript.cues]
        if not embedded:
            raise Unfetched(State.NO_TRANSCRIPT, "the transcript is empty")
        self._writer.commit(job.resource.id, embedded, fetched.details, job.inputs)
        self.updated += 1

    def _ask_youtube(self, job: Job) -> Fetched:
        if self._stop:
            raise self._stop
        try:
            fetched = self._videos.fetch(job.resource.id)
        except (Blocked, Unreachable) as stop:
            self._stop = self._cooling.begin(stop) if isinstance(stop, Blocked) else stop
            self._watcher.say(f"{stop}; nothing more is asked of YouTube in this run")
            raise self._stop from None
        self._cooling.end()
        return fetched

    def _read(self, job: Job) -> Fetched:
        transcripts, errors = [], []
        for path in job.captions:
            try:
                transcripts.append(read_captions(path))
            except SourceError as error:
                errors.append(str(error))
        if not transcripts:
            raise Unfetched(State.NO_TRANSCRIPT, "; ".join(errors))
        for line in errors:
            self._watcher.say(f"{line}; indexed without it")
        return Fetched(tuple(transcripts), Details(title=title_of(job.captions[0])))

    def _refuse(self, job: Job, failure: Unfetched) -> None:
        state, inputs = failure.state, job.inputs
        if job.standing.is_indexed:
            self._watcher.say(f"{job.resource.title or job.resource.url}: kept as it was ({failure})")
            if failure.retry_after is None:
                return
            state, inputs = State.INDEXED, job.standing.inputs or ""
        due = None if failure.retry_after is None else self._clock() + failure.retry_after
        self._writer.refuse(job.resource.id, state, failure.reason, due, inputs)

    def _embed(self, resource: Resource, transcript: Transcript) -> EmbeddedTranscript:
        """Embed what wasn't embedded before."""
        import numpy as np

        chunks = chunk(transcript.cues)
        known = self._writer.known_vectors(resource.id)
        missing = list(dict.fromkeys(c.text for c in chunks if text_digest(c.text) not in known))
        for k in range(0, len(missing), _PASSAGES):
            texts = missing[k : k + _PASSAGES]
            vectors = self._encoder.get().passages(texts)
            known |= {text_digest(text): vector for text, vector in zip(texts, vectors, strict=True)}
            self._watcher.embed(k + len(texts), len(missing))
        self.embedded += len(missing)
        rows: Vectors = np.stack([known[text_digest(c.text)] for c in chunks])
        return EmbeddedTranscript(transcript, chunks, rows)
