"""Changing a library: what a commit means, who may write, and what is left when a build ends badly."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from index.errors import DamagedLibrary, ForeignLibrary, LibraryError, LibraryNotFound, LockedLibrary
from index.library import Library
from index.types import Details, Kind, Resource, State
from index.writer import Standing, Writer, text_digest
from tests.index.parts import (
    CARD,
    SOURCE,
    TALKS,
    build,
    by_meaning,
    by_words,
    embedded,
    fill,
    first,
    resource,
    run_script,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build(tmp_path / "library")
    return tmp_path / "library"


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Each file's size and time of change, but the lock's."""
    return {
        path.name: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.iterdir() if path.name != "lock"
    }


# Committing


def test_a_second_commit_replaces_the_first(folder: Path) -> None:
    with Writer.open(folder) as writer:
        writer.commit("position001", [embedded(["softmax sums to one", "缓存"], "en")], Details(), "changed")
        assert writer.standings()["position001"] == Standing(State.INDEXED, "changed", None)
    with Library.open(folder) as library:
        assert by_meaning(library, "position") == by_words(library, "order") == []
        assert by_meaning(library, "softmax") == by_words(library, "softmax") == ["position001"]
        assert sum(status.chunks for status in library.statuses()) == 6


def test_a_removed_resource_leaves_nothing_behind(folder: Path) -> None:
    with Writer.open(folder) as writer:
        writer.remove(["attention01", "nobody"])
    with Library.open(folder) as library:
        assert by_meaning(library, "attention") == ["zhuyili0001"]
        assert by_words(library, "attention hides") == []
        assert [status.resource.id for status in library.statuses()] == ["position001", "zhuyili0001"]
    with sqlite3.connect(folder / "library.db") as stored:
        rows = {
            table: stored.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("cue", "vector", "lexicon")
        }
    stored.close()
    assert rows == {"cue": 3, "vector": 3, "lexicon": 3}


def test_all_can_be_removed_and_built_again(folder: Path) -> None:
    with Writer.open(folder) as writer:
        writer.remove(list(TALKS))
    assert first(folder, "mask") is None
    build(folder, {"new": ["the mask hides"]})
    assert first(folder, "mask") == "new"


def test_a_transcript_a_language_is_kept(folder: Path) -> None:
    with Writer.open(folder) as writer:
        writer.commit("position001", [embedded(["position"]), embedded(["位置"], "zh-TW")], Details(), "")
    with Library.open(folder) as library:
        (status,) = (s for s in library.statuses() if s.resource.id == "position001")
        assert (status.languages, status.chunks) == (("en", "zh-TW"), 2)


def test_what_was_embedded_before_is_known_by_its_text(folder: Path) -> None:
    with Writer.open(folder) as writer:
        known = writer.known_vectors("zhuyili0001")
        assert set(known) == {text_digest(text) for text in TALKS["zhuyili0001"]}
        assert writer.known_vectors("nobody") == {}


def test_why_a_resource_is_missing_is_kept_until_it_is_indexed(folder: Path) -> None:
    with Writer.open(folder) as writer:
        writer.register("other.md", [resource("late0000001")])
        assert writer.standings()["late0000001"].state is State.PENDING
        writer.refuse("late0000001", State.DEFERRED, "blocked 被擋", 60.0)
    with Library.open(folder) as library:
        (status,) = (s for s in library.statuses() if s.resource.id == "late0000001")
    assert (status.state, status.reason, status.retry_after is not None) == (State.DEFERRED, "blocked 被擋", True)
    with Writer.open(folder) as writer:
        writer.commit("late0000001", [embedded(["token"])], Details(), "")
    with Library.open(folder) as library:
        (status,) = (s for s in library.statuses() if s.resource.id == "late0000001")
    assert (status.state, status.reason, status.retry_after) == (State.INDEXED, None, None)


def test_a_setting_is_kept_until_it_is_forgotten(folder: Path) -> None:
    with Writer.open(folder) as writer:
        writer.keep_setting("cooling", "3600")
    with Writer.open(folder) as writer:
        assert writer.setting("cooling") == "3600"
        writer.keep_setting("cooling", None)
        assert writer.setting("cooling") is None


# The lists


def test_a_resource_under_two_headings_is_one(tmp_path: Path) -> None:
    twice = Resource("a", Kind.VIDEO, "标题", "https://youtu.be/a", (("Basics",), ("Advanced", "注意力")))
    with Writer.open(tmp_path, CARD) as writer:
        writer.register(SOURCE, [twice])
    with Library.open(tmp_path) as library:
        (status,) = library.statuses()
    assert status.resource.title == "标题"
    assert set(status.resource.sections) == set(twice.sections)


def test_what_leaves_every_list_is_gone_but_stays_until_removed(folder: Path) -> None:
    with Writer.open(folder) as writer:
        writer.register("other.md", [resource("position001", "Other")])
        writer.register(SOURCE, [resource("zhuyili0001", "Talks")])
        assert writer.gone([SOURCE]) == ["attention01"]
        assert writer.gone(["other.md"]) == []
    assert first(folder, "attention") == "attention01"
    with Writer.open(folder) as writer:
        writer.register(SOURCE, [resource(talk, "Talks") for talk in TALKS])
        assert writer.gone([SOURCE]) == []


# Nothing to do


def test_where_nothing_changes_no_file_is_touched(folder: Path) -> None:
    before = _files(folder)
    with Writer.open(folder) as writer:
        writer.register(SOURCE, [resource(talk, "Talks") for talk in TALKS])
        writer.remove([])
        writer.keep_setting("cooling", None)
        writer.standings()
    with Library.open(folder) as library:
        by_meaning(library, "mask")
    assert _files(folder) == before


def test_a_change_leaves_three_files_and_no_scratch(folder: Path) -> None:
    (folder / ".vectors-2.faiss.new").write_bytes(b"a killed build left this")
    with Writer.open(folder) as writer:
        fill(writer, {"new": ["cache"]})
    assert set(_files(folder)) == {"library.db", "manifest.json", "vectors-2.faiss"}


# One writer


def test_a_second_writer_is_told_to_wait(folder: Path) -> None:
    with Writer.open(folder):
        for card in (None, CARD):
            with pytest.raises(LockedLibrary, match=r"another build is writing to .*: wait"):
                Writer.open(folder, card)
        other = run_script("from tests.index.parts import *\nWriter.open(Path(sys.argv[1]))", folder)
        assert "LockedLibrary: another build is writing to" in other.stderr.splitlines()[-1]
    with Writer.open(folder):
        pass


def test_a_lasting_reader_doesnt_hold_a_build_up_or_spoil_it(folder: Path) -> None:
    with Library.open(folder) as reader:
        with Writer.open(folder) as writer:
            fill(writer, {"new": ["cache"]})
        assert by_meaning(reader, "cache") == []
        assert first(folder, "cache") == "new"
    with Writer.open(folder):
        pass
    assert set(_files(folder)) == {"library.db", "manifest.json", "vectors-2.faiss"}
    assert first(folder, "cache") == "new"


# A build that ends badly

_BUILD_HALF = """
import os, pathlib
from tests.index.parts import *
writer = Writer.open(pathlib.Path(sys.argv[1]), CARD)
fill(writer, {"finished": ["the cache 缓存 spares work", *["x" * 30_000] * int(sys.argv[2])]})
writer.register("other.md", [resource("begun")])
with writer._change():
    writer._insert("begun", embedded(["softmax"]))
    os._exit(9)
"""


@pytest.mark.parametrize("sealed_before", [True, False])
def test_what_was_committed_before_a_kill_is_found_and_the_next_build_seals_it(
    tmp_path: Path, sealed_before: bool
) -> None:
    if sealed_before:
        build(tmp_path)
    assert run_script(_BUILD_HALF, tmp_path, "1").returncode == 9
    before = {"position": "position001", "cache": "finished"} if sealed_before else {"缓存": "finished"}
    assert {question: first(tmp_path, question) for question in before} == before
    with Library.open(tmp_path) as library:
        assert by_meaning(library, "softmax") == by_words(library, "softmax") == []
    with Writer.open(tmp_path):
        pass
    assert "library.db-wal" not in _files(tmp_path)
    assert {question: first(tmp_path, question) for question in before} == before


def test_a_copy_taken_during_a_build_is_a_library(folder: Path, tmp_path: Path) -> None:
    with Writer.open(folder) as writer:
        fill(writer, {"new": ["cache"]})
        writer.remove(["position001"])
        shutil.copytree(folder, tmp_path / "copy")
    for _ in ("before the seal", "after it"):
        assert first(tmp_path / "copy", "cache") == "new"
        with Library.open(tmp_path / "copy") as library:
            assert by_meaning(library, "position") == []
        with Writer.open(tmp_path / "copy", CARD):
            pass


def test_an_error_in_a_build_keeps_what_was_committed(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Writer.open(folder) as writer:
        fill(writer, {"new": ["cache"]})
        raise KeyboardInterrupt
    assert set(_files(folder)) == {"library.db", "manifest.json", "vectors-2.faiss"}
    assert first(folder, "cache") == "new"


def test_a_commit_is_whole_or_not_at_all(folder: Path) -> None:
    one_vector_short = embedded(["cache", "softmax"])
    object.__setattr__(one_vector_short, "vectors", one_vector_short.vectors[:1])
    with pytest.raises(ValueError, match="shorter"), Writer.open(folder) as writer:
        writer.commit("position001", [one_vector_short], Details(), "")
    assert first(folder, "position") == "position001"
    with Library.open(folder) as library:
        assert by_words(library, "cache") == []


_RUN_OUT_OF_SPACE = """
import pathlib, resource as limits
import index.vector_store
from tests.index.parts import *
folder, moment, size = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def fill_the_disk(now):
    if now == moment:
        limits.setrlimit(limits.RLIMIT_FSIZE, (size, limits.RLIM_INFINITY))

fill_the_disk("opening")
with Writer.open(folder, CARD) as writer:
    fill_the_disk("committing")
    fill(writer, {f"new{k}": ["cache " * 300 + str(k)] * 20 for k in range(8)})
    fill_the_disk("sealing")
"""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX limits on the size of a file")
@pytest.mark.parametrize("moment", ["opening", "committing", "sealing"])
@pytest.mark.parametrize("size", [0, 500, 3000, 20_000, 80_000, 160_000])
def test_a_full_disk_is_one_clear_line_and_loses_nothing(folder: Path, moment: str, size: int) -> None:
    ended = run_script(_RUN_OUT_OF_SPACE, folder, moment, str(size))
    last = (ended.stderr.splitlines() or [""])[-1]
    assert ended.returncode == 0 or last.startswith("index.errors.LibraryError: "), ended.stderr
    assert ended.returncode == 1 or size > 500
    _holds_what_it_held(folder, "new7" if moment == "sealing" else None)
    build(folder, {"last": ["softmax"]})
    _holds_what_it_held(folder, "last")


def _holds_what_it_held(folder: Path, new: str | None) -> None:
    assert first(folder, "position") == "position001"
    with Library.open(folder) as library:
        assert by_words(library, "掩码") == ["zhuyili0001"]
        assert new is None or State.INDEXED in [s.state for s in library.statuses() if s.resource.id == new]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX limits on the size of a file")
@pytest.mark.parametrize("size", [0, 5000, 50_000])
def test_a_library_that_finds_no_room_at_all_can_be_built_later(tmp_path: Path, size: int) -> None:
    ended = run_script(_RUN_OUT_OF_SPACE, tmp_path, "opening", str(size))
    assert ended.stderr.splitlines()[-1].startswith("index.errors.LibraryError: ")
    build(tmp_path)
    assert first(tmp_path, "position") == "position001"


# Mending


@pytest.mark.parametrize("damage", ["missing", "cut", "flipped"])
def test_a_build_writes_a_damaged_vector_file_anew(folder: Path, damage: str) -> None:
    file = folder / "vectors-1.faiss"
    whole = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(whole[:-9] if damage == "cut" else whole[:-9] + bytes(9))
    with pytest.raises(DamagedLibrary):
        Library.open(folder)
    with Writer.open(folder):
        assert first(folder, "位置") == "position001"
    assert set(_files(folder)) == {"library.db", "manifest.json", "vectors-2.faiss"}
    assert first(folder, "position") == "position001"


def test_a_kill_while_mending_loses_nothing(folder: Path) -> None:
    (folder / "vectors-1.faiss").unlink()
    assert run_script(_BUILD_HALF, folder, "300").returncode == 9
    assert first(folder, "position") == "position001"
    assert first(folder, "cache") == "finished"


@pytest.mark.parametrize("name", ["library.db", "manifest.json"])
def test_a_build_refuses_what_it_cant_mend(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    before = _files(folder)
    for card in (None, CARD):
        with pytest.raises(DamagedLibrary, match=f"{name}.*(copy|build it again)"):
            Writer.open(folder, card)
    assert _files(folder) == before


# What isn't a library


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "论文.pdf").write_bytes(b"%PDF")
    with pytest.raises(ForeignLibrary, match=r"holds other files.*--index"):
        Writer.open(tmp_path, CARD)
    with pytest.raises(LibraryNotFound, match="seekpoint build"):
        Writer.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["论文.pdf"]


def test_a_file_isnt_a_folder(tmp_path: Path) -> None:
    place = tmp_path / "library"
    place.write_text("hello")
    with pytest.raises(ForeignLibrary, match="is a file"):
        Writer.open(place, CARD)
    with pytest.raises(LibraryError, match="can't read or write the library"):
        Writer.open(place / "below", CARD)


def test_another_programs_manifest_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "A browser extension", "version": "2.0"}')
    for card in (None, CARD):
        with pytest.raises(ForeignLibrary, match="isn't a Seekpoint manifest"):
            Writer.open(tmp_path, card)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("card", [None, CARD])
def test_a_missing_folder_is_made_only_for_a_new_library(tmp_path: Path, card: object) -> None:
    place = tmp_path / "deep" / "图书馆"
    if card is None:
        with pytest.raises(LibraryNotFound, match="seekpoint build"):
            Writer.open(place)
        assert not place.parent.exists()
    else:
        build(place)
        assert first(place, "position") == "position001"
