"""Scores, windows, distinct hits and a mix of resources."""

from __future__ import annotations

import re
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seekpoint
from seekpoint.index.types import Evidence, NotedQuestion, Pieces, StoredChunk, TermMatrix, WordGroup
from seekpoint.query.search.noted import LikeQuestion
from seekpoint.query.search.question import discriminative_terms, match_titles
from seekpoint.query.search.ranking import (
    Hit,
    Windows,
    answering,
    coverage,
    distinct,
    group_scores,
    introduced,
    mixed,
    scored,
    strongest,
    term_scores,
    windows,
    with_openings,
)
from seekpoint.query.search.settings import TUNING
from tests.asking import library_of
from tests.fakes import TopicEncoder
from tests.query.search.queries import NOTHING, query
from tests.query.web.conftest import serving


def test_coverage_is_a_share_of_what_the_question_could_reach() -> None:
    weights = {"mask": 2.0, "softmax": 6.0}
    for score, known, words, expected, name in (
        (17.6, weights, ["mask", "softmax"], 1.0, "in full"),
        (99.0, weights, ["mask", "softmax"], 1.0, "never more than all"),
        (8.8, {"mask": 4.0}, ["mask", "zebra"], 2 / 3, "an unknown word weighs half of the heaviest"),
        (0.0, {}, ["zebra"], 0.0, "no known word"),
    ):
        assert coverage(np.array([score]), known, words).tolist() == pytest.approx([expected]), name


def rarity(having: int, passages: int = 300) -> float:
    return log((passages - having + 0.5) / (having + 0.5))


def test_terms_of_a_third_of_all_passages_tell_nothing_and_need_not_be_said_of_a_title() -> None:
    for weights, words, telling in (
        ({"the": 0.1, "mask": 4.0, "of": 0.6}, ["the", "mask", "zebra", "of"], ["mask", "zebra"]),
        ({"the": 0.1, "of": 0.6}, ["of", "the"], ["of", "the"]),
        ({"mask": 0.51}, ["zebra", "mask"], ["zebra", "mask"]),
        ({"mask": rarity(3), "layer": rarity(95)}, ["mask", "layer"], ["mask", "layer"]),
        ({"mask": rarity(3), "layer": rarity(105)}, ["mask", "layer"], ["mask"]),
    ):
        assert discriminative_terms(weights, words) == telling
    for having, named in ((95, False), (105, True)):
        weights = {"layer": rarity(having), "gentle": rarity(3), "tour": rarity(4)}
        found = match_titles(["a", "gentle", "tour"], [("talk", ("layer", "gentle", "tour"))], weights)
        assert bool(found.resources) == named


WORDS = TermMatrix(
    ["mask", "layer", "掩码", "注意", "意力"],
    np.array([[2, 1, 1, 0], [0, 3, 0, 0], [0, 0, 2, 1], [0, 0, 1, 4], [0, 0, 1, 0]], np.float32),
    np.array([10, 20, 10, 30]),
)


def test_the_score_of_weighted_terms_is_their_bm25() -> None:
    def by_hand(count: float, length: float) -> float:
        return count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / 15.0))

    found = term_scores(WORDS, {"mask": 2.0, "layer": 0.5, "zebra": 9.0}, 15.0)
    both = 2 * by_hand(1, 20) + 0.5 * by_hand(3, 20)
    assert found.tolist() == pytest.approx([2 * by_hand(2, 10), both, 2 * by_hand(1, 10), 0.0], rel=1e-5)
    assert term_scores(WORDS, {}, 15.0).tolist() == [0.0] * 4
    # The alternatives of a group count together in the chunks of its language: 2 + 1 + 1 times in the third one; in
    # the fourth the second alternative isn't in full.
    group = WordGroup((("掩码",), ("注意", "意力"), ("mask",), ("nowher",), ("掩码", "nowher")), "zh")
    scores = group_scores(WORDS, [(group, 0.5)], ["en", "en", "zh", "zh"])
    assert scores.tolist() == pytest.approx([0.0, 0.0, 0.5 * 4 * 2.2 / 5.2, 0.5])


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


def at(start: float, score: float, transcript: int = 1, resource: str = "a", language: str = "en") -> Hit:
    return Hit(StoredChunk(0, transcript, resource, language, 0, 5, start, start + 45), score, score, score)


# Ids, starts and scores.
HIGH = ((2, 0.0, 0.96), (1, 50.0, 0.95))


def test_an_answer_may_begin_in_the_passage_before_that_is_nearly_as_good() -> None:
    for before, opening, name in (
        (at(30, 0.97), 30, "nearly as good"),
        (at(30, 0.9), 60, "far from as good"),
        (at(15, 0.97), 60, "doesn't overlap"),
        (at(90, 0.99), 60, "comes after"),
        (at(30, 0.97, 2), 60, "says something else"),
    ):
        (found,) = with_openings([at(60, 1.0)], [at(60, 1.0), before], 0.95)
        assert found.opening and found.opening.chunk.start == opening, name
    better, between, hit = at(0, 1.0), at(30, 0.97), at(60, 0.98)
    among = [better, between, hit]
    openings = with_openings([better, hit], among, 0.95)
    assert [one.opening.chunk.start for one in openings if one.opening] == [0, 60], "none where a better one is"
    assert with_openings(openings[1:], among, 0.95) == openings[1:], "an opening stays"


def test_a_noted_question_lifts_a_score_by_its_likeness_and_never_above_1() -> None:
    hits = [at(start, score)._replace(chunk=at(start, score).chunk._replace(id=k)) for k, start, score in HIGH]
    asked = NotedQuestion(50.0, "zh", "掩码藏了什么？")
    lifted = answering(hits, {key: LikeQuestion(asked, like) for key, like in ((1, 0.9), (2, 0.1))}, TUNING)
    assert [(hit.chunk.id, hit.score, round(hit.noted, 3), hit.begin) for hit in lifted] == [
        (1, 1.0, 0.05, 50.0),
        (2, 0.96, 0.0, None),
    ]


def test_a_passage_comes_once_in_the_questions_language_if_it_is_the_same() -> None:
    hits = [at(0, 0.9, language="zh-TW"), at(0, 0.8, resource="b", language="zh"), at(10, 0.4)]
    hits += [at(40, 0.3, resource="b"), at(55, 0.2)]
    for language, places in (("en", "a10en b0zh a55en"), ("zh", "a0zh-TW b0zh a55en")):
        found = [f"{one.chunk.resource_id}{one.chunk.start}{one.chunk.language}" for one in distinct(hits, language)]
        assert found == places.split()


def test_the_earliest_place_that_goes_on_introduces_what_is_asked_for() -> None:
    best, after, beside = at(300, 1.0), at(130, 0.8), at(0, 0.99, resource="b")
    for earlier, first, name in (
        (at(100, 0.8), 100, "it is near"),
        (at(100, 0.7), 300, "it scores less"),
        (at(100, 0.8)._replace(dense=0.7), 300, "it means less"),
        (at(50, 0.8), 300, "nothing follows"),
        (at(400, 0.8), 300, "it comes later"),
        (at(100, 0.8, resource="b"), 300, "another resource says it"),
    ):
        found = introduced([best, beside, earlier], [best, beside, earlier, after])
        assert found[0].chunk.start == first, name
        assert sorted(hit.chunk.start for hit in found) == sorted([300, 0, earlier.chunk.start])
    earliest = [best, at(200, 0.9), at(100, 0.8)]
    assert [hit.chunk.start for hit in introduced(earliest, [*earliest, after])] == [100, 300, 200]


FLOOD = "a1.0 a.99 a.98 a.97 b.96 b.95 b.94 c.935"


@pytest.mark.parametrize(
    ("scores", "k", "per_resource", "shown", "more"),
    [
        (FLOOD, 5, 2, "aabbc", {"a": 2, "b": 1}),
        (FLOOD, 5, 1, "abaca", {"a": 1, "b": 2}),
        (FLOOD, 100, 2, "aabbcaab", {}),
        ("a1.0 a.9 a.86 b.84 a.7", 5, 2, "aaaba", {}),
        ("a1.0 a.9 a.86 b.85 a.7", 5, 2, "aabaa", {}),
        ("a1.0 a.99 b.98 b.97 c.96 a.955 c.95", 7, 2, "aabbcac", {}),
        ("a1.0 a.99 a.97 c.92", 3, 2, "aaa", {"c": 1}),
        ("a1.0 a.99 a.97 c.93", 3, 2, "aac", {"a": 1}),
        ("a1.0 a1.0 a1.0 R1.0", 5, 2, "aaaR", {}),
        ("", 5, 2, "", {}),
    ],
    ids=[
        *("two of the first five are of one resource", "one", "what was held back follows the first five"),
        *("a resource that is far better than all others fills the answer", "one that isn't doesn't"),
        "beyond the first five moments come as they score, and more are those that are near",
        *("no place is given to what scores less", "one is to what scores nearly as much"),
        *("bibliographies take no place", "of nothing nothing is shown"),
    ],
)
def test_resources_are_mixed(scores: str, k: int, per_resource: int, shown: str, more: dict[str, int]) -> None:
    """Resources are letters with their scores; a capital letter is a bibliography."""
    hits = [at(100 * n, float(one[1:]), resource=one[0]) for n, one in enumerate(scores.split())]
    hits = [one._replace(chunk=one.chunk._replace(is_reference=one.chunk.resource_id.isupper())) for one in hits]
    found, further = mixed(hits, k, per_resource, 0.95)
    assert ("".join(one.chunk.resource_id for one in found), further) == (shown, more)


QUESTION = np.array([1, 0, 0], np.float32)


def pieces(*topics: int) -> Pieces:
    """Pieces of ten seconds and as many tokens, each about one of three topics."""
    sums = 10 * np.eye(3, dtype=np.float32)[list(topics)]
    return Pieces(np.arange(0.0, 10.0 * len(topics), 10.0), sums.reshape(-1, 3), np.full(len(topics), 10, np.float32))


def talking(chunk_id: int, start: float, end: float, language: str = "en") -> StoredChunk:
    return StoredChunk(chunk_id, 1, "talk", language, 0, 1, start, end)


def test_windows_are_of_the_chunks_pieces_with_others_around_them_and_without_the_languages_mean() -> None:
    def found(pieces: Pieces, start: float, end: float, *mean: float) -> Windows:
        return windows([talking(7, start, end)], {7: pieces}, {"en": np.array(mean, np.float32)}, QUESTION)[7]

    ahead = found(pieces(1, 1, 1, 0, 0, 0, 1, 1, 1), 0.0, 90.0, 0, 0, 0)
    assert ahead.ahead[2:4] == pytest.approx([2 / 5**0.5, 1.0]), "two of the three pieces, all three"
    assert ahead.meaning == pytest.approx((1.0 + max(ahead.around)) / 2)
    beside = found(pieces(0, 0, 1, 1, 1, 0, 0, 0), 30.0, 50.0, 0, 0, 0)
    assert list(beside.starts) == [30.0, 40.0] and max(beside.around) > 0.1
    covering = found(pieces(0, 1, 1), 5.0, 15.0, 0, 0, 0)
    assert list(covering.starts) == [0.0, 10.0], "a piece that covers the beginning belongs to the chunk"
    centred = found(pieces(0, 0, 0, 1, 1, 1), 0.0, 60.0, 0.9, 0.1, 0.0)
    assert centred.ahead[3] < 0 < centred.ahead[0]


def test_many_chunks_have_the_very_windows_that_each_has_alone() -> None:
    """More chunks than are read at once; a chunk without pieces in it has none."""
    chance = np.random.default_rng(1)
    chunks = [talking(k, 10.0 * (k % 7), 10.0 * (k % 7) + 45, "zh-TW" if k % 3 else "en") for k in range(50)]
    chunks += [talking(50, 900.0, 945.0), talking(51, -20.0, 0.0)]
    around = {k: pieces(*chance.integers(0, 3, 4 + k % 11)) for k in range(51)} | {51: pieces(0)}
    none = Pieces(np.empty(0), np.empty((0, 3), np.float32), np.empty(0, np.float32))
    means = {"en": np.full(3, 0.1, np.float32), "zh": np.array([0.5, 0.0, 0.5], np.float32)}
    together = windows(chunks, around, means, QUESTION)
    assert len(together) > 40 and 50 in together and 51 not in together
    assert together == {key: found for one in chunks for key, found in windows([one], around, means, QUESTION).items()}
    assert windows([], {}, means, QUESTION) == windows(chunks[:1], {0: none}, means, QUESTION) == {}


def test_windows_are_half_a_minute_ahead_and_three_quarters_to_either_side() -> None:
    """The passage is one piece at 100 s; a single piece at another second is about the question."""
    starts = np.arange(0, 210, 10, dtype=np.float64)
    for second, ahead, around in (
        (50, 0, 0),
        (60, 0, 1),
        (90, 0, 1),
        (100, 1, 1),
        (120, 1, 1),
        (130, 0, 1),
        (150, 0, 0),
    ):
        sums = np.stack([np.array([1, 0] if start == second else [0, 1], np.float32) for start in starts])
        about = {1: Pieces(starts, sums, np.ones(21, np.float32))}
        found = windows([talking(1, 100.0, 110.0)], about, {"en": NOTHING}, QUESTION[:2])[1]
        assert (found.ahead[0] > 0, found.around[0] > 0) == (ahead, around), second


COUNTS = {"aaaaaaaaaaa": 6, "bbbbbbbbbbb": 2, "ccccccccccc": 1}
ORDERS = {None: ("aabbc", 4), 1: ("abcaa", 3), 3: ("aaabb", 3), 100: ("aaaaa", 1)}


def test_python_and_http_mix_resources_as_they_are_told(tmp_path: Path) -> None:
    """One talk says what the others say, but more often."""
    talks = {f"talk [{video_id}]": ["掩码把未来藏起来"] * count for video_id, count in COUNTS.items()}
    library, question, encoder = library_of(tmp_path, talks, seconds=60), "掩码藏了什么？", TopicEncoder()
    with serving(library) as client:
        for per_resource, expected in ORDERS.items():
            given: dict[str, Any] = {} if per_resource is None else {"per_resource": per_resource}
            answer = seekpoint.ask(question, library, encoder=encoder, **given)
            assert ("".join(each.resource.id[0] for each in answer.moments), answer.moments[0].more) == expected
            moments = client.get("/api/ask", params={"q": question, **given}).json()["moments"]
            assert ("".join(each["resource"]["id"][0] for each in moments), moments[0].get("more", 0)) == expected
            page = client.get("/", params={"q": question, "k": 8, **given}).text
            shown = re.findall(r'id="m(\d+)" (?:[^>]*><a class="go" )?href="[^"]*v=(\w)', page)
            assert "".join(name for _, name in sorted(shown)[:5]) == expected[0]
        assert client.get("/api/ask", params={"q": question, "per_resource": 0}).status_code == 400
    alone = seekpoint.ask(question, library, resource="aaaaaaaaaaa", encoder=encoder)
    assert [each.more for each in alone.moments] == [1] * 5, "within one resource nothing else is near"
