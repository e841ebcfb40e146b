"""The lexical side of a library: what BM25 says of several terms, and how often chunks have each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from index import database
from index.errors import LibraryError
from index.lexicon import Lexicon, Postings, summed
from tests.index.parts import build

TALKS = {
    "attention01": ["attention weighs every word", "a mask, a mask: the mask hides"],
    "zhuyili0001": ["注意力给每个词一个权重", "掩码遮住后面的词，掩码 mask"],
    "position001": ["the order of words", "every word has a place in the order"],
}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    build(tmp_path, TALKS)
    with closing(database.connect(tmp_path, writable=False)) as opened:
        yield opened


@pytest.fixture
def lexicon(connection: sqlite3.Connection, tmp_path: Path) -> Lexicon:
    return Lexicon(tmp_path, connection)


@pytest.mark.parametrize("terms", [["mask"], ["掩码", "mask", "the"], ["the", "order", "word", "everi", "mask"]])
def test_the_best_are_those_that_sqlite_ranks_first(
    lexicon: Lexicon, connection: sqlite3.Connection, terms: list[str]
) -> None:
    query = "SELECT rowid, -rank FROM lexicon WHERE lexicon MATCH ? ORDER BY rank, rowid"
    ranked = [tuple(row) for row in connection.execute(query, (" OR ".join(f'"{term}"' for term in terms),))]
    assert lexicon.best(terms, 100) == ranked
    assert lexicon.best(terms, 1) == ranked[:1]
    kept = ranked[1:]
    assert lexicon.best(terms, 100, [chunk for chunk, _ in kept]) == kept


@pytest.mark.parametrize("terms", [[], ["giraff"], ['gir"aff'], ["NEAR("]])
def test_nothing_matches_what_nobody_said(lexicon: Lexicon, terms: list[str]) -> None:
    assert lexicon.best(terms, 5) == []
    assert lexicon.best(["mask"], 5, []) == []


def test_how_often_chunks_have_a_term(lexicon: Lexicon) -> None:
    assert sorted(lexicon.counts("mask").values.tolist()) == [1, 3]
    assert lexicon.counts("掩码").values.tolist() == [2]
    assert lexicon.counts("giraff").values.tolist() == []


def test_a_rare_term_weighs_more_and_an_unknown_one_is_left_out(lexicon: Lexicon) -> None:
    weights = lexicon.weights(["掩码", "the", "giraff", "掩码"])
    assert list(weights) == ["掩码", "the"]
    assert weights["掩码"] > weights["the"] > 0


def test_a_sum_is_by_chunk() -> None:
    one, other = (Postings(np.array(chunks), np.array(values)) for chunks, values in (([2, 9], [1.0, 2]), ([9], [4.0])))
    found = summed([one, other])
    assert (found.chunks.tolist(), found.values.tolist()) == ([2, 9], [1.0, 6.0])
    assert summed([]).chunks.tolist() == summed([summed([])]).chunks.tolist() == []


def test_a_closed_library_says_so(lexicon: Lexicon, connection: sqlite3.Connection) -> None:
    connection.close()
    with pytest.raises(LibraryError, match="was closed"):
        lexicon.best(["mask"], 5)
