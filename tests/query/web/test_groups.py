from __future__ import annotations

import pytest

from seekpoint.index.types import Cue, Kind, Resource
from seekpoint.query.answers import Moment
from seekpoint.query.web.pages import cut, following, grouped
from seekpoint.query.web.transcript_page import PositionedCue, TranscriptParagraph, aligned
from seekpoint.query.web.view_models import moment_view


def moments(*scored: tuple[str, float]) -> tuple[Moment, ...]:
    return tuple(
        Moment(rank, score, Resource(name, Kind.VIDEO, name, ""), "en", 0.0, None, "", "", more=len(name))
        for rank, (name, score) in enumerate(scored, 1)
    )


@pytest.mark.parametrize(
    ("scores", "shown"),
    [
        ([0.9, 0.85, 0.8, 0.7, 0.3], 4),
        ([0.9, 0.2, 0.1, 0.1, 0.1], 3),
        ([0.9, 0.2], 2),
        ([0.5, 0.5, 0.5, 0.5, 0.3], 5),
        ([], 0),
    ],
)
def test_moments_are_shown_down_to_where_scores_fall(scores: list[float], shown: int) -> None:
    assert len(cut(moments(*(("a", score) for score in scores)))) == shown


@pytest.mark.parametrize(
    ("asked", "found", "shown", "more"),
    [(8, 8, 3, 8), (8, 8, 8, 24), (8, 5, 5, None), (8, 5, 3, 8), (96, 96, 96, 100), (100, 100, 100, None)],
)
def test_show_more_asks_for_more_moments_as_long_as_there_are_any(
    asked: int, found: int, shown: int, more: int | None
) -> None:
    assert following(asked, found, shown) == more


def test_a_resource_stands_where_its_best_moment_does() -> None:
    views = [
        moment_view(moment, None, (), (), 0.0) for moment in moments(("b", 0.9), ("a", 0.8), ("b", 0.7), ("cc", 0.6))
    ]
    groups = grouped(views)
    assert [group.best.moment.resource.id for group in groups] == ["b", "a", "cc"]
    assert [[view.moment.rank for view in group.others] for group in groups] == [[3], [], []]
    assert [group.count for group in groups] == [2, 1, 2]


def test_another_transcript_is_aligned_by_time() -> None:
    def paragraph(first: int, start: float) -> TranscriptParagraph:
        return TranscriptParagraph(None, (PositionedCue(first, Cue(start, start + 5, "")),))

    cues = [Cue(0, 4, "零"), Cue(9.5, 12, "一"), Cue(12, 21, "二"), Cue(40, 44, "三")]
    rows = list(aligned([paragraph(0, 3), paragraph(1, 10), paragraph(2, 20)], cues))
    assert [[each.cue.text for each in row.beside] for row in rows] == [["零"], ["一", "二"], ["三"]]
    assert [row.beside for row in aligned([paragraph(0, 0)], [])] == [()]
