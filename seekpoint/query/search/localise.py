"""Localising the answer within a chunk: the cue at which it begins, and the quote from there."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import accumulate
from math import fsum

from seekpoint.index.text.chapters import ROUNDING
from seekpoint.index.text.terms import Term, located_terms, terms
from seekpoint.index.types import Chapter, Cue
from seekpoint.query.search.settings import SALIENT_SHARE, TUNING

# About three lines of a terminal. A Chinese character is two columns wide, and says more.
_QUOTE_COLUMNS = 240


def salient(weights: Mapping[str, float]) -> dict[str, float]:
    """The terms rare enough to tell where the answer is: at least SALIENT_SHARE of the heaviest term's weight."""
    least = SALIENT_SHARE * max(weights.values(), default=0.0)
    return {term: weight for term, weight in weights.items() if weight >= least}


def said_in(cues: Sequence[Cue], wanted: Set[str]) -> list[list[Term]]:
    """The wanted terms in each cue, with their positions in the text of all cues, joined by spaces."""
    ends = list(accumulate(len(cue.text) + 1 for cue in cues))
    said: list[list[Term]] = [[] for _ in cues]
    for term in located_terms(" ".join(cue.text for cue in cues), wanted):
        said[bisect_right(ends, term.start)].append(term)
    return said


def best_cue(
    cues: Sequence[Cue],
    said: Sequence[Iterable[Term]],
    weights: Mapping[str, float],
    chapters: Sequence[Chapter] = (),
    nearness: Callable[[float], float] | None = None,
    reach: float = TUNING.reach,
) -> int:
    """The index of the cue with the highest sum of two scores; the first one if all are equal.

    The scores are the share of the weights of the terms that are said within `reach` seconds from the cue on, and the
    `nearness` of the cue's start: the cosine of what is said from that second on. `said` are the terms of each cue,
    including all that have weights. The title of a chapter counts as said in the cue at which the chapter begins.
    """
    titles = _titles(cues, weights, chapters)
    matches = [(weights.keys() & {term.text for term in words}) | titles.get(k, set()) for k, words in enumerate(said)]
    total = fsum(weights.values()) or 1.0
    scores = [
        _weight_within_reach(cues, matches, first, weights, reach) / total + (nearness(cue.start) if nearness else 0.0)
        for first, cue in enumerate(cues)
    ]
    # With equal scores the beginning of a chapter wins over a cue that announces it.
    return max(range(len(cues)), key=lambda first: (scores[first], first in titles))


def _weight_within_reach(
    cues: Sequence[Cue], matches: Sequence[set[str]], first: int, weights: Mapping[str, float], reach: float
) -> float:
    """The weights of the distinct terms within reach of a cue; 0 if the cue itself has none of them."""
    if not matches[first]:
        return 0.0
    stop = bisect_left(cues, cues[first].start + reach, lo=first, key=lambda cue: cue.start)
    # fsum is independent of the order of the set, which differs between processes.
    return fsum(weights[term] for term in set().union(*matches[first:stop]))


def _titles(cues: Sequence[Cue], weights: Mapping[str, float], chapters: Sequence[Chapter]) -> dict[int, set[str]]:
    """The weighted terms in the titles of chapters, by the index of each chapter's first cue."""
    titles: dict[int, set[str]] = {}
    for chapter in chapters:
        first = bisect_left(cues, chapter.start - ROUNDING, key=lambda cue: cue.start)
        matching = set(terms(chapter.title)) & weights.keys()
        if first < len(cues) and matching:
            titles[first] = titles.get(first, set()) | matching
    return titles


def quoted(cues: Sequence[Cue]) -> Sequence[Cue]:
    """The longest prefix of the cues that fits into a quote, at least one cue."""
    columns = 0
    for count, cue in enumerate(cues):
        columns += 2 * len(cue.text) - len(cue.text.encode("ascii", "ignore")) + 1
        if count and columns > _QUOTE_COLUMNS:
            return cues[:count]
    return cues


def marks(terms: Iterable[Term], begin: int = 0) -> tuple[tuple[int, int], ...]:
    """The spans of terms, as offsets from `begin`; spans that touch or overlap are merged."""
    spans: list[tuple[int, int]] = []
    for _, start, stop in terms:
        if spans and start - begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], stop - begin)
        else:
            spans.append((start - begin, stop - begin))
    return tuple(spans)
