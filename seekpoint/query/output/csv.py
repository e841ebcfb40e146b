"""Answers as CSV for spreadsheets. All pure."""

from __future__ import annotations

import csv
import io

from seekpoint.index.text.clean import clean
from seekpoint.query.answers import Answer, Moment

COLUMNS = (
    *("question", "answered", "rank", "score", "title", "kind", "section", "chapter"),
    *("language", "start", "end", "timestamp", "page", "quote", "link"),
)

# A spreadsheet runs a cell that begins with one of these; after an apostrophe it's text (https://owasp.org, "CSV
# Injection").
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def to_csv(answer: Answer, *, with_header: bool = True) -> str:
    """The answer as a table with a row for each moment; no cell is a formula."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    if with_header:
        writer.writerow(COLUMNS)
    writer.writerows(map(_cell, _row(answer, moment)) for moment in answer.moments)
    return table.getvalue().removesuffix("\n")


def _row(answer: Answer, moment: Moment) -> tuple[object, ...]:
    resource = moment.resource
    return (
        *(answer.question, str(answer.answered).lower(), moment.rank, moment.score, resource.title, resource.kind),
        *("; ".join(" › ".join(path) for path in resource.sections), moment.chapter, moment.language),
        *(moment.start, moment.end, moment.timestamp, moment.page, moment.quote, moment.link),
    )


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = clean(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
