"""Confidence: how likely the library answers a question, and the first moment then, by two logistic regressions.

The first moment is right with the product of both, so that it is never likelier than an answer. The constants were
fitted by `benchmarks/confidence.py`; benchmarks/RESULTS.md has the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import exp, fsum, log
from typing import TYPE_CHECKING, NamedTuple

import regex

from seekpoint.index.models.encoder import BUNDLED, STAND_IN
from seekpoint.index.store import Reader
from seekpoint.index.text.languages import is_told_by_script, primary
from seekpoint.index.text.terms import Term, is_whole_word
from seekpoint.index.text.terms import terms as split
from seekpoint.index.types import Evidence
from seekpoint.query.answers import Confidence, Estimate
from seekpoint.query.search.settings import TUNING, Tuning

if TYPE_CHECKING:
    from seekpoint.query.search.question import Query
    from seekpoint.query.search.ranking import Hit


# Chunks. The neighbours of a chunk on either side whose words count as said with it.
_NEIGHBOURS = 3
# Distinct hits after the first.
_RIVALS = 5
_MOST_UNKNOWN = 2
_FAMILIAR = regex.compile(r"[\p{Latin}\p{M}\p{N}]+|\p{Han}+")
# The rarity of unsaid words where the words mean nothing to the library.
_NEUTRAL = 0.3
# The likeness from which on a noted question says something.
_ALIKE = 0.3
# Chunks: libraries with fewer or more count as with these numbers. Libraries of 80 to 10,800 chunks were measured.
_FEWEST, _MOST = 600, 11_000


class Features(NamedTuple):
    """The features of both estimates, which `Estimate` describes.

    `unsaid` is a mean over all content words: those that are said near the first moment count as 0. `unknown` is the
    number of words that the library lacks, in parts of _MOST_UNKNOWN and at most 1. `size` is the logarithm of the
    number of chunks in ten thousands, within _FEWEST and _MOST.
    """

    meaning: float
    unsaid: float
    unknown: float
    size: float
    ahead: float
    together: float
    noted: float = 0.0


class Logit(NamedTuple):
    """A logarithm of odds: a weight for each feature."""

    bias: float
    weights: Features

    def of(self, features: Features) -> float:
        """The logarithm of the odds with these features."""
        return self.bias + sum(weight * value for weight, value in zip(self.weights, features, strict=True))


class Calibration(NamedTuple):
    """The constants of the confidence: that the library answers, and that the first moment does if the library does.

    A question isn't answered where the first probability is below `low`. The confidence is high where it is answered,
    and the product of both is `high` or more.
    """

    answered: Logit
    right: Logit
    low: float
    high: float

    def probabilities(self, features: Features) -> tuple[float, float]:
        """That the library answers, and that the first moment does."""
        answered, right = (1 / (1 + exp(-logit.of(features))) for logit in (self.answered, self.right))
        return answered, answered * right


BUNDLED_CALIBRATION = Calibration(
    Logit(-1.26, Features(meaning=11.43, unsaid=-5.69, unknown=-0.78, size=-0.11, ahead=0.0, together=0.0, noted=4.0)),
    Logit(-1.47, Features(meaning=0.0, unsaid=0.0, unknown=0.0, size=0.0, ahead=11.82, together=0.81, noted=1.5)),
    low=0.17,
    high=0.47,
)
"""Fitted with the bundled model; `noted` on four libraries with readings, the other weights being held."""

ANY_CALIBRATION = Calibration(
    Logit(2.59, Features(meaning=0.0, unsaid=-6.50, unknown=-0.94, size=0.0, ahead=0.0, together=0.0)),
    Logit(-0.65, Features(meaning=0.0, unsaid=0.0, unknown=0.0, size=0.0, ahead=0.0, together=0.90)),
    low=0.13,
    high=1.0,
)
"""For models whose cosines have an unknown scale: fitted without the features that depend on it. The others tell no
right first moment from a wrong one, so the confidence is never high."""


def estimate(features: Features, calibration: Calibration) -> tuple[Confidence, Estimate]:
    """How likely these features are those of an answer."""
    answered, right = calibration.probabilities(features)
    state = Confidence.LOW
    if answered < calibration.low:
        state = Confidence.NONE
    elif right >= calibration.high:
        state = Confidence.HIGH
    return state, Estimate(*(round(value, 4) for value in (answered, right, *features)))


def features(first: Hit, distinct: Sequence[Hit], evidence: Evidence, query: Query, unknown: Sequence[str]) -> Features:
    """The features of a question with this first hit, of these best hits in their order before a reranker.

    `unknown` are the words that `unknown_words` finds. Said are the terms that the first hit or its neighbours among
    the candidates say, also in translation, and those of the title of its resource. Unknown bigrams that overlap a
    known one don't count: these are rarely words. Those that overlap each other count as one word.
    """
    terms, content = query.terms, query.question.content
    rivals = [hit for hit in distinct if hit.chunk.id != first.chunk.id][:_RIVALS]
    near = [
        chunk.transcript_id == first.chunk.transcript_id and abs(chunk.id - first.chunk.id) <= _NEIGHBOURS
        for chunk in evidence.chunks
    ]
    counts = evidence.words.counts[:, near].sum(axis=1).tolist()
    said = {term for term, count in zip(evidence.words.terms, counts, strict=True) if count}
    said |= terms.titled.get(first.chunk.resource_id, set())
    translated = terms.translated.get(primary(first.chunk.language), ())
    said = said.union(*(split(word.word) for word in translated if any(said >= {*each} for each in word.alternatives)))
    nowhere = {term for term in content if terms.rarities[term.text] == 1}
    overlapping = [pair for pair in pairwise(content) if pair[1].start < pair[0].stop]
    beside = {term for pair in overlapping for term in nowhere.intersection(pair) if not nowhere.issuperset(pair)}
    goes_on = {after for before, after in overlapping if nowhere.issuperset((before, after))}
    counted = {term.text for term in content if term not in beside and term not in goes_on}
    rarities = [0.0 if term in said else terms.rarities[term] for term in counted]
    return Features(
        meaning=first.dense,
        unsaid=fsum(rarities) / max(len(rarities), 1) if _is_understood(query) else _NEUTRAL,
        unknown=min(len(unknown), _MOST_UNKNOWN) / _MOST_UNKNOWN,
        size=log(min(max(len(query.scope), _FEWEST), _MOST) / 10_000),
        ahead=_fused(first) - fsum(map(_fused, rivals)) / max(len(rivals), 1),
        together=sum(hit.chunk.resource_id == first.chunk.resource_id for hit in rivals) / max(len(rivals), 1),
        noted=max(first.like.likeness - _ALIKE, 0.0) if first.like else 0.0,
    )


def _fused(hit: Hit) -> float:
    """The score that depends neither on a reranker, nor on what is said word for word, nor on noted questions."""
    return (hit.score if hit.fused is None else hit.fused) - hit.verbatim - hit.noted


def _is_understood(query: Query) -> bool:
    """Whether it means something that words are unknown; in another language than the library's all are.

    Its language is known if one of the words is, or a function word, or if its script tells it, as Chinese characters
    do. A question of one or two words in the letters of the library's languages is a name, rather than of another
    language.
    """
    content = {term.text for term in query.question.content}
    if query.is_spoken and is_told_by_script(query.question.language):
        return True
    if any(rarity < 1 for rarity in query.terms.rarities.values()):
        return True
    is_name = len(content) <= _MOST_UNKNOWN and all(map(_FAMILIAR.fullmatch, content))
    return query.is_spoken and (is_name or len(query.question.content) < len(query.question.terms))


def unknown_words(query: Query) -> tuple[str, ...]:
    """The content words that the library doesn't have, as they are written in the question.

    Of Chinese characters, a word is a run of bigrams that are all unknown; a single one among known ones is rarely a
    word. A foreign name in a Chinese question is a word in whichever library.
    """
    text, runs = query.question.text, list[list[Term]]()
    for term in query.question.content:
        if runs and term.start < runs[-1][-1].stop:
            runs[-1].append(term)
        else:
            runs.append([term])
    are_words = [is_whole_word(run[0].text) for run in runs]
    if not _is_understood(query):
        if all(are_words):
            return ()
        runs = [run for run, is_word in zip(runs, are_words, strict=True) if is_word]
    spellings: dict[str, str] = {}
    for run in runs:
        if all(query.terms.rarities[term.text] == 1 for term in run):
            word = text[run[0].start : run[-1].stop]
            spellings.setdefault(run[0].text if len(run) == 1 else word, word)
    return tuple(spellings.values())


# The share of a passage's own cosine with other models than the bundled one. From .3 to .5 moment@1 is .01 to .03 above
# that with 0 for EmbeddingGemma on broad and dev, and level or better for all-MiniLM-L6-v2 on broad and tutorialvqa.
_OWN = 0.4

_GEMMA = Logit(-3.11, Features(meaning=14.78, unsaid=-4.97, unknown=-2.36, size=0.0, ahead=0.0, together=0.0))
PROFILES = {
    "0d2cae2b4ec697c6276c635a350f4a6cc1dd966a1bd94a1bd0a11b153bcd2fdc": (
        replace(TUNING, own=_OWN),
        BUNDLED_CALIBRATION._replace(answered=_GEMMA, low=0.31),
    )
}
"""Weights and constants for other models, by the fingerprint of each. EmbeddingGemma-300M's constants were fitted by
`benchmarks/confidence.py` on broad and dev; docs/own-models.md has the figures."""


def profile_of(reader: Reader) -> tuple[Tuning, Calibration]:
    """The weights of the ranking with a library's model, and the constants of the confidence.

    A model that isn't known has the bundled model's weights, its cosines being scaled to the bundled one's. Where the
    scale is unknown, they say nothing of whether a question is answered.
    """
    if reader.card.name in (BUNDLED, STAND_IN):
        return (TUNING, BUNDLED_CALIBRATION)
    if reader.card.fingerprint in PROFILES:
        return PROFILES[reader.card.fingerprint]
    known = reader.settings.scale_of(reader.card)
    if not known:
        return (TUNING, ANY_CALIBRATION)
    return (replace(TUNING, own=_OWN, scale=known.scale), BUNDLED_CALIBRATION)
