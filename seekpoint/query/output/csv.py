"""Answers as CSV for spreadsheets. All pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from seekpoint.index.text.clean import clean
from seekpoint.query.answers import Answer, Moment

COLUMNS = (
    *("question", "answered", "confidence", "rank", "score", "title", "kind", "section", "chapter"),
    *("language", "start", "end", "timestamp", "page", "quote", "link"),
)

# A spreadsheet runs a cell that begins with one of these; after an apostrophe it's text (https://owasp.org, "CSV
# Injection").
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def to_csv(answer: Answer) -> str:
    """The answer as a table with a row for each moment, under the names of the columns; no cell is a formula."""
    return table([COLUMNS, *_rows(answer)])


def to_csv_rows(answer: Answer) -> str:
    """The same without the names of the columns, for the later answers of a stream."""
    return table(_rows(answer))


def table(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV, without a line break at the end."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().removesuffix("\n")


def _rows(answer: Answer) -> Iterator[list[object]]:
    return ([_cell(value) for value in _row(answer, moment)] for moment in answer.moments)


def _row(answer: Answer, moment: Moment) -> tuple[object, ...]:
    resource = moment.resource
    return (
        *(answer.question, str(answer.answered).lower(), answer.confidence),
        *(moment.rank, moment.score, resource.title, resource.kind),
        *("; ".join(" › ".join(path) for path in resource.sections), moment.chapter, moment.language),
        *(moment.start, moment.end, moment.timestamp, moment.page, moment.quote, moment.link),
    )


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = clean(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
