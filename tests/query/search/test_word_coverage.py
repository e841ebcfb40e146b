"""How far candidates cover a question's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np

from seekpoint.index.store import Reader
from seekpoint.index.types import Evidence, Language, Scope, StoredChunk, TermMatrix
from seekpoint.query.search.literal import QuestionSyntax
from seekpoint.query.search.question import ParsedQuestion, Query, QueryTerms, TitleMatch
from seekpoint.query.search.ranking import scored
from seekpoint.query.search.settings import TUNING, AskOptions

NOTHING = np.zeros(2, np.float32)
LANGUAGES: Mapping[str, Language] = {"en": Language(9, NOTHING, None, 90)}


def test_words_count_in_the_candidates_that_have_the_most_of_them_alone() -> None:
    chunks = [StoredChunk(number, 1, "talk", "en", number, number + 1, 0.0, 45.0) for number in range(1, 101)]
    counts = np.arange(100, 0, -1, dtype=np.float32)[None, :]
    evidence = Evidence(chunks, [0.0] * 100, TermMatrix(["mask"], counts, np.full(100, 10)))
    weights, names = {"mask": 2.0}, TitleMatch(frozenset(), ())
    terms = QueryTerms(["mask"], weights, {}, names, frozenset(), {}, (), {}, weights, weights, set())
    question, syntax = ParsedQuestion("mask", ["mask"], [], "en", NOTHING), QuestionSyntax("mask")
    reader, scope = cast("Reader", None), cast("Scope", None)
    query = Query(syntax, question, terms, (), LANGUAGES, 10.0, reader, scope, AskOptions(5), TUNING)
    _, covered, _ = scored(evidence, query)
    assert [chunk_id for chunk_id, share in covered.items() if share] == list(range(1, 81))
    _, covered, _ = scored(evidence, query._replace(options=AskOptions(50)))
    assert all(covered.values())
