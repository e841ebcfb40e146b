"""Sources of transcripts: YouTube, caption files, pages, papers and recordings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from seekpoint.indexer.build_options import BuildOptions

if TYPE_CHECKING:
    from seekpoint.indexer.fetch.http_session import Web
    from seekpoint.indexer.fetch.retries import Turns
    from seekpoint.indexer.sources.documents import DocumentReader
    from seekpoint.indexer.sources.provenance import PlaylistSource, VideoSource

# Seconds between two requests to the same site, YouTube excepted. arXiv asks for 3.
_SITE_PACE = 3.0
_WITHOUT_PACE = BuildOptions(pace=0)


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of a build; `pace` is the rate limit for YouTube."""

    web: Web
    videos: VideoSource
    playlists: PlaylistSource
    documents: DocumentReader
    pace: Turns

    @classmethod
    def through(cls, web: Web, options: BuildOptions = _WITHOUT_PACE, shared_pace: Turns | None = None) -> Self:
        """Sources that share one session factory; `shared_pace` takes the place of the options' pace for YouTube."""
        from seekpoint.indexer.fetch.fetcher import PoliteFetcher
        from seekpoint.indexer.fetch.retries import Pace
        from seekpoint.indexer.sources.documents import DocumentReader
        from seekpoint.indexer.sources.youtube.playlists import YouTubePlaylists
        from seekpoint.indexer.sources.youtube.video import YouTubeTranscripts

        youtube_pace = shared_pace or Pace(options.pace)
        documents = DocumentReader(PoliteFetcher(web, min(options.pace, _SITE_PACE)))
        return cls(
            web,
            YouTubeTranscripts(web.session(), options.languages, youtube_pace),
            YouTubePlaylists(web, youtube_pace, options.limit),
            documents,
            youtube_pace,
        )
