"""Where transcripts come from: one module a source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

from index.types import Details, Kind, Playlist, Resource, Transcript

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.sources.network.pace import Pace
    from indexer.sources.network.web import Web
    from indexer.sources.texts import Texts


# Seconds between two requests to one site other than YouTube: arXiv asks for so many.
_SITE_PACE = 3.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source gave for one resource: its transcripts, and what is known beside the words.

    `kind` is what it turned out to be, where that is something else than it seemed. `inputs` is what tells at the next
    build whether it has changed; no transcripts with `inputs` say that it hasn't.
    """

    transcripts: tuple[Transcript, ...]
    details: Details = field(default_factory=Details)
    kind: Kind | None = None
    inputs: str | None = None

    @property
    def is_unchanged(self) -> bool:
        """Whether there is nothing new to be indexed."""
        return not self.transcripts and self.inputs is not None


class VideoSource(Protocol):
    """Where transcripts of videos come from; raises Unfetched, or Halt where the next request would fare no better."""

    def fetch(self, video_id: str) -> Fetched: ...


class PlaylistSource(Protocol):
    """Where the entries of playlists and channels come from; raises as a VideoSource does."""

    def fetch(self, playlist: Resource) -> Playlist: ...


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
        from indexer.sources.network.pace import Pace
        from indexer.sources.network.retrieval import Retrieval
        from indexer.sources.playlists import Playlists
        from indexer.sources.texts import Texts
        from indexer.sources.youtube import YouTube

        shared = Pace(pace)
        texts = Texts(Retrieval(web, min(pace, _SITE_PACE)))
        return cls(web, YouTube(web.session(), languages, shared), Playlists(web, shared, limit), texts, shared)
