"""Localising the answer within a passage: the sentence at which it begins, and the quote from there."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from math import fsum

from seekpoint.index.text.chapters import ROUNDING
from seekpoint.index.text.cue_text import CueText, columns
from seekpoint.index.text.terms import Term, terms
from seekpoint.index.types import Chapter, Cue
from seekpoint.query.search.settings import SALIENT_SHARE, TUNING

# About three lines of a terminal, and one of them.
QUOTE_COLUMNS = 240
_LEAST_COLUMNS = 80


def salient(weights: Mapping[str, float]) -> dict[str, float]:
    """The terms rare enough to tell where the answer is: at least SALIENT_SHARE of the heaviest term's weight."""
    least = SALIENT_SHARE * max(weights.values(), default=0.0)
    return {term: weight for term, weight in weights.items() if weight >= least}


def best_beginning(
    passage: Passage,
    said: Sequence[Term],
    weights: Mapping[str, float],
    chapters: Sequence[Chapter] = (),
    nearness: Callable[[float], float] | None = None,
    reach: float = TUNING.reach,
) -> int:
    """The offset of the beginning in a passage with the highest sum of two scores; the first one if all are equal.

    The scores are the share of the weights of the terms that are said within `reach` seconds from there on, and the
    `nearness` of its second: the cosine of what is said from that second on. `said` are the terms in the passage,
    including all that have weights. The title of a chapter counts as said where the chapter begins.
    """
    starts = [passage.second_at(offset) for offset in passage.beginnings]
    titles = _titles(starts, weights, chapters)
    matches = [titles.get(number, set()) for number in range(len(starts))]
    for term in said:
        number = bisect_right(passage.beginnings, term.start) - 1
        if number >= 0 and term.text in weights:
            matches[number] = matches[number] | {term.text}
    total = fsum(weights.values()) or 1.0
    scores = [
        _weight_within_reach(starts, matches, first, weights, reach) / total + (nearness(start) if nearness else 0.0)
        for first, start in enumerate(starts)
    ]
    # With equal scores the beginning of a chapter wins over a sentence that announces it.
    return passage.beginnings[max(range(len(starts)), key=lambda first: (scores[first], first in titles))]


def _weight_within_reach(
    starts: Sequence[float], matches: Sequence[set[str]], first: int, weights: Mapping[str, float], reach: float
) -> float:
    """The weights of the distinct terms within reach of a beginning; 0 if its own sentence has none of them."""
    if not matches[first]:
        return 0.0
    stop = bisect_left(starts, starts[first] + reach, lo=first)
    # fsum is independent of the order of the set, which differs between processes.
    return fsum(weights[term] for term in set().union(*matches[first:stop]))


def _titles(starts: Sequence[float], weights: Mapping[str, float], chapters: Sequence[Chapter]) -> dict[int, set[str]]:
    """The weighted terms in the titles of chapters, by the index of each chapter's first beginning."""
    titles: dict[int, set[str]] = {}
    for chapter in chapters:
        first = bisect_left(starts, chapter.start - ROUNDING)
        matching = set(terms(chapter.title)) & weights.keys()
        if first < len(starts) and matching:
            titles[first] = titles.get(first, set()) | matching
    return titles


def quoted(cues: Sequence[Cue]) -> Sequence[Cue]:
    """The longest prefix of the cues that fits into a quote; at least as many as fill a line."""
    ends = list(accumulate(columns(cue.text) + 1 for cue in cues))
    return cues[: max(bisect_right(ends, QUOTE_COLUMNS), bisect_left(ends, _LEAST_COLUMNS) + 1)]


def marks(terms: Iterable[Term], begin: int = 0) -> tuple[tuple[int, int], ...]:
    """The spans of terms, as offsets from `begin`; spans that touch or overlap are merged."""
    spans: list[tuple[int, int]] = []
    for _, start, stop in terms:
        if spans and start - begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], stop - begin))
        else:
            spans.append((start - begin, stop - begin))
    return tuple(spans)


class Passage(CueText):
    """Consecutive cues of a transcript; `text` is what they say, joined by spaces.

    The answer begins within cues [first, stop), or in the sentence that goes on there; the cues before them tell where
    that sentence begins. `position` is that of the first of all cues in the transcript. The cues of a text are
    sentences, those of a recording needn't be.
    """

    def __init__(self, cues: Sequence[Cue], position: int, first: int, stop: int, *, plays: bool) -> None:
        super().__init__(cues)
        self.position = position
        places = self.sentences(is_opening=not position) if plays else self.offsets
        last = min(stop, len(cues)) - 1  # a damaged chunk may claim more cues than its transcript has
        begin = self.offsets[min(first, last)]
        self.end = end = self.offsets[last] + len(cues[last].text)
        low = max(bisect_right(places, begin) - 1, 0)
        self.beginnings = places[low : max(bisect_left(places, end), low + 1)]
        """The offsets at which the answer may begin: a sentence, else what follows a pause, else any cue."""

    def begin_at(self, second: float) -> None:
        """Let the answer begin at the last of the beginnings up to a second, or at the first one."""
        before = bisect_right(self.beginnings, second, key=self.second_at)
        self.beginnings = self.beginnings[max(before - 1, 0) : max(before, 1)]

    def offset_of(self, offset: int) -> int:
        """Where the cue begins that an offset of the text lies in."""
        return self.offsets[self.cue_at(offset)]

    def end_of_cue_at(self, offset: int) -> int:
        """Where the cue ends that an offset of the text lies in, or behind the text the last one."""
        number = self.cue_at(offset)
        return self.offsets[number] + len(self.cues[number].text)

    def cues_from(self, offset: int) -> list[Cue]:
        """The cues from an offset of the text on, without what the first one says before."""
        number = self.cue_at(offset)
        first = self.cues[number]
        text = first.text[offset - self.offsets[number] :]
        return [first._replace(start=self.second_at(offset), text=text), *self.cues[number + 1 :]]
