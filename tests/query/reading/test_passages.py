from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from seekpoint.index.types import Cue, Origin, Transcript
from seekpoint.query.answers import Moment
from seekpoint.query.reading.passages import MarkedPassage, fitted, marked_passages
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
    assert [round(mark.start) for mark in passage.marks] == [85, 90, 100, 110, 120, 130, 140, 150]
    assert [mark.label for mark in passage.marks] == [f"1{letter}" for letter in "abcdefgh"]
    assert " ".join(mark.text for mark in passage.marks) == " ".join(sentences[17:31])
    assert shown(passage).startswith(f"[1a 85] {sentences[17]} [1b 90] {sentences[18]}")


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
    assert len(marked_passages([moment(100 * k, 20 * k) for k in range(1, 4)], sentences, most=2)) == 2


def test_a_paper_has_its_pages_and_a_changed_library_the_quote() -> None:
    (passage,) = marked_passages([replace(PAPER_MOMENT, cues=(9, 11))], said(*["A line."] * 30, pages=True))
    assert {mark.cue.page for mark in passage.marks} >= {3, 4}
    changed: tuple[Transcripts, ...] = (lambda *_: [], said("much shorter"))
    for transcripts in changed:
        (passage,) = marked_passages([moment(100, 20)], transcripts)
        assert [mark.text for mark in passage.marks] == [RECORDING_MOMENT.quote]


@pytest.mark.parametrize("text", ["a mask hides the future and more", "掩码把未来的词藏起来，不让看见", '"\\" \\'])
@pytest.mark.parametrize("most", [150, 500, 1500, 4000])
def test_passages_get_shorter_before_there_are_fewer(text: str, most: int) -> None:
    moments = [moment(300 * k, 60 * k) for k in range(1, 11)]
    passages = marked_passages(moments, said(*[f"{text} {text}. "] * 700))
    found = fitted(passages, most, lambda _: 20, lambda mark: f"[{mark.label}]")
    texts = (json.dumps(one.text(lambda mark: f"[{mark.label}]"), ensure_ascii=False) for one in found)
    assert sum(20 + tokens(each[1:-1]) for each in texts) <= most
    assert len(found) == min(max(most // 80, 1), 10)
    assert all(one.marks for one in found)
    lengths = [len(one.marks) for one in found]
    assert lengths == sorted(lengths, reverse=True)
    assert most != 1500 or lengths[0] > lengths[-1] + 2, "later ones are much shorter"
    whole = fitted(passages, 1e6, lambda _: 20, lambda mark: f"[{mark.label}]")
    assert whole == passages


def test_what_is_far_from_the_moment_goes_first() -> None:
    passages = marked_passages([moment(300, 60), moment(345, 69)], said(*["A mask hides it."] * 200))
    for most, count in ((60, 3), (100, 6)):
        (short,) = fitted(passages, most, lambda _: 20, lambda mark: f"[{mark.label}]")
        starts = [mark.start for mark in short.marks]
        assert {300.0, 345.0} <= set(starts) and min(starts) == 300 and len(starts) == count
        cut = [mark.start for mark in short.marks if mark.text.endswith("…")]
        all_starts = [mark.start for mark in passages[0].marks]
        assert cut == [one for one, following in pairwise(all_starts) if one in starts and following not in starts]
