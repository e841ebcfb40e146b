"""A question in several wordings: what they find is merged, and agreement counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seekpoint.index.errors import UsageError, WordlessQuestion
from seekpoint.index.open import open_reader
from seekpoint.index.types import Language
from seekpoint.query.answers import Answer, Confidence, Moment
from seekpoint.query.search import pipeline
from seekpoint.query.search.settings import AskOptions
from seekpoint.query.search.wordings import AGREED, MOST_WORDINGS, merged, spoken
from tests.asking import library_of
from tests.fakes import TopicEncoder
from tests.query.output.examples import EXPLANATION, PAPER_MOMENT, VIDEO_MOMENT

MASK, WEEK, CACHE = "mask", "week", "cache"
SECONDS = {MASK: 20.0, WEEK: 400.0, CACHE: 800.0}


def said(place: str, score: float, later: float = 0.0, language: str = "en") -> Moment:
    start = SECONDS[place] + later
    return replace(VIDEO_MOMENT, quote=place, start=start, score=score, language=language, explanation=EXPLANATION)


def answered(confidence: Confidence, *moments: Moment, question: str = "q") -> Answer:
    return Answer(question, confidence, moments, unknown=(question,))


def test_the_best_moments_of_all_wordings_come_first_and_what_several_find_gains() -> None:
    own = answered(Confidence.LOW, said(WEEK, 0.5), said(MASK, 0.45), question="own")
    other = answered(Confidence.HIGH, said(CACHE, 0.52), said(MASK, 0.4, later=29, language="zh"), question="other")
    found = merged([own, other], AskOptions(5))
    assert [(moment.rank, moment.quote) for moment in found.moments] == [(1, MASK), (2, CACHE), (3, WEEK)]
    assert [moment.score for moment in found.moments] == pytest.approx([0.45 + AGREED * 0.4, 0.52, 0.5])
    assert [moment.explanation and moment.explanation.reworded for moment in found.moments] == [0.08, 0, 0]
    assert found.also == ("other",)
    fewer = merged([own, other], AskOptions(2)).moments
    assert [(moment.quote, moment.more) for moment in fewer] == [(MASK, 1), (CACHE, 1)]


def test_a_wording_agrees_once_and_what_is_further_away_or_elsewhere_is_another_place() -> None:
    twice = answered(Confidence.LOW, said(MASK, 0.4), said(MASK, 0.3, later=10))
    (moment,) = merged([answered(Confidence.LOW, said(MASK, 0.5)), twice], AskOptions(5)).moments
    assert moment.score == pytest.approx(0.5 + AGREED * 0.4)
    apart = answered(Confidence.LOW, said(MASK, 0.4, later=31), replace(PAPER_MOMENT, score=0.2))
    assert len(merged([answered(Confidence.LOW, said(MASK, 0.5)), apart], AskOptions(5)).moments) == 3
    certain = answered(Confidence.HIGH, said(MASK, 1.0))
    assert merged([certain, certain], AskOptions(5)).moments[0].score == 1


def test_what_a_ranking_puts_first_for_another_reason_than_its_score_stays_first() -> None:
    own = answered(Confidence.LOW, said(MASK, 0.6), said(WEEK, 0.79))
    found = merged([own, answered(Confidence.LOW, said(CACHE, 0.5))], AskOptions(5)).moments
    assert [(moment.quote, moment.score) for moment in found] == [(MASK, 0.6), (WEEK, 0.79), (CACHE, 0.5)]


def test_moments_of_one_resource_are_as_many_among_the_first_as_for_one_wording() -> None:
    elsewhere = replace(PAPER_MOMENT, quote="elsewhere", score=0.495)
    own = answered(Confidence.LOW, said(MASK, 0.5), said(WEEK, 0.499), elsewhere)
    found = merged([own, answered(Confidence.LOW, said(CACHE, 0.498))], AskOptions(5)).moments
    assert [moment.quote for moment in found] == [MASK, WEEK, "elsewhere", CACHE]
    found = merged([own, answered(Confidence.LOW, said(CACHE, 0.498))], AskOptions(5, per_resource=3)).moments
    assert [moment.quote for moment in found] == [MASK, WEEK, CACHE, "elsewhere"]


def test_the_languages_of_a_library_are_those_with_the_most_passages() -> None:
    counts = {"zz": 1, "und": 90, "en": 30, "zh": 50, "fr": 4, "de": 3, "es": 2}
    languages = {tag: Language(count, np.zeros(2, np.float32), None, 0) for tag, count in counts.items()}
    assert spoken(languages) == ["zh", "en", "fr", "de", "es"]


def test_the_wording_that_finds_the_first_moment_first_tells_the_confidence() -> None:
    own, other = said(WEEK, 0.5), said(CACHE, 0.52)
    found = merged([answered(Confidence.LOW, own, question="own"), answered(Confidence.HIGH, other)], AskOptions(5))
    assert (found.question, found.confidence, found.unknown) == ("own", Confidence.HIGH, ())
    found = merged(
        [answered(Confidence.LOW, own, question="own"), answered(Confidence.HIGH, said(CACHE, 0.4))], AskOptions(5)
    )
    assert (found.question, found.confidence, found.unknown) == ("own", Confidence.LOW, ("own",))
    second = answered(Confidence.HIGH, said(WEEK, 0.5), said(MASK, 0.45), question="own")
    third = answered(Confidence.LOW, said(CACHE, 0.48), said(MASK, 0.44), question="other")
    found = merged([second, third], AskOptions(5))
    assert found.moments[0].quote == MASK and found.confidence is Confidence.LOW, "neither finds it first"
    nothing = merged([answered(Confidence.NONE), answered(Confidence.LOW, own)], AskOptions(5))
    assert nothing.confidence is Confidence.LOW and merged([answered(Confidence.NONE)] * 2, AskOptions(5)).moments == ()


def test_a_question_in_two_languages_finds_what_either_does(tmp_path: Path) -> None:
    talks = {
        "talk [aaaaaaaaaaa].en": ["welcome to the talk", "gradients flow back", "training takes a week"],
        "讲座 [bbbbbbbbbbb].zh": ["欢迎大家来听讲座", "梯度往回传", "训练要一个星期"],
    }
    with open_reader(library_of(tmp_path, talks, seconds=60)) as library:

        def first(*wordings: str, k: int = 5) -> list[tuple[str, float | None]]:
            options = AskOptions(k, also=wordings[1:], explained=True)
            found = pipeline.ask(wordings[0], library, TopicEncoder(), options).moments
            return [(moment.resource.id, moment.start) for moment in found[:2]]

        both = {("aaaaaaaaaaa", 60), ("bbbbbbbbbbb", 60)}
        assert {*first("how do gradients flow?", "梯度怎么往回传？")} == both
        assert both not in ({*first("how do gradients flow?")}, {*first("梯度怎么往回传？")})
        assert len(first("how do gradients flow?", "梯度怎么往回传？", k=1)) == 1
        for marked in ('how do "gradients flow"', "gradients -flow", "梯度 -训练"):
            with pytest.raises(UsageError, match="is asked in its own words: omit the other wordings"):
                first(marked, "梯度怎么往回传？")
        assert first("gradients", "gradients") == first("gradients")
        assert first("“梯度”怎么传", "gradients")
        with pytest.raises(UsageError, match="5 other wordings of the question: give 4 at most"):
            first("gradients", *["梯度"] * (MOST_WORDINGS + 1))
        with pytest.raises(WordlessQuestion):
            first("gradients", "…")
