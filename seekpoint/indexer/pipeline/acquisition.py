"""Obtains the transcripts of jobs, while threads fetch those of the next ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from queue import Queue
from threading import Semaphore, Thread
from typing import Generic, TypeVar

from seekpoint.index.errors import Halt, Unfetched
from seekpoint.index.store import Writer
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Details, Kind, Resource, State, Transcript
from seekpoint.indexer.build_options import BuildEvents, Clock, Sources
from seekpoint.indexer.pipeline.planner import FROM_DISK, Job, Step
from seekpoint.indexer.pipeline.resolution import ShownVideos
from seekpoint.indexer.pipeline.youtube_gate import YouTubeGate
from seekpoint.indexer.reading_list.addresses import is_feed, local_path
from seekpoint.indexer.sources.captions import read_all, title_of
from seekpoint.indexer.sources.provenance import FetchResult, FromListing, FromPage, FromSpeech, FromSubtitles, decode
from seekpoint.indexer.sources.recordings.chapters import chapters_in
from seekpoint.indexer.sources.recordings.subtitles import read_subtitles
from seekpoint.indexer.sources.recordings.transcription import Transcriber

# Resources to read from disk ahead. Short notes can then be embedded together: in eights, that is twice as fast. More
# books than that would take too much memory.
FILES_AHEAD = 16


@dataclass
class Acquisition:
    """Obtains the transcripts of jobs from YouTube, the web, files, and the speech model, if `whisper` names one."""

    writer: Writer
    sources: Sources
    events: BuildEvents
    clock: Clock
    whisper: str | None
    gate: YouTubeGate
    shown: ShownVideos
    _videos: Prefetcher[str, FetchResult] = field(init=False)
    _fetched: Prefetcher[Job, FetchResult] = field(init=False)
    _files: Prefetcher[Job, tuple[str, FetchResult]] = field(init=False)

    def __post_init__(self) -> None:
        make = partial(Transcriber, say=self.events.say, progress=self.events.transcribe)
        self._transcriber = make(self.whisper) if self.whisper else None

    def tell_shown(self) -> None:
        """Tell the source of videos which pages show them, since these may have their captions."""
        for page, video in self.shown.pairs():
            self.sources.sites.shown_on(page, video)

    @contextmanager
    def ahead(self, jobs: Sequence[Job]) -> Iterator[None]:
        """Fetch in threads what these jobs take, for `obtain` in their order in the block."""
        self.tell_shown()
        if any(job.resource.kind is Kind.RECORDING and not job.resource.is_local for job in jobs):
            playlists, standings = self.writer.playlists(), self.writer.standings()
            feeds = dict[Resource, tuple[FromListing | None, list[str]]]()
            for resource in (status.resource for status in self.writer.statuses(list(playlists))):
                if is_feed(resource):
                    version = decode(standings[resource.id].inputs)
                    ids = [entry.resource.id for entry in playlists[resource.id].entries]
                    feeds[resource] = version if isinstance(version, FromListing) else None, ids
            self.sources.podcasts.learn(feeds)
        video_ids = [job.resource.id for job in jobs if job.step is Step.ASK_YOUTUBE and not self.gate.closed]
        self._videos = Prefetcher(self.sources.videos.fetch, video_ids)
        self._fetched = Prefetcher(self._fetch_from_web, [job for job in jobs if job.step is Step.FETCH])
        self._files = Prefetcher(self._read_files, [job for job in jobs if job.step in FROM_DISK], FILES_AHEAD)
        with closing(self._videos), closing(self._fetched), closing(self._files):
            yield

    def obtain(self, job: Job) -> FetchResult:
        """The transcripts of a job; raises Unfetched."""
        if job.step is Step.TRANSCRIBE:
            return self._transcribe(job)
        if job.step in (Step.ASK_YOUTUBE, Step.FETCH):
            try:
                if job.step is Step.FETCH:
                    return self._fetched.take()
                return self.gate.through(self._videos.take)
            except Unfetched as failure:
                is_kept = self.shown.is_beside(job.resource.id) or job.standing.is_indexed
                if failure.state is not State.NO_TRANSCRIPT or not self.whisper or is_kept:
                    raise
            return replace(self._transcribe(job), provenance=FromSpeech(self.whisper))
        _, read = self._files.take()
        for line in read.messages:
            self.events.say(line)
        if job.step is Step.READ_TEXT:
            return read
        known = self._details(job.resource.id)
        chapters = read.details.chapters if job.resource.is_local else known.chapters
        return replace(read, details=replace(known, title=known.title or read.details.title, chapters=chapters))

    def ready(self) -> Iterator[tuple[str, Transcript]]:
        """The transcripts that are already read for the next jobs, with the ids of their resources."""
        for resource_id, read in self._files.ready():
            yield from ((resource_id, transcript) for transcript in read.transcripts if transcript.cues)

    def _transcribe(self, job: Job) -> FetchResult:
        """The transcript of a recording or a video by the speech model; raises Unfetched, UsageError or ModelError."""
        transcriber, video_id = self._transcriber, job.resource.id
        assert transcriber  # without a model, no job is planned to be transcribed
        known = self._details(video_id)
        if job.resource.is_local:
            path = local_path(job.resource.url)
            details = replace(known, title=known.title or path.stem, chapters=chapters_in(path))
            return FetchResult((transcriber.transcribe(path),), details)
        source = None if job.resource.is_on_youtube else self.sources.of(job.resource)
        kind = None if job.resource.kind.plays else Kind.VIDEO
        if finished := transcriber.finished(video_id):
            if source and known == Details():
                known = source.details(job.resource, private=job.private)
            return FetchResult((finished,), known, kind)
        from platformdirs import user_cache_path

        from seekpoint.indexer.sources.youtube.ytdlp_videos import fetch_audio

        # A permanent folder, so that an interrupted download is resumed.
        folder = user_cache_path("seekpoint") / "sounds"
        if source:
            audio = source.sound(job.resource, folder, private=job.private)
        else:
            with self.sources.pace.turn():
                audio = self.gate.through(lambda: fetch_audio(video_id, self.sources.web, folder))
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

    def _details(self, resource_id: str) -> Details:
        return next((status.details for status in self.writer.statuses([resource_id])), Details())

    # These two run in threads, and must use neither the library nor the events.

    def _fetch_from_web(self, job: Job) -> FetchResult:
        source = self.sources.of(job.resource) if job.resource.kind.plays else self.sources.pages
        earlier = job.provenance if isinstance(job.provenance, FromPage) else None
        return source.fetch(job.resource, self.clock(), earlier, private=job.private)

    def _read_files(self, job: Job) -> tuple[str, FetchResult]:
        if job.step is Step.READ_TEXT:
            return job.resource.id, self.sources.documents.read(job.resource)
        path = local_path(job.resource.url) if job.resource.is_local else None
        chapters = chapters_in(path) if path else ()
        if path and isinstance(job.provenance, FromSubtitles):
            details = Details(title=clean(path.stem), chapters=chapters)
            return job.resource.id, FetchResult(read_subtitles(path, job.provenance.languages), details)
        transcripts, messages = read_all((*job.captions, *job.spare))
        details = Details(title=title_of(job.captions[0]), chapters=chapters)
        return job.resource.id, FetchResult(transcripts, details, messages=messages)


_Key = TypeVar("_Key")
_Item = TypeVar("_Item")


class Prefetcher(Generic[_Key, _Item]):
    """Fetches the items of `keys` in a thread, in their order, up to `most` ahead of `take`, until it is closed.

    For requests to servers, one ahead is enough: with more, a kill would lose more. It stops after a Halt.
    """

    def __init__(self, fetch: Callable[[_Key], _Item], keys: Sequence[_Key], most: int = 1) -> None:
        self._fetch = fetch
        self._keys = keys
        self._fetched: Queue[_Item | BaseException] = Queue()
        self._permits = Semaphore(most)
        self._is_closed = False
        # A daemon thread, so that Ctrl-C needn't wait for a response.
        Thread(target=self._work, name="fetch-ahead", daemon=True).start()

    def close(self) -> None:
        """Fetch no further items."""
        self._is_closed = True
        self._permits.release()

    def take(self) -> _Item:
        """Wait for the next item; raises what fetching it raised."""
        item = self._fetched.get()
        self._permits.release()
        if isinstance(item, BaseException):
            raise item
        return item

    def ready(self) -> list[_Item]:
        """The items that are already fetched, in their order, without waiting."""
        with self._fetched.mutex:
            return [item for item in self._fetched.queue if not isinstance(item, BaseException)]

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
