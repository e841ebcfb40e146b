"""The chapters that were made of a transcript, as they are stored with it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import inf, isfinite

from seekpoint.files import parsed_json
from seekpoint.index.types import Chapter


def encode(chapters: Iterable[Chapter]) -> str:
    """Pairs of a start in seconds and a title, as JSON."""
    return json.dumps([(chapter.start, chapter.title) for chapter in chapters], ensure_ascii=False)


def decode(text: str) -> tuple[Chapter, ...]:
    """The chapters that `encode` stored; raises ValueError."""
    return tuple(Chapter(_second(start), str(title), generated=True) for start, title in parsed_json(text))


def check(stored: Iterable[str], longest: float = inf) -> None:
    """Read the chapters of transcripts.

    Raises ValueError for some that `encode` can't have written, or that begin beyond `longest` seconds.
    """
    for text in stored:
        try:
            if any(chapter.start > longest for chapter in decode(text)):
                raise ValueError(text)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError("a transcript has chapters that make no sense") from error


def _second(start: float) -> float:
    if not isfinite(start) or start < 0:
        raise ValueError("a chapter starts at no second")
    return float(start)
