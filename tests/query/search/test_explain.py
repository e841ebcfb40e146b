"""Why a moment was found: what `explained` adds to an answer, over real libraries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seekpoint.index.errors import UsageError
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.store import Reader
from seekpoint.index.text.clean import printable
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Details
from seekpoint.query.answers import Answer, Explanation, Moment
from seekpoint.query.output.json import to_json
from seekpoint.query.output.terminal import to_text
from tests import asking
from tests.fakes import TopicEncoder
from tests.index.libraries import CARD, SOURCE, build, embedded, resource

TALKS = {
    "attention01": ("attention weighs the words", "the masks hide what comes later"),
    "position001": ("position tells the order",),
    "zhuyili0001": ("注意力给每个词一个权重", "掩码遮住后面的词"),
}
LONG = ("Why does the mask hide 后面的词 " * 200)[:4000]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("explain")
    build(folder, TALKS)
    with open_reader(folder) as opened:
        yield opened


@pytest.fixture
def example(example_library: Path) -> Iterator[Reader]:
    with open_reader(example_library) as opened:
        yield opened


def ask(question: str, library: Reader) -> Answer:
    return asking.ask(question, library, explained=True, encoder=TopicEncoder())


def why(moment: Moment) -> Explanation:
    assert moment.explanation
    return moment.explanation


def assert_adds_up(answer: Answer) -> None:
    """The parts are the score, within what rounding to four digits allows; and all can be shown."""
    for moment in answer.moments:
        parts = why(moment)
        assert 0 <= parts.meaning <= 1.0001 and 0 <= parts.words <= 1
        total = parts.share * parts.meaning + (1 - parts.share) * parts.words
        assert total == pytest.approx(moment.score, abs=1.01e-4)
        assert all(word in answer.question for word in (*parts.matched, *(word for word, _ in parts.translated)))
    json.dumps(to_json(answer), allow_nan=False)
    shown = to_text(answer, styled=False)
    assert all(printable(line) == line for line in shown.split("\n"))


@pytest.mark.parametrize("question", ["mask 掩码遮住", "what does the attention mask hide?"])
def test_the_parts_of_a_passage_that_is_there_in_two_languages_add_up(question: str, tmp_path: Path) -> None:
    with open_writer(tmp_path, CARD) as writer:
        writer.register(SOURCE, [resource("attention01", "Talks")])
        tracks = [embedded(TALKS["attention01"]), embedded(TALKS["zhuyili0001"])]
        writer.commit("attention01", tracks, Details(title="Attention"), "hand")
    with open_reader(tmp_path) as both:
        assert_adds_up(ask(question, both))


@pytest.mark.parametrize(
    ("question", "talk", "matched"),
    [
        ("What does the Mask hide?", "attention01", ("What", "Mask", "hide")),
        ("mask MASK masks?", "attention01", ("mask", "masks")),
        ("掩碼遮住甚麼？", "zhuyili0001", ("掩碼遮住",)),
        ("掩码遮住什么 masks?", "zhuyili0001", ("掩码遮住",)),
    ],
)
def test_matched_words_are_written_as_the_question_writes_them(
    library: Reader, question: str, talk: str, matched: tuple[str, ...]
) -> None:
    answer = ask(question, library)
    assert_adds_up(answer)
    assert next(why(m) for m in answer.moments if m.resource.id == talk).matched == matched


@pytest.mark.parametrize("question", ["Why mask?", "为什么要掩码？"])
def test_a_library_of_another_model_answers_words_that_are_said(library: Reader, question: str) -> None:
    answer = ask(question, library)
    assert answer.answered and answer.moments and not answer.unknown


def test_nothing_is_explained_that_was_not_asked_for(library: Reader) -> None:
    plain = asking.ask("Why mask?", library, encoder=TopicEncoder())
    explained = ask("Why mask?", library)
    assert plain.estimate is None and all(moment.explanation is None for moment in plain.moments)
    assert plain == replace(
        explained, estimate=None, moments=tuple(replace(moment, explanation=None) for moment in explained.moments)
    )


@pytest.mark.parametrize("question", [LONG, "the what the", "🤷 mask", "🤷 掩码", "mask\x1b[31m the\u202e \x9b2Jwords"])
def test_odd_questions_explain_themselves(library: Reader, question: str) -> None:
    assert_adds_up(ask(question, library))


@given(st.text(max_size=40) | st.text(alphabet="maskthe 掩码遮住后面的词🤷\x1b[1m\u202e\u200d", max_size=40))
@settings(max_examples=60)
def test_any_question_explains_itself(library: Reader, question: str) -> None:
    if terms(question):
        assert_adds_up(ask(question, library))
    else:
        with pytest.raises(UsageError, match=r"the question (is empty|.+ has no words): ask"):
            ask(question, library)


@pytest.mark.parametrize("talks", [{}, {"zhuyili0001": ("注意力",)}, {"attention01": ("attention",)}])
def test_a_library_of_a_passage_or_none_explains_itself(tmp_path: Path, talks: dict[str, tuple[str, ...]]) -> None:
    build(tmp_path, talks)
    with open_reader(tmp_path) as library:
        for question in ("attention Zorblax?", "注意力 Zorblax"):
            answer = ask(question, library)
            assert (answer.answered, len(answer.moments)) == (bool(talks), len(talks))
            assert_adds_up(answer)


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "word", "said"),
    [("为什么要除以维度的平方根？", "平方根", {"square", "root"}), ("Why cache keys and values?", "cache", {"缓存"})],
)
def test_translations_are_listed_with_what_is_said(example: Reader, question: str, word: str, said: set[str]) -> None:
    answer = asking.ask(question, example, encoder=LazyEncoder(example.card).get(), explained=True)
    assert_adds_up(answer)
    assert answer.answered
    found = next(why(m) for m in answer.moments if word in dict(why(m).translated))
    assert found.stands_in and said <= set(dict(found.translated)[word])
