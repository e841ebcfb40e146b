"""Cues from any source, made fit to index: clean, in order, and none longer than the model reads."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from math import isfinite

from index.text import clean
from index.types import Cue

LONGEST = 45.0
"""Seconds that a cue may last."""

# Text is weighed in quarters of a token: a character of a script without spaces between words is about a token, four
# letters are one.
_HEAVIEST = 4 * 400
# Below this a cue is a single phrase, whose parts say nothing, however long it is shown.
_SHORTEST = 4 * 20

_WIDE = re.compile(
    "[\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
_SENTENCE_END = re.compile(r"""[.!?…][)\]"'”’»]*(?=\s)|[。！？｡．।؟۔።။…]+[」』”’）》]*""")
_PHRASE_END = re.compile(r"\s|[，、；：،؛]")


def tidy(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """Clean, ordered cues; overlong ones become pieces. No character is lost but white space and controls."""
    ordered = sorted(_mended(cues), key=lambda cue: cue.start)
    return tuple(piece for cue in _trimmed(ordered) for piece in _pieces(cue))


def _mended(cues: Iterable[Cue]) -> Iterator[Cue]:
    for cue in cues:
        text = clean(cue.text)
        if text and isfinite(cue.start):
            start = max(0.0, cue.start)
            yield Cue(start, max(start, cue.end) if isfinite(cue.end) else start, text)


def _trimmed(ordered: list[Cue]) -> list[Cue]:
    # From the back, because cues that start together all end where the next later one starts.
    trimmed: list[Cue] = []
    later = this = float("inf")
    for cue in reversed(ordered):
        if cue.start < this:
            later, this = this, cue.start
        trimmed.append(cue if cue.end <= later else Cue(cue.start, later, cue.text))
    return trimmed[::-1]


def _pieces(cue: Cue) -> Iterator[Cue]:
    seconds = cue.end - cue.start
    if seconds <= LONGEST and 4 * len(cue.text) <= _HEAVIEST:
        yield cue
        return
    first = 0
    for stop in _cuts(cue.text, seconds):
        start, end = (cue.start + seconds * (offset / len(cue.text)) for offset in (first, stop))
        if text := cue.text[first:stop].strip():
            yield Cue(start, end, text)
        first = stop


def _cuts(text: str, seconds: float) -> Iterator[int]:
    """Give the offset at which each piece stops."""
    weights = list(accumulate((4 if _WIDE.match(c) else 1 for c in text), initial=0))
    by_time = weights[-1] * LONGEST / seconds if seconds > LONGEST else _HEAVIEST
    most = int(max(_SHORTEST, min(_HEAVIEST, by_time)))
    breaks = [[found.end() for found in pattern.finditer(text)] for pattern in (_SENTENCE_END, _PHRASE_END)]
    first = 0
    while weights[-1] - weights[first] > most:
        furthest = bisect_right(weights, weights[first] + most) - 1
        first = _best_cut(text, breaks, (first + furthest + 1) // 2, furthest)
        yield first
    yield len(text)


def _best_cut(text: str, breaks: list[list[int]], nearest: int, furthest: int) -> int:
    for offsets in breaks:
        at = bisect_right(offsets, furthest) - 1
        if at >= 0 and offsets[at] >= nearest:
            return offsets[at]
    cut = furthest
    while cut > nearest and unicodedata.category(text[cut])[0] == "M":
        cut -= 1
    return cut
