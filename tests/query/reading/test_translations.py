"""A question in the library's other languages by the reader's model, whatever that writes."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import pytest

from seekpoint.index.errors import ReaderError
from seekpoint.index.open import open_reader
from seekpoint.index.types import Filters
from seekpoint.query.reading.language_reader import LanguageReader, whole
from seekpoint.query.reading.model import Endpoint
from seekpoint.query.reading.translations import to_translate, translating
from seekpoint.query.search.settings import AskOptions
from tests.asking import library_of
from tests.fake_chat import FakeChat, Scripted

ENGLISH, CHINESE, GERMAN = "What does a mask hide?", "掩码藏了什么？", "Warum teilt man durch die Wurzel?"


def written_as(seconds: float, *pieces: str, languages: Sequence[str] = ("zh",)) -> tuple[str, ...]:
    """The wordings that are made of what a model writes."""
    return whole(translating(ENGLISH, languages, lambda _: (piece for piece in pieces), seconds))


class Failing(Scripted):
    """A model that refuses every request."""

    def __init__(self) -> None:
        super().__init__(lambda _: "")
        self.asked = 0

    def stream(self, messages: Sequence[Mapping[str, str]]) -> Generator[str, None, None]:
        self.asked += 1
        yield ""
        raise ReaderError("the language model refuses")


class Endless(Scripted):
    """A model that thinks for ever."""

    def __init__(self) -> None:
        super().__init__(lambda _: "")

    def stream(self, messages: Sequence[Mapping[str, str]]) -> Generator[str, None, None]:
        while True:
            time.sleep(0.1)
            yield "hm"


@pytest.mark.parametrize(
    ("question", "languages", "others"),
    [
        (ENGLISH, ["en", "zh"], ["zh"]),
        (CHINESE, ["en", "zh", "fr"], ["en", "fr"]),
        (CHINESE, ["en", "fr", "de", "es", "ru"], ["en", "fr", "de", "es"]),
        (ENGLISH, ["en"], []),
        (ENGLISH, [], []),
        ("attention mask", ["en", "zh", "de"], ["zh"]),
        ("How do you pick the variables?", ["en", "de"], ["de"]),
        (GERMAN, ["en"], ["en"]),
        (GERMAN, ["de", "en", "zh"], ["en", "zh"]),
        ("Что скрывает маска?", ["en", "ru"], ["en"]),
        ("Paano gumagana ang atensyon sa mga modelo?", ["fil", "mi", "zh"], ["zh"]),
        (CHINESE, ["fil", "mi"], ["fil"]),
        ("a “mask”", ["zh"], ["zh"]),
        ('a "mask"', ["zh"], []),
        ("attention -mask", ["zh"], []),
        ("注意力 -掩码", ["en"], []),
        ("🤷", ["zh"], []),
        ("mask " * 101, ["zh"], []),
    ],
)
def test_a_question_is_put_into_languages_that_it_cannot_be_in(
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
        ("zh-CN: 掩码藏了什么？", (CHINESE,)),
        ('zh: "掩码藏了什么？"', (CHINESE,)),
        ("zh: 「掩码藏了什么？」", (CHINESE,)),
        ("zh: -掩码", ("掩码",)),
        ("zh:\n掩码", ()),
        ("It hides the future [1].", ()),
        ("", ()),
        ("zh: " + "掩" * 5000, ()),
        ("zh: " + "掩" * 600, ("掩" * 500,)),
        ("中文: 掩码藏了什么？", (CHINESE,)),
        ("**Simplified Chinese** – zh: 掩码藏了什么？\nzh: 掩码", ("掩码",)),
        ("Note: a translation\n中文：掩码", ("掩码",)),
        ("Chinese (Simplified): 掩码", ("掩码",)),
        ("1. 「zh」：掩码", ("掩码",)),
        ("zh: What does a mask hide?\nChinese: 掩码", ("掩码",)),
        (CHINESE, (CHINESE,)),
        (f"Sure\n{CHINESE}", ()),
    ],
)
def test_only_lines_in_a_language_that_was_asked_for_count(written: str, wordings: tuple[str, ...]) -> None:
    assert written_as(5, written, "\n", "") == wordings


def test_a_line_of_one_of_several_languages_needs_its_tag() -> None:
    assert written_as(5, f"Deutsch: {GERMAN}\nzh: {CHINESE}", languages=["de", "zh"]) == (CHINESE,)
    assert written_as(5, f"de: {ENGLISH} How do you do it?\nzh: {CHINESE}", languages=["de", "zh"]) == (CHINESE,)
    assert written_as(5, f"de (German): {GERMAN}", languages=["de", "zh"]) == (GERMAN,)


def test_what_is_written_after_the_time_counts_only_up_to_the_last_whole_line() -> None:
    assert written_as(-1, f"zh: {CHINESE}\nja: マ", "スク") == (CHINESE,)
    with pytest.raises(ReaderError, match="into no other language within"):
        written_as(-1, "Let me see")


def test_a_reader_asks_with_translations_and_without_where_its_model_fails(tmp_path: Path, chat: FakeChat) -> None:
    talks = {"talk [aaaaaaaaaaa].en": ["a mask hides the future"], "讲座 [bbbbbbbbbbb].zh": ["掩码把未来藏起来"]}
    with open_reader(library_of(tmp_path, talks)) as library:

        def also(reader: LanguageReader, options: AskOptions = AskOptions()) -> tuple[str, ...]:  # noqa: B008
            wider = whole(reader.translating(options, ENGLISH, library))
            assert wider.k == 20
            return wider.also

        reader = LanguageReader(Endpoint(chat.address))
        assert also(reader) == ()
        chat.translation = f"zh: {CHINESE}"
        assert also(reader) == (CHINESE,)
        assert [each.given["languages"] for each in chat.to_translate] == [["zh"]] * 2
        assert also(reader, AskOptions(also=("mask",))) == ("mask",)
        assert also(reader, AskOptions(filters=Filters(language="en"))) == ()
        assert len(chat.to_translate) == 2
        hiding = Scripted(lambda _: "", f"zh: {CHINESE}", hidden="藏")
        assert also(LanguageReader(hiding)) == (CHINESE.replace("藏", "*"),)

        failing = Failing()
        for _ in range(2):  # it isn't asked again soon
            assert also(LanguageReader(failing)) == ()
        assert failing.asked == 2
        reader = LanguageReader(failing)
        assert also(reader) == also(reader) == () and failing.asked == 3


def test_a_slow_model_takes_a_sixth_of_the_seconds_beside_the_reading(tmp_path: Path) -> None:
    talks = {"talk [aaaaaaaaaaa].en": ["a mask hides the future"], "讲座 [bbbbbbbbbbb].zh": ["掩码把未来藏起来"]}
    with open_reader(library_of(tmp_path, talks)) as library:
        began = time.monotonic()
        steps = LanguageReader(Endless(), seconds=12).translating(AskOptions(), ENGLISH, library)
        assert whole(steps).also == () and 2 <= time.monotonic() - began < 4
