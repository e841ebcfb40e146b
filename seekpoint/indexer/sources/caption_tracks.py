"""Caption tracks that a source offers: the one to take in each language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.text.languages import primary
from seekpoint.index.types import State
from seekpoint.indexer.fetch.retries import MONTH


class CaptionTrack(Protocol):
    """A caption track: the tag of its language, and whether a program generated it."""

    @property
    def language_code(self) -> str: ...

    @property
    def is_generated(self) -> bool: ...


_Track = TypeVar("_Track", bound=CaptionTrack)


def nearest(tracks: Sequence[_Track], languages: Iterable[str]) -> list[_Track]:
    """The track nearest to each language, each once: of its own subtag, made by people, and with its very tag."""
    chosen = (_nearest(tracks, language) for language in languages)
    return list(dict.fromkeys(track for track in chosen if track))


def _nearest(tracks: Sequence[_Track], language: str) -> _Track | None:
    same = (track for track in tracks if primary(track.language_code) == primary(language))
    subtag, exact = language.lower().split("-")[0], language.lower()

    def distance(track: _Track) -> tuple[bool, bool, bool]:
        code = track.language_code.lower()
        return code.split("-")[0] != subtag, track.is_generated, code != exact

    return min(same, key=distance, default=None)


def no_track_in(wanted: Sequence[str], available: Iterable[str], wait: float = MONTH) -> Unfetched:
    """The failure of a resource that has no track in the wanted languages, or none at all."""
    there = ", ".join(dict.fromkeys(map(clean, available))) or Reason("none")
    in_languages = Reason("no_track_in", wanted=", ".join(wanted), available=there)
    return Unfetched(State.NO_TRANSCRIPT, in_languages if wanted else Reason("no_track", available=there), wait)
