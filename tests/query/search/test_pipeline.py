from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.errors import DamagedLibrary, LibraryError, UsageError, WordlessQuestion
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.store import Reader
from seekpoint.index.types import Filters, Kind
from seekpoint.query.answers import Answer, Confidence, Moment
from seekpoint.query.search.pipeline import ask
from seekpoint.query.search.settings import LONGEST_QUESTION, AskOptions
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt

ENGLISH = ["welcome to the talk", "attention weighs every word", "a mask hides the future", "training takes a week"]
CHINESE = ["欢迎大家", "注意力给每个词一个权重", "掩码把未来藏起来", "训练要一个星期"]
TALKS = {"masks [aaaaaaaaaaa].en": ENGLISH, "掩码 [bbbbbbbbbbb].zh": CHINESE}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("search")
    (folder / "captions").mkdir()
    for name, lines in TALKS.items():
        (folder / "captions" / f"{name}.vtt").write_text(webvtt(*lines, seconds=40), encoding="utf-8")
    (folder / "list.md").write_text(
        "# Talks\n\n## English\n- https://youtu.be/aaaaaaaaaaa\n\n## 中文\n- https://youtu.be/bbbbbbbbbbb\n",
        encoding="utf-8",
    )
    captions, encoder = folder / "captions", TopicEncoder()
    seekpoint.build([folder / "list.md"], folder / "library", captions=captions, encoder=encoder, translate=False)
    with open_reader(folder / "library") as opened:
        yield opened


def answer(library: Reader, question: str, k: int = 5, filters: Filters | None = None) -> Answer:
    return ask(question, library, TopicEncoder(), AskOptions(k, filters or Filters()))


def places(found: Answer) -> list[tuple[str, float | None]]:
    return [(moment.resource.id, moment.start) for moment in found.moments]


@pytest.mark.parametrize("question", ["What does the mask hide?", "掩码藏了什么？"])
def test_the_answer_comes_first_in_either_language(library: Reader, question: str) -> None:
    found = answer(library, question, k=2)
    assert set(places(found)) == {("aaaaaaaaaaa", 80.0), ("bbbbbbbbbbb", 80.0)}
    assert found.answered
    assert found.moments[0].link == f"https://www.youtube.com/watch?v={found.moments[0].resource.id}&t=80s"


def test_moments_are_ranked_and_distinct(library: Reader) -> None:
    found = answer(library, "attention and a mask in training", k=100)
    assert [moment.rank for moment in found.moments] == list(range(1, len(found.moments) + 1))
    assert [moment.score for moment in found.moments] == sorted((m.score for m in found.moments), reverse=True)
    assert len(set(places(found))) == len(found.moments)


@pytest.mark.parametrize(
    ("question", "language", "begins", "lit", "unlit"),
    [
        ("How does attention weigh every word?", "en", "attention weighs", "attention", "every"),
        ("what is hidden by a mask", "en", "a mask hides", "mask", "the"),
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
    "Welcome everybody, welcome once again, and please take a seat. Attention",
    "weighs every single word of all that was said so far. In other words, a",
    "mask hides all that follows from those who want to peek. Then training",
    "takes another week, or even two, as everybody here remembers very well.",
]
RUNNING_CHINESE = [
    "各位好，欢迎大家再次来到这里，请大家先找个位置坐好吧。注意力给已经说过的每",
    "一个词都算出一个权重，大的更重要，小的就不那么要紧了。换一句话来讲，这里的",
    "掩码把后面的内容统统藏起来，谁想偷看也没有办法做到。然后呢，我们整个的训练",
    "还要再花上一个星期，甚至是两个星期，相信在座的各位都还记得很清楚，对不对呢。",
]


@pytest.mark.parametrize(
    ("lines", "question", "quote", "marked"),
    [
        (RUNNING, "What does the mask hide?", "In other words, a mask hides", {"mask", "hides"}),
        (RUNNING_CHINESE, "掩码藏了什么？", "换一句话来讲，这里的 掩码把", {"掩码"}),
    ],
)
def test_the_quote_begins_with_the_sentence_within_a_cue(
    tmp_path: Path, lines: list[str], question: str, quote: str, marked: set[str]
) -> None:
    (tmp_path / "talk [aaaaaaaaaaa].zh.vtt").write_text(webvtt(*lines, seconds=10), encoding="utf-8")
    encoder = TopicEncoder()
    seekpoint.build(
        "https://youtu.be/aaaaaaaaaaa", tmp_path / "library", captions=tmp_path, encoder=encoder, translate=False
    )
    with open_reader(tmp_path / "library") as opened:
        moment = ask(question, opened, encoder).moments[0]
    assert moment.quote.startswith(quote) and moment.cues[0] == 1
    before = lines[1].index(quote[:6])
    assert moment.start == pytest.approx(10 + 10 * before / len(lines[1]), abs=0.01)
    assert moment.link.endswith(f"&t={int(moment.start or 0)}s")
    assert {moment.quote[slice(*span)] for span in moment.marks} >= marked


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(language="zh"), {"bbbbbbbbbbb"}),
        (Filters(language="en-GB"), {"aaaaaaaaaaa"}),
        (Filters(section="中文"), {"bbbbbbbbbbb"}),
        (Filters(section="ENGL"), {"aaaaaaaaaaa"}),
        (Filters(kind=Kind.VIDEO), {"aaaaaaaaaaa", "bbbbbbbbbbb"}),
        (Filters(kind=Kind.PAPER), set()),
        (Filters(section="no such heading"), set()),
    ],
)
def test_filters_come_before_ranking(library: Reader, filters: Filters, expected: set[str]) -> None:
    found = answer(library, "mask", k=4, filters=filters)
    assert {moment.resource.id for moment in found.moments} == expected
    assert len(found.moments) == min(4, 4 * len(expected))
    assert found.answered == bool(expected)


@pytest.mark.parametrize(
    "question",
    [
        *('mask" OR "x', "NEAR(mask, 5)", "mask*", "mask AND NOT zebra", "terms:mask", "^mask -x +y (z"),
        "mask'; DROP TABLE chunk; --",
    ],
)
def test_operators_and_quotes_are_only_characters(library: Reader, question: str) -> None:
    assert places(answer(library, question, k=1))[0][1] == 80.0


def test_a_question_without_words_is_refused(library: Reader) -> None:
    for question in ("", "   ", "\x1b\u202e"):
        with pytest.raises(WordlessQuestion, match=r"^the question is empty: ask"):
            answer(library, question)
    for question in ("?!…", " 🤷🎉 "):
        with pytest.raises(WordlessQuestion) as error:
            answer(library, question)
        assert str(error.value).startswith(f"the question {question.strip()} has no words: ask")


def test_a_long_question_is_answered_and_an_endless_one_refused(library: Reader) -> None:
    assert answer(library, ("掩码 mask " * 1000)[:LONGEST_QUESTION]).answered
    with pytest.raises(UsageError, match="100,000 characters"):
        answer(library, "掩" * 100_000)


def test_options_are_checked(library: Reader) -> None:
    for k in (0, -1, 101):
        with pytest.raises(UsageError, match="must be 1 to 100"):
            answer(library, "mask", k=k)
    with pytest.raises(UsageError, match="no kind of resource is called 'song'"):
        seekpoint.ask("mask", str(library.address), kind="song", encoder=TopicEncoder())


def test_the_python_api_answers_from_a_folder_or_an_open_library(library: Reader) -> None:
    encoder = TopicEncoder()
    by_folder = seekpoint.ask("mask", str(library.address), k=1, language="zh", encoder=encoder)
    with seekpoint.open_library(str(library.address)) as opened:
        assert by_folder == seekpoint.ask("mask", opened, k=1, language="zh", encoder=encoder)
    assert by_folder.moments[0].resource.title == "掩码"


def test_a_library_without_anything_indexed_has_no_answer(tmp_path: Path) -> None:
    """A single source, which needs no list."""
    (tmp_path / "list.md").write_text("- https://example.org/page\n", encoding="utf-8")
    for source in (tmp_path / "list.md", str(tmp_path / "list.md")):
        assert seekpoint.build(source, tmp_path / "library", encoder=TopicEncoder(), translate=False).entries == 1
    found = seekpoint.ask("mask", tmp_path / "library", encoder=TopicEncoder())
    assert (found.answered, found.moments) == (False, ())


def test_empty_filters_keep_everything(library: Reader) -> None:
    assert places(answer(library, "mask", filters=Filters(None, "", ""))) == places(answer(library, "mask"))


def test_threads_share_an_open_library(library: Reader) -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: places(answer(library, "what does a mask hide")), range(40)))
    assert found == [places(answer(library, "what does a mask hide"))] * 40


def test_a_closed_library_says_so(tmp_path: Path, library: Reader) -> None:
    shutil.copytree(str(library.address), tmp_path / "copy")
    with open_reader(tmp_path / "copy") as closed:
        pass
    with pytest.raises(LibraryError, match="was closed") as caught:
        answer(closed, "mask")
    assert not isinstance(caught.value, DamagedLibrary)


@pytest.mark.parametrize(
    ("one", "other"), [("掩码把未来藏起来吗", "掩碼把未來藏起來嗎"), ("训练要多久？", "訓練要多久？")]
)
def test_both_scripts_of_chinese_ask_the_same(library: Reader, one: str, other: str) -> None:
    assert places(answer(library, one)) == places(answer(library, other))
    assert any(moment.marks for moment in answer(library, other).moments)


def test_a_question_finds_words_in_another_language_by_their_translation(library: Reader, tmp_path: Path) -> None:
    shutil.copytree(str(library.address), tmp_path / "library")

    def place() -> Moment:
        found = seekpoint.ask("几个星期？", tmp_path / "library", k=4, language="en", encoder=TopicEncoder())
        return next(moment for moment in found.moments if moment.start == 120.0)

    before = place()
    with open_writer(tmp_path / "library") as writer:
        writer.keep_translations("1", lambda target: [("zh", [("星期", ["week"])])] if target == "en" else [])
    after = place()
    assert "week" in {after.quote[start:stop] for start, stop in after.marks} and not before.marks
    assert after.score > before.score


@pytest.mark.parametrize(
    ("question", "confidence", "unknown"),
    [
        ("What does the mask hide?", Confidence.HIGH, ()),
        ("How does bread mask the future?", Confidence.LOW, ("bread",)),
        ("How does the oven bake bread?", Confidence.NONE, ("oven", "bake", "bread")),
        ("掩码藏了什么？", Confidence.LOW, ()),
        ("红烧肉怎么做？", Confidence.NONE, ()),
        ("Comment cuire du pain", Confidence.LOW, ()),
    ],
)
def test_with_another_model_the_confidence_follows_from_the_words(
    library: Reader, question: str, confidence: Confidence, unknown: tuple[str, ...]
) -> None:
    found = answer(library, question)
    assert (found.confidence, found.unknown) == (confidence, unknown)
    assert found.answered == (confidence is not Confidence.NONE)


def test_the_python_api_takes_languages_as_the_command_line_does(tmp_path: Path) -> None:
    for name, lines in TALKS.items():
        (tmp_path / f"{name}.vtt").write_text(webvtt(*lines), encoding="utf-8")
    built = seekpoint.build(
        tmp_path, tmp_path / "library", languages="en,zh", encoder=TopicEncoder(), translate=False, pace=0
    )
    assert built.updated == 2
    with pytest.raises(UsageError, match="takes tags"):
        seekpoint.build(tmp_path, tmp_path / "library", languages="english?")
