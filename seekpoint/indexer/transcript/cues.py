"""Normalises cues from any source for indexing: clean, in order, and no longer than the model's input."""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from math import isfinite

from seekpoint.index.text.clean import SENTENCE_END, clean
from seekpoint.index.types import Cue

LONGEST = 45.0
"""The longest duration of a cue, in seconds."""

MOST_TOKENS = 400
"""The longest input, as estimated by `tokens`; multilingual-e5 takes 512, and some scripts exceed the estimate."""

# A cue below this many tokens is a single phrase: it isn't split, however long it is shown.
_SHORTEST = 20
# About five words. Shorter "sentences" are mostly abbreviations, and a sentence cut there loses its meaning.
_SHORTEST_SENTENCE = 6

_WIDE = re.compile(
    "[\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
_SENTENCE_END = re.compile(SENTENCE_END)
_PHRASE_END = re.compile(r"\s|[，、；：،؛]")


def tokens(text: str) -> float:
    """Estimate the model's tokens: one per character in scripts without spaces, else one per four characters."""
    return (len(text) + 3 * len(_WIDE.findall(text))) / 4


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text; one that is too short, such as `Fig.`, is joined to the next one."""
    first = 0
    for found in _SENTENCE_END.finditer(text):
        stop = found.end()
        rest = text[stop : stop + 4 * _SHORTEST_SENTENCE + 1]
        if min(tokens(text[first:stop]), tokens(rest)) >= _SHORTEST_SENTENCE:
            yield text[first:stop].strip()
            first = stop
    if rest := text[first:].strip():
        yield rest


def tidy(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """Clean and order cues and split overlong ones. Nothing but white space and control characters is lost."""
    ordered = sorted(_cleaned(cues), key=lambda cue: cue.start)
    return tuple(piece for cue in _without_overlaps(ordered) for piece in _pieces(cue))


def _cleaned(cues: Iterable[Cue]) -> Iterator[Cue]:
    for cue in cues:
        text = clean(cue.text)
        if text and isfinite(cue.start):
            start = max(0.0, cue.start)
            yield cue._replace(start=start, end=max(start, cue.end) if isfinite(cue.end) else start, text=text)


def _without_overlaps(ordered: list[Cue]) -> list[Cue]:
    # In reverse, because cues with the same start all end at the start of the next later one.
    trimmed: list[Cue] = []
    next_start = current_start = float("inf")
    for cue in reversed(ordered):
        if cue.start < current_start:
            next_start, current_start = current_start, cue.start
        trimmed.append(cue if cue.end <= next_start else cue._replace(end=next_start))
    return trimmed[::-1]


def _pieces(cue: Cue) -> Iterator[Cue]:
    seconds = cue.end - cue.start
    if seconds <= LONGEST and tokens(cue.text) <= MOST_TOKENS:
        yield cue
        return
    first = 0
    for stop in _cuts(cue.text, seconds):
        start, end = (cue.start + seconds * (offset / len(cue.text)) for offset in (first, stop))
        if text := cue.text[first:stop].strip():
            yield cue._replace(start=start, end=end, text=text)
        first = stop


def _cuts(text: str, seconds: float) -> Iterator[int]:
    """The end offset of each piece."""
    # An array, because a text of 20 MB may have no line end.
    token_offsets = array("d", accumulate(map(tokens, text), initial=0.0))
    by_time = token_offsets[-1] * LONGEST / seconds if seconds > LONGEST else MOST_TOKENS
    most = max(_SHORTEST, min(MOST_TOKENS, by_time))
    breaks = [[found.end() for found in pattern.finditer(text)] for pattern in (_SENTENCE_END, _PHRASE_END)]
    first = 0
    while token_offsets[-1] - token_offsets[first] > most:
        furthest = bisect_right(token_offsets, token_offsets[first] + most) - 1
        first = _best_cut(text, breaks, (first + furthest + 1) // 2, furthest)
        yield first
    yield len(text)


def _best_cut(text: str, breaks: list[list[int]], nearest: int, furthest: int) -> int:
    for offsets in breaks:
        index = bisect_right(offsets, furthest) - 1
        if index >= 0 and offsets[index] >= nearest:
            return offsets[index]
    cut = furthest
    while cut > nearest and unicodedata.category(text[cut])[0] == "M":
        cut -= 1
    return cut
