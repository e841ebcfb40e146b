"""From a job to its transcripts, whichever way they come: captions, YouTube, a text, or listening."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from index.errors import SourceError, Unfetched
from index.types import State, Transcript
from index.writer import Writer
from indexer.ahead import FetchAhead
from indexer.cooling import Clock, Gate
from indexer.listening import Listener
from indexer.plan import Job, Step, transcribed
from indexer.sources import Fetched, Sources
from indexer.sources.captions import read_captions, title_of
from indexer.sources.looks import Look
from indexer.watcher import Watcher


class Obtainer:
    """Obtains what the jobs need, in their order: what is fetched is on its way one job ahead. Use it in a `with`."""

    def __init__(
        self,
        jobs: Sequence[Job],
        writer: Writer,
        sources: Sources,
        gate: Gate,
        watcher: Watcher,
        clock: Clock,
        whisper: str | None = None,
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._sources = sources
        self._gate = gate
        self._watcher = watcher
        self._whisper = whisper
        self._listener = Listener(whisper, sources, gate, watcher) if whisper else None
        asked = [job.resource.id for job in jobs if job.step is Step.ASK_YOUTUBE and not gate.closed]
        self._videos = FetchAhead(sources.videos.fetch, asked)
        self._texts = FetchAhead(self._fetch_text, [job for job in jobs if job.step is Step.FETCH_TEXT])
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for part in (self._sources.texts, self._videos, self._texts):
            self._stack.enter_context(part)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def obtain(self, job: Job) -> Fetched:
        """What a job needs; raises Unfetched."""
        if job.step is Step.ASK_YOUTUBE:
            return self._ask_youtube(job)
        if job.step is Step.FETCH_TEXT:
            return self._texts.take()
        if job.step is Step.READ_TEXT:
            return self._sources.texts.read(job.resource)
        if job.step is Step.TRANSCRIBE:
            return self._listen(job)
        return self._read_captions(job)

    def _fetch_text(self, job: Job) -> Fetched:
        earlier = Look.of(job.standing.inputs) if job.standing.is_indexed else None
        return self._sources.texts.fetch(job.resource, self._clock(), earlier)

    def _ask_youtube(self, job: Job) -> Fetched:
        try:
            return self._gate.through(self._videos.take, self._watcher.say)
        except Unfetched as failure:
            if failure.state is not State.NO_TRANSCRIPT or not self._whisper:
                raise
        return replace(self._listen(job), inputs=transcribed(self._whisper))

    def _listen(self, job: Job) -> Fetched:
        if not self._listener:
            raise ValueError("a recording was planned to be transcribed without a model for that")
        return self._listener.listen(job.resource, self._writer.details(job.resource.id))

    def _read_captions(self, job: Job) -> Fetched:
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
        for line in (*(f"{error}; indexed without it" for error in errors), *left_out):
            self._watcher.say(line)
        known = self._writer.details(job.resource.id)
        details = replace(known, title=known.title or title_of(job.captions[0]))
        return Fetched(tuple(transcript for _, transcript in transcripts.values()), details)
