"""Stretches of a transcript: where they are cut, and which ones spans of seconds meet."""

from __future__ import annotations

from seekpoint.index.text.stretches import SECONDS, Stretch, stretch_id, stretch_ids, stretches
from seekpoint.index.types import Cue


def cue(start: float, text: str = "注意力") -> Cue:
    return Cue(start, start + 10, text)


def test_they_are_cut_at_multiples_of_their_length_and_a_silent_one_is_left_out() -> None:
    cues = [cue(0.0), cue(SECONDS - 0.01), cue(SECONDS), cue(3 * SECONDS)]
    assert [*stretches(cues)] == [Stretch(0, 0, cues[:2]), Stretch(1, 2, cues[2:3]), Stretch(3, 3, cues[3:])]
    assert [*stretches([])] == []


def test_a_cue_that_goes_back_in_time_stays_in_the_stretch_of_those_before() -> None:
    assert [each.number for each in stretches([cue(-1.0), cue(310.0), cue(290.0), cue(320.0)])] == [0, 1]


def test_the_digest_tells_other_words_and_other_seconds() -> None:
    first = Stretch(0, 0, [cue(0.0), cue(10.0)])
    assert first.digest == Stretch(1, 5, [cue(0.0), cue(10.0)]).digest
    assert first.digest != first._replace(cues=[cue(0.0), cue(11.0)]).digest
    assert first.digest != first._replace(cues=[cue(0.0), cue(10.0, "掩码")]).digest


def test_spans_meet_the_stretches_that_they_touch_and_a_forged_one_not_millions() -> None:
    assert stretch_ids("a b", [(-5.0, 10.0), (290.0, SECONDS)]) == {"a b 0", stretch_id("a b", 1)}
    assert len(stretch_ids("a", [(0.0, 1e9)])) < 20
