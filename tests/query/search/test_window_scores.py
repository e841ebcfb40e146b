"""Windows made of pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from seekpoint.index.types import Pieces, StoredChunk
from seekpoint.query.search.ranking import Windows
from seekpoint.query.search.ranking import windows as windows_of

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

MEAN = np.zeros(3, np.float32)
QUESTION = np.array([1, 0, 0], np.float32)


def pieces(*topics: int, seconds: float = 10.0) -> Pieces:
    """Pieces of ten seconds and as many tokens, each about one of three topics."""
    sums = 10 * np.eye(3, dtype=np.float32)[list(topics)]
    starts = seconds * np.arange(len(topics), dtype=np.float64)
    return Pieces(starts, sums.reshape(-1, 3), np.full(len(topics), 10, np.float32))


def chunk(chunk_id: int, start: float, end: float, language: str = "en") -> StoredChunk:
    return StoredChunk(chunk_id, 1, "talk", language, 0, 1, start, end)


def windows(pieces: Pieces, mean: Vectors, question: Vectors, start: float, end: float) -> Windows | None:
    """The windows of a single chunk."""
    return windows_of([chunk(7, start, end)], {7: pieces}, {"en": mean}, question).get(7)


def test_a_window_ahead_begins_with_its_piece_and_lasts_half_a_minute() -> None:
    found = windows(pieces(1, 1, 1, 0, 0, 0, 1, 1, 1), MEAN, QUESTION, 0.0, 90.0)
    assert found is not None
    assert found.ahead[3] == pytest.approx(1.0) and found.ahead[0] == pytest.approx(0.0, abs=1e-6)
    assert found.ahead[2] == pytest.approx(2 / 5**0.5), "two of its three pieces"
    assert found.ahead.index(max(found.ahead)) == 3
    assert found.around[4] > found.ahead[0] and max(found.around) < 0.8
    assert found.meaning == pytest.approx((1.0 + max(found.around)) / 2)


def test_windows_that_were_embedded_by_themselves_are_what_lies_ahead_and_add_up_to_what_lies_around() -> None:
    given = pieces(1, 1, 0, 1, 1, 1, 1, 1, 1)._replace(are_windows=True)
    found = windows(given, MEAN, QUESTION, 0.0, 90.0)
    assert found is not None
    assert found.ahead == pytest.approx([0, 0, 1, 0, 0, 0, 0, 0, 0], abs=1e-6)
    # 90 seconds around 20 s are those up to 65 s: the windows that begin at 0, 10, 20 and 30 s end in them.
    assert found.around[2] == pytest.approx(1 / 10**0.5)
    # Around 70 s the first one begins at 25 s, and around 0 s the last one at 15 s.
    assert (found.around[0], found.around[7]) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert found.around[6] > 0


def test_a_place_has_the_cosine_of_the_piece_that_it_lies_in() -> None:
    found = windows(pieces(1, 0, 0, 0, 1), MEAN, QUESTION, 0.0, 50.0)
    assert found is not None
    assert [found.ahead_at(seconds) for seconds in (0.0, 10.0, 19.9, 99.0)] == [
        found.ahead[0],
        found.ahead[1],
        found.ahead[1],
        found.ahead[-1],
    ]


def test_only_the_chunks_pieces_count_but_the_others_are_around_them() -> None:
    alone = windows(pieces(1, 1, 1, 1, 1, 1, 1, 1), MEAN, QUESTION, 30.0, 50.0)
    beside = windows(pieces(0, 0, 1, 1, 1, 0, 0, 0), MEAN, QUESTION, 30.0, 50.0)
    assert alone and beside
    assert list(alone.starts) == list(beside.starts) == [30.0, 40.0]
    assert max(beside.around) > max(alone.around) == pytest.approx(0.0, abs=1e-6)


def test_a_piece_that_covers_the_beginning_belongs_to_the_chunk() -> None:
    found = windows(pieces(0, 1, 1), MEAN, QUESTION, 5.0, 15.0)
    assert found is not None and list(found.starts) == [0.0, 10.0]


def test_the_languages_mean_is_taken_out() -> None:
    mean = np.array([0.9, 0.1, 0.0], np.float32)
    found = windows(pieces(0, 0, 0, 1, 1, 1), mean, QUESTION, 0.0, 60.0)
    assert found is not None and found.ahead[3] < 0 < found.ahead[0]


def test_a_chunk_without_pieces_has_no_windows() -> None:
    none = Pieces(np.empty(0), np.empty((0, 3), np.float32), np.empty(0, np.float32))
    assert windows(none, MEAN, QUESTION, 0.0, 45.0) is None
    assert windows(pieces(0), MEAN, QUESTION, -20.0, 0.0) is None


def test_more_chunks_than_are_looked_at_at_once_have_the_very_numbers_of_each() -> None:
    chance = np.random.default_rng(1)
    chunks = [chunk(k, 10.0 * (k % 7), 10.0 * (k % 7) + 45) for k in range(50)]
    around = {k: pieces(*chance.integers(0, 3, 4 + k % 11)) for k in range(50)}
    together = windows_of(chunks, around, {"en": MEAN + 0.1}, QUESTION)
    assert len(together) > 40
    for one in chunks:
        alone = windows_of([one], around, {"en": MEAN + 0.1}, QUESTION)
        assert (one.id in alone) == (one.id in together)
        for found in alone.values():
            assert together[one.id].ahead == found.ahead
            assert together[one.id].around == found.around


def test_many_chunks_have_the_windows_that_each_has_alone() -> None:
    chunks = [chunk(1, 0.0, 30.0), chunk(2, 5.0, 45.0, "zh-TW"), chunk(3, 900.0, 945.0), chunk(4, -20.0, 0.0)]
    around = {1: pieces(0, 1, 2), 2: pieces(1, 0, 0, 2, 0, 1), 3: pieces(2, 0), 4: pieces(0)}
    means = {"en": MEAN, "zh": np.array([0.5, 0.0, 0.5], np.float32)}
    together = windows_of(chunks, around, means, QUESTION)
    assert list(together) == [1, 2, 3]
    for one in chunks[:3]:
        alone = windows_of([one], around, means, QUESTION)[one.id]
        for found, expected in ((together[one.id].ahead, alone.ahead), (together[one.id].around, alone.around)):
            assert found == pytest.approx(expected)
        assert together[one.id].starts == alone.starts
    assert windows_of([], {}, means, QUESTION) == {}
