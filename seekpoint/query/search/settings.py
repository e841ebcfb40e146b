"""The options of a question, and the weights of the ranking; benchmarks/RESULTS.md has the figures behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log

from seekpoint.index.types import Filters, Reranker

UNKNOWN_SHARE = 0.5
"""The weight of a word that the library doesn't have, as a share of the question's heaviest weight."""

COMMON = log(2)
"""The weight (idf) of a term that a third of all passages have. Terms of less weight are left out."""

SALIENT_SHARE = 0.35
"""Terms with at least this share of the heaviest weight tell where in a chunk the answer is."""

AHEAD, AROUND = 30.0, 90.0
"""Seconds. Windows of 30 s from a place on and of 90 s around it rank better than a chunk of 45 s alone: moment@1 rises
from .57 to .61 on dev, and from .38 to .41 on fastai."""

PER_RESOURCE = 2
"""The most moments of one resource among the first five, unless nothing else is near."""

NEAR = 0.85
"""A moment is near with at least this share of the first one's score. With 0.8 moment@5 falls by .004 on lectures, with
0.7 by .013, since a recording that is far ahead of all others often has the answer in its third moment."""

INTRODUCES = 0.75
"""For *what is X?* the earliest passage of the best one's resource comes first which has this share of the best one's
score and meaning, and which a passage with this share of the meaning follows. Of 125 such questions the first moment is
right for .70 instead of .56, of 73 about podcasts for .52 instead of .53, or for .47 where nothing needs to follow,
since a podcast announces what it is about. Other questions ask for later places: with this for all, moment@1 on broad
is .30, not .53.
"""

MOST_MOMENTS = 100
"""The most moments of an answer: nobody reads more, and each costs time."""

LONGEST_QUESTION = 4000
"""The most characters of a question."""

EMPHASIS = 0.75
"""Words in typographic marks are emphasised, not asked for, where no passage that says them has this share of the score
of the best that doesn't. Of the questions of broad and dev, two that quote a Chinese word are answered in English only:
their shares are .51 and .55, those of the three others are 1."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """The weights that were chosen by measuring. Scores are between 0 and 1."""

    # Cosines are multiplied by this, so that those of any model are spread as the bundled one's.
    scale: float = 1.0
    # The share of a chunk's own cosine in its meaning; its windows have the rest.
    own: float = 0.0
    # The share of meaning in a score; words have the rest. From 0.5 to 0.6 results are equally good on all four sets.
    dense_share: float = 0.55
    # A passage in another language than the question can't share its words. Its score for words is at least `stand_in`
    # times its meaning plus `translated` times the coverage of the words' translations. From 0.3 to 0.4 both do equally
    # well on lectures, dev and fastai.
    stand_in: float = 0.4
    translated: float = 0.3
    # Added to the scores in a resource whose title the question contains. From 0.15 to 0.5 the same moments come first
    # on lectures, dev, fastai, and 24 questions on an article and a paper among the lectures, of which 14 name it.
    named: float = 0.15
    # The share of its score's distance to 1 that a passage gains which says the whole question, word for word, so that
    # it comes before all others. benchmarks/remembered.py measures it.
    verbatim: float = 0.9
    # A question that was noted near a passage adds to its score: `noted` times what its likeness to the asked one has
    # above `unlike`. With half of the recordings read, seven of eight sets are better, and one is worse, by two of 44
    # questions (benchmarks/RESULTS.md).
    noted: float = 0.4
    unlike: float = 0.2
    # Seconds. The words of an answer come together: words that are said this soon after a cue count for the cue.
    reach: float = 30.0
    # Passages are cut at arbitrary places. If the passage before overlaps and scores at least this share of the
    # passage's score, the answer may begin there. `reach` and `nearly` together raise sharp@1 from .18 to .21 on
    # lectures and from .31 to .33 on dev, and lower the median error from 22 to 15 s and from 19 to 14 s. They cost
    # half a question in a hundred at moment@1.
    nearly: float = 0.95


TUNING = Tuning()

OPTION_HELP: Mapping[str, str] = {
    "k": "How many moments to show.",
    "also": "The question in another language or other words, whose moments count as well.",
    "per_resource": "How many moments of one resource among the first five, unless nothing else is near.",
    "explained": "Say why each moment was found.",
    "kind": "Only resources of this kind.",
    "section": "Only resources under a heading with these words.",
    "language": "Only what is said in this language, such as en or zh.",
    "speaker": "Only what is said by someone with these words in the name.",
    "after": "Only what was published on or after this date, such as 2026, 2026-03 or 2026-03-15.",
    "before": "Only what was published before this date.",
    "added": "Only what came into the library since this date, or in the last 7d, 12h or 2w.",
}
"""The options of a question in a line each, for every door that takes them: commands, the HTTP API and assistants."""


@dataclass(frozen=True, slots=True)
class AskOptions:
    """Options of a question: at most `k` moments, of those that `filters` keep, ordered again by a `reranker`.

    At most `per_resource` of the first five are of one resource, unless nothing else is near. `explained` moments say
    why they were found, and the answer what its confidence follows from; an `estimated` one says only this. `tuning`
    replaces the weights of the ranking. `also` are other wordings of the question, in other languages or words, whose
    moments count as well.
    """

    k: int = 5
    filters: Filters = field(default_factory=Filters)
    per_resource: int = PER_RESOURCE
    explained: bool = False
    reranker: Reranker | None = None
    tuning: Tuning | None = None
    also: tuple[str, ...] = ()
    estimated: bool = False
