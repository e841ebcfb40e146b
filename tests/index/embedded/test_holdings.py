"""Which chunks belong to which transcript, and the ranges that filters come to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.embedded.chunk_ranges import Holdings, Ranges, TranscriptSpan
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import Details, Filters, Kind
from tests.index.libraries import CARD, SOURCE, chunk_ids, chunks_of, embedded, resource

Row = tuple[int, int, str, str, str, int]

ROWS: list[Row] = [
    (8, 2, "zh-TW", "注意力", "video", 70),
    (1, 3, "en", "a", "video", 20),
    (4, 1, "en-GB", "a", "video", 5),
    (20, 0, "de", "empty", "page", 0),
    (5, 2, "zh", "b", "paper", 9),
]


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Transcripts in any order, with gaps where others were removed; some without chunks."""
    placed, first = [], 1
    for _ in range(draw(st.integers(0, 12))):
        first += draw(st.integers(0, 4))
        chunks = draw(st.integers(0, 5))
        language = draw(st.sampled_from(["en", "en-GB", "zh-TW", "zh-Hans", "de"]))
        kind = draw(st.sampled_from(list(Kind))).value
        placed.append((first, chunks, language, draw(st.sampled_from("abc")), kind, 10 * chunks))
        first += chunks
    return draw(st.permutations(placed))


def _ids(ranges: Ranges) -> list[int]:
    found: list[int] = ranges.ids().tolist()
    return found


def test_transcripts_are_by_ascending_ids_and_those_without_chunks_are_left_out() -> None:
    assert Holdings.of(ROWS).transcripts == [
        TranscriptSpan(1, 4, "en", "a", "video", 20),
        TranscriptSpan(4, 5, "en", "a", "video", 5),
        TranscriptSpan(5, 7, "zh", "b", "paper", 9),
        TranscriptSpan(8, 10, "zh", "注意力", "video", 70),
    ]


def test_neighbouring_transcripts_are_one_range() -> None:
    holdings = Holdings.of(ROWS)
    assert (holdings.alive.starts.tolist(), holdings.alive.stops.tolist()) == ([1, 8], [7, 10])
    assert {name: _ids(ranges) for name, ranges in holdings.spoken.items()} == {"en": [1, 2, 3, 4], "zh": [5, 6, 8, 9]}
    assert _ids(holdings.of_resources({"a", "注意力", "nobody", "empty"})) == [1, 2, 3, 4, 8, 9]
    assert _ids(holdings.of_resources([])) == []
    assert holdings.terms == {"en": 25, "zh": 79}
    assert holdings.transcripts_in(Ranges.of([(1, 4), (8, 10)])) == [1, 8]


def test_nothing_held_is_nothing_alive() -> None:
    holdings = Holdings.of([])
    assert (len(holdings.alive), holdings.spoken, holdings.languages_of(np.empty(0, np.int64))) == (0, {}, [])


@given(rows())
def test_each_id_has_the_language_and_the_resource_of_its_transcript(rows: list[Row]) -> None:
    holdings = Holdings.of(rows)
    owners = {chunk: row for row in rows for chunk in range(row[0], row[0] + row[1])}
    ids = sorted(owners)
    assert _ids(holdings.alive) == ids
    assert holdings.languages_of(np.array(ids[::-1], np.int64)) == [primary(owners[i][2]) for i in ids[::-1]]
    for resource_id in "abc":
        assert _ids(holdings.of_resources([resource_id])) == [i for i in ids if owners[i][3] == resource_id]
    assert sorted(i for ranges in holdings.spoken.values() for i in _ids(ranges)) == ids
    for language, ranges in holdings.spoken.items():
        assert {primary(owners[i][2]) for i in _ids(ranges)} == {language}


# The ranges of filters, in a real library


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Talks and pages in two languages under two headings, one of which was removed and one replaced."""
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register(
            SOURCE,
            [
                resource("talk", "Talks"),
                resource("gone", "Talks", "Attention"),
                resource("讲座", "Talks", "Attention"),
                resource("page", "Reading", kind=Kind.PAGE),
                resource("both", "Talks"),
            ],
        )
        for resource_id in ("talk", "gone", "page"):
            writer.commit(resource_id, [embedded(["mask", "cache"])], Details(), "")
        writer.commit("讲座", [embedded(["掩码", "缓存", "位置"], "zh-TW")], Details(), "")
        writer.commit("both", [embedded(["position"]), embedded(["位置"])], Details(), "")
        writer.remove(["gone"])
        writer.commit("talk", [embedded(["mask", "softmax", "token"])], Details(), "again")
    return tmp_path


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(kind=Kind.PAGE), {("page", "en"): 2}),
        (Filters(language="zh"), {("讲座", "zh"): 3, ("both", "zh"): 1}),
        (Filters(language="zh-CN", resource="讲座"), {("讲座", "zh"): 3}),
        (Filters(section="Attention"), {("讲座", "zh"): 3}),
        (Filters(section="Talks", language="en"), {("talk", "en"): 3, ("both", "en"): 1}),
        (Filters(resource="gone"), {}),
        (Filters(language="de"), {}),
        (Filters(kind=Kind.PAGE, language="zh"), {}),
        (Filters(section="没有"), {}),
        (Filters(), {("talk", "en"): 3, ("讲座", "zh"): 3, ("page", "en"): 2, ("both", "en"): 1, ("both", "zh"): 1}),
    ],
)
def test_a_filter_keeps_what_it_names_and_nothing_that_was_removed(
    mixed: Path, filters: Filters, expected: dict[tuple[str, str], int]
) -> None:
    with EmbeddedReader.open(mixed) as library:
        ids = chunk_ids(library, filters)
        chunks = chunks_of(library, ids)
        found = [(chunks[i].resource_id, primary(chunks[i].language)) for i in ids]
        assert {one: found.count(one) for one in found} == expected
        assert library.holdings.alive.contains(ids).all()


def test_a_language_that_is_spoken_nowhere_any_more_is_none_of_the_librarys(mixed: Path) -> None:
    with EmbeddedWriter.acquire(mixed) as writer:
        assert list(writer.languages()) == ["en", "zh"]
        writer.remove(["讲座", "both"])
    with EmbeddedReader.open(mixed) as library:
        assert list(library.languages()) == ["en"]
