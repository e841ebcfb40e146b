"""Where transcripts come from: one module a source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

from index.types import Details, Playlist, Resource, Transcript

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.sources.web import Web


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source gave for one resource: its transcripts, and what is known beside the words."""

    transcripts: tuple[Transcript, ...]
    details: Details = field(default_factory=Details)


class VideoSource(Protocol):
    """Where transcripts of videos come from; raises Unfetched, or Halt where the next request would fare no better."""

    def fetch(self, video_id: str) -> Fetched: ...


class PlaylistSource(Protocol):
    """Where the entries of playlists and channels come from; raises as a VideoSource does."""

    def fetch(self, playlist: Resource) -> Playlist: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that a build asks."""

    web: Web
    videos: VideoSource
    playlists: PlaylistSource

    @classmethod
    def through(cls, web: Web, languages: Sequence[str] = (), pace: float = 0.0, limit: int | None = None) -> Self:
        """YouTube, asked at one pace in seconds; `limit` is how many videos of a channel are taken."""
        from indexer.sources.pace import Pace
        from indexer.sources.playlists import Playlists
        from indexer.sources.youtube import YouTube

        shared = Pace(pace)
        return cls(web, YouTube(web.session(), languages, shared), Playlists(web, shared, limit))
