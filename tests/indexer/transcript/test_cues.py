"""Normalisation of cues for indexing."""

from itertools import pairwise
from math import inf, nan

import pytest

from seekpoint.index.types import Cue
from seekpoint.indexer.transcript.cues import LONGEST, tidy
from tests.cost import at_most


def texts(cues: tuple[Cue, ...]) -> list[str]:
    return [cue.text for cue in cues]


def test_cues_are_cleaned_and_empty_ones_dropped() -> None:
    cues = tidy([Cue(0, 1, " a\n b\x1b\u202e "), Cue(1, 2, " \n"), Cue(2, 3, "注意力\u200b")])
    assert texts(cues) == ["a b", "注意力"]


def test_cues_are_in_order_and_those_that_start_together_stay_as_they_were() -> None:
    cues = tidy([Cue(5, 6, "c"), Cue(1, 2, "b"), Cue(1, 2, "a")])
    assert texts(cues) == ["b", "a", "c"]


def test_invalid_times_are_repaired() -> None:
    cues = tidy(
        [Cue(nan, 1, "no place"), Cue(inf, inf, "no place"), Cue(-3, -1, "a"), Cue(2, 1, "b"), Cue(3, nan, "c")]
    )
    assert cues == (Cue(0, 0, "a"), Cue(2, 2, "b"), Cue(3, 3, "c"))


def test_an_overlap_ends_where_the_next_later_cue_begins() -> None:
    cues = tidy([Cue(0, 9, "a"), Cue(0, 3, "b"), Cue(5, 9, "c"), Cue(7, 8, "d")])
    assert [(cue.start, cue.end) for cue in cues] == [(0, 5), (0, 3), (5, 7), (7, 8)]


def test_ordinary_cues_stay_as_they_are() -> None:
    cues = (Cue(0, 40, "One sentence. Another one."), Cue(40, 80, "一句話。另一句話。"))
    assert tidy(cues) == cues


@pytest.mark.parametrize(
    "sentence", ["We now look at attention, at last. ", "现在我们来看看注意力机制。", "आइए अब ध्यान तंत्र देखें। "]
)
def test_an_hour_in_one_cue_becomes_pieces_of_whole_sentences(sentence: str) -> None:
    text = (sentence * (60_000 // len(sentence))).strip()
    cues = tidy([Cue(0, 3600, text)])
    assert all(cue.end - cue.start <= LONGEST + 0.001 for cue in cues)
    assert all(cue.text.endswith(sentence.strip()) for cue in cues)
    assert "".join(texts(cues)).replace(" ", "") == text.replace(" ", "")
    assert all(a.end == pytest.approx(b.start) for a, b in pairwise(cues))
    assert cues[-1].end == 3600


@pytest.mark.parametrize(
    ("text", "longest"), [("word " * 12_000, 1600), ("字" * 60_000, 400), ("ไ" * 60_000, 400), ("x" * 60_000, 1600)]
)
def test_sixty_thousand_characters_without_a_duration_are_split_by_tokens(text: str, longest: int) -> None:
    cues = tidy([Cue(7, 7, text)])
    assert max(len(cue.text) for cue in cues) <= longest
    assert "".join(texts(cues)).replace(" ", "") == text.replace(" ", "")
    assert {(cue.start, cue.end) for cue in cues} == {(7, 7)}


def test_splits_prefer_spaces_and_commas_to_the_middle_of_a_word() -> None:
    assert {word for cue in tidy([Cue(0, 600, "gradient " * 900)]) for word in cue.text.split()} == {"gradient"}
    assert all(cue.text.endswith("，") for cue in tidy([Cue(0, 600, "我们先看梯度，" * 300)]))


def test_numbers_and_quotations_stay_whole() -> None:
    pieces = texts(tidy([Cue(0, 300, "He said “pi is 3.14.” " * 120)]))
    assert len(pieces) > 6 and all(piece.startswith("He") and piece.endswith("”") for piece in pieces)


def test_a_combining_mark_stays_with_its_letter() -> None:
    assert not any(cue.text.startswith("\u0301") for cue in tidy([Cue(0, 0, "xe\u0301e\u0301" * 9000)]))


def test_a_phrase_shown_for_long_stays_one_cue() -> None:
    assert tidy([Cue(0, 600, "[Music]")]) == (Cue(0, 600, "[Music]"),)


@pytest.mark.parametrize("text", ["。" * 10**6, "\u0301" * 10**6, "a," * 500_000, "字" * 10**6])
def test_a_huge_cue_takes_linear_time(text: str) -> None:
    with at_most(seconds=20):
        assert len(tidy([Cue(0, 10**6, text)])) > 100
