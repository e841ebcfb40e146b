from __future__ import annotations

import pytest

from seekpoint.index.types import Cue, Origin, Transcript
from seekpoint.query.filters import in_language


def chosen(stored: str, wanted: str | None) -> str | None:
    """The language of the transcript that is chosen of those in the stored languages."""
    transcripts = [Transcript(tag, Origin.MANUAL, (Cue(0.0, 1.0, tag),)) for tag in stored.split()]
    transcript = in_language(transcripts, wanted)
    return transcript.language if transcript else None


@pytest.mark.parametrize(
    ("stored", "wanted", "expected"),
    [
        ("en zh", "zh", "zh"),
        ("en zh", "ZH", "zh"),
        ("en zh", "zh-TW", "zh"),
        ("en-GB", "en_US", "en-GB"),
        ("zh-CN zh-TW", "zh-TW", "zh-TW"),
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
    ],
)
def test_the_nearest_transcript_of_the_language_is_chosen(stored: str, wanted: str, expected: str) -> None:
    assert chosen(stored, wanted) == expected


@pytest.mark.parametrize("wanted", [None, ""])
def test_the_first_transcript_is_chosen_where_no_language_is_asked_for(wanted: str | None) -> None:
    assert chosen("zh-TW en", wanted) == "zh-TW"


@pytest.mark.parametrize(("stored", "wanted"), [("en zh", "fr"), ("", "en"), ("", None), ("en", "-"), ("zh", "中文")])
def test_no_transcript_is_chosen_where_none_is_in_the_language(stored: str, wanted: str | None) -> None:
    assert chosen(stored, wanted) is None
