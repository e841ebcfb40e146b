from __future__ import annotations

import pytest

from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.output.formats import FORMATS
from tests.query.output.examples import ANSWER


def test_the_formats_are_those_of_the_help_text() -> None:
    assert list(FORMATS) == ["markdown", "csv", "m3u"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_shows_an_answer_and_that_there_is_none(name: str) -> None:
    text = FORMATS[name].render(ANSWER)
    assert "masks" in text
    assert not text.endswith("\n")
    assert FORMATS[name].render(Answer("q", Confidence.NONE, ()))


def test_only_csv_differs_for_the_later_answers_of_a_stream() -> None:
    later = {name: form.render(ANSWER, is_first=False) for name, form in FORMATS.items()}
    assert later["csv"] == FORMATS["csv"].render(ANSWER).partition("\n")[2]
    assert [name for name, text in later.items() if text != FORMATS[name].render(ANSWER)] == ["csv"]
