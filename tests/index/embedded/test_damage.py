"""What is damaged or isn't a library: readers and builds say so in one line, and never answer from it."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from seekpoint.index.embedded import database
from seekpoint.index.embedded.database import UNRELEASED_APPLICATION_ID
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import DamagedLibrary, ForeignLibrary, LibraryError, LibraryNotFound, UnreleasedLibrary
from seekpoint.index.transfer.export import export_library
from seekpoint.index.types import CueSpan
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


def test_cues_that_cannot_be_read_are_told_in_one_line(folder: Path) -> None:
    Manifest.load(folder).unsealed().save(folder)
    change_rows(folder, "UPDATE cue_block SET data = CAST(data || x'00' AS BLOB)")
    with EmbeddedReader.open(folder) as library:
        for read in (lambda: library.cues([CueSpan(1, 0, 2)]), lambda: library.transcripts("zhuyili0001")):
            with pytest.raises(DamagedLibrary, match=r"^[^\n]*in library\.db, cues aren't what was written.*build"):
                read()


NONSENSE = {
    "chunk": ["first = 99, stop = 100", "stop = 100", "first = -1", "terms = x'00'", "start = 1e300", "end = -9e999"],
    "language": ["total = x'00'", "window_total = zeroblob(16)"],
    "transcript": ["chunks = 1 << 40", "first_chunk = -5", "first_chunk = 1 << 60"],
    "term": ["number = number + (1 << 50)"],
    "vector": ["data = x'00'", "data = zeroblob(999)"],
    "piece_block": ["data = x'01'"],
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


@pytest.mark.parametrize(
    ("script", "error", "told"),
    [
        (BOOKMARKS, ForeignLibrary, "isn't a Seekpoint library"),
        ("PRAGMA user_version = 99", ForeignLibrary, r"format 99.*upgrade Seekpoint"),
        (UNRELEASED, UnreleasedLibrary, r"built by an unreleased version of Seekpoint: delete it and build"),
    ],
    ids=["another program's", "newer", "from before the first release"],
)
def test_a_database_that_isnt_of_this_release_is_told_and_left_alone(
    folder: Path, script: str, error: type[LibraryError], told: str
) -> None:
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        connection.executescript(script)
    stored = (folder / "library.db").read_bytes()
    for writable in (False, True):
        with pytest.raises(error, match=told):
            database.connect(folder, writable=writable)
    assert (folder / "library.db").read_bytes() == stored


@pytest.mark.parametrize("older", ["layout", "manifest"])
def test_a_library_from_before_the_first_release_asks_for_a_new_build(folder: Path, older: str) -> None:
    if older == "layout":
        with closing(sqlite3.connect(folder / database.FILE)) as connection:
            connection.execute(f"PRAGMA user_version = {database.SCHEMA_VERSION - 1}")
        (folder / "manifest.json").write_bytes(Manifest.load(folder).unsealed().encoded())
    else:
        content = json.loads((folder / "manifest.json").read_bytes())
        content |= {"format": "seekpoint library", "version": 11}
        del content["checksum"]
        checksum = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(content | {"checksum": checksum}), encoding="utf-8")
    for opening in (EmbeddedReader.open, EmbeddedWriter.acquire):
        with pytest.raises(UnreleasedLibrary, match="unreleased version of Seekpoint: delete it and build it again"):
            opening(folder)


def test_a_place_without_a_library_is_left_alone_and_told(tmp_path: Path) -> None:
    extension = '{"name": "A browser extension", "version": "2.0"}'
    cases: list[tuple[str, type[LibraryError], str]] = [
        ("论文.pdf", LibraryNotFound, r"holds other files.*--index"),
        ("manifest.json", ForeignLibrary, "isn't a Seekpoint manifest"),
    ]
    for name, error, told in cases:
        place = tmp_path / f"with {name}"
        place.mkdir()
        (place / name).write_text(extension)
        with pytest.raises(ForeignLibrary, match=told):
            EmbeddedWriter.acquire(place, CARD)
        for opening in (EmbeddedReader.open, EmbeddedWriter.acquire):
            with pytest.raises(error):
                opening(place)
        assert [path.name for path in place.iterdir()] == [name]
    file = tmp_path / "file"
    file.write_text("hello")
    with pytest.raises(ForeignLibrary, match="is a file"):
        EmbeddedWriter.acquire(file, CARD)
    with pytest.raises(ForeignLibrary, match="is a file"):
        EmbeddedReader.open(file)
    with pytest.raises(LibraryError, match="can't read or write the library"):
        EmbeddedWriter.acquire(file / "below", CARD)
    (tmp_path / "empty").mkdir()
    place = tmp_path / "deep" / "图书馆"
    for missing in (tmp_path / "empty", place):
        with pytest.raises(LibraryNotFound, match="seekpoint build"):
            EmbeddedReader.open(missing)
    with pytest.raises(LibraryNotFound, match="seekpoint build"):
        EmbeddedWriter.acquire(place)
    assert not place.parent.exists(), "a missing folder is made only for a new library"
    build(place)
    assert first(place, "position") == "position001"


def test_other_tables_are_told_with_what_to_do(folder: Path) -> None:
    schema = "UPDATE sqlite_schema SET sql = replace(sql, 'DEFAULT 0', 'DEFAULT 1') WHERE name = 'chunk'"
    change_rows(folder, "PRAGMA writable_schema = ON", schema)
    with EmbeddedReader.open(folder) as library, pytest.raises(DamagedLibrary, match=r"are others\. Restore it from"):
        library.verify()
