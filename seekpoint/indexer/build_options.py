"""The inputs of a build: its options, its sources, and the events that follow its progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from seekpoint.index.text.clean import clean, without_passwords
from seekpoint.index.types import Kind, NamedBy, Resource, State, shown_url
from seekpoint.safe_links import local_file

if TYPE_CHECKING:
    from seekpoint.indexer.fetch.http_session import Web
    from seekpoint.indexer.fetch.retries import Turns
    from seekpoint.indexer.sources.documents import DocumentReader
    from seekpoint.indexer.sources.podcasts.podcasts import Podcasts
    from seekpoint.indexer.sources.provenance import VideoSource, WebSource
    from seekpoint.indexer.sources.sites.videos import PagesWithVideos, VideoSites
    from seekpoint.indexer.sources.youtube.youtube import YouTubePlaylists

PACE = 5.0
"""Seconds between two requests to YouTube, if the user gives none."""

_SITE_PACE = 3.0  # as arXiv asks

Clock: TypeAlias = Callable[[], float]
"""Returns the time in Unix seconds."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The options of a build.

    `captions` is a folder of caption files, which are used instead of YouTube's. `languages` are compared by primary
    subtag; by default, the spoken language is taken. `retry` tries deferred resources before they are due. `whisper` is
    the model that transcribes recordings without captions; without one they are left out. `reembed` embeds all stored
    transcripts again if `model` isn't the library's. `limit` is the number of videos taken from a channel, and of
    episodes from a feed, newest first; `None` for all. `pace` is the seconds between two requests to YouTube.
    `translate` stores translations by which questions find words in another language. A `glossary` of the user's is
    stored for later builds.
    `named_by` is who names the sources: only the owner's may lead into a private network, also those that the owner
    named before. `stored` are ids of resources in the library that are tried too, whatever lists name them.
    """

    sources: Sequence[str] = ()
    captions: Path | None = None
    languages: tuple[str, ...] = ()
    retry: bool = False
    whisper: str | None = None
    model: str | None = None
    reembed: bool = False
    prune: bool = False
    limit: int | None = None
    pace: float = PACE
    translate: bool = True
    glossary: Path | None = None
    named_by: NamedBy = NamedBy.OWNER
    stored: Sequence[str] = ()

    @property
    def site_pace(self) -> float:
        """Seconds between two requests to the same host, YouTube excepted."""
        return min(self.pace, _SITE_PACE)


class BuildEvents:
    """Progress events; the base class ignores them."""

    def begin(self, resources: Sequence[Resource]) -> None:
        """The build starts with these resources to work on."""

    def work_on(self, resource: Resource) -> None:
        """Work on a resource starts."""

    def embed(self, done: int, total: int) -> None:
        """`done` of the resource's `total` passages are embedded."""

    def embedded(self, passages: int) -> None:
        """The model has read so many passages, also of coming resources."""

    def transcribe(self, done: float, total: float) -> None:
        """`done` of a recording's `total` seconds are transcribed."""

    def finish(self, resource: Resource, state: State = State.INDEXED) -> None:
        """Work on the resource has ended in this state; one that was indexed before may have failed, and stays so."""

    def say(self, line: str) -> None:
        """A message for the user."""


def name_of(resource: Resource) -> str:
    """The name of a resource in progress: its title, else its file's name or its address."""
    file = local_file(resource.url)
    return clean(resource.title or resource.file_title or (file.name if file else shown_url(resource)))


class MessageEvents(BuildEvents):
    """Progress events as messages, a line each."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._title = ""

    def work_on(self, resource: Resource) -> None:
        self._title = name_of(resource)
        self._tell(self._title)

    def embed(self, done: int, total: int) -> None:
        self._tell(f"{self._title}: {done} of {total} passages")

    def say(self, line: str) -> None:
        self._tell(clean(without_passwords(line)))


_WITHOUT_PACE = BuildOptions(pace=0)


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of a build; `pace` is the rate limit for YouTube."""

    web: Web
    videos: VideoSource
    playlists: YouTubePlaylists
    documents: DocumentReader
    pace: Turns
    podcasts: Podcasts
    sites: VideoSites

    @classmethod
    def through(cls, web: Web, options: BuildOptions = _WITHOUT_PACE, shared_pace: Turns | None = None) -> Self:
        """Sources that share one session factory; `shared_pace` takes the place of the options' pace for YouTube."""
        from seekpoint.indexer.fetch.fetcher import PoliteFetcher
        from seekpoint.indexer.fetch.retries import Pace
        from seekpoint.indexer.sources.documents import DocumentReader
        from seekpoint.indexer.sources.podcasts.podcasts import Podcasts
        from seekpoint.indexer.sources.sites.videos import VideoSites
        from seekpoint.indexer.sources.youtube.youtube import YouTubePlaylists, YouTubeTranscripts

        youtube_pace = shared_pace or Pace(options.pace)
        podcasts = Podcasts(web, options.languages, options.limit, options.site_pace)
        documents = DocumentReader(PoliteFetcher(web, options.site_pace), podcasts.feed_at)
        return cls(
            web,
            YouTubeTranscripts(web, options.languages, youtube_pace),
            YouTubePlaylists(web, youtube_pace, options.limit),
            documents,
            youtube_pace,
            podcasts,
            VideoSites(web, options.languages, options.site_pace, options.limit),
        )

    @property
    def pages(self) -> PagesWithVideos:
        """The source of pages and papers."""
        from seekpoint.indexer.sources.sites.videos import PagesWithVideos

        return PagesWithVideos(self.documents, self.sites)

    def of(self, resource: Resource) -> WebSource:
        """The source of the words, the sound and the entries of a resource outside YouTube; pages have their own."""
        from seekpoint.indexer.reading_list.addresses import is_feed

        is_podcast = resource.kind is Kind.RECORDING or (resource.kind is Kind.PLAYLIST and is_feed(resource))
        return self.podcasts if is_podcast else self.sites
