"""Inside a chunk: the cue where the answer begins, and what to quote from there."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import accumulate
from math import fsum

from seekpoint.index.text.chapters import ROUNDING
from seekpoint.index.text.terms import Term, located_terms, terms
from seekpoint.index.types import Chapter, Cue
from seekpoint.query.search.settings import SALIENT_SHARE, TUNING

# About three lines of a terminal; a Chinese character is two columns wide and says more.
_QUOTE_COLUMNS = 240


def salient(weights: Mapping[str, float]) -> dict[str, float]:
    """The terms that tell where the answer is: not the ones that any sentence has."""
    least = SALIENT_SHARE * max(weights.values(), default=0.0)
    return {term: weight for term, weight in weights.items() if weight >= least}


def said_in(cues: Sequence[Cue], wanted: Set[str]) -> list[list[Term]]:
    """The wanted terms that each cue says, with their places in the text of them all, which a space parts."""
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
    """The cue from which on the question's terms stand closest together and the meaning is nearest; else the first.

    `said` are terms that each cue says, among them all that have weights; the title of a chapter that begins in these
    cues counts as said there. `nearness` gives the cosine of what is said from a second on. `reach` is in seconds.
    """
    titles = _titles(cues, weights, chapters)
    found = [(weights.keys() & {term.text for term in words}) | titles.get(k, set()) for k, words in enumerate(said)]
    most = fsum(weights.values()) or 1.0
    values = [
        _share(cues, found, first, weights, reach) / most + (nearness(cue.start) if nearness else 0.0)
        for first, cue in enumerate(cues)
    ]
    # Where a chapter is announced just before it begins, the beginning is the place.
    return max(range(len(cues)), key=lambda first: (values[first], first in titles))


def _share(
    cues: Sequence[Cue], found: Sequence[set[str]], first: int, weights: Mapping[str, float], reach: float
) -> float:
    """What the terms within reach weigh, where the first cue has one of them."""
    if not found[first]:
        return 0.0
    stop = bisect_left(cues, cues[first].start + reach, lo=first, key=lambda cue: cue.start)
    # fsum doesn't depend on the order, which a set changes from process to process.
    return fsum(weights[term] for term in set().union(*found[first:stop]))


def _titles(cues: Sequence[Cue], weights: Mapping[str, float], chapters: Sequence[Chapter]) -> dict[int, set[str]]:
    """The terms of chapters' titles, by the first cue of each chapter."""
    found: dict[int, set[str]] = {}
    for chapter in chapters:
        first = bisect_left(cues, chapter.start - ROUNDING, key=lambda cue: cue.start)
        matching = set(terms(chapter.title)) & weights.keys()
        if first < len(cues) and matching:
            found[first] = found.get(first, set()) | matching
    return found


def quoted(cues: Sequence[Cue]) -> Sequence[Cue]:
    """The first of these cues and those after it, as many whole ones as fit into a quote."""
    columns = 0
    for count, cue in enumerate(cues):
        columns += 2 * len(cue.text) - len(cue.text.encode("ascii", "ignore")) + 1
        if count and columns > _QUOTE_COLUMNS:
            return cues[:count]
    return cues


def marks(terms: Iterable[Term], begin: int = 0) -> tuple[tuple[int, int], ...]:
    """Where terms stand in what of a text comes from `begin` on; places that touch or overlap are one."""
    spans: list[tuple[int, int]] = []
    for _, start, stop in terms:
        if spans and start - begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], stop - begin)
        else:
            spans.append((start - begin, stop - begin))
    return tuple(spans)
