"""The result of fetching a resource, and the interfaces of its sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from seekpoint.index.types import Details, Kind, Playlist, Resource, Transcript
from seekpoint.indexer.sources.provenance import Provenance


@dataclass(frozen=True, slots=True)
class FetchResult:
    """The transcripts and details of one resource.

    `kind` is set if the resource turned out to be of another kind than its address suggests. `provenance` is
    given if only fetching tells it; without transcripts it means: unchanged. `messages` are for the user.

    `end` is the resource at the address where the requested one ended, which may be the same; a video has no
    transcripts then. `is_permanent` says whether the address will always end there.
    """

    transcripts: tuple[Transcript, ...]
    details: Details = field(default_factory=Details)
    kind: Kind | None = None
    provenance: Provenance | None = None
    messages: tuple[str, ...] = ()
    end: Resource | None = None
    is_permanent: bool = True

    @property
    def is_unchanged(self) -> bool:
        """Whether the indexed version is still the current one."""
        return not self.transcripts and self.provenance is not None


class VideoSource(Protocol):
    """A source of video transcripts; raises Unfetched, or Halt if further requests would fail as well."""

    def fetch(self, video_id: str) -> FetchResult: ...


class PlaylistSource(Protocol):
    """A source of playlist and channel entries; raises like VideoSource."""

    def fetch(self, playlist: Resource) -> Playlist: ...
