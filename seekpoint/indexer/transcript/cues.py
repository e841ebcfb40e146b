"""Cues from any source, made fit to index: clean, in order, and none longer than the model reads."""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from math import isfinite

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Cue

LONGEST = 45.0
"""Seconds that a cue may last."""

MOST_TOKENS = 400
"""What is embedded at once, as `tokens` counts; multilingual-e5 reads 512 and some scripts take more than estimated."""

# Below this many tokens a cue is a single phrase, whose parts say nothing, however long it is shown.
_SHORTEST = 20
# So many tokens are some five words: a sentence that is cut at an abbreviation loses its sense.
_SHORTEST_SENTENCE = 6

_WIDE = re.compile(
    "[\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
_SENTENCE_END = re.compile(r"""[.!?…][)\]"'”’»]*(?=\s)|[。！？｡．।؟۔።။…]+[」』”’）》]*""")
_PHRASE_END = re.compile(r"\s|[，、；：،؛]")


def tokens(text: str) -> float:
    """Estimate the model's tokens: a character is one in scripts without spaces between words, else a quarter."""
    return (len(text) + 3 * len(_WIDE.findall(text))) / 4


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text; what is too short to say anything, such as `Fig.`, stays with the next one."""
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
    """Clean, ordered cues; overlong ones become pieces. No character is lost but white space and controls."""
    ordered = sorted(_mended(cues), key=lambda cue: cue.start)
    return tuple(piece for cue in _trimmed(ordered) for piece in _pieces(cue))


def _mended(cues: Iterable[Cue]) -> Iterator[Cue]:
    for cue in cues:
        text = clean(cue.text)
        if text and isfinite(cue.start):
            start = max(0.0, cue.start)
            yield cue._replace(start=start, end=max(start, cue.end) if isfinite(cue.end) else start, text=text)


def _trimmed(ordered: list[Cue]) -> list[Cue]:
    # From the back, because cues that start together all end where the next later one starts.
    trimmed: list[Cue] = []
    later = this = float("inf")
    for cue in reversed(ordered):
        if cue.start < this:
            later, this = this, cue.start
        trimmed.append(cue if cue.end <= later else cue._replace(end=later))
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
    """Give the offset at which each piece stops."""
    read = array("d", accumulate(map(tokens, text), initial=0.0))  # a text of 20 MB may have no line end
    by_time = read[-1] * LONGEST / seconds if seconds > LONGEST else MOST_TOKENS
    most = max(_SHORTEST, min(MOST_TOKENS, by_time))
    breaks = [[found.end() for found in pattern.finditer(text)] for pattern in (_SENTENCE_END, _PHRASE_END)]
    first = 0
    while read[-1] - read[first] > most:
        furthest = bisect_right(read, read[first] + most) - 1
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
