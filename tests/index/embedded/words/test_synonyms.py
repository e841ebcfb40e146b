"""Words by their translations: where any of them is said, and that what was read once isn't read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.index.embedded.words.accumulators import Postings, PostingsCombiner
from seekpoint.index.embedded.words.synonyms import Synonyms, any_of, terms_of
from seekpoint.index.types import Alternatives
from tests.index.libraries import chunks_of

SPAN = 8
TERMS = ["mask", "hide", "掩码", "遮住"]
words = st.lists(st.lists(st.sampled_from(TERMS), min_size=1, max_size=3).map(tuple), min_size=1, max_size=4).map(tuple)
said = st.lists(st.lists(st.sampled_from(TERMS), max_size=6), min_size=SPAN, max_size=SPAN)


def lists_of(passages: Iterable[list[str]]) -> dict[str, Postings]:
    counts = list(map(Counter, passages))
    having = {term: [place for place, count in enumerate(counts) if term in count] for term in TERMS}
    return {
        term: Postings(np.array(places, np.int64), np.array([counts[place][term] for place in places], np.float32))
        for term, places in having.items()
    }


def told(postings: Postings) -> dict[int, float]:
    return dict(zip(postings.chunks.tolist(), postings.values.tolist(), strict=True))


@given(words, said)
def test_a_word_is_said_as_often_as_its_translations_are_in_full(word: Alternatives, passages: list[list[str]]) -> None:
    times = [sum(min(passage.count(term) for term in terms) for terms in word) for passage in passages]
    expected = {place: count for place, count in enumerate(times) if count}
    assert told(any_of(word, lists_of(passages), PostingsCombiner(SPAN))) == expected


def test_the_terms_of_words() -> None:
    assert terms_of([(("mask",), ("hide", "word")), (("掩码",),)]) == {"mask", "hide", "word", "掩码"}


MASK: Alternatives = (("mask",), ("掩码",))


def test_words_are_counted_in_one_language_at_a_time_and_once(folder: Path) -> None:
    with EmbeddedReader.open(folder) as library:
        synonyms = Synonyms(library.lexicon, library.holdings.spoken)
        combiner, found = PostingsCombiner(library.lexicon.span), {}
        for language in ("en", "zh"):
            (counts,) = synonyms.counts([MASK], language, combiner)
            found[language] = library.lexicon.by_id(counts).chunks
            assert synonyms.counts([MASK], language, combiner)[0] is counts
        said = {language: chunks_of(library, ids.tolist()).values() for language, ids in found.items()}
    assert [chunk.resource_id for chunk in said["en"]] == ["attention01"]
    assert [chunk.resource_id for chunk in said["zh"]] == ["zhuyili0001"]


def test_words_that_nobody_says_are_said_nowhere(folder: Path) -> None:
    with EmbeddedReader.open(folder) as library:
        synonyms = Synonyms(library.lexicon, library.holdings.spoken)
        (counts, others) = synonyms.counts([(("zebra",),), MASK], "en", PostingsCombiner(library.lexicon.span))
    assert (len(counts.chunks), len(others.chunks)) == (0, 1)
