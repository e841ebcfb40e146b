"""The lexical side of a library: what BM25 says of several terms, and how often chunks have each."""

from __future__ import annotations

import math
import random
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.words.accumulators import Postings
from seekpoint.index.embedded.words.lexicon import Lexicon
from seekpoint.index.embedded.words.segments import append, compact, merge_due
from seekpoint.index.errors import DamagedLibrary, LibraryError
from tests.index.embedded.words.test_segments import database
from tests.index.libraries import weights_of

CHUNKS = {
    1: ["attention", "weighs", "every", "word"],
    2: ["a", "mask", "a", "mask", "the", "mask", "hides"],
    3: ["注意", "意力", "每个", "权重"],
    4: ["掩码", "遮住", "掩码", "mask"],
    7: ["the", "order", "of", "word"],
    8: ["every", "word", "has", "a", "place", "in", "the", "order"],
}
Said = dict[int, Sequence[str]]


def plain(said: Said, terms: Sequence[str]) -> dict[int, float]:
    """BM25 as it's written in books, of the chunks that have any of the terms."""
    average = sum(map(len, said.values())) / len(said)
    scores: dict[int, float] = {}
    for term in terms:
        found = {i: list(words).count(term) for i, words in said.items() if term in words}
        weight = rarity(said, term)
        for i, count in found.items():
            norm = 1.2 * (0.25 + 0.75 * len(said[i]) / average)
            scores[i] = scores.get(i, 0.0) + weight * count * 2.2 / (count + norm)
    return scores


def rarity(said: Said, term: str) -> float:
    found = sum(term in words for words in said.values())
    return max(math.log((len(said) - found + 0.5) / (found + 0.5)), 1e-6)


def best(lexicon: Lexicon, terms: Sequence[str], k: int, keep: Ranges | None = None) -> list[tuple[int, float]]:
    """The chunks that match terms best, each term as often as it is given, with their scores."""
    weights = {term: weight * terms.count(term) for term, weight in weights_of(lexicon, terms).items()}
    found = lexicon.best(weights, k, keep)
    return list(zip(found.chunks.tolist(), found.values.tolist(), strict=True))


def opened_lexicon(connection: sqlite3.Connection, alive: Ranges) -> Lexicon:
    return Lexicon(Path("talks"), connection, alive)


def ranges(ids: Sequence[int]) -> Ranges:
    return Ranges.of((i, i + 1) for i in ids)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(database()) as opened:
        opened.row_factory = sqlite3.Row
        for first in (1, 3, 7):
            append(opened, first, [CHUNKS[i] for i in (first, first + 1)])
        yield opened


@pytest.fixture
def lexicon(connection: sqlite3.Connection) -> Lexicon:
    return opened_lexicon(connection, ranges([*CHUNKS]))


@pytest.fixture
def fts5() -> Iterator[sqlite3.Connection]:
    """The same chunks in SQLite's full-text search."""
    with closing(sqlite3.connect(":memory:")) as opened:
        opened.execute("CREATE VIRTUAL TABLE lexicon USING fts5(terms, tokenize = 'unicode61')")
        for i, words in CHUNKS.items():
            opened.execute("INSERT INTO lexicon (rowid, terms) VALUES (?, ?)", (i, " ".join(words)))
        yield opened


@pytest.mark.parametrize("terms", [["mask"], ["掩码", "mask", "the"], ["the", "order", "word", "mask"], ["a", "a"]])
def test_scores_are_those_of_fts5s_bm25(lexicon: Lexicon, fts5: sqlite3.Connection, terms: list[str]) -> None:
    query = "SELECT rowid, -bm25(lexicon) FROM lexicon WHERE lexicon MATCH ? ORDER BY rank, rowid"
    ranked = fts5.execute(query, (" OR ".join(f'"{term}"' for term in terms),)).fetchall()
    for k, keep in ((100, None), (1, None), (100, [i for i, _ in ranked[1:]])):
        found = best(lexicon, terms, k, None if keep is None else ranges(keep))
        wanted = ranked[:k] if keep is None else ranked[1:]
        assert [i for i, _ in found] == [i for i, _ in wanted]
        assert [score for _, score in found] == pytest.approx([score for _, score in wanted])


@pytest.mark.parametrize("seed", range(6))
def test_the_best_are_exact_with_removed_chunks_and_several_segments(seed: int) -> None:
    chance = random.Random(seed)
    words = [f"word{i}" for i in range(80)] + ["掩码", "注意"]
    said: Said = {}
    with closing(database()) as connection:
        for first in range(1, 800, 40):
            new = [chance.choices(words, [1 / i for i in range(1, 83)], k=chance.randint(0, 30)) for _ in range(35)]
            append(connection, first, new)
            said |= dict(enumerate(new, first))
            said = {i: terms for i, terms in said.items() if chance.random() < 0.99 or seed < 2}
            if seed % 2:
                merge_due(connection, ranges([*said]))
        if seed % 3 == 0:
            compact(connection, ranges([*said]))
        lexicon = opened_lexicon(connection, ranges([*said]))
        ids = np.array(sorted(said), np.int64)
        places = lexicon.places(ids)
        assert lexicon.by_id(Postings(places, np.ones(len(ids), np.float32))).chunks.tolist() == ids.tolist()
        assert lexicon.mask(ranges([*said])).nonzero()[0].tolist() == places.tolist()
        for _ in range(6):
            terms = chance.sample([*words, "giraff"], 8)
            known = [term for term in terms if any(term in chunk for chunk in said.values())]
            assert weights_of(lexicon, terms) == pytest.approx({term: rarity(said, term) for term in known})
            kept = chance.sample([*said], 150)
            scores = plain(said, terms)
            for k, keep in ((5, None), (40, None), (5, kept)):
                found = best(lexicon, terms, k, None if keep is None else ranges(keep))
                highest = sorted((score for i, score in scores.items() if keep is None or i in keep), reverse=True)
                assert [score for _, score in found] == pytest.approx(highest[:k], rel=1e-5)
                assert [scores[i] for i, _ in found] == pytest.approx(highest[:k], rel=1e-5)
                assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))


def test_of_equals_the_lower_id_is_first() -> None:
    with closing(database()) as connection:
        append(connection, 1, [["mask", "order"], ["word"], ["word"]] * 40)
        append(connection, 121, [["mask", "order"], ["word"], ["word"]] * 40)
        lexicon = opened_lexicon(connection, Ranges.of([(1, 241)]))
        assert [i for i, _ in best(lexicon, ["order", "mask"], 3)] == [1, 4, 7]
        assert [i for i, _ in best(lexicon, ["word", "mask"], 3, Ranges.of([(100, 150)]))] == [100, 103, 106]


@pytest.mark.parametrize("terms", [[], ["giraff"], ['gir"aff'], ["NEAR("], ["长颈"]])
def test_nothing_matches_what_nobody_said(lexicon: Lexicon, terms: list[str]) -> None:
    assert best(lexicon, terms, 5) == []
    assert weights_of(lexicon, terms) == {}
    assert best(lexicon, ["mask"], 5, ranges([])) == []
    assert best(lexicon, ["mask"], 0) == []


def test_a_library_of_nothing_has_no_words() -> None:
    with closing(database()) as connection:
        lexicon = opened_lexicon(connection, ranges([]))
        assert best(lexicon, ["mask"], 5) == []
        assert weights_of(lexicon, ["mask"]) == {}
        assert lexicon.counts(["mask"])["mask"].chunks.tolist() == []
        assert lexicon.places(np.array([], np.int64)).tolist() == []
        assert lexicon.places(np.array([7])).tolist() == [-1]


def test_what_no_segment_has_is_nowhere() -> None:
    with closing(database()) as connection:
        for first in (5, 20):
            append(connection, first, [["mask"]] * 5)
        lexicon = opened_lexicon(connection, ranges([*range(5, 10), *range(20, 25)]))
        ids = np.array([0, 4, 5, 9, 10, 19, 20, 24, 25, 1 << 40])
        assert lexicon.places(ids).tolist() == [-1, -1, 0, 4, -1, -1, 5, 9, -1, -1]


def test_how_often_chunks_have_a_term(lexicon: Lexicon) -> None:
    for _ in range(2):
        found = lexicon.by_id(lexicon.counts(["mask"])["mask"])
        assert (found.chunks.tolist(), found.values.tolist()) == ([2, 4], [3, 1])
        assert lexicon.counts(["掩码"])["掩码"].values.tolist() == [2]
        assert lexicon.counts(["giraff"])["giraff"].values.tolist() == []


def test_a_removed_chunk_is_never_found(connection: sqlite3.Connection) -> None:
    lexicon = opened_lexicon(connection, ranges([1, 2, 3, 7, 8]))
    assert lexicon.by_id(lexicon.counts(["mask"])["mask"]).chunks.tolist() == [2]
    assert weights_of(lexicon, ["掩码", "mask"]) == {"mask": math.log(4.5 / 1.5)}
    assert [i for i, _ in best(lexicon, ["掩码", "mask"], 5)] == [2]


def test_a_rare_term_weighs_more_and_an_unknown_one_is_left_out(lexicon: Lexicon) -> None:
    weights = weights_of(lexicon, ["掩码", "the", "giraff", "掩码"])
    assert list(weights) == ["掩码", "the"]
    assert weights["掩码"] > weights["the"] > 0
    assert weights_of(lexicon, ["the", "掩码"]) == weights


def test_threads_share_a_lexicon() -> None:
    connection = sqlite3.connect("file:shared-lexicon?mode=memory&cache=shared", uri=True, check_same_thread=False)
    with closing(database()) as source, closing(connection), ThreadPoolExecutor(8) as threads:
        append(source, 1, [[f"word{i % 7}", f"word{i % 11}", "掩码"] for i in range(300)])
        source.backup(connection)
        alone = opened_lexicon(source, Ranges.of([(1, 301)]))
        shared = opened_lexicon(connection, Ranges.of([(1, 301)]))
        questions = [[f"word{i % 11}", f"word{(i + 3) % 11}", "掩码"] for i in range(200)]
        assert list(threads.map(lambda terms: best(shared, terms, 9), questions)) == [
            best(alone, terms, 9) for terms in questions
        ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE posting SET data = substr(data, 2) WHERE term = 'mask'",
        "UPDATE posting_segment SET stop = 1 << 60 WHERE first = 1",
        "UPDATE posting_segment SET first = -1, stop = 1 WHERE first = 1",
    ],
)
def test_a_damaged_list_says_so(lexicon: Lexicon, connection: sqlite3.Connection, change: str) -> None:
    connection.execute(change)
    with pytest.raises(DamagedLibrary, match="posting list"):
        best(lexicon, ["mask"], 5)


def test_a_closed_library_says_so(lexicon: Lexicon, connection: sqlite3.Connection) -> None:
    connection.close()
    with pytest.raises(LibraryError, match="was closed"):
        best(lexicon, ["mask"], 5)
