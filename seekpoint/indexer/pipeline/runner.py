"""Runs jobs: the transcripts of each are obtained and kept, and what became of it is reported.

Each resource is committed alone, so that a build may end anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from seekpoint.index.errors import Unfetched, Unreachable
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.reasons import Reason
from seekpoint.index.store import Writer
from seekpoint.index.text.clean import counted
from seekpoint.index.types import Kind, Resource, Standing, State, Transcript
from seekpoint.indexer.build_options import BuildEvents, BuildOptions, Clock, Sources, name_of
from seekpoint.indexer.fetch.retries import DAY, ConnectionFault
from seekpoint.indexer.pipeline.acquisition import Acquisition
from seekpoint.indexer.pipeline.planner import FROM_DISK, Job, Planner, Step
from seekpoint.indexer.pipeline.resolution import Aliases, ShownVideos
from seekpoint.indexer.pipeline.youtube_gate import YouTubeGate
from seekpoint.indexer.sources.provenance import FetchResult, FromListing, FromPage, FromTracks, decode, encode
from seekpoint.indexer.sources.youtube.youtube import is_channel, truncation_warning
from seekpoint.indexer.transcript.embedding import Embedder
from seekpoint.indexer.transcript.generated_chapters import with_chapters

# Of the characters of a page: with less left it is likely a notice that the article is gone.
_LEAST_LEFT = 0.1


class Run:
    """Lists playlists and runs jobs.

    `ends`: ids reached by redirects or canonical links. `listed`: ids of addresses that turned out to be playlists.
    `due_again`: ids of episodes for which a feed that was listed since gives another transcript.
    """

    def __init__(
        self,
        writer: Writer,
        encoder: LazyEncoder,
        sources: Sources,
        events: BuildEvents,
        clock: Clock,
        options: BuildOptions,
    ) -> None:
        self.updated = 0
        self.ends: set[str] = set()
        self.listed: set[str] = set()
        self.due_again: set[str] = set()
        self.aliases = Aliases.stored(writer, clock())
        self.shown = ShownVideos.stored(writer)
        self.gate = YouTubeGate(writer, clock, sources.web.route, events.say, regardless=options.retry)
        self._acquisition = Acquisition(writer, sources, events, clock, options.whisper, self.gate, self.shown)
        self._embedder = Embedder(writer, encoder, events)
        self._writer = writer
        self._sources = sources
        self._events = events
        self._clock = clock
        self._options = options
        # Jobs without a connection, each with the number of YouTube's answers before it.
        self._unreached: list[tuple[Job, Unfetched, int]] = []

    def planner(self, standings: Mapping[str, Standing], caption_files: Mapping[str, tuple[Path, ...]]) -> Planner:
        """A planner of this run's jobs."""
        is_new_route = self.gate.is_new_route
        return Planner(standings, caption_files, self._options, self._clock(), is_new_route=is_new_route)

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
            if job.step is Step.FETCH:
                self._list_from_web(job)
                return
            playlist = self.gate.through(lambda: self._sources.playlists.fetch(job.resource))
        except Unfetched as failure:
            self._fail(job, failure)
            return
        self._writer.keep_playlist(job.resource.id, playlist)
        if warning := truncation_warning(playlist, self._options.limit if is_channel(job.resource) else None):
            self._events.say(warning)

    def _list_from_web(self, job: Job) -> None:
        """Fetch the entries of a playlist outside YouTube, if they have changed; raises Unfetched."""
        stored = job.provenance if isinstance(job.provenance, FromListing) else None
        earlier = stored if stored and (job.standing.is_indexed or stored.guids) else None
        resource, source = job.resource, self._sources.of(job.resource)
        listing = source.fetch_listing(resource, earlier, private=job.private)
        for line in listing.messages:
            self._events.say(line)
        ids = encode(FromListing(guids=listing.provenance.guids)) if listing.provenance.guids else ""
        end = listing.end or resource
        end = self.aliases.record(self._writer, resource, end, self._clock(), is_permanent=True, inputs=ids)
        if end.id != resource.id:  # it is listed next
            self.ends.add(end.id)
        elif listing.playlist is None:
            self._writer.set_state(resource.id, State.INDEXED, inputs=encode(listing.provenance))
        else:
            playlist = listing.playlist
            if listing.is_cut and (before := self._writer.playlists().get(resource.id)):
                read = {entry.resource.id for entry in playlist.entries}
                rest = (entry for entry in before.entries if entry.resource.id not in read)
                playlist = replace(playlist, entries=(*playlist.entries, *rest))
            with self._writer.transaction():
                self._writer.keep_playlist(resource.id, playlist, encode(listing.provenance))
                for status in self._writer.statuses(listing.written):
                    if status.state is State.INDEXED and listing.written[status.id]:
                        self._writer.set_state(status.id, State.INDEXED, inputs=encode(FromListing()))
                        self.due_again.add(status.id)
                    elif status.state not in (State.INDEXED, State.PENDING):  # which needn't wait any longer
                        self._writer.set_state(status.id, State.PENDING)
                        self.due_again.add(status.id)

    def all(self, jobs: Sequence[Job]) -> None:
        """Run the jobs; the failure of one doesn't stop the others."""
        due = [job for job in jobs if job.step not in (Step.NOTHING, Step.WAIT)]
        self._events.begin([job.resource for job in due])
        self._refuse_all(
            {job: Unfetched(job.state, job.reason) for job in due if job.step is Step.REFUSE and job.reason}
        )
        halted: dict[Job, Unfetched] = {}
        with self._acquisition.ahead(due):
            for job in due:
                if job.step is Step.ASK_YOUTUBE and self.gate.closed:
                    halted[job] = self.gate.closed
                elif job.step is not Step.REFUSE:
                    self._run(job)
        # If YouTube answered a later request, only the resources without a connection failed; otherwise the network is
        # down. The next build tries them at once, but after those that weren't tried.
        unreached, self._unreached = self._unreached, []
        for job, fault, answers in unreached:
            if answers == self.gate.answers:
                fault = Unreachable(fault.reason, 0.0)
            self._refuse(job, fault)
        if unreached and answers == self.gate.answers and not self.gate.closed:
            self._events.say(str(fault))
        self._refuse_all(halted)
        back = (job for job in jobs if job.step is Step.NOTHING and job.standing.is_indexed and job.standing.reason)
        for job in back:  # the files that were missing are there again
            if job.resource.is_local:
                self._writer.set_state(job.resource.id, State.INDEXED, inputs=job.standing.inputs)

    def _run(self, job: Job) -> None:
        """Obtain the transcripts of a job, keep them, and report what became of it."""
        self._events.work_on(job.resource)
        resource, state = job.resource, State.INDEXED
        try:
            fetched = self._acquisition.obtain(job)
            resource = replace(resource, title=resource.title or fetched.details.title or "")
            self._keep(job, fetched)
        except Unfetched as failure:
            self._fail(job, failure)
            state = state if job.standing.is_indexed else failure.state
        self._events.finish(resource, state)

    def _keep(self, job: Job, fetched: FetchResult) -> None:
        """Embed and store the transcripts of a job; raises Unfetched."""
        inputs = encode(fetched.provenance or job.provenance)
        if fetched.playlist:
            self._writer.commit(job.resource.id, (), fetched.details, inputs, fetched.kind)
            self._writer.keep_playlist(job.resource.id, fetched.playlist)
            self.listed.add(job.resource.id)
            return
        if fetched.is_unchanged:
            self._writer.set_state(job.resource.id, State.INDEXED, inputs=inputs)
            return
        if job.standing.is_indexed and fetched.transcripts and not (fetched.kind or job.resource.kind).plays:
            self._compare(job, fetched.transcripts)
        end = self.aliases.end_of(job.resource, fetched.end or job.resource)
        if end.id != job.resource.id or end.id in self.ends or (fetched.end and not fetched.transcripts):
            # The end may need no new transcript: a video asks YouTube itself, a page may have the same text.
            standing = self._writer.standings().get(end.id, Standing(State.PENDING))
            stored = decode(standing.inputs) if standing.is_indexed else None
            if not fetched.transcripts or (isinstance(stored, FromPage) and stored.is_same_text(fetched.provenance)):
                self._settle(job.resource, fetched)
                return
        spoken = [transcript for transcript in fetched.transcripts if transcript.cues]
        if not spoken:
            raise Unfetched(State.NO_TRANSCRIPT, Reason("nothing_spoken"))
        embedded = [self._embedder.embed(end.id, transcript, self._acquisition.ready()) for transcript in spoken]
        if (fetched.kind or end.kind).plays and not fetched.details.chapters:
            embedded = [with_chapters(transcript, self._writer.card) for transcript in embedded]
        resource = self._settle(job.resource, fetched)
        self._writer.commit(resource.id, embedded, fetched.details, inputs, fetched.kind)
        self.shown.keep(self._writer, resource, fetched.videos)
        if fetched.videos:
            self._acquisition.tell_shown()
        self.updated += 1

    def _settle(self, resource: Resource, fetched: FetchResult) -> Resource:
        """The resource at the end of redirects and canonical links."""
        end, now = fetched.end or resource, self._clock()
        target = self.aliases.record(self._writer, resource, end, now, is_permanent=fetched.is_permanent)
        if target.id != resource.id:
            self.ends.add(target.id)
        return target

    def _compare(self, job: Job, transcripts: Sequence[Transcript]) -> None:
        """Report the changes of a text; raises Unfetched if a page lost nine tenths of it, as one that is gone."""
        before = [cue.text for transcript in self._writer.transcripts(job.resource.id) for cue in transcript.cues]
        now = [cue.text for transcript in transcripts for cue in transcript.cues]
        had, has = (sum(map(len, texts)) for texts in (before, now))
        if job.step is Step.FETCH and has <= _LEAST_LEFT * had:
            reason = Reason("page_shrunk", has=f"{has:,}", had=f"{had:,}", id=job.resource.id)
            raise Unfetched(State.UNAVAILABLE, reason)
        new, gone = len({*now} - {*before}), len({*before} - {*now})
        self._events.say(f"{name_of(job.resource)}: changed, {counted(new, 'new sentence')}, {gone:,} gone")

    def _fail(self, job: Job, failure: Unfetched) -> None:
        if isinstance(failure, ConnectionFault):
            self._unreached.append((job, failure, self.gate.answers))
        else:
            self._refuse(job, failure)

    def _refuse_all(self, failures: Mapping[Job, Unfetched]) -> None:
        """Store failures in one transaction: there can be ten thousand."""
        if not failures:
            return
        with self._writer.transaction():
            for job, failure in failures.items():
                self._refuse(job, failure)
                self._events.finish(job.resource, State.INDEXED if job.standing.is_indexed else failure.state)

    def _refuse(self, job: Job, failure: Unfetched) -> None:
        is_indexed, is_beside = job.standing.is_indexed, self.shown.is_beside(job.resource.id)
        if is_beside and not is_indexed and failure.state in (State.NO_TRANSCRIPT, State.UNAVAILABLE):
            self.shown.drop(self._writer, job.resource.id)
            return
        state, wait = failure.state, failure.retry_after
        # A page without a transcript is a video: an article always has text.
        is_video = job.resource.kind is Kind.PAGE and state is State.NO_TRANSCRIPT
        inputs = encode(FromTracks("site", self._options.languages) if is_video else job.provenance)
        if job.standing.is_indexed:
            self._events.say(f"{name_of(job.resource)}: kept as it was ({failure})")
            wait = DAY if wait is None and job.step is Step.FETCH else wait
            if wait is None and not (job.resource.is_local and job.step in (*FROM_DISK, Step.REFUSE)):
                return
            state, inputs = State.INDEXED, job.standing.inputs or ""
        due = None if wait is None else self._clock() + wait
        self._writer.set_state(job.resource.id, state, reason=failure.reason, retry_after=due, inputs=inputs)
