"""What a source gives, and what gives it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from seekpoint.index.types import Details, Kind, Playlist, Resource, Transcript


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
