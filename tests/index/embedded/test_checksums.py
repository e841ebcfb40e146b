"""Checksums of rows: damage is found, named, and stays visible whatever is written after it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seekpoint.index.embedded import checksums, database
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter, open_keeper
from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.types import Details, KeptMoment, Playlist, PlaylistEntry, State
from tests.damaging import change_rows, flip_bit
from tests.index.libraries import TALKS, build, embedded, fill, resource

PLAYLIST = "PLzhuyili"

# A change of each table, and what names it in the error.
DAMAGE = {
    "resource": ("UPDATE resource SET url = url || 'x' WHERE id = 'zhuyili0001'", "zhuyili0001"),
    "listing": ("UPDATE listing SET title = '讲' WHERE resource_id = 'zhuyili0001'", "讲 \\(zhuyili0001\\)"),
    "playlist_entry": ("UPDATE playlist_entry SET title = '讲'", PLAYLIST),
    "name": ("DELETE FROM name WHERE resource_id = 'zhuyili0001'", "zhuyili0001"),
    "transcript": ("UPDATE transcript SET language = 'ja' WHERE resource_id = 'zhuyili0001'", "zhuyili0001"),
    "cue_block": ("DELETE FROM cue_block WHERE transcript_id = 3", "Talk zhuyili0001 \\(zhuyili0001\\)"),
    "piece_block": ("UPDATE piece_block SET start = 1 WHERE transcript_id = 3", "zhuyili0001"),
    "chunk": ("UPDATE chunk SET start = start + 1 WHERE transcript_id = 3", "zhuyili0001"),
    "vector": ("UPDATE vector SET digest = x'00' WHERE chunk_id = 4", "zhuyili0001"),
    "language": ("UPDATE language SET windows = windows + 1", "the table language"),
    "term": ("UPDATE term SET text = '掩盖' WHERE text = '掩码'", "the table term"),
    "translation": ("INSERT INTO translation VALUES ('en', 'mask', 'zh', '[]')", "the table translation"),
    "setting": ("UPDATE setting SET value = '7' WHERE name = 'is_without_pieces'", "the table setting"),
    "kept": ("UPDATE kept SET note = '讲'", "the table kept"),
    "checksum": ("DELETE FROM checksum WHERE key = 'zhuyili0001' AND table_name = 'chunk'", "zhuyili0001"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with rows in every table."""
    folder = tmp_path_factory.mktemp("whole") / "library"
    build(folder)
    with EmbeddedWriter.acquire(folder) as writer:
        writer.put_settings(is_without_pieces=True)
        writer.register("lists.md", [resource(PLAYLIST)])
        writer.keep_playlist(PLAYLIST, Playlist("讲座", (PlaylistEntry(resource("zhuyili0001"), "gone"),)))
        writer.verify()
    with open_keeper(folder) as keeper:
        keeper.keep(KeptMoment(resource("zhuyili0001"), "zh", 0.0, None, None, "注意力", "https://example.org"))
    with EmbeddedReader.open(folder) as library:
        library.verify()
    return folder


def faults(folder: Path) -> list[checksums.Fault]:
    with closing(sqlite3.connect(folder / database.FILE)) as connection:
        return checksums.faults(connection)


@pytest.mark.parametrize("table", DAMAGE)
def test_damage_of_any_table_is_named_and_stays_visible_after_commits(whole: Path, tmp_path: Path, table: str) -> None:
    damaged = shutil.copytree(whole, tmp_path / "library")
    change_rows(damaged, DAMAGE[table][0])
    found = faults(damaged)
    assert {fault.table for fault in found} == {"chunk" if table == "checksum" else table}

    def check() -> None:
        with EmbeddedReader.open(damaged) as library, pytest.raises(DamagedLibrary, match=DAMAGE[table][1]) as caught:
            library.verify()
        assert str(caught.value).endswith(
            "Run `seekpoint build SOURCE` again: it mends what it can and says what it fetches again"
        )
        assert set(found) <= set(faults(damaged))

    check()
    with EmbeddedWriter.acquire(damaged) as writer:
        fill(writer, {"new": ["掩码"]} if table == "language" else {"new": ["cache"]})
        writer.set_state("new", State.DEFERRED, reason="blocked")
        if table == "language":  # sums are counted again before they are changed
            writer.verify()
            return
        writer.remove(["position001"])
    check()


@pytest.mark.parametrize("table", [*checksums.CONTENT, "checksum"])
def test_nothing_damaged_is_known_and_all_is_whole_again_once_it_is_committed_anew_or_removed(
    folder: Path, table: str
) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        before = writer.known("zhuyili0001")
    change_rows(folder, DAMAGE[table][0])
    again = shutil.copytree(folder, folder.with_name("again"))
    with EmbeddedWriter.acquire(again) as writer:
        writer.commit("zhuyili0001", [embedded(TALKS["zhuyili0001"])], Details(title="Talk zhuyili0001"), "")
        writer.verify()
    with EmbeddedWriter.acquire(folder) as writer:
        after = writer.known("zhuyili0001")
        if table != "checksum":
            assert after.vectors.keys() == (set() if table in ("transcript", "vector") else before.vectors.keys())
            assert after.pieces.keys() == (set() if table in ("transcript", "piece_block") else before.pieces.keys())
        writer.remove(["zhuyili0001"])
        writer.verify()
        assert [*writer.languages()] == [*writer.means.chunks] == ["en"]


def test_a_transcript_is_not_subtracted_from_sums_that_are_not_there(folder: Path) -> None:
    change_rows(folder, "DELETE FROM language", "DELETE FROM checksum WHERE table_name = 'language'")
    with EmbeddedWriter.acquire(folder) as writer, pytest.raises(DamagedLibrary, match="no sums"):
        writer.remove(["zhuyili0001"])
    with EmbeddedWriter.acquire(folder, say=print) as writer:
        writer.remove(["zhuyili0001"])
        assert [*writer.languages()] == ["en"]


def test_a_flipped_bit_and_text_that_isnt_utf8_are_found_and_can_be_replaced(folder: Path) -> None:
    flip_bit(folder / database.FILE, (folder / database.FILE).read_bytes().index(b"Talk zhuyili0001"))
    assert {fault.key for fault in faults(folder)} == {b"zhuyili0001"}
    change_rows(folder, "UPDATE resource SET reason = CAST(x'ff' AS TEXT) WHERE id = 'zhuyili0001'")
    assert checksums.Fault("resource", b"zhuyili0001") in faults(folder)
    with EmbeddedWriter.acquire(folder) as writer:
        writer.remove(["zhuyili0001"])
        writer.verify()


def test_a_rolled_back_change_leaves_the_checksums_as_they_were(folder: Path) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        with pytest.raises(KeyboardInterrupt), writer.transaction():
            writer.remove(["attention01"])
            raise KeyboardInterrupt
        writer.verify()
