"""The share of an answer's words that passages show."""

from __future__ import annotations

from pathlib import Path

import pytest

import seekpoint
from benchmarks.shown import ShownText, share_shown
from seekpoint.index.open import open_reader
from seekpoint.query.evaluation.question_file import AnswerSpan
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt

SAID = ("The mask hides.", "它把后面的词藏起来。", "It is used in training.", "And that was it.")


def test_the_share_is_that_of_the_spans_letters(tmp_path: Path) -> None:
    (tmp_path / "talk [aaaaaaaaaaa].en.vtt").write_text(webvtt(*SAID, seconds=10), "utf-8")
    seekpoint.build(tmp_path, tmp_path / "library", encoder=TopicEncoder(), translate=False)
    first, second = (AnswerSpan("aaaaaaaaaaa", start, end) for start, end in ((0, 20), (20, 30)))
    half = ShownText("aaaaaaaaaaa", "en", 0, f"[1a 0] {SAID[0]} …")
    rest = ShownText("aaaaaaaaaaa", "en", 1, f"[2a 10] {SAID[1]} [2b 20] {SAID[2]}")
    with open_reader(tmp_path / "library") as reader:
        assert share_shown([first], [half], reader) == pytest.approx(12 / 21)
        assert share_shown([first], [half, rest], reader) == 1
        assert share_shown([second], [half], reader) == 0
        assert share_shown([first, second], [rest], reader) == 1, "the span of which most is shown"
        with pytest.raises(ValueError, match="substring"):
            share_shown([first], [half._replace(text="[1a 0] never said")], reader)
