"""Obtains the transcripts of jobs, from caption files, YouTube, documents or a speech model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from seekpoint.index.errors import SourceError, Unfetched
from seekpoint.index.store import Writer
from seekpoint.index.types import Details, State, Transcript
from seekpoint.indexer.build.events import BuildEvents
from seekpoint.indexer.build.planner import FROM_DISK, Job, Step, transcribed
from seekpoint.indexer.build.prefetch import Prefetcher
from seekpoint.indexer.build.speech import SpeechTranscripts
from seekpoint.indexer.build.youtube_backoff import Clock, YouTubeGate
from seekpoint.indexer.sources import Sources
from seekpoint.indexer.sources.captions.folders import read_captions, title_of
from seekpoint.indexer.sources.fetch_result import FetchResult
from seekpoint.indexer.sources.page_version import PageVersion

# Resources to read from disk ahead. Short notes can then be embedded together: in eights, that is twice as fast. More
# books than that would take too much memory.
FILES_AHEAD = 16


class Obtainer:
    """Obtains transcripts in the order of the jobs, and fetches one job ahead; a context manager."""

    def _details(self, resource_id: str) -> Details:
        return self._writer.details([resource_id]).get(resource_id, Details())

    def __init__(
        self,
        jobs: Sequence[Job],
        writer: Writer,
        sources: Sources,
        gate: YouTubeGate,
        events: BuildEvents,
        clock: Clock,
        whisper: str | None = None,
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._sources = sources
        self._gate = gate
        self._events = events
        self._whisper = whisper
        self._speech = SpeechTranscripts(whisper, sources, gate, events) if whisper else None
        video_ids = [job.resource.id for job in jobs if job.step is Step.ASK_YOUTUBE and not gate.closed]
        self._videos = Prefetcher(sources.videos.fetch, video_ids)
        self._texts = Prefetcher(self._fetch_text, [job for job in jobs if job.step is Step.FETCH_TEXT])
        self._files = Prefetcher(self._read, [job for job in jobs if job.step in FROM_DISK], FILES_AHEAD)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for part in (self._sources.documents, self._videos, self._texts, self._files):
            self._stack.enter_context(part)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def obtain(self, job: Job) -> FetchResult:
        """The transcripts of a job; raises Unfetched."""
        if job.step is Step.ASK_YOUTUBE:
            return self._ask_youtube(job)
        if job.step is Step.FETCH_TEXT:
            return self._texts.take()
        if job.step is Step.TRANSCRIBE:
            return self._transcribe(job)
        return self._take_file(job)

    def _fetch_text(self, job: Job) -> FetchResult:
        earlier = PageVersion.of(job.standing.inputs) if job.standing.is_indexed else None
        return self._sources.documents.fetch(job.resource, self._clock(), earlier)

    def _ask_youtube(self, job: Job) -> FetchResult:
        try:
            return self._gate.through(self._videos.take, self._events.say)
        except Unfetched as failure:
            if failure.state is not State.NO_TRANSCRIPT or not self._whisper:
                raise
        return replace(self._transcribe(job), inputs=transcribed(self._whisper))

    def _transcribe(self, job: Job) -> FetchResult:
        if not self._speech:
            raise ValueError("a recording was planned to be transcribed without a model for that")
        return self._speech.transcribe(job.resource, self._details(job.resource.id))

    def ready(self) -> Iterator[tuple[str, Transcript]]:
        """The transcripts that are already read for the next jobs, with the ids of their resources."""
        for read in self._files.ready():
            yield from ((read.resource_id, transcript) for transcript in read.fetched.transcripts if transcript.cues)

    def _take_file(self, job: Job) -> FetchResult:
        read = self._files.take()
        for line in read.lines:
            self._events.say(line)
        if job.step is Step.READ_TEXT:
            return read.fetched
        known = self._details(job.resource.id)
        return replace(read.fetched, details=replace(known, title=known.title or read.fetched.details.title))

    def _read(self, job: Job) -> _Read:
        """Read a job's files. This runs in a thread, and must use neither the library nor the events."""
        if job.step is Step.READ_TEXT:
            return _Read(job.resource.id, self._sources.documents.read(job.resource))
        return _read_captions(job)


class _Read(NamedTuple):
    """The transcripts in a resource's files, and messages for the user."""

    resource_id: str
    fetched: FetchResult
    lines: Sequence[str] = ()


def _read_captions(job: Job) -> _Read:
    transcripts: dict[str, tuple[Path, Transcript]] = {}
    errors, left_out = [], []
    for path in (*job.captions, *job.spare):
        try:
            transcript = read_captions(path)
        except SourceError as error:
            errors.append(str(error))
            continue
        used, _ = transcripts.setdefault(transcript.language.lower(), (path, transcript))
        if used is not path:
            left_out.append(f'captions "{path.name}": left out, "{used.name}" has the same language')
    if not transcripts:
        raise Unfetched(State.NO_TRANSCRIPT, "; ".join(errors))
    chosen = tuple(transcript for _, transcript in transcripts.values())
    lines = [*(f"{error}; indexed without it" for error in errors), *left_out]
    return _Read(job.resource.id, FetchResult(chosen, Details(title=title_of(job.captions[0]))), lines)
