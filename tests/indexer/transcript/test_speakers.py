"""Names before what is said: who speaks where they come back, and words like any other where they don't."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.types import Cue
from seekpoint.indexer.transcript.speakers import named, speaker_name

Said = Sequence[tuple[str | None, str]]


def cues(*texts: str) -> list[Cue]:
    return [Cue(10.0 * k, 10.0 * k + 10, text) for k, text in enumerate(texts)]


def said(*texts: str) -> Said:
    return [(cue.speaker, cue.text) for cue in named(cues(*texts))]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (
            ("Ann: Welcome.", "It is late.", "Bob: Thanks.", "Ann: So?", "Bob: Masks:\nthey hide"),
            [
                ("Ann", "Welcome."),
                ("Ann", "It is late."),
                ("Bob", "Thanks."),
                ("Ann", "So?"),
                ("Bob", "Masks:\nthey hide"),
            ],
        ),
        (
            ("主持人：欢迎", "各位", "李宏毅：你好", "主持人：掩码是什么", "李宏毅： 看这里：掩码"),
            [
                ("主持人", "欢迎"),
                ("主持人", "各位"),
                ("李宏毅", "你好"),
                ("主持人", "掩码是什么"),
                ("李宏毅", "看这里：掩码"),
            ],
        ),
        (  # two in a cue, and marks of another speaker, who has no name
            ("- ANN: hi\n- BOB: yes", "ANN: so", "BOB: no", ">> a guest", "so", "ANN: bye"),
            [("ANN", "hi\n"), ("BOB", "yes"), ("ANN", "so"), ("BOB", "no"), (None, ">> a guest"), (None, "so")],
        ),
        (  # Zoom: people choose their names, and a cue without one isn't said by the one before
            ("jdoe: hi", "jdoe: we", "Ann (she/her): Hi", "jdoe: so", "no", "Ann (she/her): yes", "Dan: one"),
            [("jdoe", "hi"), ("jdoe", "we"), ("Ann (she/her)", "Hi"), ("jdoe", "so"), (None, "no")],
        ),
        (
            ("[SPEAKER_00]: a", "[SPEAKER_01]: b", "Unknown Speaker: c", "[SPEAKER_00]: d", "[SPEAKER_01]: e"),
            [("SPEAKER_00", "a"), ("SPEAKER_01", "b"), (None, "c"), ("SPEAKER_00", "d"), ("SPEAKER_01", "e")],
        ),
        ((">> ANN LEE: one", "two"), [("ANN LEE", "one"), (None, "two")]),
        (
            ("MAN: a", "so", "MAN 2: b", "well", "MAN: c", "no"),
            [("MAN", "a"), ("MAN", "so"), ("MAN 2", "b"), ("MAN 2", "well"), ("MAN", "c"), ("MAN", "no")],
        ),
        (
            ("学生1：好", "嗯", "学生2：对", "学生1：不", "学生2：那", "学生3：谢谢"),
            [("学生1", "好"), ("学生1", "嗯"), ("学生2", "对"), ("学生1", "不"), ("学生2", "那"), ("学生3", "谢谢")],
        ),
    ],
)
def test_names_that_come_back_leave_the_text_and_hold_up_to_the_next(texts: Sequence[str], expected: Said) -> None:
    assert said(*texts)[: len(expected)] == expected


@pytest.mark.parametrize(
    "texts",
    [
        ("Note: masks", "Step 1: add", "Step 2: sum", "Note: more", "Step 1: again", "Step 2: done"),
        ("注意：掩码", "第一步：加", "比如：猫", "第一步：再来", "注意：求和", "比如：狗"),
        ("Question: why?", "Answer: masks", "Question: how?", "Answer: sums"),
        ("it is this: a sum", "and then we say: no", "it is this: a sum", "and then we say: no"),
        ("remark one on masks, he said: so", "remark one on masks, he said: so"),
        ("Ann: hello", "we go on", "and on"),
        ("Week 1: a", "so", "Week 2: b", "well", "Week 1: c", "so"),
        ("Ann: a", "Bob: b", "Carl: c", "well", "so"),
        ("hello", "Student: why?", "well", "Student: how?", "so"),
        # The names stand in a part alone: who speaks then isn't known.
        (*["talk"] * 40, "Ann: a", "Bob: b", "Ann: c", "Bob: d"),
        ("Ann: a", "Bob: b", "Ann: c", "Bob: d", *["talk"] * 40),
        ("at 10:30 it ends", "the ratio 2:1", "http://a.example"),
        (">> so it goes", ">> Remember: it converges", ""),
    ],
)
def test_words_before_a_colon_are_nobodys_name(texts: Sequence[str]) -> None:
    assert list(named(cues(*texts))) == cues(*texts)


def test_a_source_that_says_who_speaks_is_left_alone() -> None:
    given = [cue._replace(speaker="Eve") for cue in cues("Ann: a", "Bob: b", "Ann: c", "Bob: d")]
    assert list(named(given)) == given


def test_time_passes_over_a_cue_in_which_two_speak_and_a_name_takes_none() -> None:
    first, second, *_ = named(cues("Ann: a cat sat\nBob: no", "Ann: b", "Bob: c"))
    assert (first.start, second.end) == (0.0, 10.0)
    assert first.end == second.start == pytest.approx(10 * 15 / 22, abs=0.001)
    (whole, *_) = named(cues("Ann: a", "Bob: b", "Ann: c", "Bob: d"))
    assert (whole.start, whole.end) == (0.0, 10.0)
    endless = [cue._replace(end=math.nan) for cue in cues("Ann: a\nBob: b", "Ann: c", "Bob: d")]
    assert [cue.start for cue in named(endless)] == [0.0, 0.0, 10.0, 20.0]


@given(st.lists(st.text(st.sampled_from("Ann:：>- \n李，x[]"), max_size=30), max_size=12))
def test_nothing_but_names_is_lost(texts: list[str]) -> None:
    found = list(named(cues(*texts)))
    kept = "".join(cue.text for cue in found)
    rest = iter("".join(texts))
    assert all(character in rest for character in kept), "in order"
    assert [cue.start for cue in found] == sorted(cue.start for cue in found)
    assert all(cue.speaker is None or cue.speaker == speaker_name(cue.speaker) for cue in found)


def test_a_name_is_one_short_line() -> None:
    assert speaker_name(" Ann\x1b[31m \u202eLee\n") == "Ann Lee"
    assert len(speaker_name("李" * 1000) or "") == 80
    for nobody in ("", " \x07", "Unknown", "unknown speaker", "68f0e9b4-d6de-4cad-9c2a-9b587e97837f@72f988bf"):
        assert speaker_name(nobody) is None
