"""The language that a search is limited to, and the transcript that suits a tag."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest

from seekpoint.index.errors import UsageError
from seekpoint.index.types import Cue, Kind, Origin, Transcript
from seekpoint.query.filters import check_language, filters_of, in_language, lacking, seconds_since
from tests.cli.here import Ran, call


def test_tags_of_languages_are_accepted_and_what_the_library_has() -> None:
    for tag in ("en", "EN-gb", "zh", "zh_TW", "zh-Hant", "zh-Hant-HK", "yue", "tlh", "de-1996", "en-"):
        check_language(tag, {"en": 1})
    check_language("klingon", {"klingon"})


@pytest.mark.parametrize("tag", ["klingon", "english", "中文", "e", "-", "en zh", "en,zh", "a\x1b[31m\n", " "])
def test_what_is_no_tag_is_refused_with_what_there_is(tag: str) -> None:
    told = "is no language tag: give one such as en, zh or zh-Hant"
    for known, held in ((("zh", "en"), "the library has en, zh"), ((), "nothing is indexed yet")):
        with pytest.raises(UsageError, match=f"{told}; {held}$"):
            check_language(tag, known)


def test_times_are_dates_or_so_long_ago() -> None:
    for text, hours in (("12h", 12), ("7d", 168), (" 2w ", 336)):
        assert abs(time.time() - 3600 * hours - seconds_since(text)) < 60
    for text in ("2026", "2026-01", "2026-01-01"):
        assert seconds_since(text) == datetime(2026, 1, 1).timestamp()
    assert seconds_since("9999w") == 0, "the time before 1970 is none"
    filters = filters_of(after=" 2026-02 ", before="2027", added="2026")
    assert (filters.after, filters.before, filters.added) == ("2026-02", "2027", seconds_since("2026"))


@pytest.mark.parametrize("text", ["2026-02-30", "2026-2", "26", "٢٠٢٦", "0000", "二〇二六", "soon", "-1d", "7m"])
def test_what_is_no_date_is_refused(text: str) -> None:
    for limit in ("after", "before", "added"):
        with pytest.raises(UsageError, match=r"2026-03-15"):
            filters_of(**{limit: text})


@pytest.mark.parametrize(
    ("after", "before"),
    [("2027", "2026"), ("2026-11-02", "2026-11-02"), ("2026-03", "2026"), ("2026", "2026-01"), ("2026", "2026-01-01")],
)
def test_dates_that_leave_no_day_are_refused(after: str, before: str) -> None:
    with pytest.raises(UsageError, match=f"no day is after {after} and before {before}"):
        filters_of(after=after, before=before)


@pytest.mark.parametrize("kind", ["playlist", Kind.PLAYLIST, "song", "视频"])
def test_what_is_no_kind_with_moments_is_refused(kind: str) -> None:
    held = "video, page, paper, recording, document"
    with pytest.raises(UsageError, match=f"^no moment is in a '{kind}': the kinds that hold some are {held}$"):
        filters_of(kind)


def test_a_language_that_is_not_there_is_told() -> None:
    assert lacking("fr-CA", ("zh", "en")) == "nothing here is in fr-CA: the library has en, zh"
    held = "the library has en, zh, captions without a language"
    assert lacking("fr", ("zh", "und", "en")) == f"nothing here is in fr: {held}"
    assert lacking("zh", ("und",)) == "nothing here is in zh: the library has captions without a language"
    assert lacking("fr", ()) == "nothing here is in fr: nothing is indexed yet"
    assert lacking("zh-Hant", ("zh",)) is lacking("yue", ("zh",)) is lacking(None, ("zh",)) is None


@pytest.mark.model
def test_the_command_refuses_what_is_no_language_and_says_that_one_is_not_there(example_library: Path) -> None:
    def ask(question: str, language: str) -> Ran:
        return call("ask", "--index", example_library, question, "--language", language)

    for question in ("为什么要用掩码？", "-"):
        result = ask(question, "klingon")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            "seekpoint: 'klingon' is no language tag: give one such as en, zh or zh-Hant; the library has en, zh\n"
        )
    result = ask("why masks?", "fr")
    assert (result.exit_code, result.stdout) == (0, "Nothing here answers that.\n")
    assert result.stderr == "seekpoint: nothing here is in fr: the library has en, zh\n"
    result = ask("why masks?", "zh-Hant")
    assert result.stdout.startswith("1. ") or "nearest:" in result.stdout


@pytest.mark.parametrize(
    ("stored", "wanted", "expected"),
    [
        ("en zh", "ZH", "zh"),
        ("en zh", "zh-TW", "zh"),
        ("en-GB", "en_US", "en-GB"),
        ("zh-CN zh-TW", "zh_tw", "zh-TW"),
        ("zh-CN zh-TW", "zh-HK", "zh-TW"),
        ("zh-CN zh-Hant", "zh-TW", "zh-Hant"),
        ("zh-TW zh-Hans", "zh-CN", "zh-Hans"),
        ("zh-Hant-HK zh-Hans-CN", "zh-SG", "zh-Hans-CN"),
        ("zh-TW zh", "zh-CN", "zh"),
        ("zh-CN zh-TW", "zh", "zh-CN"),
        ("en zh-Hant", "yue", "zh-Hant"),
        ("en-US en", "en-GB", "en"),
        ("sr-Latn sr-Cyrl", "sr-Cyrl-RS", "sr-Cyrl"),
        ("en he", "iw", "he"),
        ("pt-PT pt-BR", "pt-AO", "pt-PT"),
        *(("zh-TW en", None, "zh-TW"), ("zh-TW en", "", "zh-TW"), ("", None, None)),
        *(("en zh", "fr", None), ("", "en", None), ("en", "-", None), ("zh", "中文", None)),
    ],
)
def test_the_nearest_transcript_of_a_language_is_chosen(stored: str, wanted: str | None, expected: str | None) -> None:
    found = in_language([Transcript(tag, Origin.MANUAL, (Cue(0.0, 1.0, tag),)) for tag in stored.split()], wanted)
    assert (found.language if found else None) == expected
