"""Scores, windows, distinct hits and a mix of resources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import seekpoint
from seekpoint.index.types import Evidence, Pieces, StoredChunk, TermMatrix, WordGroup
from seekpoint.query.search.question import discriminative_terms, match_titles
from seekpoint.query.search.ranking import (
    Hit,
    Windows,
    coverage,
    distinct,
    group_scores,
    mixed,
    scored,
    strongest,
    term_scores,
    windows,
    with_openings,
)
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt
from tests.query.search.queries import NOTHING, query
from tests.query.web.conftest import serving

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors


@pytest.mark.parametrize(
    ("score", "weights", "question_terms", "expected"),
    [
        (4.4, {"mask": 2.0}, ["mask"], 1.0),
        (17.6, {"mask": 2.0, "softmax": 6.0}, ["mask", "softmax"], 1.0),
        (9.0, {"掩码": 2.0}, ["掩码"], 1.0),
        (2.0, {"mask": 2.0}, ["mask"], 1 / 2.2),
        (8.8, {"mask": 4.0}, ["mask", "zebra"], 2 / 3),
        (0.0, {}, ["zebra"], 0.0),
        (0.0, {}, [], 0.0),
    ],
    ids=[
        "a short question in full",
        "a long question in full",
        "never more than all",
        "a term that is said once",
        "an unknown word weighs half of the heaviest",
        "no known word",
        "no word",
    ],
)
def test_coverage_is_a_share_of_what_the_question_could_reach(
    score: float, weights: dict[str, float], question_terms: list[str], expected: float
) -> None:
    assert coverage(np.array([score]), weights, question_terms).tolist() == pytest.approx([expected])


def rarity(having: int, passages: int) -> float:
    return log((passages - having + 0.5) / (having + 0.5))


@pytest.mark.parametrize(
    ("weights", "question_terms", "telling"),
    [
        ({"the": 0.1, "mask": 4.0, "of": 0.6}, ["the", "mask", "zebra", "of"], ["mask", "zebra"]),
        ({"the": 0.1, "of": 0.6}, ["of", "the"], ["of", "the"]),
        ({"mask": 0.51}, ["zebra", "mask"], ["zebra", "mask"]),
        ({"mask": rarity(3, 300), "layer": rarity(95, 300)}, ["mask", "layer"], ["mask", "layer"]),
        ({"mask": rarity(3, 300), "layer": rarity(105, 300)}, ["mask", "layer"], ["mask"]),
    ],
    ids=["common words tell nothing", "common words alone", "a library of three passages", "95 of 300", "105 of 300"],
)
def test_terms_of_a_third_of_all_passages_tell_nothing(
    weights: dict[str, float], question_terms: list[str], telling: list[str]
) -> None:
    assert discriminative_terms(weights, question_terms) == telling


@pytest.mark.parametrize(("having", "named"), [(95, False), (105, True)])
def test_what_a_third_of_all_passages_have_needn_t_be_said_of_a_title(having: int, named: bool) -> None:
    weights = {"layer": rarity(having, 300), "gentle": rarity(3, 300), "tour": rarity(4, 300)}
    found = match_titles(["a", "gentle", "tour"], [("talk", ("layer", "gentle", "tour"))], weights)
    assert bool(found.resources) == named


WORDS = TermMatrix(
    ["mask", "layer", "掩码", "注意", "意力"],
    np.array([[2, 1, 1, 0], [0, 3, 0, 0], [0, 0, 2, 1], [0, 0, 1, 4], [0, 0, 1, 0]], np.float32),
    np.array([10, 20, 10, 30]),
)
LANGUAGES = ["en", "en", "zh", "zh"]


def by_hand(count: float, length: float, average: float) -> float:
    return count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / average))


def test_the_score_of_weighted_terms_is_their_bm25() -> None:
    found = term_scores(WORDS, {"mask": 2.0, "layer": 0.5, "zebra": 9.0}, 15.0)
    both = 2 * by_hand(1, 20, 15) + 0.5 * by_hand(3, 20, 15)
    assert found.tolist() == pytest.approx([2 * by_hand(2, 10, 15), both, 2 * by_hand(1, 10, 15), 0.0], rel=1e-5)
    assert term_scores(WORDS, {}, 15.0).tolist() == [0.0] * 4


def test_the_alternatives_of_a_group_count_together_in_the_chunks_of_its_language() -> None:
    group = WordGroup((("掩码",), ("注意", "意力"), ("mask",), ("nowher",), ("掩码", "nowher")), "zh")
    # 2 + 1 + 1 times in the third chunk; in the fourth the second alternative isn't in full.
    assert group_scores(WORDS, [(group, 0.5)], LANGUAGES).tolist() == pytest.approx(
        [0.0, 0.0, 0.5 * 4 * 2.2 / 5.2, 0.5]
    )


def test_words_count_in_the_chunks_with_the_highest_scores() -> None:
    scores = np.array([0.5, 2.0, 1.0, 2.0, 0.5])
    assert strongest(scores, 3).tolist() == [0.0, 2.0, 1.0, 2.0, 0.0]
    assert strongest(scores, 4).tolist() == [0.5, 2.0, 1.0, 2.0, 0.0], "the first of equals"
    assert strongest(scores, 5).tolist() == scores.tolist()
    chunks = [StoredChunk(number, 1, "talk", "en", number, number + 1, 0.0, 45.0) for number in range(1, 101)]
    counts, weights = np.arange(100, 0, -1, dtype=np.float32)[None, :], {"mask": 2.0}
    evidence = Evidence(chunks, [0.0] * 100, TermMatrix(["mask"], counts, np.full(100, 10)))
    for k, most in ((5, 80), (50, 100)):
        asked = query(k=k, discriminative=["mask"], weights=weights, rarest=weights)
        assert sorted(hit.chunk.id for hit in scored(evidence, asked) if hit.said) == list(range(1, most + 1))


def hit(resource: str, start: float, end: float, score: float, language: str = "en") -> Hit:
    return Hit(StoredChunk(1, 1, resource, language, 0, 5, start, end), dense=score, lexical=score, score=score)


def at(start: float, score: float, transcript: int = 1, resource: str = "a") -> Hit:
    return Hit(StoredChunk(0, transcript, resource, "en", 0, 5, start, start + 45), score, score, score)


@pytest.mark.parametrize(
    ("before", "opening"),
    [(at(30, 0.97), 30), (at(30, 0.9), 60), (at(15, 0.97), 60), (at(90, 0.99), 60), (at(30, 0.97, 2), 60)],
    ids=["nearly as good", "far from as good", "doesn't overlap", "comes after", "says something else"],
)
def test_an_answer_may_begin_in_the_passage_before_that_is_nearly_as_good(before: Hit, opening: float) -> None:
    (found,) = with_openings([at(60, 1.0)], [at(60, 1.0), before], 0.95)
    assert found.opening and found.opening.chunk.start == opening


def test_no_answer_begins_where_a_better_one_is_and_an_opening_stays() -> None:
    better, between, hit = at(0, 1.0), at(30, 0.97), at(60, 0.98)
    among = [better, between, hit]
    found = with_openings([better, hit], among, 0.95)
    assert [one.opening.chunk.start for one in found if one.opening] == [0, 60]
    assert with_openings(found[1:], among, 0.95) == found[1:]


def test_a_passage_comes_once_in_the_questions_language_if_it_is_the_same() -> None:
    hits = [hit("a", 0, 45, 0.9, "zh-TW"), hit("b", 0, 45, 0.8, "zh"), hit("a", 10, 55, 0.4, "en")]
    hits += [hit("b", 40, 85, 0.3, "en"), hit("a", 55, 99, 0.2)]
    for language, places in (("en", "a10en b0zh a55en"), ("zh", "a0zh-TW b0zh a55en")):
        found = [f"{one.chunk.resource_id}{one.chunk.start}{one.chunk.language}" for one in distinct(hits, language)]
        assert found == places.split()


FLOOD = "a1.0 a.99 a.98 a.97 b.96 b.95 b.94 c.935"


@pytest.mark.parametrize(
    ("scores", "k", "per_resource", "shown", "more"),
    [
        (FLOOD, 5, 2, "aabbc", {"a": 2, "b": 1}),
        (FLOOD, 5, 1, "abaca", {"a": 1, "b": 2}),
        (FLOOD, 5, 3, "aaabb", {"a": 1, "b": 1, "c": 1}),
        (FLOOD, 5, 5, "aaaab", {"b": 2, "c": 1}),
        (FLOOD, 100, 2, "aabbcaab", {}),
        ("a1.0 a.9 a.86 b.84 a.7", 5, 2, "aaaba", {}),
        ("a1.0 a.9 a.86 b.85 a.7", 5, 2, "aabaa", {}),
        ("a1.0 a.99 b.98 b.97 c.96 a.955 c.95", 7, 2, "aabbcac", {}),
        ("a1.0 a.85 b.9 a.84 b.84", 1, 2, "a", {"a": 1, "b": 1}),
        ("a1.0 a.99 a.97 b.93 c.9", 5, 2, "aabac", {}),
        ("a1.0 a.99 a.97 c.92", 3, 2, "aaa", {"c": 1}),
        ("a1.0 a.99 a.97 c.93", 3, 2, "aac", {"a": 1}),
        ("a1.0 a1.0 a1.0 R1.0", 5, 2, "aaaR", {}),
        ("", 5, 2, "", {}),
    ],
    ids=[
        *("two of the first five are of one resource", "one", "three", "five"),
        "what was held back follows the first five",
        *("a resource that is far better than all others fills the answer", "one that isn't doesn't"),
        "beyond the first five moments come as they score",
        "more are those that are near",
        *("a place is given to what scores nearly as much", "not to what scores less", "and at the end"),
        "bibliographies take no place",
        "of nothing nothing is shown",
    ],
)
def test_resources_are_mixed(scores: str, k: int, per_resource: int, shown: str, more: dict[str, int]) -> None:
    """Resources are letters with their scores; a capital letter is a bibliography."""
    hits = [at(100 * n, float(one[1:]), resource=one[0]) for n, one in enumerate(scores.split())]
    hits = [one._replace(chunk=one.chunk._replace(is_reference=one.chunk.resource_id.isupper())) for one in hits]
    found, further = mixed(hits, k, per_resource, 0.95)
    assert ("".join(one.chunk.resource_id for one in found), further) == (shown, more)


MEAN = np.zeros(3, np.float32)
QUESTION = np.array([1, 0, 0], np.float32)


def pieces(*topics: int, seconds: float = 10.0) -> Pieces:
    """Pieces of ten seconds and as many tokens, each about one of three topics."""
    sums = 10 * np.eye(3, dtype=np.float32)[list(topics)]
    starts = seconds * np.arange(len(topics), dtype=np.float64)
    return Pieces(starts, sums.reshape(-1, 3), np.full(len(topics), 10, np.float32))


def talking(chunk_id: int, start: float, end: float, language: str = "en") -> StoredChunk:
    return StoredChunk(chunk_id, 1, "talk", language, 0, 1, start, end)


def windows_at(pieces: Pieces, start: float, end: float, mean: Vectors = MEAN) -> Windows:
    """The windows of a single chunk."""
    return windows([talking(7, start, end)], {7: pieces}, {"en": mean}, QUESTION)[7]


def test_a_window_ahead_begins_with_its_piece_and_lasts_half_a_minute() -> None:
    found = windows_at(pieces(1, 1, 1, 0, 0, 0, 1, 1, 1), 0.0, 90.0)
    assert found.ahead[3] == pytest.approx(1.0) and found.ahead[0] == pytest.approx(0.0, abs=1e-6)
    assert found.ahead[2] == pytest.approx(2 / 5**0.5), "two of its three pieces"
    assert found.ahead.index(max(found.ahead)) == 3
    assert found.around[4] > found.ahead[0] and max(found.around) < 0.8
    assert found.meaning == pytest.approx((1.0 + max(found.around)) / 2)


def test_only_the_chunks_pieces_count_but_the_others_are_around_them() -> None:
    alone = windows_at(pieces(1, 1, 1, 1, 1, 1, 1, 1), 30.0, 50.0)
    beside = windows_at(pieces(0, 0, 1, 1, 1, 0, 0, 0), 30.0, 50.0)
    assert list(alone.starts) == list(beside.starts) == [30.0, 40.0]
    assert max(beside.around) > max(alone.around) == pytest.approx(0.0, abs=1e-6)
    covering = windows_at(pieces(0, 1, 1), 5.0, 15.0)
    assert list(covering.starts) == [0.0, 10.0], "a piece that covers the beginning belongs to the chunk"


def test_the_languages_mean_is_taken_out() -> None:
    found = windows_at(pieces(0, 0, 0, 1, 1, 1), 0.0, 60.0, np.array([0.9, 0.1, 0.0], np.float32))
    assert found.ahead[3] < 0 < found.ahead[0]


def test_many_chunks_have_the_very_windows_that_each_has_alone() -> None:
    """More chunks than are read at once; a chunk without pieces in it has none."""
    chance = np.random.default_rng(1)
    chunks = [talking(k, 10.0 * (k % 7), 10.0 * (k % 7) + 45, "zh-TW" if k % 3 else "en") for k in range(50)]
    chunks += [talking(50, 900.0, 945.0), talking(51, -20.0, 0.0)]
    around = {k: pieces(*chance.integers(0, 3, 4 + k % 11)) for k in range(51)} | {51: pieces(0)}
    none = Pieces(np.empty(0), np.empty((0, 3), np.float32), np.empty(0, np.float32))
    means = {"en": MEAN + 0.1, "zh": np.array([0.5, 0.0, 0.5], np.float32)}
    together = windows(chunks, around, means, QUESTION)
    assert len(together) > 40 and 50 in together and 51 not in together
    assert together == {key: found for one in chunks for key, found in windows([one], around, means, QUESTION).items()}
    assert windows([], {}, means, QUESTION) == windows(chunks[:1], {0: none}, means, QUESTION) == {}


@pytest.mark.parametrize(
    ("seconds", "ahead", "around"),
    [((50.0, 150.0), 0, 0), ((60.0, 90.0, 130.0, 140.0), 0, 1), ((100.0, 120.0), 1, 1)],
)
def test_windows_are_half_a_minute_ahead_and_three_quarters_to_either_side(
    seconds: tuple[float, ...], ahead: bool, around: bool
) -> None:
    """The passage is one piece at 100 s; a single piece at one of the seconds is about the question."""
    starts = np.arange(0, 210, 10, dtype=np.float64)
    for second in seconds:
        sums = np.stack([np.array([1, 0] if start == second else [0, 1], np.float32) for start in starts])
        about = {1: Pieces(starts, sums, np.ones(21, np.float32))}
        question = np.array([1, 0], np.float32)
        found = windows([talking(1, 100.0, 110.0)], about, {"en": NOTHING}, question)[1]
        assert (found.ahead[0] > 0, found.around[0] > 0) == (ahead, around)


COUNTS = {"aaaaaaaaaaa": 6, "bbbbbbbbbbb": 2, "ccccccccccc": 1}
QUESTIONS = {"a mask hides the future": "What does the mask hide?", "掩码把未来藏起来": "掩码藏了什么？"}
ORDERS = {None: ("aabbc", 4), 1: ("abcaa", 3), 3: ("aaabb", 3), 100: ("aaaaa", 1)}


def found(answer: Mapping[str, Any]) -> tuple[str, int]:
    """The resources of an answer's moments by their first letters, and how many more the first one has."""
    moments = answer["moments"]
    return "".join(moment["resource"]["id"][0] for moment in moments), moments[0].get("more", 0)


@pytest.mark.parametrize("words", QUESTIONS)
def test_python_and_http_mix_resources_as_they_are_told(tmp_path: Path, words: str) -> None:
    """One talk says what the others say, but more often."""
    for video_id, count in COUNTS.items():
        (tmp_path / f"talk [{video_id}].vtt").write_text(webvtt(*[words] * count, seconds=60), encoding="utf-8")
    (tmp_path / "list.md").write_text("\n".join(f"- https://youtu.be/{video_id}" for video_id in COUNTS), "utf-8")
    library, question, encoder = tmp_path / "library", QUESTIONS[words], TopicEncoder()
    seekpoint.build(tmp_path / "list.md", library, captions=tmp_path, encoder=encoder, translate=False)
    with serving(library) as client:
        for per_resource, expected in ORDERS.items():
            given: dict[str, Any] = {} if per_resource is None else {"per_resource": per_resource}
            answer = seekpoint.ask(question, library, encoder=encoder, **given)
            assert ("".join(each.resource.id[0] for each in answer.moments), answer.moments[0].more) == expected
            assert found(client.get("/api/ask", params={"q": question, **given}).json()) == expected
            page = client.get("/", params={"q": question, "k": 8, **given}).text
            shown = re.findall(r'id="m(\d+)" (?:[^>]*><a class="go" )?href="[^"]*v=(\w)', page)
            assert "".join(name for _, name in sorted(shown)[:5]) == expected[0]
        assert client.get("/api/ask", params={"q": question, "per_resource": 0}).status_code == 400
    alone = seekpoint.ask(question, library, resource="aaaaaaaaaaa", encoder=encoder)
    assert [each.more for each in alone.moments] == [1] * 5, "within one resource nothing else is near"
