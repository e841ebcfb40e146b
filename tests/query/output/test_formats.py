from __future__ import annotations

import pytest

from seekpoint.index.types import Kind, Resource
from seekpoint.query.answers import Answer, Confidence, Moment
from seekpoint.query.output.exports import to_markdown
from seekpoint.query.output.formats import FORMATS
from seekpoint.query.output.notebook import moment_html
from seekpoint.query.output.terminal import to_text
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


@pytest.mark.parametrize(
    ("start", "first"),
    [
        (754.2, ("1. Masks  12:34", "1. [Masks](https://a.org) · 12:34", "Masks</a> · 12:34<")),
        (None, ("1. Masks", "1. [Masks](https://a.org)", "Masks</a><")),
    ],
)
def test_a_language_that_isnt_known_isnt_named(start: float | None, first: tuple[str, str, str]) -> None:
    page = Resource("0123456789ab", Kind.PAGE, "Masks", "https://a.org")
    moment = Moment(1, 0.8, page, "und", start, None, "a mask", "https://a.org")
    answer = Answer("q", Confidence.HIGH, (moment,))
    text, markdown, html = to_text(answer, styled=False), to_markdown(answer), moment_html(moment)
    assert first[0] in text.splitlines()
    assert first[1] in markdown.splitlines()
    assert first[2] in html
