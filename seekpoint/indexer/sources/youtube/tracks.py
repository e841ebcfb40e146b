"""The caption tracks of a video: which of them are taken, and where they may lie."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, TypeVar

from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.text.languages import primary
from seekpoint.index.types import State
from seekpoint.indexer.fetch.retries import MONTH

_CAPTION_ADDRESS = re.compile(r"https://(?:[a-z0-9-]+\.)*youtube\.com/", re.IGNORECASE)


class CaptionTrack(Protocol):
    """A caption track: the tag of its language, and whether YouTube generated it."""

    @property
    def language_code(self) -> str: ...

    @property
    def is_generated(self) -> bool: ...


_Track = TypeVar("_Track", bound=CaptionTrack)


def choose_tracks(tracks: Sequence[_Track], languages: Sequence[str]) -> list[_Track]:
    """Pick a track for each wanted language, by default the spoken one; raises Unfetched if there is none."""
    # A generated track is in the spoken language.
    spoken = [track.language_code for track in sorted(tracks, key=lambda track: not track.is_generated)][:1]
    tracks_by_language = (_best_track(tracks, language) for language in languages or spoken)
    chosen = list(dict.fromkeys(track for track in tracks_by_language if track))
    if not chosen:
        available = ", ".join(dict.fromkeys(clean(track.language_code) for track in tracks)) or Reason("none")
        in_languages = Reason("no_track_in", wanted=", ".join(languages), available=available)
        reason = in_languages if languages else Reason("no_track", available=available)
        raise Unfetched(State.NO_TRANSCRIPT, reason, MONTH)
    return chosen


def _best_track(tracks: Sequence[_Track], language: str) -> _Track | None:
    same = (track for track in tracks if primary(track.language_code) == primary(language))
    subtag, exact = language.lower().split("-")[0], language.lower()

    def distance(track: _Track) -> tuple[bool, bool, bool]:
        code = track.language_code.lower()
        return code.split("-")[0] != subtag, track.is_generated, code != exact

    return min(same, key=distance, default=None)


def check_address(address: object) -> None:
    """Raise Unfetched if captions lie outside youtube.com."""
    if not _CAPTION_ADDRESS.match(str(address)):
        raise Unfetched(State.UNAVAILABLE, Reason("captions_elsewhere"), MONTH)
