"""Each setting of the ranking: at the value at which it does nothing, a question has another answer."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from seekpoint.index.store import Reader
from seekpoint.query.search.pipeline import ask
from seekpoint.query.search.settings import TUNING, AskOptions, Tuning
from tests.query.search.frozen.encoder import FrozenEncoder
from tests.query.search.frozen.questions import row
from tests.query.search.frozen.test_frozen_ranking import place

# Seconds that are shorter than any line, a share that no passage reaches.
_ONE_LINE, _NEVER = 5.0, 1.01

# By a rule of the table, where its question leads to when the setting does nothing.
ELSEWHERE = [
    ("scale", 0.0, "meaning across languages", ("lunwen.pdf", 1)),
    ("own", 1.0, "the window around, before the place", ("around00001", 150.0)),
    ("dense_share", 1.0, "the window around, before the place", ("around00001", 150.0)),
    ("dense_share", 0.0, "the answer begins in the passage before", ("begin000001", 120.0)),
    ("stand_in", 0.0, "meaning across languages", ("cross000004", 250.0)),
    ("translated", 0.0, "a word by its translation", ("words000001", 220.0)),
    ("named", 0.0, "a title that is named", ("named000002", 130.0)),
    ("reach", _ONE_LINE, "the answer begins in the passage before", ("begin000001", 120.0)),
    ("nearly", _NEVER, "the answer begins in the passage before", ("begin000001", 120.0)),
]


@pytest.mark.parametrize(("setting", "neutral", "rule", "elsewhere"), ELSEWHERE)
def test_a_setting_decides_which_moment_is_the_first(
    frozen: Reader, setting: str, neutral: float, rule: str, elsewhere: tuple[str, float]
) -> None:
    question, tuning = row(rule).question, replace(TUNING, **{setting: neutral})
    assert place(ask(question, frozen, FrozenEncoder()).moments[0]) == (row(rule).resource, row(rule).at)
    assert place(ask(question, frozen, FrozenEncoder(), AskOptions(tuning=tuning)).moments[0]) == elsewhere


def test_no_setting_is_left_out() -> None:
    assert {setting for setting, *_ in ELSEWHERE} == {field.name for field in fields(Tuning)}
