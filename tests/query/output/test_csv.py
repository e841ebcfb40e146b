from __future__ import annotations

import csv
import io

import pytest

from seekpoint.index.text.clean import clean
from seekpoint.query.output.exports import COLUMNS, to_csv, to_csv_rows
from tests.query.output.examples import ANSWER, HOSTILE, VIDEO_MOMENT, hostile_answer


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_a_header_and_a_row_for_each_moment() -> None:
    video, recording, paper = rows(to_csv(ANSWER))
    assert tuple(video) == COLUMNS
    assert video == {
        **{
            "question": "什么是掩码？",
            "answered": "true",
            "confidence": "high",
            "rank": "1",
            "score": "0.83",
            "title": "什么是注意力",
        },
        **{"kind": "video", "section": "Attention › Masks; More", "chapter": "掩码", "language": "zh"},
        **{"start": "754.2", "end": "801.0", "timestamp": "12:34", "page": ""},
        **{"quote": VIDEO_MOMENT.quote, "link": VIDEO_MOMENT.link},
    }
    assert (recording["title"], recording["section"], paper["page"], paper["start"]) == ("Why masks?", "", "3", "")
    assert to_csv_rows(ANSWER) == to_csv(ANSWER).partition("\n")[2]


@pytest.mark.parametrize(
    "formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r\n=cmd|'/c calc'!A0", "＝1", "-jze"]
)
def test_no_cell_is_a_formula(formula: str) -> None:
    (row, _) = rows(to_csv(hostile_answer(formula)))
    assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r", "＝")) for value in row.values())
    assert row["title"] == f"'{clean(formula)}"


@pytest.mark.parametrize("text", [*HOSTILE, 'a "quoted", one', "a,b;c"])
def test_commas_quotes_and_lines_stay_in_their_cell(text: str) -> None:
    cells = rows(to_csv(hostile_answer(text)))
    assert [row["quote"].removeprefix("'") for row in cells] == [clean(text)] * 2
    assert all(set(row) == set(COLUMNS) and None not in row.values() for row in cells)
