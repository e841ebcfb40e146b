"""Where transcripts come from: one module a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seekpoint.indexer.fetch.pace import Pace
    from seekpoint.indexer.fetch.session import Web
    from seekpoint.indexer.sources.documents import Texts
    from seekpoint.indexer.sources.fetch_result import PlaylistSource, VideoSource

# Seconds between two requests to one site other than YouTube: arXiv asks for so many.
_SITE_PACE = 3.0


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that a build asks; `pace` is that of YouTube."""

    web: Web
    videos: VideoSource
    playlists: PlaylistSource
    texts: Texts
    pace: Pace

    @classmethod
    def through(cls, web: Web, languages: Sequence[str] = (), pace: float = 0.0, limit: int | None = None) -> Self:
        """YouTube, asked at one pace in seconds, and the web; `limit` is how many videos of a channel are taken."""
        from seekpoint.indexer.fetch.pace import Pace
        from seekpoint.indexer.fetch.polite import Retrieval
        from seekpoint.indexer.sources.documents import Texts
        from seekpoint.indexer.sources.youtube.playlists import Playlists
        from seekpoint.indexer.sources.youtube.transcripts import YouTube

        shared = Pace(pace)
        texts = Texts(Retrieval(web, min(pace, _SITE_PACE)))
        return cls(web, YouTube(web.session(), languages, shared), Playlists(web, shared, limit), texts, shared)
