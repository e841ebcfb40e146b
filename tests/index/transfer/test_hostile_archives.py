"""Files that aren't what `seekpoint export` wrote: an import refuses them and leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
import math
import random
import shutil
import sqlite3
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.embedded import checksums, database
from seekpoint.index.embedded.database import SCHEMA_VERSION
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.errors import DamagedLibrary, ForeignLibrary, LibraryError
from seekpoint.index.open import open_keeper, open_reader
from seekpoint.index.sql import cue_blocks
from seekpoint.index.sql import piece_blocks as blocks
from seekpoint.index.sql.piece_blocks import StoredPiece
from seekpoint.index.text.stretches import stretches
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library
from seekpoint.index.types import Chapter, Cue, NotedQuestion, PieceVector, ReadStretch
from seekpoint.query.output import status
from tests.fuzzing import fuzz, is_line, json_texts
from tests.index.libraries import ENCODER, build, first
from tests.index.transfer.test_transfer import answers

STRANGE_BLOCKS = [
    cue_blocks.encode([Cue(0.0, inf, "the mask"), Cue(10.0, 20.0, "掩码")]),
    cue_blocks.encode([Cue(-2e9, 0.0, "the mask"), Cue(10.0, 20.0, "掩码")]),
    cue_blocks.encode([Cue(0.0, 10.0, "the mask"), Cue(nan, nan, "掩码")]),
    cue_blocks.encode([Cue(0.0, 10.0, "a chunk's last cue is missing")]),
    zlib.compress(bytes(1 << 24)),
]
STRANGE_PIECES = [
    blocks.encode([StoredPiece(0.0, bytes(8), PieceVector(1, 1.0, bytes(ENCODER.card.dimension), direction=0))]),
    blocks.encode([StoredPiece(0.0, bytes(8), PieceVector(1, math.nan, bytes(ENCODER.card.dimension)))]),
    blocks.encode([StoredPiece(0.0, bytes(8), PieceVector(1, 1.0, bytes(1 << 20)))]),
]
# As JSON; Python reads the first ones, which are no JSON, as numbers.
STRANGE_SECONDS = ("true", "NaN", "-Infinity", "9e999", "-1", "1e300", "1" + "0" * 400, '"7"')
STRANGE_SUMS = [struct.pack("<8d", *[number] * 8) for number in (nan, inf, -inf, 1e300)]
DEEP = "[" * 100_000


def chapter(start: str, title: str = '"Masks"') -> str:
    return f'{{"chapters": [{{"start": {start}, "title": {title}}}]}}'


# Changes of all rows of a table that make no sense.
CHANGES = {
    "resource": (
        *("kind = 'evil'", "state = 'evil'", "retry_after = 1e300", "retry_after = 9e999"),
        *(f"details = '{text}'" for text in ("[]", '{"chapters": [{}]}', DEEP, chapter("0", "7"))),
        *("url = 'https://example.org/' || char(8238)", "url = 'https://example.org/' || char(10)"),
        *(f"details = '{chapter(second)}'" for second in STRANGE_SECONDS),
        *(f"details = '{{\"duration\": {second}}}'" for second in STRANGE_SECONDS),
        *(f"details = '{{\"{name}\": 7}}'" for name in ("title", "channel", "published", "thumbnail")),
        *(f'details = \'{{"{name}": "javascript:alert(1)"}}\'' for name in ("thumbnail", "deep_link")),
    ),
    "transcript": (
        *("origin = 'evil'", "first_chunk = first_chunk + 1", "chunks = 1 << 40", "terms = -1"),
        *("seconds = 9e999", "seconds = -9e999", "language = 'xx'"),
        *("language = CAST(x'ff' AS TEXT)", "language = language || '-' || char(8238)"),
        *(f"chapters = '[[{second}, \"Masks\"]]'" for second in STRANGE_SECONDS[1:]),
        f"chapters = '{DEEP}'",
    ),
    "listing": ("path = 'evil'", "path = '1'"),
    "cue_block": (
        *("data = x'00'", "first = 1", "transcript_id = transcript_id + 10"),
        *(f"data = x'{block.hex()}'" for block in STRANGE_BLOCKS),
    ),
    "piece_block": (
        *("data = x''", "data = substr(data, 1, length(data) - 1)"),
        *("start = start + 1", "transcript_id = transcript_id + 10"),
        *(f"data = x'{block.hex()}'" for block in STRANGE_PIECES),
    ),
    "chunk": (
        *("stop = 1000000", "start = -9e999", "end = 9e999"),
        *("terms = x'ffffffffffffffffffffffffff'", "terms = x''"),
    ),
    "vector": ("data = x'00'",),
    "stretch": (
        *("id = 'attention01 00'", "id = 'attention01 -1'", "resource_id = 'zhuyili0001'"),
        *("reader = reader || char(27)", "language = language || char(10)"),
        *('titles = \'[["a", "b"]]\'', "titles = '7'", "titles = '[[2e9, \"Masks\"]]'"),
    ),
    "question_block": (
        *("language = ''", "language = language || char(27)", "stretch_id = 'attention01 1'"),
        *(f"questions = '{text}'" for text in ("5", '[["a", "b"]]', '[[2e9, "b"]]', "[[0, null]]", DEEP)),
        *(f"questions = '[[1{'0' * 400}, \"b\"]]'", "vectors = x'00'"),
    ),
    "term": ("number = number + (1 << 40)", "number = -number"),
    "language": (
        *("total = x'00'", "name = name || char(8238)"),
        *(f"{column} = x'{sums.hex()}'" for column in ("total", "window_total") for sums in STRANGE_SUMS),
    ),
}
TRANSLATIONS = ("evil", "7", "[7]", "[[7]]", '[[["b"]]]', '[{"a": ["b"]}]')
HIGHEST = "WHERE name = 'highest chunk'"


def kept(start: str = "1.0", added: str = "1.0") -> str:
    """The values of a kept moment, as SQL."""
    texts = "'attention01', '0', 'video', 'Masks', 'https://www.youtube.com/watch?v=attention01', 'en'"
    return f"({texts}, {start}, NULL, NULL, 'the mask', 'https://youtu.be/attention01', '掩码？', {added}, '', '')"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    build(folder / "library")
    with open_reader(folder / "library") as reader, open_keeper(folder / "library") as keeper:
        [transcript] = reader.transcripts("attention01")
        digest, asked = next(stretches(transcript.cues)).digest, NotedQuestion(0.0, "en", "What does the mask hide?")
        titles = (Chapter(0.0, "Masks", generated=True),)
        keeper.keep(ReadStretch("attention01", 0, transcript.language, digest, "a model", (asked,), titles))
    export_library(folder / "library", folder / "talks.zip")
    return folder / "talks.zip"


@pytest.fixture
def file(exported: Path, tmp_path: Path) -> Path:
    """The export of a library."""
    return shutil.copyfile(exported, tmp_path / "talks.zip")


def refused(file: Path, error: type[LibraryError] = ForeignLibrary, words: str = ".") -> str:
    """Import the file, which must be refused in one line, into a place of its own and leave nothing there."""
    place = file.with_name("places") / "new"
    with pytest.raises(error, match=words) as caught:
        import_library(file, place)
    assert not place.parent.exists() or list(place.parent.iterdir()) == []
    message = str(caught.value)
    assert str(file) in message and "\n" not in message and ".part" not in message
    return message


def held(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(file: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], kind: int = zipfile.ZIP_DEFLATED) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", kind) as archive:
        warnings.simplefilter("ignore")  # of duplicates
        for name, data in entries:
            archive.writestr(name, data)


def signed(content: dict[str, Any]) -> bytes:
    content.pop("checksum", None)
    checksum = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return json.dumps(content | {"checksum": checksum}).encode()


def forge(file: Path, name: str, data: bytes, change: Callable[[dict[str, Any]], object] = lambda _: None) -> None:
    """Put other data into an export, with a manifest that vouches for it."""
    entries = held(file) | {name: data}
    manifest = json.loads(entries["manifest.json"])
    manifest["database"] |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    change(manifest)
    write(file, *(entries | {"manifest.json": signed(manifest)}).items())


def forge_manifest(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    forge(file, database.FILE, held(file)[database.FILE], change)


def forge_database(file: Path, *statements: str) -> None:
    """Change the database in an export, and its checksums with it."""
    path = file.with_name("forged.db")
    path.write_bytes(held(file)[database.FILE])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        checksums.keep(connection)
        connection.execute("PRAGMA writable_schema = ON")
        for statement in statements:
            connection.execute(statement)
    forge(file, database.FILE, path.read_bytes())


# What isn't an export


def test_another_kind_of_file_and_another_programs_archive_are_told(tmp_path: Path) -> None:
    file = tmp_path / "笔记.zip"
    for data in (b"", b"P", "笔记".encode(), b"\x89PNG\r\n\x1a\n" + bytes(5000)):
        file.write_bytes(data)
        assert "isn't a file that `seekpoint export` wrote: check the name" in refused(file)
    for names in ((), ("manifest.json",), ("library.db",), ("a.txt", "b/c.txt")):
        write(file, *((name, b"{}") for name in names))
        refused(file, words=r"it has no (manifest\.json|library\.db)")


def test_a_newer_versions_file_asks_for_an_upgrade(file: Path) -> None:
    forge_manifest(file, lambda manifest: manifest.update(version=SCHEMA_VERSION + 1, news=["more"]))
    refused(file, words=f"has format {SCHEMA_VERSION + 1}.*upgrade Seekpoint")


# Names and sizes


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def test_another_entry_is_refused(file: Path) -> None:
    entries = held(file)
    for added in (
        *map(entry, ("../evil", "/evil", "C:\\evil", "folder/", "vectors-1.faiss/evil", "library.db")),
        *map(entry, ("MANIFEST.JSON", "library.db-wal", "词")),
        entry("link", stat.S_IFLNK | 0o777),
        entry("device", stat.S_IFCHR | 0o666),
    ):
        write(file, *entries.items(), (added, b"evil"))
        refused(file)
        assert not file.with_name("evil").exists()


def test_a_manifest_that_names_another_file_is_refused(file: Path) -> None:
    entries = held(file)
    for name in ("../evil", "/tmp/evil", "manifest.json", "lock"):
        manifest = json.loads(entries["manifest.json"])
        named = manifest["database"]
        others = {name: entries[named["name"]]}
        named["name"] = name
        write(file, *(entries | others | {"manifest.json": signed(manifest)}).items())
        refused(file)


def test_an_entry_that_is_no_plain_file_or_compressed_otherwise_is_refused(file: Path) -> None:
    entries = held(file)
    for name in entries:
        write(file, *((entry(n, stat.S_IFLNK | 0o777) if n == name else n, data) for n, data in entries.items()))
        refused(file, words="isn't a plain file")
    for kind in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        write(file, *entries.items(), kind=kind)
        refused(file, words="isn't a plain file")


def test_an_encrypted_entry_and_entries_without_number_are_refused(file: Path) -> None:
    entries, data = held(file), bytearray(file.read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + offset] |= 1
    file.write_bytes(data)
    refused(file)
    write(file, *entries.items(), *((f"{k:0200}", b"") for k in range(10_000)))
    refused(file, DamagedLibrary)


def test_what_grows_beyond_its_size_or_measure_is_refused(file: Path) -> None:
    entries, data = held(file), bytearray(file.read_bytes())
    at = data.index(b"PK\1\2", data.index(b"PK\1\2") + 4)  # the database's entry in the list
    struct.pack_into("<I", data, at + 24, 1000)
    file.write_bytes(data)
    refused(file, DamagedLibrary)
    write(file, *(entries | {database.FILE: entries[database.FILE] + bytes(5_000_000)}).items())
    refused(file, DamagedLibrary, "has more than")
    much = b" " * 70_000_000
    write(file, *(entries | {"manifest.json": much}).items())
    refused(file, words="too long")
    write(file, *entries.items())
    forge(file, database.FILE, much)
    refused(file, words="it would grow to 70")


# The manifest


def test_a_manifest_that_is_none_is_refused(file: Path) -> None:
    entries = held(file)
    for data in (b"", b"null", b"[]", b"[" * 100_000, b'{"a": 1', b"\xff\xfe", b"NaN", b'"text"'):
        write(file, *(entries | {"manifest.json": data}).items())
        refused(file, LibraryError)


NO_SEGMENTS: tuple[object, ...] = ({"file": {}}, [{}], [{"file": {}}], None)
RECORD = {"name": "x", "size": 1, "sha256": "", "modified": 0}


@pytest.mark.parametrize(
    "values",
    [
        *({"version": version} for version in ("7", 0, True, None)),
        {"model": {"name": "topics"}},
        {"model": {"name": 1, "dimension": 8, "fingerprint": ""}},
        {"model": {"name": "topics", "dimension": 9, "fingerprint": ""}},
        {"model": {"name": "topics", "dimension": 1e300, "fingerprint": ""}},
        {"database": None},
        {"database": {"name": "library.db"}},
        {"database": RECORD | {"name": "library.db", "size": -1}},
        *({"segments": segments} for segments in NO_SEGMENTS),
        {"numbered": "1"},
        {"segments": [{"file": RECORD, "first": 1, "stop": 6, "count": 5}]},
        *({"words": {"folder": folder, "files": [RECORD]}} for folder in ("words-1", "../evil")),
    ],
    ids=str,
)
def test_a_manifest_of_other_values_is_refused(file: Path, values: dict[str, Any]) -> None:
    forge_manifest(file, lambda manifest: manifest.update(values))
    refused(file, LibraryError)


# The database


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER evil AFTER INSERT ON resource BEGIN DELETE FROM resource; END",
        "CREATE TABLE evil (a)",
        "CREATE VIRTUAL TABLE evil USING fts5 (a)",
        "DROP TABLE translation",
        "ALTER TABLE resource ADD COLUMN evil TEXT",
        "UPDATE sqlite_schema SET sql = replace(sql, 'REFERENCES transcript', '') WHERE name = 'chunk'",
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE setting (name' WHERE name = 'setting'",
        "UPDATE sqlite_schema SET sql = replace(sql, ' TEXT', char(160) || 'TEXT') WHERE name = 'setting'",
        "UPDATE sqlite_schema SET sql = replace(sql, ' REFERENCES', ' -- a' || char(10) || 'CHECK (1) REFERENCES')",
        *(f"PRAGMA user_version = {version}" for version in (0, 1, 99)),
        "PRAGMA application_id = 1",
    ],
)
def test_a_database_with_another_schema_is_refused(file: Path, statement: str) -> None:
    forge_database(file, statement)
    refused(file, LibraryError)


def test_a_forged_file_that_changes_only_comments_is_taken(file: Path, folder: Path, tmp_path: Path) -> None:
    forge_database(file, "UPDATE sqlite_schema SET sql = replace(sql, '--', '-- other words' || char(10) || ' --')")
    import_library(file, tmp_path / "taken")
    assert answers(tmp_path / "taken") == answers(folder)
    export_library(tmp_path / "taken", tmp_path / "again.zip")  # which reads all of it


@pytest.mark.parametrize(
    "statement",
    [
        *(f"UPDATE {table} SET {change}" for table, changes in CHANGES.items() for change in changes),
        *(f"DELETE FROM {table}" for table in ("cue_block", "vector", "term")),
        *(f"INSERT INTO cue_block SELECT transcript_id, {first}, data FROM cue_block" for first in (1, 5)),
        *(f"INSERT INTO translation VALUES ('en', 'a', 'zh', '{stored}')" for stored in TRANSLATIONS),
        *(f"UPDATE setting SET value = '{value}' {HIGHEST}" for value in ("1", "9999999999")),
        f"DELETE FROM setting {HIGHEST}",
        *(f"INSERT INTO kept VALUES {kept(start=value)}" for value in ("9e999", "-9e999")),
        *(f"INSERT INTO kept VALUES {kept(added=value)}" for value in ("9e999", "-9e999")),
        "INSERT INTO transcript (id, resource_id, language, origin) VALUES (99, 'nobody', 'en', 'local')",
        "INSERT INTO resource (id, kind, url, state) VALUES (char(8238), 'page', 'https://example.org/', 'pending')",
    ],
    ids=lambda statement: statement[:60],
)
def test_a_database_with_rows_that_make_no_sense_is_refused(file: Path, statement: str) -> None:
    forge_database(file, statement)
    refused(file, LibraryError)


def test_a_database_that_is_none_or_has_a_broken_page_is_refused(file: Path) -> None:
    whole, chance = held(file)[database.FILE], random.Random(5)
    broken = [
        whole[:start] + chance.randbytes(16) + whole[start + 16 :] for start in range(4096, len(whole) - 4095, 4096)
    ]
    for data in (b"", b"SQLite format 3\0" + bytes(84), b"evil" * 5000, *broken):
        forge(file, database.FILE, data)
        refused(file, LibraryError)


# Damage


def test_any_damaged_byte_is_refused_or_means_nothing(file: Path, folder: Path) -> None:
    whole, expected = file.read_bytes(), answers(folder)
    chance = random.Random(2024)
    refusals = 0
    for k, offset in enumerate([*range(0, 60, 6), *chance.sample(range(len(whole)), 30), *range(-60, 0, 6)]):
        data = bytearray(whole)
        data[offset] ^= chance.randrange(1, 256)
        file.write_bytes(data)
        place = file.with_name("places") / str(k)
        try:
            import_library(file, place)
        except LibraryError as error:
            refusals += 1
            assert "\n" not in str(error) and not place.exists()
        else:
            assert answers(place) == expected
    assert refusals > 30
    assert not list(file.with_name("places").glob(".*"))


def test_a_file_cut_short_is_refused_and_its_place_takes_a_sound_one(file: Path, folder: Path) -> None:
    whole = file.read_bytes()
    for length in [*range(2, len(whole), 397), len(whole) - 1]:
        file.write_bytes(whole[:length])
        refused(file, DamagedLibrary, "isn't a whole zip file")
    file.write_bytes(whole)
    place = file.with_name("places") / "new"
    import_library(file, place)
    assert [path.name for path in place.parent.iterdir()] == ["new"]
    assert first(place, "position") == first(folder, "position") == "position001"


# Any value

_INTEGERS = st.sampled_from([0, -1, 1, 7, 1 << 31, 1 << 40, (1 << 63) - 1, -(1 << 63)])
_FLOATS = st.sampled_from([math.inf, -math.inf, -1.0, 1e300, 9e99, 5e-324])
_TEXTS = st.sampled_from(["", "\0", "a\x1b[31mb", "\u202e", "讲座" * 3000, "file:///etc/passwd", "javascript:x"])


def check(file: Path) -> None:
    """Import a file; if it is taken, it can be checked, asked and shown."""
    place = file.parent / "places" / "new"
    shutil.rmtree(place.parent, ignore_errors=True)
    try:
        import_library(file, place)
    except LibraryError as error:
        assert is_line(str(error))
        assert not place.parent.exists() or not any(place.parent.iterdir())
        return
    with EmbeddedReader.open(place) as library:
        library.verify()
        text = status.to_text(place, library.card, library.statuses(), library.sections(), 0.0)
    assert all(map(is_line, text.split("\n")))
    first(place, "position 位置")


@given(st.data())
@fuzz(6)
def test_any_value_in_a_row_whose_checksums_are_right(exported: Path, data: st.DataObject) -> None:
    file, changed = exported.with_name("forged.zip"), exported.with_name("forged.db")
    shutil.copyfile(exported, file)
    changed.write_bytes(held(exported)[database.FILE])
    with closing(sqlite3.connect(changed, isolation_level=None)) as connection:
        checksums.keep(connection)
        for _ in range(data.draw(st.integers(1, 2))):
            _change(connection, data)
    forge(file, database.FILE, changed.read_bytes())
    check(file)


def _change(connection: sqlite3.Connection, data: st.DataObject) -> None:
    """Change a value of a row to another one of its type."""
    table = data.draw(st.sampled_from([*sorted(checksums.TABLES), "checksum"]))
    columns = connection.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
    column, kind = data.draw(st.sampled_from(columns))
    value = data.draw(_values(kind))
    (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    keys = ", ".join(name for name, _ in columns)
    row = f"SELECT {keys} FROM {table} LIMIT 1 OFFSET {data.draw(st.integers(0, max(0, rows - 1)))}"
    connection.execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE ({keys}) IS ({row})", (value,))


def _values(kind: str) -> st.SearchStrategy[object]:
    if kind == "TEXT":
        stored = json_texts("pages", "title", "chapters", "start", "dimension", "name")
        return _TEXTS | st.text(max_size=20) | stored.map(lambda text: text.encode("utf-8", "replace").decode())
    return {"INTEGER": _INTEGERS, "REAL": _FLOATS}.get(kind, st.binary(max_size=40) | st.just(bytes(1 << 16)))
