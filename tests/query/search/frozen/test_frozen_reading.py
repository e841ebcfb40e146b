"""A scripted endpoint as the reader of the frozen library: it knows which sentence of a passage is the right one."""

from __future__ import annotations

import json
import re
import time

import pytest

from seekpoint.index.store import Reader
from seekpoint.query.answers import Answer, Confidence, Moment, Verdict
from seekpoint.query.output.json import to_json
from seekpoint.query.reading.language_reader import LanguageReader
from seekpoint.query.reading.model import Endpoint
from seekpoint.query.search.pipeline import ask
from seekpoint.query.search.settings import AskOptions
from tests.fake_chat import Behaviour, FakeChat, answering, by_letter, citing, endless, silent, streaming
from tests.query.search.frozen.encoder import FrozenEncoder
from tests.query.search.frozen.questions import ROWS, Row, row

KEY = "sk-proj-Kq7Zx4mW9-vT2bLd8RhN3"
HEADS = row("meaning alone").question
ANSWERED = [row for row in ROWS if row.resource and not row.language]


def read(frozen: Reader, chat: FakeChat, question: str, k: int = 5, seconds: float = 30) -> Answer:
    reader = LanguageReader(Endpoint(chat.address, key=KEY), seconds)
    return reader.read(ask(question, frozen, FrozenEncoder(), reader.options(AskOptions(k))), frozen, k)


def ranked(frozen: Reader, question: str, k: int = 5) -> Answer:
    return ask(question, frozen, FrozenEncoder(), AskOptions(k))


@pytest.mark.parametrize("row", ANSWERED, ids=lambda row: row.holds)
def test_the_place_that_the_reader_cites_comes_first(frozen: Reader, chat: FakeChat, row: Row) -> None:
    before = ranked(frozen, row.question)
    right, said = next(
        (moment, said)
        for moment in reversed(before.moments)
        for transcript in frozen.transcripts(moment.resource.id, moment.language)
        if [cue.text for cue in transcript.cues].count(said := transcript.cues[moment.cues[0]].text) == 1
    )
    chat.behaviour = citing(f"It is so {{{said[:30]}}}. No. Why?")
    after = read(frozen, chat, row.question)
    assert [moment.rank for moment in after.moments] == list(range(1, len(after.moments) + 1))
    assert place(after.moments[0]) == place(right)
    assert (after.moments[0].link, after.moments[0].marks) == (right.link, right.marks)
    assert [place(moment) for moment in after.moments[1:4]] == [
        place(moment) for moment in before.moments if place(moment) != place(right)
    ][:3]
    assert after.reading and after.reading.verdict is Verdict.ANSWERED
    assert [sentence.text for sentence in after.reading.sentences] == ["It is so."]
    assert len(chat.requests) == 1


def place(moment: Moment) -> tuple[str, float | None, int | None]:
    return moment.resource.id, moment.start, moment.page


@pytest.mark.parametrize("question", [HEADS, "怎样才看不到未来？"])
def test_a_moment_begins_at_the_second_of_its_mark(frozen: Reader, chat: FakeChat, question: str) -> None:
    first, *_ = ranked(frozen, question).moments
    (transcript,) = frozen.transcripts(first.resource.id, first.language)
    later = next(cue for cue in transcript.cues if cue.start == first.cues[0] * 10 + 40)
    chat.behaviour = citing(f"第一 {{{later.text}}}。Again {{{first.quote[:9]}}}.")
    after = read(frozen, chat, question, k=1)
    assert [moment.start for moment in after.moments] == [later.start, first.start]
    moment = after.moments[0]
    assert (moment.link, moment.quote[: len(later.text)]) == (f"{first.resource.url}&t={later.start:.0f}s", later.text)
    cues = transcript.cues[slice(*moment.cues)]
    assert " ".join(cue.text for cue in cues) == moment.quote
    assert after.reading
    document = to_json(after)
    assert document["reader"] == "answered"
    assert [(each["moment"], each["seconds"]) for each in document["citations"]] == [(1, later.start), (2, first.start)]
    assert document["citations"][0]["sentence"] == "第一。"


def test_places_near_each_other_are_one_moment_with_a_link_each(frozen: Reader, chat: FakeChat) -> None:
    first, *_ = ranked(frozen, HEADS).moments
    (transcript,) = frozen.transcripts(first.resource.id, first.language)
    near = transcript.cues[first.cues[0] + 2]
    chat.behaviour = citing(f"So {{{first.quote[:9]}}}{{{near.text}}}.")
    after = read(frozen, chat, HEADS)
    assert after.reading
    (sentence,) = after.reading.sentences
    assert [(each.moment, each.seconds) for each in sentence.citations] == [(1, first.start), (1, near.start)]
    assert place(after.moments[0]) == place(first)


def test_none_is_believed(frozen: Reader, chat: FakeChat) -> None:
    for text in ("NONE", "**None.**", "NONE. The passages speak of masks [1a].", "<think>Perhaps [1a].</think>NONE"):
        chat.behaviour = by_letter(text)
        after = read(frozen, chat, HEADS)
        assert after.confidence is Confidence.NONE and not after.answered
        assert after.moments == ranked(frozen, HEADS).moments, "the nearest"
        assert to_json(after)["reader"] == "none"
    assert len(chat.requests) == 4


def test_an_answer_to_what_the_ranking_gives_up_may_be_right(frozen: Reader, chat: FakeChat) -> None:
    question = "How do I bake bread?"
    assert not ranked(frozen, question).answered
    chat.behaviour = by_letter(f"In an oven, {KEY[:9]}<b>{KEY[9:]} [2].")
    after = read(frozen, chat, question)
    assert after.confidence is Confidence.LOW
    assert after.reading and after.reading.sentences[0].text.startswith("In an oven, ")
    assert KEY[5:20] not in str(after)


def test_a_moment_lies_in_the_chapter_of_its_mark(frozen: Reader, chat: FakeChat) -> None:
    question = row("a chapter's title").question
    first, *_ = ranked(frozen, question).moments
    (status,) = frozen.statuses([first.resource.id])
    (transcript,) = frozen.transcripts(first.resource.id, first.language)
    chapter = status.details.chapters[0]
    said = next(cue.text for cue in transcript.cues if cue.start == 140)
    assert first.chapter != chapter.title
    chat.behaviour = citing(f"So {{{said}}}.")
    assert read(frozen, chat, question).moments[0].chapter == chapter.title


@pytest.mark.parametrize("text", ["In parallel [77z].", "It is so [21a]. And so.", "没有引用。"])
def test_a_reader_that_cites_nothing_is_asked_again_in_the_other_order(
    frozen: Reader, chat: FakeChat, text: str
) -> None:
    chat.behaviour = by_letter(text)
    after = read(frozen, chat, HEADS)
    assert after.moments == ranked(frozen, HEADS).moments
    assert after.reading and "cites a passage" in (after.reading.problem or "")
    first, second = (request.given["passages"] for request in chat.requests)
    assert first == second[::-1] and len(first) > 2


FAULTS: dict[str, tuple[Behaviour, str]] = {
    "silent": (silent(4), "longer than 1 s"),
    "slow": (streaming(*"It is slow" * 9, pause=0.2), "longer than 1 s"),
    "half": (streaming("It is", ends=False), "broke off"),
    "large text": (
        endless(f"data: {json.dumps({'choices': [{'delta': {'content': 'on ' * 300_000}}]})}\n\n".encode()),
        "cites",
    ),
    "refusing": (answering(401, {"error": {"message": f"no such key: {KEY}"}}), "give its key"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_the_reader_does_the_ranking_stands(frozen: Reader, chat: FakeChat, fault: str) -> None:
    chat.behaviour, words = FAULTS[fault]
    began = time.monotonic()
    after = read(frozen, chat, HEADS, seconds=1 if fault in ("silent", "slow") else 30)
    assert time.monotonic() - began < (3.5 if "1 s" in words else 30)
    assert after.reading and after.reading.verdict is Verdict.FAILED
    assert re.search(words, after.reading.problem or ""), after.reading.problem
    assert after.moments == ranked(frozen, HEADS).moments
    assert after.confidence is ranked(frozen, HEADS).confidence
    assert KEY[:8] not in json.dumps(to_json(after))


def test_what_came_before_a_fault_is_kept(frozen: Reader, chat: FakeChat) -> None:
    chat.behaviour = streaming("It is said [2]. And", ends=False)
    after = read(frozen, chat, HEADS)
    assert after.reading and len(after.reading.sentences) == 1
    assert "broke off" in (after.reading.problem or "")
    assert after.moments[0] != ranked(frozen, HEADS).moments[0]
