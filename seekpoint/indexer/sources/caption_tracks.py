"""Caption tracks that a source offers: the one to take in each language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.text.languages import primary
from seekpoint.index.types import Origin, State
from seekpoint.indexer.fetch.retries import MONTH


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A caption track: its language, a tag or empty, and the object or description by which its source reads it."""

    language: str
    is_generated: bool = False
    source: Any = None

    @property
    def origin(self) -> Origin:
        return Origin.GENERATED if self.is_generated else Origin.MANUAL


def choose(tracks: Sequence[Track], wanted: Sequence[str], spoken: str = "") -> list[Track]:
    """The track for each wanted language, by default for the spoken one, else the first; raises Unfetched for none.

    If `spoken` is empty, the first generated track is in the spoken language.
    """
    heard = spoken or next((track.language for track in tracks if track.is_generated), "")
    chosen = nearest(tracks, wanted or [heard] * bool(heard))
    if not chosen and (wanted or not tracks):
        raise no_track_in(wanted, (track.language or "und" for track in tracks))
    return chosen or [tracks[0]]


def nearest(tracks: Sequence[Track], languages: Iterable[str]) -> list[Track]:
    """The track nearest to each language, each once: of its own subtag, made by people, and with its very tag."""
    chosen = (_nearest(tracks, language) for language in languages)
    return list(dict.fromkeys(track for track in chosen if track))


def _nearest(tracks: Sequence[Track], language: str) -> Track | None:
    same = (track for track in tracks if primary(track.language) == primary(language))
    subtag, exact = language.lower().split("-")[0], language.lower()

    def distance(track: Track) -> tuple[bool, bool, bool]:
        code = track.language.lower()
        return code.split("-")[0] != subtag, track.is_generated, code != exact

    return min(same, key=distance, default=None)


def no_track_in(wanted: Sequence[str], available: Iterable[str], wait: float = MONTH) -> Unfetched:
    """The failure of a resource that has no track in the wanted languages, or none at all."""
    there = ", ".join(dict.fromkeys(map(clean, available))) or Reason("none")
    in_languages = Reason("no_track_in", wanted=", ".join(wanted), available=there)
    return Unfetched(State.NO_TRANSCRIPT, in_languages if wanted else Reason("no_track", available=there), wait)
