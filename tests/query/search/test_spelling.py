from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import seekpoint
from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.index.text.terms import content_terms, terms
from seekpoint.query.answers import Answer, Respelling
from seekpoint.query.search.pipeline import ask
from seekpoint.query.search.question import ParsedQuestion, respelled
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt

# Each of these is said in enough chunks to be meant by a misspelt word.
FREQUENT = "attention gradients regularization recognition overfitting repeat stream 注意力"
RARE = "transformers recognizing colors realised 编码器"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("spelling")
    (folder / "captions").mkdir()
    lines = [f"{FREQUENT} {number}" for number in range(8)] + [RARE]
    (folder / "captions" / "talk [aaaaaaaaaaa].en.vtt").write_text(webvtt(*lines, seconds=40), encoding="utf-8")
    (folder / "list.md").write_text("- https://youtu.be/aaaaaaaaaaa\n", encoding="utf-8")
    seekpoint.build(
        [folder / "list.md"], folder / "library", captions=folder / "captions", encoder=TopicEncoder(), translate=False
    )
    with open_reader(folder / "library") as opened:
        yield opened


def parsed(text: str) -> ParsedQuestion:
    return ParsedQuestion(text, terms(text), content_terms(text), "en", np.zeros(2, np.float32))


def answer(library: Reader, question: str) -> Answer:
    return ask(question, library, TopicEncoder())


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("atention", "attention"),
        ("Atention", "attention"),
        ("attnetion", "attention"),
        ("gradeints", "gradients"),
        ("gradiants", "gradients"),
        ("regulerization", "regularization"),
        ("gradien", "gradients"),  # of which the library keeps the stem alone
        ("attenion", None),  # its stem is none of a word that ends in -tion
    ],
)
def test_a_misspelt_word_is_read_as_a_frequent_one(library: Reader, word: str, meant: str | None) -> None:
    found = answer(library, f"what about the {word}, 注意力?")
    assert found.respelled == ((Respelling(word, meant),) if meant else ())
    assert found.question == f"what about the {word}, 注意力?"
    assert (word in found.unknown) == (not meant)


@pytest.mark.parametrize(("word", "meant"), [("recognise", "recognize"), ("colour", "color"), ("realize", "realise")])
def test_another_spelling_of_a_word_is_read_as_the_one_that_is_said_however_rare(
    library: Reader, word: str, meant: str
) -> None:
    assert answer(library, f"how do we {word} it, 注意力?").respelled == (Respelling(word, meant),)


@pytest.mark.parametrize(
    "word",
    [
        "attention",
        "attentions",
        "overwrite",
        "reheat",
        "streamer",
        "transformrs",
        "regularish",
        "zattention",
        "attention2x",
        "编马器",
        "注意刀",
        "angl",
    ],
)
def test_other_words_are_left_alone(library: Reader, word: str) -> None:
    assert answer(library, f"what about the {word}, 注意力?").respelled == ()


def test_the_words_that_are_meant_are_found_and_lit(library: Reader) -> None:
    moment = answer(library, "atention?").moments[0]
    assert [moment.quote[start:stop] for start, stop in moment.marks] == ["attention"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("atention, or atentions", "attention, or atentions"),
        ("为什么atention重要", "为什么attention重要"),
        ("为什么 atention 重要", "为什么 attention 重要"),
    ],
)
def test_whole_words_are_replaced(text: str, expected: str) -> None:
    assert respelled(parsed(text), (Respelling("atention", "attention"),)) == expected
