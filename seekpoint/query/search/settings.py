"""What the ranking weighs, in one place. docs/quality.md has the sets and figures by which it was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

UNKNOWN_SHARE = 0.5
"""So much of the heaviest one's weight has a word that the library doesn't know."""

COMMON = log(2)
"""The weight of a term that a third of all passages have: those that weigh less tell nothing (docs/quality.md)."""

SALIENT_SHARE = 0.35
"""Terms of at least this share of the heaviest one's weight tell where the answer is."""

AHEAD, AROUND = 30.0, 90.0
"""Seconds. What is said in the half minute from a place on, and in the minute and a half around it, tell together
better than a chunk of 45 s alone: moment@1 .57 -> .61 on dev, .38 -> .41 on fastai."""

MOST_MOMENTS = 100
"""Nobody reads more, and each has to be looked at."""

LONGEST_QUESTION = 4000
"""Characters. A longer one isn't a question."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """The weights that were chosen by measuring; scores run from 0 to 1."""

    # The share of meaning in a score; the rest is that of words. On all four sets 0.5 to 0.6 do equally well.
    dense_share: float = 0.55
    # A passage in another language than the question's can't share its words: so much of its meaning stands in for
    # them, and so much of how far the words' translations cover it is added. On lectures, dev and fastai 0.3 to 0.4 of
    # each do equally well.
    stand_in: float = 0.4
    translated: float = 0.3
    # So much is added in a resource whose title the question holds: 0.15 to 0.5 put the same moments first on lectures,
    # dev, fastai and 24 questions on an article and a paper among the lectures, 14 of which name it.
    named: float = 0.15
    # Seconds. An answer's words come together: what is said so soon after a cue speaks for it.
    reach: float = 30.0
    # Where passages were cut says nothing: when the one before overlaps and scores at least so much of what this one
    # does, the answer may begin there. With both, sharp@1 goes from .18 to .21 on lectures and from .31 to .33 on dev,
    # the median error from 22 to 15 and from 19 to 14 s, for half a question in a hundred at moment@1.
    nearly: float = 0.95
    # A first moment that scores less is no answer, in a library of 10,000 passages. The best of more passages scores
    # higher by chance, by so much when there are e times as many: measured on 136 and on 11,184. Where the question has
    # a word that the library doesn't know, so much more is needed. All three were chosen on lectures.
    least_score: float = 0.22
    growth: float = 0.015
    unknown_word: float = 0.06


TUNING = Tuning()
