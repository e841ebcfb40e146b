"""Chapters from YouTube's answer to the moment that is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

import seekpoint
from seekpoint.query.answers import Answer
from seekpoint.query.output.json import to_json
from seekpoint.query.output.terminal import to_text
from tests.fake_youtube import FakeYouTube
from tests.indexer.builds import Workshop

ENGLISH, CHINESE = "english0001", "chinese0001"
LINES = [(10.0 * k, 10.0, f"and so on, line {k}") for k in range(30)]
CHINESE_LINES = [(10.0 * k, 10.0, f"然后是第{k}行") for k in range(30)]


@pytest.fixture
def workshop(tmp_path: Path, fake: FakeYouTube) -> Workshop:
    return Workshop(tmp_path, fake)


def build(workshop: Workshop, *video_ids: str) -> None:
    workshop.build(workshop.write("list.md", "\n".join(f"- https://youtu.be/{video_id}" for video_id in video_ids)))


def answer(workshop: Workshop, question: str) -> Answer:
    return seekpoint.ask(question, workshop.library, k=3, encoder=workshop.encoder)


def test_a_title_is_found_and_shown_where_its_chapter_begins_though_nobody_says_it(workshop: Workshop) -> None:
    for video_id, lines, language, titles in (
        (ENGLISH, LINES, "en", ("Welcome", "Positional encoding", "Decoding step by step", "Questions")),
        (CHINESE, CHINESE_LINES, "zh-TW", ("開場", "位置編碼", "逐步解碼", "問答")),
    ):
        chapters = list(zip((0, 98, 160, 240), titles, strict=True))
        workshop.fake.add_video(video_id, f"Talk {video_id}", {language: lines}, seconds=300, chapters=chapters)
    build(workshop, ENGLISH, CHINESE)
    for question, video_id, title in (
        ("What is positional encoding?", ENGLISH, "Positional encoding"),
        ("什么是位置编码？", CHINESE, "位置編碼"),
    ):
        moment = answer(workshop, question).moments[0]
        assert (moment.resource.id, moment.start, moment.chapter) == (video_id, 100.0, title)
        assert moment.link.endswith("&t=100s")
    found = answer(workshop, "positional encoding, line 13")
    assert found.moments[0].start == 130.0
    assert "\n   in: *Positional encoding*\n" in to_text(found, styled=False)
    moments = to_json(found)["moments"]
    assert isinstance(moments, list) and moments[0]["chapter"] == "Positional encoding"
    assert not any("ncoding" in text or "編碼" in text for text in workshop.encoder.embedded), "titles aren't embedded"


def test_captions_of_another_cut_dont_lead_beyond_the_end(workshop: Workshop) -> None:
    chapters = [(0, "Welcome"), (120, "Masks"), (250, "Outtakes")]
    workshop.fake.add_video(ENGLISH, tracks={"en": LINES}, seconds=201.7, chapters=chapters)
    build(workshop, ENGLISH)
    moment = answer(workshop, "line 27").moments[0]
    assert moment.quote.startswith("and so on, line 27")
    assert (moment.start, moment.end, moment.chapter) == (201.0, 201.0, "Masks")
    assert moment.link.endswith("&t=201s")


def test_a_hostile_title_is_found_and_shown_as_harmless_text(workshop: Workshop) -> None:
    titles = [
        "\x1b[31mred\x1b[0m\u202e zebra\n\x07",
        "', '*' OR \" NEAR(x",
        "斑馬" * 250,
        *(f"t{k}" for k in range(2000)),
    ]
    workshop.fake.add_video(ENGLISH, tracks={"en": LINES}, seconds=9999, chapters=list(enumerate(titles)))
    build(workshop, ENGLISH)
    moment = answer(workshop, "red zebra").moments[0]
    assert (moment.start, moment.chapter) == (0.0, "red zebra")
    for question in ("斑马", "near x", "t150"):
        text = to_text(answer(workshop, question), styled=False)
        assert all(character.isprintable() or character == "\n" for character in text)
        assert max(map(len, text.splitlines())) < 300
