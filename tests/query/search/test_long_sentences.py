"""Moments in a sentence that is longer than a passage."""

from __future__ import annotations

from pathlib import Path

import pytest

import seekpoint
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt

SHORT = {"en": "Here is a word.", "zh": "这里有一句话。"}
LONG = {"en": "and the mask hides the future of attention", "zh": "而掩码把注意力的未来藏起来"}


@pytest.mark.parametrize(("language", "question"), [("en", "what does the mask hide?"), ("zh", "掩码藏起了什么？")])
def test_passages_of_one_sentence_give_one_moment(tmp_path: Path, language: str, question: str) -> None:
    lines = [SHORT[language]] * 9 + [LONG[language]] * 9 + [SHORT[language]] * 9
    (tmp_path / f"talk.{language}.vtt").write_text(webvtt(*lines, seconds=8), encoding="utf-8")
    (tmp_path / "talk.ogg").write_bytes(b"")
    seekpoint.build(tmp_path, tmp_path / "library", encoder=TopicEncoder(), translate=False)
    found = seekpoint.ask(question, tmp_path / "library", encoder=TopicEncoder()).moments
    assert [moment.rank for moment in found] == list(range(1, len(found) + 1))
    starts = [moment.start for moment in found]
    assert len(starts) == len(set(starts)) > 0
