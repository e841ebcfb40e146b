"""How much of a question passages say word for word: people ask for sentences that they remember."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seekpoint.index.text.terms import is_whole_word, located_words, words
from seekpoint.index.types import Evidence
from seekpoint.query.search.literal import Pattern, texts_of

if TYPE_CHECKING:
    from seekpoint.index.store import Reader
    from seekpoint.query.search.question import ParsedQuestion

# Words, or characters where these aren't spaced. Of a question with fewer than _LONG only the whole counts.
_RUN, _LONG = 3, 7
# The share of the terms of a long question that a passage has which is read, and of its content that counts as said.
_HAS, _SAYS = 0.6, 0.5
# Passages that are read. Of 150 short questions nine in ten have three at most with all their words; for a long one, in
# a library of 100,000 chunks, hundreds may have enough.
_MOST_READ, _MOST_OF_A_LONG = 60, 20
# Line breaks between characters: one in so many bigrams.
_LINE = 6
# The rarity of words that all passages have, so that they count where there are no others.
_LEAST_RARE = 0.01
# Added to the rarity of each term, so that function words tell passages apart, too.
_BESIDE = 0.1


def shares_said(
    evidence: Evidence, whole: Pattern, question: ParsedQuestion, rarities: Mapping[str, float], reader: Reader
) -> dict[int, float]:
    """How much of a question the candidates say, by the id of the chunk: 1 is all of it, word for word.

    Less than all are the content words that the library has, by their rarity, in runs of three words that are said.
    """
    said = list(located_words(question.text))
    texts = _read(evidence, whole, rarities, reader, is_long=len(said) >= _LONG)
    shares = {chunk: 1.0 for chunk, text in texts.items() if whole.is_in(text)}
    if len(said) < _LONG:
        return shares
    known = (term for term in question.content if rarities[term.text] < 1)
    content = [(term.start, term.stop, max(rarities[term.text], _LEAST_RARE)) for term in known]
    total = fsum(weight for *_, weight in content) or 1.0
    asked = _runs([word.text for word in said])
    for chunk in texts.keys() - shares.keys():
        having = {*_runs(words(texts[chunk]))}
        spans = [(said[k].start, said[k + _RUN - 1].stop) for k, run in enumerate(asked) if run in having]
        within = (weight for a, b, weight in content if any(start <= a and b <= stop for start, stop in spans))
        if (share := fsum(within) / total) >= _SAYS:
            shares[chunk] = min(share, 0.99)
    return shares


def _runs(texts: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*(texts[k:] for k in range(_RUN)), strict=False))


def _read(
    evidence: Evidence, whole: Pattern, rarities: Mapping[str, float], reader: Reader, *, is_long: bool
) -> dict[int, str]:
    """The texts of the candidates that have most terms of a question, the rare ones first, by the id of the chunk."""
    rows = dict(zip(evidence.words.terms, evidence.words.counts, strict=True))
    none: NDArray[np.float64] = np.zeros(len(evidence.chunks))
    terms = whole.terms
    has = np.array([rows.get(term, none) > 0 for term in terms])
    are_words = np.array([is_whole_word(term) for term in terms])
    broken = (~has[~are_words]).sum(axis=0)
    possible = has[are_words].all(axis=0) & (broken <= 1 + np.sum(~are_words) // _LINE)
    if is_long:
        possible |= has.mean(axis=0) >= _HAS
    weights = [rarities.get(term, 0.0) + _BESIDE for term in terms]
    order = np.argsort(-(weights @ has), kind="stable").tolist()
    most = _MOST_OF_A_LONG if is_long else _MOST_READ
    chunks = [evidence.chunks[index] for index in order if possible[index]][:most]
    if not chunks:
        return {}
    return dict(zip((chunk.id for chunk in chunks), texts_of(chunks, reader), strict=True))
