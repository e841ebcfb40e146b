"""Runs a build's jobs: fetch, chunk, embed, commit. Each resource is committed alone: a build may end anywhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from queue import SimpleQueue
from threading import Semaphore, Thread
from types import TracebackType
from typing import Generic, Self, TypeVar

from seekpoint.index.errors import Halt, Unfetched, Unreachable
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.reasons import Reason
from seekpoint.index.store import Writer
from seekpoint.index.text.clean import clean, counted
from seekpoint.index.types import Details, Kind, Resource, Standing, State, Transcript
from seekpoint.indexer.build_options import BuildEvents, BuildOptions, Sources
from seekpoint.indexer.fetch.retries import DAY, ConnectionFault
from seekpoint.indexer.pipeline.planner import FROM_DISK, Job, Step
from seekpoint.indexer.pipeline.settings import Aliases, Clock, YouTubeGate
from seekpoint.indexer.pipeline.shown_videos import ShownVideos
from seekpoint.indexer.reading_list.addresses import is_feed, local_path
from seekpoint.indexer.reading_list.parser import ReadingList
from seekpoint.indexer.sources.captions import read_all, title_of
from seekpoint.indexer.sources.provenance import (
    FetchResult,
    FromListing,
    FromPage,
    FromSite,
    FromSpeech,
    FromSubtitles,
    decode,
    encode,
)
from seekpoint.indexer.sources.recordings.chapters import chapters_in
from seekpoint.indexer.sources.recordings.subtitles import read_subtitles
from seekpoint.indexer.sources.recordings.transcription import Transcriber
from seekpoint.indexer.sources.youtube.playlists import is_channel, truncation_warning
from seekpoint.indexer.transcript.embedding import Embedder
from seekpoint.indexer.transcript.generated_chapters import with_chapters

# Resources to read from disk ahead. Short notes can then be embedded together: in eights, that is twice as fast. More
# books than that would take too much memory.
FILES_AHEAD = 16
# Of the characters of a page: with less left it is likely a notice that the article is gone.
_LEAST_LEFT = 0.1


class Run:
    """A run of jobs.

    `ends`: ids reached by redirects or canonical links. `listed`: ids of addresses that turned out to be playlists.
    `due_again`: ids of episodes for which a feed that was listed since gives a transcript.
    Transcripts are obtained in the order of the jobs, while a thread fetches those of the next ones.
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
        self.shown = ShownVideos(writer)
        self._writer = writer
        self._embedder = Embedder(writer, encoder, events)
        self._sources = sources
        for page, video in self.shown.pairs():
            sources.sites.shown_on(page, video)
        self._events = events
        self._clock = clock
        self._limit = options.limit
        self._languages = options.languages
        self._gate = YouTubeGate(writer, clock, sources.web.route, regardless=options.retry)
        # Jobs without a connection, each with the number of YouTube's answers before it.
        self._unreached: list[tuple[Job, Unfetched, int]] = []
        self._whisper = options.whisper
        self._transcriber = (
            Transcriber(options.whisper, say=events.say, progress=events.transcribe) if options.whisper else None
        )
        self._videos: Prefetcher[str, FetchResult]
        self._fetched: Prefetcher[Job, FetchResult]
        self._files: Prefetcher[Job, tuple[str, FetchResult]]

    @property
    def is_new_route(self) -> bool:
        """Whether YouTube is asked by another route than the one that it blocks."""
        return self._gate.is_new_route

    @property
    def embedded(self) -> int:
        """The number of embedded passages."""
        return self._embedder.embedded

    def applied(self, lists: Sequence[ReadingList]) -> list[ReadingList]:
        """The lists with the resources that theirs stand for, and the videos that pages show."""
        return self.shown.applied(self.aliases.applied(lists))

    def private(self, lists: Sequence[ReadingList]) -> set[str]:
        """The ids of the resources that may be in a private network."""
        private = {*self.aliases.private(lists)}
        return private | self.shown.private(private)

    def list_playlist(self, job: Job) -> None:
        """Fetch a playlist's entries; if that fails, the stored ones stay."""
        if job.step is Step.WAIT:
            return
        self._events.work_on(job.resource)
        try:
            if job.step is Step.FETCH:
                self._list_from_web(job)
                return
            playlist = self._gate.through(lambda: self._sources.playlists.fetch(job.resource), self._events.say)
        except Unfetched as failure:
            self._fail(job, failure)
            return
        self._writer.keep_playlist(job.resource.id, playlist)
        if warning := truncation_warning(playlist, self._limit if is_channel(job.resource) else None):
            self._events.say(warning)

    def _list_from_web(self, job: Job) -> None:
        """Fetch the entries of a playlist outside YouTube, if they have changed; raises Unfetched."""
        stored = decode(job.standing.inputs) if job.standing.is_indexed else None
        earlier = stored if isinstance(stored, FromListing) else None
        resource, source = job.resource, self._sources.listings_of(job.resource)
        listing = source.fetch_listing(resource, earlier, private=job.private)
        for line in listing.messages:
            self._events.say(line)
        end = self.aliases.record(self._writer, resource, listing.end or resource, self._clock(), is_permanent=True)
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
            self._writer.keep_playlist(resource.id, playlist, encode(listing.provenance))
            for status in self._writer.statuses(listing.written):
                if status.reason_code == "no_transcript_in_feed":  # which needn't wait any longer
                    self._writer.set_state(status.id, State.PENDING)
                    self.due_again.add(status.id)

    def all(self, jobs: Sequence[Job]) -> None:
        """Run the jobs; the failure of one doesn't stop the others."""
        due = [job for job in jobs if job.step not in (Step.NOTHING, Step.WAIT)]
        self._events.begin([job.resource for job in due])
        self._refuse_all(
            {job: Unfetched(job.state, job.reason) for job in due if job.step is Step.REFUSE and job.reason}
        )
        video_ids = [job.resource.id for job in due if job.step is Step.ASK_YOUTUBE and not self._gate.closed]
        self._videos = Prefetcher(self._sources.videos.fetch, video_ids)
        self._fetched = Prefetcher(self._fetch_from_web, [job for job in due if job.step is Step.FETCH])
        self._files = Prefetcher(self._read_files, [job for job in due if job.step in FROM_DISK], FILES_AHEAD)
        halted: dict[Job, Unfetched] = {}
        if any(job.resource.kind is Kind.RECORDING and not job.resource.is_local for job in due):
            self._sources.podcasts.learn(self._feeds())
        with self._sources.documents, self._videos, self._fetched, self._files:
            for job in due:
                if job.step is Step.ASK_YOUTUBE and self._gate.closed:
                    halted[job] = self._gate.closed
                elif job.step is not Step.REFUSE:
                    self._events.work_on(job.resource)
                    resource, state = job.resource, State.INDEXED
                    try:
                        fetched = self._obtain(job)
                        resource = replace(resource, title=resource.title or fetched.details.title or "")
                        self._index(job, fetched)
                    except Unfetched as failure:
                        self._fail(job, failure)
                        state = state if job.standing.is_indexed else failure.state
                    self._events.finish(resource, state)
        # If YouTube answered a later request, only the resources without a connection failed; otherwise the network is
        # down. The next build tries them at once, but after those that weren't tried.
        unreached, self._unreached = self._unreached, []
        for job, fault, answers in unreached:
            if answers == self._gate.answers:
                fault = Unreachable(fault.reason, 0.0)
            self._refuse(job, fault)
        if unreached and answers == self._gate.answers and not self._gate.closed:
            self._events.say(str(fault))
        self._refuse_all(halted)

    def _obtain(self, job: Job) -> FetchResult:
        """The transcripts of a job; raises Unfetched."""
        if job.step is Step.TRANSCRIBE:
            return self._transcribe(job)
        if job.step in (Step.ASK_YOUTUBE, Step.FETCH):
            try:
                if job.step is Step.FETCH:
                    return self._fetched.take()
                return self._gate.through(self._videos.take, self._events.say)
            except Unfetched as failure:
                is_beside = self.shown.is_beside(job.resource.id)
                if failure.state is not State.NO_TRANSCRIPT or not self._whisper or is_beside:
                    raise
            return replace(self._transcribe(job), provenance=FromSpeech(self._whisper))
        _, read = self._files.take()
        for line in read.messages:
            self._events.say(line)
        if job.step is Step.READ_TEXT:
            return read
        known = self._details(job.resource.id)
        chapters = read.details.chapters if job.resource.is_local else known.chapters
        return replace(read, details=replace(known, title=known.title or read.details.title, chapters=chapters))

    def _index(self, job: Job, fetched: FetchResult) -> None:
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
        end = self.aliases.resolve(fetched.end or job.resource)
        if end.id != job.resource.id or end.id in self.ends or (fetched.end and not fetched.transcripts):
            # The end may need no new transcript: a video asks YouTube itself, a page may have the same text.
            standing = self._writer.standings().get(end.id, Standing(State.PENDING))
            stored = decode(standing.inputs) if standing.is_indexed else None
            if not fetched.transcripts or (isinstance(stored, FromPage) and stored.is_same_text(fetched.provenance)):
                self._settle(job.resource, fetched)
                return
        embedded = [self._embedder.embed(end.id, t, self._ready()) for t in fetched.transcripts if t.cues]
        if (fetched.kind or end.kind).plays and not fetched.details.chapters:
            embedded = [with_chapters(transcript, self._writer.card) for transcript in embedded]
        if not embedded:
            raise Unfetched(State.NO_TRANSCRIPT, Reason("nothing_spoken"))
        resource = self._settle(job.resource, fetched)
        self._writer.commit(resource.id, embedded, fetched.details, inputs, fetched.kind)
        self.shown.keep(resource, fetched.videos)
        self.updated += 1

    def _ready(self) -> Iterator[tuple[str, Transcript]]:
        """The transcripts that are already read for the next jobs, with the ids of their resources."""
        for resource_id, read in self._files.ready():
            yield from ((resource_id, transcript) for transcript in read.transcripts if transcript.cues)

    def _settle(self, resource: Resource, fetched: FetchResult) -> Resource:
        """The resource at the end of redirects and canonical links."""
        end, now = fetched.end or resource, self._clock()
        target = self.aliases.record(self._writer, resource, end, now, is_permanent=fetched.is_permanent)
        if target.id != resource.id:
            self.ends.add(target.id)
        return target

    def _transcribe(self, job: Job) -> FetchResult:
        """The transcript of a recording or a video by the speech model; raises Unfetched, UsageError or ModelError."""
        transcriber, video_id = self._transcriber, job.resource.id
        assert transcriber  # without a model, no job is planned to be transcribed
        known = self._details(video_id)
        if job.resource.is_local:
            path = local_path(job.resource.url)
            details = replace(known, title=known.title or path.stem, chapters=chapters_in(path))
            return FetchResult((transcriber.transcribe(path),), details)
        source = None if job.resource.is_on_youtube else self._sources.sounds_of(job.resource)
        kind = None if job.resource.kind.plays else Kind.VIDEO
        if finished := transcriber.finished(video_id):
            if source and known == Details():
                known = source.details(job.resource, private=job.private)
            return FetchResult((finished,), known, kind)
        from platformdirs import user_cache_path

        from seekpoint.indexer.sources.youtube.audio import fetch_audio

        # A permanent folder, so that an interrupted download is resumed.
        folder = user_cache_path("seekpoint") / "sounds"
        if source:
            audio = source.sound(job.resource, folder, private=job.private)
        else:
            with self._sources.pace.turn():
                audio = self._gate.through(lambda: fetch_audio(video_id, self._sources.web, folder), self._events.say)
        try:
            transcript = transcriber.transcribe(audio.path, video_id)
        except Unfetched as failure:
            if failure.state is not State.DEFERRED:
                audio.path.unlink(missing_ok=True)
            raise
        # The request for captions failed, so that the details aren't stored yet.
        known = audio.details if known == Details() else known
        known = replace(known, chapters=known.chapters or chapters_in(audio.path))
        audio.path.unlink(missing_ok=True)
        return FetchResult((transcript,), known, kind)

    def _feeds(self) -> dict[Resource, tuple[FromListing | None, list[str]]]:
        """The feeds of podcasts, with their versions and the ids of their episodes."""
        playlists, standings = self._writer.playlists(), self._writer.standings()
        feeds = (status.resource for status in self._writer.statuses(list(playlists)) if is_feed(status.resource))
        versions = {feed: decode(standings[feed.id].inputs) for feed in feeds}
        return {
            feed: (
                version if isinstance(version, FromListing) else None,
                [entry.resource.id for entry in playlists[feed.id].entries],
            )
            for feed, version in versions.items()
        }

    def _details(self, resource_id: str) -> Details:
        return next((status.details for status in self._writer.statuses([resource_id])), Details())

    # These two run in threads, and must use neither the library nor the events.

    def _fetch_from_web(self, job: Job) -> FetchResult:
        source = self._sources.web_source_of(job.resource)
        earlier = job.provenance if isinstance(job.provenance, FromPage) else None
        return source.fetch(job.resource, self._clock(), earlier, private=job.private)

    def _read_files(self, job: Job) -> tuple[str, FetchResult]:
        if job.step is Step.READ_TEXT:
            return job.resource.id, self._sources.documents.read(job.resource)
        path = local_path(job.resource.url) if job.resource.is_local else None
        chapters = chapters_in(path) if path else ()
        if path and isinstance(job.provenance, FromSubtitles):
            details = Details(title=clean(path.stem), chapters=chapters)
            return job.resource.id, FetchResult(read_subtitles(path, job.provenance.languages), details)
        transcripts, messages = read_all((*job.captions, *job.spare))
        details = Details(title=title_of(job.captions[0]), chapters=chapters)
        return job.resource.id, FetchResult(transcripts, details, messages=messages)

    def _compare(self, job: Job, transcripts: Sequence[Transcript]) -> None:
        """Report the changes of a text; raises Unfetched if a page lost nine tenths of it, as one that is gone."""
        before = [cue.text for transcript in self._writer.transcripts(job.resource.id) for cue in transcript.cues]
        now = [cue.text for transcript in transcripts for cue in transcript.cues]
        had, has = (sum(map(len, texts)) for texts in (before, now))
        if job.step is Step.FETCH and has <= _LEAST_LEFT * had:
            reason = Reason("page_shrunk", has=f"{has:,}", had=f"{had:,}", id=job.resource.id)
            raise Unfetched(State.UNAVAILABLE, reason)
        new, gone = len({*now} - {*before}), len({*before} - {*now})
        title = job.resource.title or job.resource.url
        self._events.say(f"{title}: changed, {counted(new, 'new sentence')}, {gone:,} gone")

    def _fail(self, job: Job, failure: Unfetched) -> None:
        if isinstance(failure, ConnectionFault):
            self._unreached.append((job, failure, self._gate.answers))
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
            self.shown.drop(job.resource.id)
            return
        state, wait = failure.state, failure.retry_after
        # A page without a transcript is a video: an article always has text.
        is_video = job.resource.kind is Kind.PAGE and state is State.NO_TRANSCRIPT
        inputs = encode(FromSite(self._languages) if is_video else job.provenance)
        if job.standing.is_indexed:
            self._events.say(f"{job.resource.title or job.resource.url}: kept as it was ({failure})")
            wait = DAY if wait is None and job.step is Step.FETCH else wait
            if wait is None:
                return
            state, inputs = State.INDEXED, job.standing.inputs or ""
        due = None if wait is None else self._clock() + wait
        self._writer.set_state(job.resource.id, state, reason=failure.reason, retry_after=due, inputs=inputs)


_Key = TypeVar("_Key")
_Item = TypeVar("_Item")


class Prefetcher(Generic[_Key, _Item]):
    """Fetches the items of `keys` in a thread, in their order, up to `most` ahead of `take`; a context manager.

    For requests to servers, one ahead is enough: with more, a kill would lose more. It stops after a Halt.
    """

    def __init__(self, fetch: Callable[[_Key], _Item], keys: Sequence[_Key], most: int = 1) -> None:
        self._fetch = fetch
        self._keys = keys
        self._fetched: SimpleQueue[_Item | BaseException] = SimpleQueue()
        self._waiting: deque[_Item | BaseException] = deque()
        self._permits = Semaphore(most)
        self._is_closed = False

    def __enter__(self) -> Self:
        # A daemon thread, so that Ctrl-C needn't wait for a response.
        Thread(target=self._work, name="fetch-ahead", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed = True
        self._permits.release()

    def take(self) -> _Item:
        """Wait for the next item; raises what fetching it raised."""
        item = self._waiting.popleft() if self._waiting else self._fetched.get()
        self._permits.release()
        if isinstance(item, BaseException):
            raise item
        return item

    def ready(self) -> list[_Item]:
        """The items that are already fetched, in their order, without waiting."""
        while not self._fetched.empty():
            self._waiting.append(self._fetched.get())
        return [item for item in self._waiting if not isinstance(item, BaseException)]

    def _work(self) -> None:
        for key in self._keys:
            self._permits.acquire()
            if self._is_closed:
                return
            try:
                item: _Item | BaseException = self._fetch(key)
            except BaseException as error:
                item = error
            self._fetched.put(item)
            if isinstance(item, Halt):
                return
