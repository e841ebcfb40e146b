"""A question in the library's other languages by the reader's model, whatever that writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from seekpoint.index.open import open_reader
from seekpoint.query.reading.language_reader import LanguageReader
from seekpoint.query.reading.model import Endpoint
from seekpoint.query.reading.translations import to_translate, translated
from seekpoint.query.search.settings import AskOptions
from tests.asking import library_of
from tests.fake_chat import FakeChat, Scripted

ENGLISH, CHINESE = "What does a mask hide?", "掩码藏了什么？"


@pytest.mark.parametrize(
    ("question", "languages", "others"),
    [
        (ENGLISH, ["en", "zh"], ["zh"]),
        (CHINESE, ["en", "zh", "fr"], ["en", "fr"]),
        (CHINESE, ["en", "fr", "de", "es", "ru"], ["en", "fr", "de", "es"]),
        (ENGLISH, ["en"], []),
        (ENGLISH, [], []),
        ("a “mask”", ["zh"], []),
        ("attention -mask", ["zh"], []),
        ("注意力 -掩码", ["en"], []),
        ("🤷", ["zh"], []),
        ("mask " * 101, ["zh"], []),
    ],
)
def test_a_question_is_put_into_languages_of_other_scripts(
    question: str, languages: list[str], others: list[str]
) -> None:
    assert to_translate(question, languages) == others


@pytest.mark.parametrize(
    ("written", "wordings"),
    [
        ("zh: 掩码藏了什么？\n", (CHINESE,)),
        ("<think>mask…</think>Sure:\n- **zh**： 掩码藏了什么？", (CHINESE,)),
        ("ZH: 掩码\x1b[31m藏了什么？\nfr: Que cache un masque ?", (CHINESE,)),
        ("zh: What does a mask hide?", ()),
        ("zh: ？", ()),
        ("zh:\n掩码", ()),
        ("It hides the future [1].", ()),
        ("", ()),
        ("zh: " + "掩" * 5000, ()),
        ("zh: " + "掩" * 600, ("掩" * 500,)),
    ],
)
def test_only_lines_in_a_language_that_was_asked_for_count(written: str, wordings: tuple[str, ...]) -> None:
    assert translated(ENGLISH, ["zh"], lambda _: (piece for piece in [written, "\n", ""]), 5) == wordings


def test_what_is_written_after_the_time_counts_only_up_to_the_last_whole_line() -> None:
    assert translated(ENGLISH, ["zh", "ja"], lambda _: (p for p in ["zh: 掩码藏了什么？\nja: マ", "スク"]), -1) == (
        CHINESE,
    )


def test_a_reader_asks_with_translations_once_a_question_and_without_where_its_model_fails(
    tmp_path: Path, chat: FakeChat
) -> None:
    talks = {"talk [aaaaaaaaaaa].en": ["a mask hides the future"], "讲座 [bbbbbbbbbbb].zh": ["掩码把未来藏起来"]}
    with open_reader(library_of(tmp_path, talks)) as library:
        reader, options = LanguageReader(Endpoint(chat.address)), AskOptions()
        assert reader.options(options, ENGLISH, library).also == ()
        reader, chat.translation = LanguageReader(Endpoint(chat.address)), f"zh: {CHINESE}"
        found = [reader.options(options, ENGLISH, library) for _ in range(2)]
        assert [each.also for each in found] == [(CHINESE,)] * 2 and found[0].k == 20
        assert [each.given["languages"] for each in chat.to_translate] == [["zh"]] * 2
        assert reader.options(AskOptions(also=("mask",)), ENGLISH, library).also == ("mask",)
        failing = LanguageReader(Endpoint("http://127.0.0.1:1/v1"))
        assert failing.options(options, ENGLISH, library).also == ()
        hidden = Scripted(lambda _: "", f"zh: {CHINESE}")
        assert LanguageReader(hidden).options(options, ENGLISH, library).also == (CHINESE,)
