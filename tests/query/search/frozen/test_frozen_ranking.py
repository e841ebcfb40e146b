"""The ranking end to end: each row of the table holds a rule in place, and each setting of the ranking decides one."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import PurePosixPath

import pytest

from seekpoint.index.store import Reader
from seekpoint.query.answers import Confidence, Moment
from seekpoint.query.filters import in_language
from seekpoint.query.search.confidence import BUNDLED_CALIBRATION
from seekpoint.query.search.pipeline import ask
from seekpoint.query.search.settings import TUNING, AskOptions, Tuning
from tests.query.search.frozen.encoder import FrozenEncoder
from tests.query.search.frozen.questions import ROWS, Row, row

# Seconds that are shorter than any line, a share that no passage reaches.
_ONE_LINE, _NEVER = 5.0, 1.01
# The values at which settings do nothing: by a rule of the table, where its question leads to then.
ELSEWHERE = [
    ("scale", 0.0, "meaning across languages", ("cross000004", 250.0)),
    ("own", 1.0, "the window around, before the place", ("around00001", 150.0)),
    ("dense_share", 1.0, "the window around, before the place", ("around00001", 150.0)),
    ("dense_share", 0.0, "the answer begins in the passage before", ("begin000001", 120.0)),
    ("stand_in", 0.0, "meaning across languages", ("cross000004", 250.0)),
    ("translated", 0.0, "a word by its translation", ("words000001", 220.0)),
    ("named", 0.0, "a title that is named", ("named000002", 130.0)),
    ("reach", _ONE_LINE, "the answer begins in the passage before", ("begin000001", 120.0)),
    ("nearly", _NEVER, "the answer begins in the passage before", ("begin000001", 120.0)),
]


def place(moment: Moment) -> tuple[str, float | None]:
    """Where a moment is: a video and the second, or a file and the page."""
    if moment.start is None:
        return PurePosixPath(moment.resource.url).name, moment.page
    return moment.resource.id, moment.start


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.holds)
def test_each_question_is_answered_where_the_table_says(frozen: Reader, row: Row) -> None:
    found = ask(row.question, frozen, FrozenEncoder())
    moment = found.moments[row.rank - 1]
    assert found.answered == row.answered
    if row.resource:
        assert place(moment) == (row.resource, row.at)
    if row.language:
        assert moment.language == row.language


def test_the_confidence_is_not_high_with_a_word_that_nothing_mentions(frozen: Reader) -> None:
    found = ask("Why must they sum to one?", frozen, FrozenEncoder(), AskOptions(explained=True))
    assert found.estimate and found.estimate.right > BUNDLED_CALIBRATION.high
    assert (found.unknown, found.confidence) == (("sum",), Confidence.LOW)


@pytest.mark.parametrize(("setting", "neutral", "rule", "elsewhere"), ELSEWHERE)
def test_a_setting_decides_which_moment_is_the_first(
    frozen: Reader, setting: str, neutral: float, rule: str, elsewhere: tuple[str, float]
) -> None:
    tuning = replace(TUNING, **{setting: neutral})
    assert place(ask(row(rule).question, frozen, FrozenEncoder(), AskOptions(tuning=tuning)).moments[0]) == elsewhere
    elsewhere_tested = {"verbatim", "noted", "unlike"}  # test_literal.py, test_noted.py
    tested = {name for name, *_ in ELSEWHERE} | elsewhere_tested
    assert tested == {field.name for field in fields(Tuning)}, "no setting is left out"


def test_a_moment_knows_the_cues_that_it_quotes_in_a_library_in_which_chance_would_show(frozen: Reader) -> None:
    assert sum(status.chunks for status in frozen.statuses()) > 300
    moments = [moment for row in ROWS for moment in ask(row.question, frozen, FrozenEncoder(), AskOptions(10)).moments]
    assert len({moment.cues for moment in moments}) > 20
    assert {moment.language for moment in moments} == {"en", "zh"} and not all(moment.start for moment in moments)
    for moment in moments:
        transcript = in_language(frozen.transcripts(moment.resource.id), moment.language)
        assert transcript and transcript.language == moment.language
        first, stop = moment.cues
        assert " ".join(cue.text for cue in transcript.cues[first:stop]) == moment.quote
        assert moment.start in (None, transcript.cues[first].start)
