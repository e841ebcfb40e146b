"""The rule by which a digest lists moments, over scripted answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from seekpoint.index.errors import UsageError
from seekpoint.index.open import open_reader
from seekpoint.index.types import Filters
from seekpoint.query.answers import Answer, Confidence, Estimate, Reading
from seekpoint.query.digest import LEAST, digest, keep_question
from seekpoint.query.search.settings import AskOptions
from tests.index.libraries import build
from tests.query.output.examples import VIDEO_MOMENT

ESTIMATE = Estimate(0.9, 0.5, 0.4, 0.1, 0.0, 0.0, 0.1, 0.5)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("digest") / "library"
    build(folder)
    return folder


def listed(library: Path, right: float, scores: Sequence[float], since: float = 0.0, **changes: object) -> list[float]:
    """The scores of the moments that are listed of an answer whose moments have these scores."""
    asked: list[AskOptions] = []
    moments = tuple(
        replace(VIDEO_MOMENT, rank=rank, score=score, resource=replace(VIDEO_MOMENT.resource, id=f"talk {rank // 4}"))
        for rank, score in enumerate(scores, 2)
    )
    answer = Answer("?", Confidence.HIGH, moments, estimate=replace(ESTIMATE, right=right))

    def ask(question: str, options: AskOptions) -> Answer:
        asked.append(options)
        return replace(answer, question=question, **changes)  # type: ignore[arg-type]

    with open_reader(library) as reader:
        [news] = digest(reader, ask, since, ["掩码藏了什么？"]).questions
    assert all((options.filters, options.explained) == (Filters(added=since), False) for options in asked)
    return [moment.score for moment in news.moments]


def test_moments_are_listed_down_to_where_the_first_ones_probability_no_longer_carries_them(library: Path) -> None:
    assert listed(library, 0.5, (0.6, 0.51, 0.5, 0.3)) == [0.6, 0.51]
    assert listed(library, 0.9, (0.6, 0.51, 0.5, 0.3)) == [0.6, 0.51, 0.5]
    assert listed(library, 0.9, (0.6, 0.6, 0.6, 0.59, 0.58, 0.57)) == [0.6, 0.6, 0.6, 0.59], "two of a resource at most"
    assert listed(library, LEAST - 0.01, (0.6, 0.6)) == []
    assert listed(library, 0.9, ()) == []
    assert listed(library, 0.9, (0.0,)) == []


def test_nothing_is_listed_without_an_estimate_or_without_the_phrases_of_the_question(library: Path) -> None:
    assert listed(library, 0.9, (0.6,), estimate=None) == []
    assert listed(library, 0.9, (0.6,), missing=("causal mask",)) == []


def test_a_reader_chooses_the_moments_until_it_fails(library: Path) -> None:
    first, second = (replace(VIDEO_MOMENT, rank=rank, score=0.1) for rank in (1, 2))
    answer = Answer("?", Confidence.NONE, (first, second))
    elsewhere = replace(first, resource=replace(first.resource, id="elsewhere"))
    readings = [
        Reading((), (second, elsewhere, first, first)),
        Reading(),
        Reading(problem="gone"),
        Reading((), (first,)),
    ]
    with open_reader(library) as reader:
        found = digest(reader, lambda *_: answer, 0.0, ["a", "b", "c", "d"], lambda _: readings.pop(0))
    assert [news.moments for news in found.questions] == [(second, first), (), (), ()]
    assert (found.problem, len(readings)) == ("gone", 1)  # a model that fails isn't asked again


def test_a_question_is_kept_and_asked_in_all_of_its_wordings(tmp_path: Path) -> None:
    build(tmp_path / "library")
    keep_question(tmp_path / "library", "why masks?", [" 掩码藏了\n什么？", "why masks?", "warum Masken?"])
    keep_question(tmp_path / "library", "缓存?")
    asked = []

    def ask(question: str, options: AskOptions) -> Answer:
        asked.append((question, options.also))
        return Answer(question, Confidence.NONE, ())

    with open_reader(tmp_path / "library") as reader:
        found = digest(reader, ask, 0.0)
    assert asked == [("why masks?", ("掩码藏了 什么？", "warum Masken?")), ("缓存?", ())]
    assert [(news.question, news.also) for news in found.questions] == asked


@pytest.mark.parametrize(
    ("question", "also", "words"),
    [
        ("why masks?", [f"掩码{n}" for n in range(5)], "give 4 at most"),
        ('why "the mask"', ["掩码"], "its own words"),
        ("why masks?", ["？"], "no words"),
        ("why masks?", ["掩" * 5000], "4,000"),
    ],
)
def test_wordings_that_cant_be_asked_are_not_kept(library: Path, question: str, also: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        keep_question(library, question, also)
    keep_question(library, question, also[:4], kept=False)
    with open_reader(library) as reader:
        assert (reader.settings.questions, reader.settings.wordings) == ((), {})


def test_nothing_is_asked_where_nothing_came(library: Path) -> None:
    assert listed(library, 0.9, (0.6,), since=4e9) == []
