"""The caption tracks of a video: which of them are taken, and where they may lie."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import State
from seekpoint.indexer.fetch.retries import MONTH
from seekpoint.indexer.sources.caption_tracks import CaptionTrack, nearest, no_track_in

_CAPTION_ADDRESS = re.compile(r"https://(?:[a-z0-9-]+\.)*youtube\.com/", re.IGNORECASE)
_Track = TypeVar("_Track", bound=CaptionTrack)


def choose_tracks(tracks: Sequence[_Track], languages: Sequence[str]) -> list[_Track]:
    """Pick a track for each wanted language, by default the spoken one; raises Unfetched if there is none."""
    # A generated track is in the spoken language.
    spoken = [track.language_code for track in sorted(tracks, key=lambda track: not track.is_generated)][:1]
    if chosen := nearest(tracks, languages or spoken):
        return chosen
    raise no_track_in(languages, (track.language_code for track in tracks))


def check_address(address: object) -> None:
    """Raise Unfetched if captions lie outside youtube.com."""
    if not _CAPTION_ADDRESS.match(str(address)):
        raise Unfetched(State.UNAVAILABLE, Reason("captions_elsewhere"), MONTH)
