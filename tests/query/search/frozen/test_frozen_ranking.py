"""The ranking end to end: each row of the table holds a rule in place."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from seekpoint.index.store import Reader
from seekpoint.query.answers import Moment
from tests.asking import ask
from tests.query.search.frozen.encoder import FrozenEncoder
from tests.query.search.frozen.questions import ROWS, Row


def place(moment: Moment) -> tuple[str, float | None]:
    """Where a moment is: a video and the second, or a file and the page."""
    if moment.start is None:
        return PurePosixPath(moment.resource.url).name, moment.page
    return moment.resource.id, moment.start


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.holds)
def test_each_question_is_answered_where_the_table_says(frozen: Reader, row: Row) -> None:
    found = ask(row.question, frozen, encoder=FrozenEncoder())
    moment = found.moments[row.rank - 1]
    assert found.answered == row.answered
    if row.resource:
        assert place(moment) == (row.resource, row.at)
    if row.language:
        assert moment.language == row.language


def test_the_library_is_large_enough_for_chance_to_show(frozen: Reader) -> None:
    assert sum(status.chunks for status in frozen.statuses()) > 300
    assert set(frozen.languages()) == {"en", "zh"}
