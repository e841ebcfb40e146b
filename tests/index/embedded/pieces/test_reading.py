"""Pieces in a library: how they are kept, found again, and what of a language is the same in all their windows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.models.centring import windows
from seekpoint.index.types import Details
from tests.damaging import change_rows
from tests.fakes import TopicEncoder
from tests.index.libraries import SOURCE, chunks_of, embedded, resource

TEXTS = ("attention 注意力", "the mask", "掩码遮住后面的词", "nothing", "position")
COUNTS = [[2, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """A library of one English talk, with a piece every ten seconds."""
    with EmbeddedWriter.acquire(tmp_path / "library", TopicEncoder().card) as writer:
        writer.register(SOURCE, [resource("talk", "Talks")])
        writer.commit("talk", [embedded(TEXTS, "en-GB")], Details(), "made by hand")
    return tmp_path / "library"


def test_pieces_come_back_as_sums_of_their_tokens_and_give_the_mean_of_a_languages_windows(talk: Path) -> None:
    with EmbeddedReader.open(talk) as library:
        [found, *_] = library.pieces([*chunks_of(library, range(100)).values()], 1e9).values()
        means = library.means.windows
    assert found.starts.tolist() == [0, 10, 20, 30, 40]
    assert found.tokens.tolist() == [3, 2, 2, 1, 2]
    assert found.sums.dtype == np.float32
    assert found.sums[:, :3] == pytest.approx(np.array(COUNTS), abs=0.04)
    assert found.sums[:, -1] == pytest.approx([0.1] * 5, abs=0.04)
    expected = windows(found.starts, found.sums).sum(axis=0) / (len(TEXTS) + 30)
    assert means.keys() == {"en"}
    assert means["en"] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("margin", "starts"),
    [(0.0, [[0], [20], [40]]), (10.0, [[0, 10], [10, 20, 30], [30, 40]]), (5.0, [[0, 10], [10, 20, 30], [30, 40]])],
)
def test_a_part_of_them_begins_with_the_one_that_the_start_lies_in(
    talk: Path, margin: float, starts: list[list[float]]
) -> None:
    with EmbeddedReader.open(talk) as library:
        chunks = sorted(chunks_of(library, range(100)).values())[::2]
        found = library.pieces(chunks, margin)
    assert [found[chunk.id].starts.tolist() for chunk in chunks] == starts


@pytest.mark.parametrize("change", ["substr(data, 2)", "substr(data, 1, length(data) - 9)", "x''", "zeroblob(300)"])
def test_pieces_that_cannot_be_read_are_told_in_one_line(talk: Path, change: str) -> None:
    with EmbeddedReader.open(talk) as library:
        library.verify()
    change_rows(talk, f"UPDATE piece_block SET data = {change}")
    with EmbeddedReader.open(talk) as library:
        chunks = [*chunks_of(library, range(9)).values()]
        for read in (lambda: library.pieces(chunks, 45.0), library.verify):
            with pytest.raises(DamagedLibrary, match=r"in library\.db, .*Run `seekpoint build") as caught:
                read()
            assert "\n" not in str(caught.value)
    with EmbeddedWriter.acquire(talk) as writer:
        assert writer.known("talk").pieces == {}
        writer.remove(["talk"])
        writer.verify()
