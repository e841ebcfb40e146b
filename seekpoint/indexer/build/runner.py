"""Runs a build's jobs: fetch, chunk, embed, commit. Each resource is committed alone: a build may end anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seekpoint.index.errors import Unfetched
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.store import Writer
from seekpoint.index.text.clean import counted
from seekpoint.index.types import Resource, State, Transcript
from seekpoint.indexer.build.events import BuildEvents
from seekpoint.indexer.build.obtaining import Obtainer
from seekpoint.indexer.build.planner import Choices, Job, Step
from seekpoint.indexer.build.youtube_backoff import Clock, YouTubeGate
from seekpoint.indexer.sources import Sources
from seekpoint.indexer.sources.youtube.playlists import is_channel, truncation_warning
from seekpoint.indexer.transcript.embedding import Embedder


class Run:
    """A run of jobs; `limit` is the number of entries to list of a channel."""

    def __init__(
        self,
        writer: Writer,
        encoder: LazyEncoder,
        sources: Sources,
        events: BuildEvents,
        clock: Clock,
        choices: Choices,
        limit: int | None = None,
    ) -> None:
        self.updated = 0
        self._writer = writer
        self._embedder = Embedder(writer, encoder, events)
        self._sources = sources
        self._events = events
        self._clock = clock
        self._limit = limit
        self._whisper = choices.whisper
        self._gate = YouTubeGate(writer, clock, sources.web.route, regardless=choices.retry)

    @property
    def embedded(self) -> int:
        """The number of embedded passages."""
        return self._embedder.embedded

    def list_playlist(self, job: Job) -> None:
        """Fetch a playlist's entries; if that fails, the stored ones stay."""
        if job.step is Step.WAIT:
            return
        self._events.work_on(job.resource)
        try:
            playlist = self._gate.through(lambda: self._sources.playlists.fetch(job.resource), self._events.say)
        except Unfetched as failure:
            self._refuse(job, failure)
            return
        self._writer.keep_playlist(job.resource.id, playlist)
        if warning := truncation_warning(playlist, self._limit if is_channel(job.resource) else None):
            self._events.say(warning)

    def all(self, jobs: Sequence[Job]) -> None:
        """Run the jobs; the failure of one doesn't stop the others."""
        due = [job for job in jobs if job.step not in (Step.NOTHING, Step.WAIT)]
        self._events.begin(len(due))
        self._refuse_all({job: Unfetched(job.state, job.reason) for job in due if job.step is Step.REFUSE})
        halted: dict[Job, Unfetched] = {}
        with Obtainer(
            due, self._writer, self._sources, self._gate, self._events, self._clock, self._whisper
        ) as obtainer:
            for job in due:
                if job.step is Step.ASK_YOUTUBE and self._gate.closed:
                    halted[job] = self._gate.closed
                elif job.step is not Step.REFUSE:
                    self._run_job(job, obtainer)
        self._refuse_all(halted)

    def _refuse_all(self, failures: Mapping[Job, Unfetched]) -> None:
        """Store failures in one transaction: there can be ten thousand."""
        if not failures:
            return
        with self._writer.transaction():
            for job, failure in failures.items():
                self._refuse(job, failure)
                self._events.finish(job.resource)

    def _run_job(self, job: Job, obtainer: Obtainer) -> None:
        self._events.work_on(job.resource)
        try:
            self._index(job, obtainer)
        except Unfetched as failure:
            self._refuse(job, failure)
        self._events.finish(job.resource)

    def _index(self, job: Job, obtainer: Obtainer) -> None:
        resource_id = job.resource.id
        fetched = obtainer.obtain(job)
        inputs = job.inputs if fetched.inputs is None else fetched.inputs
        if fetched.is_unchanged:
            self._writer.set_state(resource_id, State.INDEXED, inputs=inputs)
            return
        embedded = [self._embedder.embed(resource_id, t, obtainer.ready()) for t in fetched.transcripts if t.cues]
        if not embedded:
            raise Unfetched(State.NO_TRANSCRIPT, "the transcript is empty")
        if job.standing.is_indexed and not job.resource.kind.plays:
            self._say_what_changed(job.resource, fetched.transcripts)
        self._writer.commit(resource_id, embedded, fetched.details, inputs, fetched.kind)
        self.updated += 1

    def _say_what_changed(self, resource: Resource, transcripts: Sequence[Transcript]) -> None:
        before = {cue.text for transcript in self._writer.transcripts(resource.id) for cue in transcript.cues}
        now = {cue.text for transcript in transcripts for cue in transcript.cues}
        new, gone = len(now - before), len(before - now)
        self._events.say(f"{resource.title or resource.url}: changed, {counted(new, 'new sentence')}, {gone:,} gone")

    def _refuse(self, job: Job, failure: Unfetched) -> None:
        state, inputs = failure.state, job.inputs
        if job.standing.is_indexed:
            self._events.say(f"{job.resource.title or job.resource.url}: kept as it was ({failure})")
            if failure.retry_after is None:
                return
            state, inputs = State.INDEXED, job.standing.inputs or ""
        due = None if failure.retry_after is None else self._clock() + failure.retry_after
        self._writer.set_state(job.resource.id, state, reason=failure.reason, retry_after=due, inputs=inputs)
