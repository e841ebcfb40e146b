"""What is damaged or isn't a library: readers and builds say so in one line, and never answer from it."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest

from seekpoint.index.embedded import database
from seekpoint.index.embedded.database import UNRELEASED_APPLICATION_ID
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import DamagedLibrary, ForeignLibrary, LibraryError, LibraryNotFound, UnreleasedLibrary
from seekpoint.index.transfer.export import export_library
from seekpoint.query.output.status import to_json, to_text
from tests.damaging import change_rows
from tests.index.libraries import CARD, TALKS, build, by_meaning, by_words, files, fill, first, names


def _search(folder: Path) -> None:
    with EmbeddedReader.open(folder) as library:
        by_meaning(library, "position")
        by_words(library, "order")


def named(folder: Path, name: str) -> str:
    """The name of a file; of the word index, `words` stands for its posting lists."""
    return str(next(folder.glob("words-*/*.idx")).relative_to(folder)) if name == "words" else name


@pytest.mark.parametrize("name", ["library.db", "manifest.json", "vectors-1.faiss", "words"])
def test_a_missing_shortened_or_changed_file_is_named(folder: Path, name: str) -> None:
    assert names(folder) == {"library.db", "manifest.json", "vectors-1.faiss", "words-1"}
    name = named(folder, name)
    whole = (folder / name).read_bytes()
    contents = [whole[:length] for length in (0, 1, 15, 100, len(whole) // 2, len(whole) - 1)]
    chance = random.Random(7)
    for offset in [*range(16), *chance.sample(range(len(whole)), min(len(whole), 200)), len(whole) - 1]:
        damaged = bytearray(whole)
        damaged[offset] ^= chance.randrange(1, 256)
        if name != "manifest.json" or not _is_equal(damaged, whole):
            contents.append(bytes(damaged))
    for content in contents:
        (folder / name).write_bytes(content)
        with pytest.raises(DamagedLibrary, match=name):
            _search(folder)
    (folder / name).write_bytes(whole)
    _search(folder)
    (folder / name).unlink()
    if name == "manifest.json":
        with pytest.raises(LibraryNotFound):
            _search(folder)
    else:
        with pytest.raises(DamagedLibrary, match=f"{name} is missing.*(copy|build)"):
            _search(folder)


def _is_equal(text: bytearray, other: bytes) -> bool:
    """Whether both are the same JSON: white space and a float's last digit may say nothing."""
    try:
        return bool(json.loads(text) == json.loads(other))
    except ValueError:
        return False


@pytest.mark.slow
def test_damage_to_an_unfinished_library_is_never_another_exception(folder: Path, tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        fill(writer, {"new": ["缓存 cache"], **TALKS})
        shutil.copytree(folder, tmp_path / "whole")
    chance = random.Random(3)
    for name in 20 * ["library.db", "library.db-wal"]:
        whole = (tmp_path / "whole" / name).read_bytes()
        offset = chance.randrange(len(whole))
        for part in (whole[:offset], whole[:offset] + b"\x00\xff" + whole[offset + 2 :]):
            damaged = shutil.copytree(tmp_path / "whole", tmp_path / f"{name} {offset} {len(part)}", dirs_exist_ok=True)
            (damaged / name).write_bytes(part)
            try:
                _search(damaged)
            except LibraryError as error:
                assert "\n" not in str(error)


NONSENSE = {
    "chunk": ["first = 99, stop = 100", "stop = 100", "first = -1", "terms = x'00'", "start = 1e300", "end = -9e999"],
    "language": ["total = x'00'", "window_total = zeroblob(16)"],
    "transcript": ["chunks = 1 << 40", "first_chunk = -5", "first_chunk = 1 << 60"],
    "term": ["number = number + (1 << 50)"],
    "vector": ["data = x'00'", "data = zeroblob(999)"],
    "piece_block": ["data = x'01'"],
    "cue_block": ["data = CAST(data || x'00' AS BLOB)", "first = first + 1"],
    "resource": [
        *("details = '[]'", "details = '{'", "details = '{\"pages\": 7}'", "kind = '讲座'", "state = ''"),
        "retry_after = 9e99, state = 'deferred', reason = 'x'",
    ],
    "listing": ["path = 'Talks'", "path = '7'"],
    "setting": [f"value = '{value}' WHERE name = 'model'" for value in ("[]", "{}")]
    + ["value = 'x' WHERE name = 'highest chunk'"],
}


@pytest.mark.parametrize(
    "change",
    [f"UPDATE {table} SET {change}" for table, changes in NONSENSE.items() for change in changes]
    + ["DELETE FROM cue_block", "DELETE FROM chunk WHERE id = 2", "DELETE FROM listing"]
    + ["ALTER TABLE language RENAME COLUMN total TO totam"],
)
def test_rows_that_make_no_sense_are_told_in_one_line_by_every_command(folder: Path, change: str) -> None:
    change_rows(folder, "PRAGMA ignore_check_constraints = ON", change)

    def status() -> None:
        with EmbeddedReader.open(folder) as library:
            to_json(folder, library.card, library.statuses())
            to_text(folder, library.card, library.statuses(), library.sections(), 0.0)

    for command in (lambda: first(folder, "position"), status, lambda: export_library(folder, folder / "file")):
        try:
            command()
        except LibraryError as error:
            assert "\n" not in str(error)
    with pytest.raises(DamagedLibrary) as caught, EmbeddedReader.open(folder) as library:
        library.verify()
    assert "\n" not in str(caught.value)
    with suppress(LibraryError), EmbeddedWriter.acquire(folder) as writer:
        writer.remove(["position001"])


@pytest.mark.parametrize("is_missing", [True, False])
@pytest.mark.parametrize(("name", "kept"), [("vectors-1.faiss", "words-1"), ("words", "vectors-1.faiss")])
def test_a_build_makes_the_damaged_index_anew_and_no_other(
    folder: Path, name: str, kept: str, is_missing: bool
) -> None:
    file = folder / named(folder, name)
    before = files(folder)
    if is_missing:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-9] + bytes(9))
    with pytest.raises(DamagedLibrary, match="seekpoint build"):
        EmbeddedReader.open(folder)
    with EmbeddedWriter.acquire(folder):
        assert first(folder, "位置") == "position001"
    assert {name for name, state in before.items() & files(folder).items() if name.startswith(kept)}
    assert not file.exists()
    with EmbeddedReader.open(folder) as library:
        library.verify()
        assert by_meaning(library, "position") == ["position001"]
        assert by_words(library, "掩码") == ["zhuyili0001"]


@pytest.mark.parametrize("name", ["library.db", "manifest.json"])
def test_what_isnt_opened_to_be_mended_is_refused(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    before = files(folder)
    for card in (None, CARD):
        with pytest.raises(DamagedLibrary, match=f"{name}.*build"):
            EmbeddedWriter.acquire(folder, card)
    after = files(folder)
    assert after == before | {"damaged": after["damaged"]}


BOOKMARKS = "DROP TABLE IF EXISTS listing; CREATE TABLE bookmark (url TEXT); PRAGMA application_id = 0"
UNRELEASED = f"PRAGMA application_id = {UNRELEASED_APPLICATION_ID}; PRAGMA user_version = 11"
TOLD: dict[str, tuple[type[LibraryError], str]] = {
    "another program's": (ForeignLibrary, "isn't a Seekpoint.*--index"),
    "newer": (ForeignLibrary, "format 99.*upgrade Seekpoint"),
    "unreleased": (UnreleasedLibrary, "built by an unreleased version of Seekpoint: delete it and build it again"),
    "older": (UnreleasedLibrary, "built by an unreleased version of Seekpoint: delete it and build it again"),
}


@pytest.mark.parametrize(
    ("script", "whose"),
    [
        (BOOKMARKS, "another program's"),
        ("PRAGMA user_version = 99", "newer"),
        (UNRELEASED, "unreleased"),
        (f"PRAGMA user_version = {database.SCHEMA_VERSION - 1}", "older"),
    ],
)
def test_a_database_that_isnt_of_this_release_is_told_and_left_alone(folder: Path, script: str, whose: str) -> None:
    error, told = TOLD[whose]
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        connection.executescript(script)
    stored = (folder / "library.db").read_bytes()
    (folder / "manifest.json").write_bytes(Manifest.load(folder).unsealed().encoded())
    for opening in (EmbeddedReader.open, EmbeddedWriter.acquire):
        with pytest.raises(error, match=told):
            opening(folder)
    assert (folder / "library.db").read_bytes() == stored


@pytest.mark.parametrize(
    ("content", "whose"),
    [
        ({"format": "seekpoint library", "version": 11}, "unreleased"),
        ({"version": database.SCHEMA_VERSION - 1}, "older"),
        ({"version": 99, "something": "new"}, "newer"),
        ({"format": "地图", "checksum": None}, "another program's"),
    ],
)
def test_a_manifest_that_isnt_of_this_release_is_told(folder: Path, content: dict[str, object], whose: str) -> None:
    error, told = TOLD[whose]
    manifest = json.loads((folder / "manifest.json").read_bytes()) | content
    checksum = manifest.pop("checksum")
    if checksum:
        manifest["checksum"] = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    for opening in (EmbeddedReader.open, EmbeddedWriter.acquire):
        with pytest.raises(error, match=told):
            opening(folder)


@pytest.mark.parametrize(
    ("name", "content", "read", "built"),
    [
        ("论文.pdf", "%PDF", LibraryNotFound, "holds other files: name an.* folder with --index"),
        ("manifest.json", '{"name": "A browser extension"}', ForeignLibrary, "isn't a Seekpoint manifest"),
    ],
)
def test_a_folder_of_something_else_is_left_alone(
    tmp_path: Path, name: str, content: str, read: type[LibraryError], built: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ForeignLibrary, match=built):
        EmbeddedWriter.acquire(tmp_path, CARD)
    for opening in (EmbeddedReader.open, EmbeddedWriter.acquire):
        with pytest.raises(read) as told:
            opening(tmp_path)
        assert read is ForeignLibrary or "holds other files: name another folder with --index" in str(told.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_is_no_place_for_a_library(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("hello")
    for opening in (EmbeddedReader.open, partial(EmbeddedWriter.acquire, card=CARD)):
        with pytest.raises(ForeignLibrary, match="is a file"):
            opening(file)
    with pytest.raises(LibraryError, match="can't read or write the library"):
        EmbeddedWriter.acquire(file / "below", CARD)


def test_a_missing_folder_is_made_only_for_a_new_library(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "图书馆"
    for opening in (EmbeddedReader.open, EmbeddedWriter.acquire):
        for missing in (tmp_path, place):
            with pytest.raises(LibraryNotFound, match="seekpoint build"):
                opening(missing)
    assert not place.parent.exists()
    build(place)
    assert first(place, "position") == "position001"


def test_other_tables_are_told_with_what_to_do(folder: Path) -> None:
    schema = "UPDATE sqlite_schema SET sql = replace(sql, 'DEFAULT 0', 'DEFAULT 1') WHERE name = 'chunk'"
    change_rows(folder, "PRAGMA writable_schema = ON", schema)
    with EmbeddedReader.open(folder) as library, pytest.raises(DamagedLibrary, match=r"are others\. Restore it from"):
        library.verify()
