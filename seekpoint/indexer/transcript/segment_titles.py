"""Titles for the segments of a recording: what tells a segment from the rest. Extractive, pure.

A phrase is up to four words that stand together, in Chinese up to eight characters, and neither begins nor ends with a
word that says little (phrases.py). Its weight grows with how often it is said in the segment, how much more often than
in the whole recording, with its size, and with how often it stands where a noun does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from math import log
from typing import TypeAlias

import regex

from seekpoint.index.text.clean import clean
from seekpoint.index.text.cue_text import columns
from seekpoint.index.text.terms import UNSPACED, words
from seekpoint.indexer.transcript.phrases import Key, Phrase, is_empty, phrases

MOST_COLUMNS = 60
"""The width of the longest title."""

# What stands before a noun, and what stands before a verb.
_BEFORE_NOUNS = frozenset(
    words("the a an this that these those your our my his her their its of in with for about on by no")
)
_BEFORE_VERBS = frozenset(words("to i you we they he she it who can will would should could might must don didn not"))
# The share of a phrase's occurrences that may go on with the same character: more, and it is a part of a word.
_MOST_BOUND = 0.7
# The share of the first phrase's weight from which a second phrase is added.
_SECOND = 0.6
_CANDIDATES = 12
_NOUN = 0.7
_UNSPACED = regex.compile(f"[{UNSPACED}]")

_Weights: TypeAlias = Mapping[Key, float]


class _Usage:
    """How a phrase is used in the whole recording."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.written = Counter[str]()
        self.before = Counter[str]()
        self.after = Counter[str]()

    def add(self, phrase: Phrase) -> None:
        self.written[phrase.written] += 1
        self.before[phrase.before] += 1
        self.after[phrase.after] += 1

    @property
    def count(self) -> int:
        return self.written.total()

    @property
    def is_free(self) -> bool:
        """Whether it is a phrase by itself, not a part of a word that the dictionaries lack."""
        return all(
            times <= max(_MOST_BOUND * self.count, 1) or not _UNSPACED.fullmatch(neighbour) or is_empty(neighbour)
            for neighbour, times in (*self.before.most_common(1), *self.after.most_common(1))
        )

    @property
    def nominal(self) -> float:
        """How likely it is a noun, by the words before it: from 0 to 1."""
        nouns = sum(times for word, times in self.before.items() if word in _BEFORE_NOUNS)
        verbs = sum(times for word, times in self.before.items() if word in _BEFORE_VERBS)
        return (nouns + 1) / (nouns + verbs + 2)


def titles(segments: Sequence[str]) -> list[str]:
    """A title for each segment's text, all different; empty for one that says nothing that could be a title."""
    found = [list(phrases(text)) for text in segments]
    usages: dict[Key, _Usage] = {}
    for phrase in (phrase for group in found for phrase in group):
        usages.setdefault(phrase.key, _Usage(phrase.size)).add(phrase)
    length = max(sum(map(len, segments)), 1)
    titled: dict[str, None] = {}
    chosen = []
    for text, group in zip(segments, found, strict=True):
        weights = _weights(Counter(phrase.key for phrase in group), usages, len(text) / length)
        title = next((_shortened(one) for one in _titles(weights, usages) if one not in titled), "")
        titled[title] = None
        chosen.append(title)
    return chosen


def _weights(counts: Counter[Key], usages: Mapping[Key, _Usage], share: float) -> dict[Key, float]:
    """The weights of a segment's phrases, the heaviest first; `share` is that of the segment in the recording."""

    def weight(key: Key) -> float:
        usage, times = usages[key], counts[key]
        telling = log(times + 0.3) * log(times / usage.count / max(share, 1e-6))
        return telling * (0.2 + min(usage.size, 6) / 4) * usage.nominal

    weights = {key: weight(key) for key in counts if usages[key].is_free}
    return dict(sorted(weights.items(), key=lambda item: -item[1]))


def _titles(weights: _Weights, usages: Mapping[Key, _Usage]) -> Iterator[str]:
    """Possible titles, best first: a phrase, with a second one that says other words and weighs nearly as much."""
    keys = list(islice(weights, _CANDIDATES))
    for place, key in enumerate(keys):
        others = (
            one
            for one in keys[place + 1 :]
            if weights[one] >= _SECOND * weights[key] and usages[one].nominal >= _least_nominal(one)
        )
        longer = (_joined([_written(usages[key]), _written(usages[one])]) for one in others if not set(key) & set(one))
        yield next((title for title in longer if columns(title) <= MOST_COLUMNS), _joined([_written(usages[key])]))


def _least_nominal(key: Key) -> float:
    """From which likelihood of being a noun a phrase may stand second: a word alone is often an adjective or a verb."""
    return 0.0 if len(key) > 1 or _UNSPACED.match(key[0]) else _NOUN


def _written(usage: _Usage) -> str:
    """A phrase as it is written most often."""
    return clean(usage.written.most_common(1)[0][0])


def _joined(shown: Sequence[str]) -> str:
    title = ("、" if any(map(_UNSPACED.search, shown)) else ", ").join(shown)
    return title[:1].upper() + title[1:]


def _shortened(title: str) -> str:
    if columns(title) <= MOST_COLUMNS:
        return title
    size = next(size for size in range(len(title), 0, -1) if columns(f"{title[:size]}…") <= MOST_COLUMNS)
    return f"{title[:size].rstrip()}…"
