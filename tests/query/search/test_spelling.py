"""Misspelt words, and the words of the library that are meant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.query.answers import Answer, Respelling
from seekpoint.query.search.pipeline import ask
from seekpoint.query.search.spelling import respelled
from tests.asking import library_of
from tests.fakes import TopicEncoder
from tests.query.search.queries import parsed

# Each of these is said in enough chunks to be meant by a misspelt word.
FREQUENT = "attention gradients regularization recognition overfitting repeat stream learning cache phonetic 注意力"
RARE = "transformers recognizing colors realised chattention ross 编码器"
TITLE = "Niccolò Machiavelli: the prince"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    talks = {f"{TITLE} [aaaaaaaaaaa].en": [*(f"{FREQUENT} {number}" for number in range(8)), RARE]}
    with open_reader(library_of(tmp_path_factory.mktemp("spelling"), talks, seconds=40)) as opened:
        yield opened


def answer(library: Reader, question: str) -> Answer:
    return ask(question, library, TopicEncoder())


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Atention", "attention"),
        ("attnetion", "attention"),
        ("regulerization", "regularization"),
        ("gradien", "gradient"),  # of which the library keeps the stem alone
        ("attenion", "attention"),
        ("lerning", "learning"),
        ("cahce", "cache"),
        ("kashe", None),  # two letters of five are others
        ("machiaveli", "machiavelli"),  # in a title
        ("fonetics", "phonetics"),  # by its sound
        ("transformrs", "transformers"),  # rare, but a word
        ("chatention", None),  # rare, and none
        ("recognise", "recognize"),  # in its other spelling, however rare
        ("colour", "color"),
        ("realize", "realise"),
    ],
)
def test_a_misspelt_word_is_read_as_one_that_is_said(library: Reader, word: str, meant: str | None) -> None:
    found = answer(library, f"what about the {word}, 注意力?")
    assert found.respelled == ((Respelling(word, meant),) if meant else ())
    assert found.question == f"what about the {word}, 注意力?"
    assert (word in found.unknown) == (not meant)


def test_other_words_are_left_alone_and_whole_ones_replaced_and_lit(library: Reader) -> None:
    english = "attentions overwrite reheat streamer steam cachet offense"
    others = "regularish gradiente Rosso learnify StrEap zattention attention2x 编马器 注意刀 angl"
    for word in f"{english} {others}".split():
        assert answer(library, f"what about the {word}, 注意力?").respelled == (), word
    moment = answer(library, "atention?").moments[0]
    assert [moment.quote[start:stop] for start, stop in moment.marks] == ["attention"]
    for text, expected in (
        ("atention, or atentions", "attention, or atentions"),
        ("为什么atention重要", "为什么attention重要"),
    ):
        assert respelled(text, parsed(text).content, (Respelling("atention", "attention"),)) == expected


def test_a_word_that_a_title_alone_has_is_known(library: Reader) -> None:
    for question, unknown in (("why Machiavelli", ()), ("why Machiavelli and Cesare", ("Cesare",))):
        assert answer(library, question).unknown == unknown
