"""The options of a build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seekpoint.index.types import NamedBy

PACE = 5.0
"""Seconds between two requests to YouTube, if the user gives none."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The options of a build.

    `captions` is a folder of caption files, which are used instead of YouTube's. `languages` are compared by primary
    subtag; by default, the spoken language is taken. `retry` tries deferred resources before they are due. `whisper` is
    the model that transcribes recordings without captions; without one they are left out. `reembed` embeds all stored
    transcripts again if `model` isn't the library's. `limit` is the number of videos taken from a channel, newest
    first; `None` for all. `pace` is the seconds between two requests to YouTube. `translate` stores translations by
    which questions find words in another language. A `glossary` of the user's is stored for later builds.
    `named_by` is who names the sources: only the owner's may lead into a private network, also those that the owner
    named before. `stored` are ids of resources in the library that are tried too, whatever lists name them.
    """

    sources: Sequence[str] = ()
    captions: Path | None = None
    languages: tuple[str, ...] = ()
    retry: bool = False
    whisper: str | None = None
    model: str | None = None
    reembed: bool = False
    prune: bool = False
    limit: int | None = None
    pace: float = PACE
    translate: bool = True
    glossary: Path | None = None
    named_by: NamedBy = NamedBy.OWNER
    stored: Sequence[str] = ()
