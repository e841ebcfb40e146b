"""The work of a build: fetch, chunk, embed, commit; one resource at a time, so that it can end anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from index.encoder import LazyEncoder
from index.errors import Halt, SourceError, Unfetched
from index.types import State, Transcript
from index.writer import Writer
from indexer.ahead import FetchAhead
from indexer.cooling import Clock, Gate
from indexer.embedding import Embedder
from indexer.plan import Job, Step
from indexer.sources import Fetched, Sources
from indexer.sources.captions import read_captions, title_of
from indexer.sources.playlists import cut_off, is_channel
from indexer.watcher import Watcher

_Answer = TypeVar("_Answer")


class Run:
    """The jobs of one build, in turn; `regardless` asks YouTube in spite of an earlier block.

    `limit` is how many entries of a channel are asked for.
    """

    def __init__(
        self,
        writer: Writer,
        encoder: LazyEncoder,
        sources: Sources,
        watcher: Watcher,
        clock: Clock,
        *,
        regardless: bool = False,
        limit: int | None = None,
    ) -> None:
        self.updated = 0
        self._writer = writer
        self._embedder = Embedder(writer, encoder, watcher)
        self._sources = sources
        self._watcher = watcher
        self._clock = clock
        self._limit = limit
        self._gate = Gate(writer, clock, sources.web.way, regardless=regardless)

    @property
    def embedded(self) -> int:
        """How many passages were embedded."""
        return self._embedder.embedded

    def list_playlist(self, job: Job) -> None:
        """Ask what a playlist holds now; where that fails, what it held before stays."""
        if job.step is Step.WAIT:
            return
        self._watcher.work_on(job.resource)
        try:
            playlist = self._through_gate(lambda: self._sources.playlists.fetch(job.resource))
        except Unfetched as failure:
            self._refuse(job, failure)
            return
        self._writer.keep_playlist(job.resource.id, playlist)
        if warning := cut_off(playlist, self._limit if is_channel(job.resource) else None):
            self._watcher.say(warning)

    def all(self, jobs: Sequence[Job]) -> None:
        """Do what is to be done, whatever becomes of single resources."""
        due = [job for job in jobs if job.step not in (Step.NOTHING, Step.WAIT)]
        to_ask = [job.resource.id for job in due if job.step is Step.ASK_YOUTUBE and not self._gate.closed]
        self._watcher.begin(len(due))
        self._refuse_all({job: Unfetched(job.state, job.reason) for job in due if job.step is Step.REFUSE})
        self._say_what_is_embedded_again(sum(job.step is Step.EMBED_AGAIN for job in due))
        held_up: dict[Job, Unfetched] = {}
        with FetchAhead(self._sources.videos.fetch, to_ask) as ahead:
            for job in due:
                if job.step is Step.ASK_YOUTUBE and self._gate.closed:
                    held_up[job] = self._gate.closed
                elif job.step is not Step.REFUSE:
                    self._work_on(job, ahead)
        self._refuse_all(held_up)

    def _say_what_is_embedded_again(self, count: int) -> None:
        if count:
            indexed = "1 resource was indexed" if count == 1 else f"{count:,} resources were indexed"
            self._watcher.say(f"{indexed} by an earlier version: embedding again what is stored, nothing is fetched")

    def _refuse_all(self, failures: Mapping[Job, Unfetched]) -> None:
        """Note failures that took no work in one transaction: there can be ten thousand."""
        if not failures:
            return
        with self._writer.together():
            for job, failure in failures.items():
                self._refuse(job, failure)
                self._watcher.finish(job.resource)

    def _work_on(self, job: Job, ahead: FetchAhead[Fetched]) -> None:
        self._watcher.work_on(job.resource)
        try:
            self._one(job, ahead)
        except Unfetched as failure:
            self._refuse(job, failure)
        self._watcher.finish(job.resource)

    def _one(self, job: Job, ahead: FetchAhead[Fetched]) -> None:
        if job.step is Step.EMBED_AGAIN:
            stored = self._writer.transcripts(job.resource.id)
            self._writer.commit_again(job.resource.id, [self._embedder.embed(job.resource.id, t) for t in stored])
            return
        fetched = self._through_gate(ahead.take) if job.step is Step.ASK_YOUTUBE else self._read(job)
        embedded = [self._embedder.embed(job.resource.id, t) for t in fetched.transcripts if t.cues]
        if not embedded:
            raise Unfetched(State.NO_TRANSCRIPT, "the transcript is empty")
        self._writer.commit(job.resource.id, embedded, fetched.details, job.inputs)
        self.updated += 1

    def _through_gate(self, ask: Callable[[], _Answer]) -> _Answer:
        if self._gate.closed:
            raise self._gate.closed
        try:
            answer = ask()
        except Halt as halt:
            self._watcher.say(f"{halt}; nothing more is asked of YouTube in this run")
            raise self._gate.close(halt) from None
        self._gate.answered()
        return answer

    def _read(self, job: Job) -> Fetched:
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

    def _refuse(self, job: Job, failure: Unfetched) -> None:
        state, inputs = failure.state, job.inputs
        if job.standing.is_indexed:
            self._watcher.say(f"{job.resource.title or job.resource.url}: kept as it was ({failure})")
            if failure.retry_after is None:
                return
            state, inputs = State.INDEXED, job.standing.inputs or ""
        due = None if failure.retry_after is None else self._clock() + failure.retry_after
        self._writer.refuse(job.resource.id, state, failure.reason, due, inputs)
