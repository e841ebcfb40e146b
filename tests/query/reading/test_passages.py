from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from string import ascii_lowercase

import pytest

from seekpoint.index.types import Cue, Origin, Transcript
from seekpoint.query.answers import Moment
from seekpoint.query.reading.passages import Mark, MarkedPassage, fitted, marked_passages
from seekpoint.query.token_budget import tokens
from tests.query.output.examples import PAPER_MOMENT, RECORDING_MOMENT, VIDEO_MOMENT

Transcripts = Callable[[str, str, int, int], Sequence[Transcript]]


def said(*texts: str, seconds: float = 5.0, pages: bool = False) -> Transcripts:
    """Cues that follow each other, of each resource and language alike."""
    cues = tuple(
        Cue(seconds * k, seconds * (k + 1), text, page=1 + k // 4 if pages else None) for k, text in enumerate(texts)
    )
    return lambda _, language, first, stop: [Transcript(language, Origin.LOCAL, cues[first:stop])]


def moment(start: float, cue: int, rank: int = 1, of: Moment = RECORDING_MOMENT) -> Moment:
    return replace(of, rank=rank, start=start, end=start + 20, cues=(cue, cue + 2))


def shown(passage: MarkedPassage) -> str:
    return passage.text(lambda mark: f"[{mark.label} {mark.start:.0f}]")


@pytest.mark.parametrize("sentence", ["Masks hide number {}.", "第{}句讲掩码。"])
def test_a_passage_is_what_is_said_around_a_moment_with_a_mark_every_ten_seconds(sentence: str) -> None:
    sentences = [sentence.format(k) for k in range(60)]
    (passage,) = marked_passages([moment(100, 20)], said(*sentences))
    assert [round(mark.start) for mark in passage.marks] == [75, *range(80, 261, 10), 265]
    assert [mark.label for mark in passage.marks] == [f"1{letter}" for letter in ascii_lowercase[:21]]
    assert " ".join(mark.text for mark in passage.marks) == " ".join(sentences[15:54])
    assert shown(passage).startswith(f"[1a 75] {sentences[15]} [1b 80] {sentences[16]}")


def test_a_mark_stands_where_a_sentence_begins_within_a_cue() -> None:
    cues = [
        "so that is it. Now masks",
        "hide what comes",
        "later on. And then",
        "we cache. It is",
        "fast. Why",
        "so",
    ] * 6
    (passage,) = marked_passages([moment(62.5, 12)], said(*cues * 6))
    starts = [mark.text[:3] for mark in passage.marks[1:]]
    assert set(starts) <= {"Now", "And", "It ", "Why"}
    assert passage.marks[1].start != passage.marks[1].start // 5 * 5


@pytest.mark.parametrize(
    ("short", "part", "end"), [("It hides.", "And then it", "ends."), ("讲掩码。", "然后接着说", "完。")]
)
def test_a_long_sentence_has_marks_where_cues_begin_in_it(short: str, part: str, end: str) -> None:
    texts = [*[short] * 14, *[part] * 6, end, *[short] * 40]
    (passage,) = marked_passages([moment(50, 10)], said(*texts))
    assert [round(mark.start) for mark in passage.marks if 60 <= mark.start <= 105] == [60, 70, 80, 95, 105]
    assert [mark.text for mark in passage.marks if mark.start in (80, 95)] == [" ".join([part] * 3), f"{part} {end}"]


def test_what_looks_like_a_mark_in_a_text_is_none() -> None:
    (passage,) = marked_passages(
        [moment(100, 20)], said(*["Masks [2] hide（3b） it [1a 765] in f[k], (1997) 【4】."] * 60)
    )
    assert "Masks ‹2› hide‹3b› it ‹1a 765› in f[k], (1997) ‹4›." in shown(passage)
    assert "[2]" in passage.marks[0].cue.text


def test_moments_close_to_each_other_share_a_passage() -> None:
    sentences = said(*(f"Sentence {k}." for k in range(90)))
    moments = [moment(300, 60), moment(20, 4, 2), moment(340, 68, 3), moment(90, 18, 4), moment(60, 12, 5)]
    first, second = marked_passages(moments, sentences)
    assert [one.rank for one in first.moments] == [1, 3]
    assert [one.rank for one in second.moments] == [2, 4, 5], "the last one joins what the other two had apart"
    texts = " ".join(mark.text for mark in second.marks).split(" Sentence ")
    assert len(texts) == len(set(texts))
    other = [moment(300, 60, of=VIDEO_MOMENT), moment(300, 60)]
    assert [one.moment.resource for one in marked_passages(other, sentences)] == [each.resource for each in other]
    apart = said(*(f"Sentence {k}." for k in range(900)))
    assert len(marked_passages([moment(1000 * k, 200 * k) for k in range(1, 4)], apart, most=2)) == 2


def test_a_paper_has_its_pages_and_a_changed_library_the_quote() -> None:
    (passage,) = marked_passages([replace(PAPER_MOMENT, cues=(9, 11))], said(*["A line."] * 30, pages=True))
    assert {mark.cue.page for mark in passage.marks} >= {3, 4}
    changed: tuple[Transcripts, ...] = (lambda *_: [], said("much shorter"))
    for transcripts in changed:
        (passage,) = marked_passages([moment(100, 20)], transcripts)
        assert [mark.text for mark in passage.marks] == [RECORDING_MOMENT.quote]


def labelled(mark: Mark) -> str:
    return f"[{mark.label}]"


def size(passages: Sequence[MarkedPassage]) -> float:
    """The tokens in JSON, with 20 beside each."""
    return sum(20 + tokens(json.dumps(one.text(labelled), ensure_ascii=False)[1:-1]) for one in passages)


TEXTS = [
    "A mask hides what comes after it, so that no token sees the future.",
    "掩码把未来的词藏起来，不让看见。",
    '"\\" \\ "\\" \\.',
]


def window(start: float, rank: int) -> list[float]:
    """The seconds of the sentences that are shown around a moment where there is room."""
    before, after = (seconds / rank**0.5 for seconds in (25, 170))
    return [5.0 * k for k in range(2500) if start - before < 5 * k + 5 and 5 * k < start + after]


def beginnings(passage: MarkedPassage) -> list[float]:
    """The seconds of all sentences that a passage shows."""
    return [mark.start + 5 * k for mark in passage.marks for k in range(mark.text.count(".") + mark.text.count("。"))]


@pytest.mark.parametrize("text", TEXTS)
def test_there_are_fewer_moments_before_shorter_texts(text: str) -> None:
    passages = marked_passages([moment(300 * k, 60 * k, k) for k in range(1, 41)], said(*[text] * 2500))
    found = fitted(passages, 4500, lambda _: 20, labelled)
    assert 4000 < size(found) <= 4500
    whole = [one for one in found if set(window(one.starts[0], one.number)) <= set(beginnings(one))]
    assert whole == found[: len(whole)] and len(whole) > 1, "those ranked first are whole"
    assert [one.number for one in found] == [*range(1, len(found) + 1)]
    assert all(len(beginnings(one)) == 2 for one in found[len(whole) + 1 :]), "of others there are ten seconds"
    assert len(found) == 20 and len(whole) < 19
    assert size(found[: len(whole)]) > 3500


def test_a_passage_has_what_is_said_around_its_moments_alone() -> None:
    passages = marked_passages([moment(300, 60), moment(440, 88, 16)], said(*["A mask hides it."] * 200))
    (short,) = fitted(passages, 1e6, lambda _: 20, labelled)
    seconds = beginnings(short)
    assert {*window(300, 1), *window(440, 16)} <= set(seconds) and max(seconds) < 500
    (other,) = marked_passages([moment(440, 88, 16), moment(300, 60, 25)], said(*["A mask hides it."] * 200))
    (cut,) = fitted([other], 1e6, lambda _: 20, labelled)
    gaps = [mark.text.endswith(" …") for mark in cut.marks]
    assert gaps.count(True) == 2 and gaps[-1], "between the two, and at the end"


@pytest.mark.parametrize("text", TEXTS)
def test_no_moment_takes_all(text: str) -> None:
    """The first of five recordings says so much around its moment that it would take all."""
    long, short = said(*[f"{text} " * 20] * 200), said(*[text] * 200)
    moments = [moment(300, 60, k, recording(k)) for k in range(1, 6)]

    def excerpts(key: str, language: str, first: int, stop: int) -> Sequence[Transcript]:
        return (long if key == "recording1" else short)(key, language, first, stop)

    passages = marked_passages(moments, excerpts)
    found = fitted(passages, 4500, lambda _: 20, labelled)
    assert [one.number for one in found] == [1, 2, 3, 4, 5]
    assert 900 < size(found[:1]) <= 1800
    assert 285 <= found[0].marks[0].start <= 300, "it is what is nearest to the moment"


def recording(number: int) -> Moment:
    return replace(RECORDING_MOMENT, resource=replace(RECORDING_MOMENT.resource, id=f"recording{number}"))


def test_all_sources_of_the_first_moments_are_shown_though_one_has_most_of_them() -> None:
    moments = [moment(1000 * k, 200 * k, k) for k in range(1, 17)]
    moments += [moment(300, 60, 16 + k, recording(k)) for k in range(1, 5)]
    passages = marked_passages(moments, said(*["A mask hides the future. 掩码把未来藏起来。"] * 4000))
    found = fitted(passages, 2000, lambda _: 20, labelled)
    assert [one.number for one in found] == [*range(1, 21)] and len(passages) == 20
    assert size(found) <= 2000 and len(beginnings(found[0])) > 10 > len(beginnings(found[5]))


def test_what_is_nearest_to_a_moment_stays() -> None:
    (passage,) = marked_passages([moment(300, 60)], said(*["A mask hides it."] * 200))
    counts = []
    for most in (300, 600, 1200):
        (short,) = fitted([passage], most, lambda _: 20, labelled)
        starts = [mark.start for mark in short.marks]
        assert 300 in starts and starts == [
            s for s in (mark.start for mark in passage.marks) if min(starts) <= s <= max(starts)
        ]
        assert max(starts) - 300 >= 300 - min(starts)
        counts.append(len(starts))
    assert counts == sorted(set(counts))
