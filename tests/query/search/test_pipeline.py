from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.errors import UsageError, WordlessQuestion
from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.index.types import Filters
from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.search.pipeline import ask
from seekpoint.query.search.settings import LONGEST_QUESTION, AskOptions
from tests.asking import library_of
from tests.fakes import TopicEncoder

ENGLISH = ["welcome to the talk", "attention weighs every word", "a mask hides the future", "training takes a week"]
CHINESE = ["欢迎大家", "注意力给每个词一个权重", "掩码把未来藏起来", "训练要一个星期"]
TALKS = {"masks [aaaaaaaaaaa].en": ENGLISH, "掩码 [bbbbbbbbbbb].zh": CHINESE}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with open_reader(library_of(tmp_path_factory.mktemp("search"), TALKS, seconds=40)) as opened:
        yield opened


def answer(library: Reader, question: str, k: int = 5, filters: Filters | None = None) -> Answer:
    return ask(question, library, TopicEncoder(), AskOptions(k, filters or Filters()))


def places(found: Answer) -> list[tuple[str, float | None]]:
    return [(moment.resource.id, moment.start) for moment in found.moments]


@pytest.mark.parametrize("question", ["What does the mask hide?", "掩码藏了什么？"])
def test_moments_are_ranked_and_distinct_and_the_answer_comes_first_in_either_language(
    library: Reader, question: str
) -> None:
    found = answer(library, question, k=100, filters=Filters(section="", language=""))
    assert {*places(found)[:2]} == {("aaaaaaaaaaa", 80.0), ("bbbbbbbbbbb", 80.0)}
    assert found.answered
    assert found.moments[0].link == f"https://www.youtube.com/watch?v={found.moments[0].resource.id}&t=80s"
    assert [moment.rank for moment in found.moments] == list(range(1, len(found.moments) + 1))
    assert [moment.score for moment in found.moments] == sorted((m.score for m in found.moments), reverse=True)
    assert len(set(places(found))) == len(found.moments)


@pytest.mark.parametrize(
    ("question", "language", "begins", "lit", "unlit"),
    [
        ("How does attention weigh every word?", "en", "attention weighs", "attention", "every"),
        ("注意力给每个词什么？", "zh", "注意力给", "注意力", "给"),
    ],
)
def test_the_quote_begins_with_the_cue_and_marks_no_function_words(
    library: Reader, question: str, language: str, begins: str, lit: str, unlit: str
) -> None:
    moment = answer(library, question, filters=Filters(language=language)).moments[0]
    marked = {moment.quote[start:stop] for start, stop in moment.marks}
    assert moment.quote.startswith(begins)
    assert lit in marked and unlit in moment.quote
    assert not any(unlit in text for text in marked)


RUNNING = [
    "各位好，欢迎大家再次来到这里，请大家先找个位置坐好吧。注意力给已经说过的每",
    "一个词都算出一个权重，大的更重要，小的就不那么要紧了。换一句话来讲，这里的",
    "掩码把后面的内容统统藏起来，谁想偷看也没有办法做到。然后呢，我们整个的训练",
    "还要再花上一个星期，甚至是两个星期，相信在座的各位都还记得很清楚，对不对呢。",
]


def test_the_quote_begins_with_the_sentence_within_a_cue(tmp_path: Path) -> None:
    library = library_of(tmp_path, {"talk [aaaaaaaaaaa].zh": RUNNING})
    moment = seekpoint.ask("掩码藏了什么？", library, encoder=TopicEncoder()).moments[0]
    assert moment.quote.startswith("换一句话来讲，这里的 掩码把") and moment.cues[0] == 1
    before = RUNNING[1].index(moment.quote[:6])
    assert moment.start == pytest.approx(10 + 10 * before / len(RUNNING[1]), abs=0.01)
    assert moment.link.endswith(f"&t={int(moment.start or 0)}s")
    assert "掩码" in {moment.quote[slice(*span)] for span in moment.marks}


@pytest.mark.parametrize(
    ("language", "said", "what", "why"),
    [
        (
            "en",
            ("a mask hides", "training", "the mask, again a mask"),
            "What is a mask?",
            "Why is a mask made?",
        ),
        ("zh", ("掩码把未来藏起来", "训练要一个星期", "掩码，还是掩码"), "掩码是什么？", "掩码为什么快？"),
    ],
)
def test_what_something_is_is_answered_where_it_is_introduced(
    language: str, said: tuple[str, str, str], what: str, why: str, tmp_path: Path
) -> None:
    introduced, other, mentioned = said
    lines = [*[other] * 5, *[introduced] * 4, *[other] * 4, *[mentioned] * 4]
    library, encoder = library_of(tmp_path, {f"talk [aaaaaaaaaaa].{language}": lines}, seconds=25), TopicEncoder()
    first, *_ = seekpoint.ask(what, library, encoder=encoder).moments
    assert first.start == 125 and introduced in first.quote
    assert (seekpoint.ask(why, library, encoder=encoder).moments[0].start or 0) > 125


def test_an_estimated_answer_says_what_its_confidence_follows_from_and_nothing_of_its_moments(library: Reader) -> None:
    for question in ("what does the mask hide?", "掩码藏了什么？"):
        plain, explained, estimated = (
            ask(question, library, TopicEncoder(), options)
            for options in (AskOptions(), AskOptions(explained=True), AskOptions(estimated=True))
        )
        assert (plain.estimate, estimated.estimate) == (None, explained.estimate) != (None, None)
        assert estimated.moments == plain.moments


def test_function_words_count_nothing_where_the_library_has_no_other_word_of_the_question(library: Reader) -> None:
    options = AskOptions(explained=True)
    for question, counts in (
        ("what is the quokka to the", False),
        ("what is the talk to the", True),
        ("藏羚羊是什么", False),
    ):
        explained = [each.explanation for each in ask(question, library, TopicEncoder(), options).moments]
        own = [each.words for each in explained if each and not each.stands_in]
        assert any(own) is counts, question


@pytest.mark.parametrize(
    ("defined", "mentioned", "what", "why"),
    [
        ("this is called a mask", "a mask over a mask", "What is a mask?", "Why is a mask made?"),
        ("这个叫做掩码", "一个掩码盖着掩码", "掩码是什么？", "掩码为什么快？"),
    ],
)
def test_what_something_is_is_answered_where_it_is_defined(
    defined: str, mentioned: str, what: str, why: str, tmp_path: Path
) -> None:
    """Not at the first mention, and not where it is said most."""
    lines = [line for said in (mentioned, defined, mentioned) for line in (*["training"] * 6, *[said] * 3)]
    language = "en" if defined.isascii() else "zh"
    talks = {"other [bbbbbbbbbbb].zh": ["缓存"], "third [ccccccccccc].en": ["cache"]}
    library = library_of(tmp_path, {f"talk [aaaaaaaaaaa].{language}": lines, **talks}, seconds=25)
    first, other = (seekpoint.ask(asked, library, encoder=TopicEncoder()).moments[0] for asked in (what, why))
    assert first.start == 15 * 25 != other.start


def test_operators_and_quotes_are_only_characters(library: Reader) -> None:
    for question in (
        'mask" OR "x',
        "NEAR(mask, 5)",
        "mask AND NOT zebra",
        "^terms:mask* -x +y (z",
        "mask'; DROP TABLE",
    ):
        assert places(answer(library, question, k=1))[0][1] == 80.0, question


def test_questions_without_words_or_end_and_wrong_options_are_refused(library: Reader) -> None:
    for question in ("   ", "\x1b\u202e"):
        with pytest.raises(WordlessQuestion, match=r"^the question is empty: ask"):
            answer(library, question)
    with pytest.raises(WordlessQuestion, match=r"^the question 🤷🎉 has no words: ask"):
        answer(library, " 🤷🎉 ")
    assert answer(library, ("掩码 mask " * 1000)[:LONGEST_QUESTION]).answered
    with pytest.raises(UsageError, match="100,000 characters"):
        answer(library, "掩" * 100_000)
    for k in (0, 101):
        with pytest.raises(UsageError, match="must be 1 to 100"):
            answer(library, "mask", k=k)


def test_a_library_without_anything_indexed_has_no_answer(tmp_path: Path) -> None:
    """A single source, which needs no list."""
    (tmp_path / "list.md").write_text("- https://example.org/page\n", encoding="utf-8")
    for source in (tmp_path / "list.md", str(tmp_path / "list.md")):
        assert seekpoint.build(source, tmp_path / "library", encoder=TopicEncoder(), translate=False).entries == 1
    found = seekpoint.ask("mask", tmp_path / "library", encoder=TopicEncoder())
    assert (found.answered, found.moments) == (False, ())


@pytest.mark.parametrize(
    ("question", "confidence", "unknown"),
    [
        ("What does the mask hide?", Confidence.LOW, ()),
        ("How does bread mask the future?", Confidence.LOW, ("bread",)),
        ("How does the oven bake bread?", Confidence.NONE, ("oven", "bake", "bread")),
        ("红烧肉怎么做？", Confidence.NONE, ("红烧肉",)),
        ("Comment cuire du pain", Confidence.LOW, ()),
    ],
)
def test_with_another_model_the_confidence_follows_from_the_words(
    library: Reader, question: str, confidence: Confidence, unknown: tuple[str, ...]
) -> None:
    found = answer(library, question)
    assert (found.confidence, found.unknown) == (confidence, unknown)
    assert found.answered == (confidence is not Confidence.NONE)
