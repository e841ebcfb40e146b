"""How far candidates cover a question's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np

from seekpoint.index.store import Reader
from seekpoint.index.types import Evidence, Language, StoredChunk, TermMatrix
from seekpoint.query.search.literal import QuestionSyntax
from seekpoint.query.search.pipeline import _lexical, _Query
from seekpoint.query.search.question import ParsedQuestion, QueryTerms, TitleMatch
from seekpoint.query.search.settings import TUNING

NOTHING = np.zeros(2, np.float32)
LANGUAGES: Mapping[str, Language] = {"en": Language(9, NOTHING, None, 90)}


def test_words_count_in_the_candidates_that_have_the_most_of_them_alone() -> None:
    chunks = [StoredChunk(number, 1, "talk", "en", number, number + 1, 0.0, 45.0) for number in range(1, 10)]
    counts = np.arange(9, 0, -1, dtype=np.float32)[None, :]
    evidence = Evidence(chunks, [0.0] * 9, TermMatrix(["mask"], counts, np.full(9, 10)))
    names = TitleMatch(frozenset(), ())
    terms = QueryTerms(["mask"], {"mask": 2.0}, {}, names, frozenset(), {}, (), {})
    question = ParsedQuestion("mask", ["mask"], [], "en", NOTHING)
    query = _Query(QuestionSyntax("mask"), question, terms, LANGUAGES, cast("Reader", None), TUNING)
    covered = _lexical(evidence, query, 4).words
    assert [chunk_id for chunk_id, share in covered.items() if share] == [1, 2, 3, 4]
    assert all(_lexical(evidence, query, 9).words.values())
