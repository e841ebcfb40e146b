"""Files that aren't what `seekpoint export` wrote: an import refuses them and leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
import math
import random
import sqlite3
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from seekpoint.index.embedded import checksums, database
from seekpoint.index.embedded.database import SCHEMA_VERSION
from seekpoint.index.errors import DamagedLibrary, ForeignLibrary, LibraryError
from seekpoint.index.sql import cue_blocks
from seekpoint.index.sql import piece_blocks as blocks
from seekpoint.index.sql.piece_blocks import StoredPiece
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library
from seekpoint.index.types import Cue, PieceVector
from tests.index.libraries import ENCODER, first
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
    blocks.encode([StoredPiece(0.0, bytes(8), PieceVector(1, 1.0, bytes(1 << 24)))]),
]
# As JSON; Python reads the first ones, which are no JSON, as numbers.
STRANGE_SECONDS = ("true", "NaN", "Infinity", "-Infinity", "9e999", "-1", "1e300", "1" + "0" * 400, '"7"', "[7]")
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
        *(f"details = '{{\"{name}\": 7}}'" for name in ("title", "channel", "published")),
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


@pytest.fixture
def file(folder: Path, tmp_path: Path) -> Path:
    """The export of a library."""
    export_library(folder, tmp_path / "talks.zip")
    return tmp_path / "talks.zip"


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
    connection = sqlite3.connect(path, isolation_level=None)
    checksums.keep(connection)
    connection.execute("PRAGMA writable_schema = ON")
    for statement in statements:
        connection.execute(statement)
    connection.close()
    forge(file, database.FILE, path.read_bytes())


# What isn't an export


@pytest.mark.parametrize("data", [b"", b"P", b"notes", "笔记".encode(), b"\x89PNG\r\n\x1a\n" + bytes(5000)])
def test_another_kind_of_file_is_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "笔记.zip").write_bytes(data)
    assert "isn't a file that `seekpoint export` wrote: check the name" in refused(tmp_path / "笔记.zip")


@pytest.mark.parametrize("names", [(), ("manifest.json",), ("library.db",), ("a.txt", "b/c.txt")])
def test_another_programs_archive_is_told(tmp_path: Path, names: tuple[str, ...]) -> None:
    write(tmp_path / "other.zip", *((name, b"{}") for name in names))
    refused(tmp_path / "other.zip", words=r"it has no (manifest\.json|library\.db)")


def test_a_newer_versions_file_asks_for_an_upgrade(file: Path) -> None:
    forge_manifest(file, lambda manifest: manifest.update(version=SCHEMA_VERSION + 1, news=["more"]))
    refused(file, words=f"has format {SCHEMA_VERSION + 1}.*upgrade Seekpoint")


# Names and sizes


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize(
    "added",
    [
        *map(entry, ("../evil", "/evil", "C:\\evil", "..\\evil", "folder/", "vectors-1.faiss/evil", "library.db")),
        *map(entry, ("MANIFEST.JSON", "vectors-2.faiss", "library.db-wal", "词")),
        entry("link", stat.S_IFLNK | 0o777),
        entry("device", stat.S_IFCHR | 0o666),
    ],
    ids=lambda info: info.filename,
)
def test_another_entry_is_refused(file: Path, added: zipfile.ZipInfo) -> None:
    write(file, *held(file).items(), (added, b"evil"))
    refused(file)
    assert not file.with_name("evil").exists()


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "..\\evil", "manifest.json", "lock", "vectors-1.faiss"])
def test_a_manifest_that_names_another_file_is_refused(file: Path, name: str) -> None:
    entries = held(file)
    manifest = json.loads(entries["manifest.json"])
    named = manifest["database"]
    entries[name] = entries[named["name"]]
    named["name"] = name
    write(file, *(entries | {"manifest.json": signed(manifest)}).items())
    refused(file)


def test_an_entry_that_is_no_plain_file_or_compressed_otherwise_is_refused(file: Path) -> None:
    entries = held(file)
    for name in entries:
        write(file, *((entry(n, stat.S_IFLNK | 0o777) if n == name else n, data) for n, data in entries.items()))
        refused(file, words="isn't a plain file")
    for kind in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        write(file, *entries.items(), kind=kind)
        refused(file, words="isn't a plain file")


def test_an_encrypted_entry_is_refused(file: Path) -> None:
    data = bytearray(file.read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + offset] |= 1
    file.write_bytes(data)
    refused(file)


def test_entries_without_number_are_refused_before_they_are_listed(file: Path) -> None:
    write(file, *held(file).items(), *((f"{k:0200}", b"") for k in range(10_000)))
    refused(file, DamagedLibrary)


def test_what_grows_beyond_measure_is_refused(file: Path) -> None:
    forge(file, database.FILE, bytes(100_000_000))
    assert file.stat().st_size < 1_000_000
    refused(file, words="it would grow to 100")


@pytest.mark.parametrize(
    ("name", "extended", "error", "words"),
    [
        (database.FILE, True, DamagedLibrary, "has more than"),
        ("manifest.json", False, ForeignLibrary, "too long"),
    ],
)
def test_an_entry_beyond_its_size_is_refused(
    file: Path, name: str, extended: bool, error: type[LibraryError], words: str
) -> None:
    entries = held(file)
    write(file, *(entries | {name: (entries[name] if extended else b"") + b" " * 100_000_000}).items())
    refused(file, error, words)


def test_a_size_that_the_archive_only_claims_is_not_believed(file: Path) -> None:
    data = bytearray(file.read_bytes())
    at = data.index(b"PK\1\2", data.index(b"PK\1\2") + 4)  # the database's entry in the list
    struct.pack_into("<I", data, at + 24, 1000)
    file.write_bytes(data)
    refused(file, DamagedLibrary)


# The manifest


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"[" * 100_000, b'{"a": 1', b"\xff\xfe", b"NaN", b'"text"'])
def test_a_manifest_that_is_none_is_refused(file: Path, data: bytes) -> None:
    write(file, *(held(file) | {"manifest.json": data}).items())
    refused(file, LibraryError)


NO_SEGMENTS: tuple[object, ...] = ({"file": {}}, [{}], [{"file": {}}], None)
RECORD = {"name": "x", "size": 1, "sha256": "", "modified": 0}


@pytest.mark.parametrize(
    "values",
    [
        *({"version": version} for version in ("7", 0, True, None)),
        {"model": None},
        {"model": {"name": "topics"}},
        {"model": {"name": 1, "dimension": 8, "fingerprint": ""}},
        {"model": {"name": "topics", "dimension": -8, "fingerprint": ""}},
        {"model": {"name": "topics", "dimension": 9, "fingerprint": ""}},
        {"model": {"name": "topics", "dimension": 1e300, "fingerprint": ""}},
        {"database": None},
        {"database": {"name": "library.db"}},
        {"database": RECORD | {"name": "library.db", "size": -1}},
        {"database": RECORD | {"name": ["library.db"]}},
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
        "CREATE VIEW evil AS SELECT 1",
        "CREATE TABLE evil (a)",
        "CREATE INDEX evil ON chunk (start)",
        "CREATE VIRTUAL TABLE evil USING fts5 (a)",
        "DROP TABLE translation",
        "ALTER TABLE resource ADD COLUMN evil TEXT",
        "ALTER TABLE cue_block RENAME TO cue_block2",
        "UPDATE sqlite_schema SET sql = replace(sql, 'REFERENCES transcript', '') WHERE name = 'chunk'",
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE setting (name' WHERE name = 'setting'",
        "UPDATE sqlite_schema SET sql = replace(sql, ' TEXT', char(160) || 'TEXT') WHERE name = 'setting'",
        "UPDATE sqlite_schema SET sql = replace(sql, ' REFERENCES', ' -- a' || char(10) || 'CHECK (1) REFERENCES')",
        *(f"PRAGMA user_version = {version}" for version in (0, 2, 99)),
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
        "INSERT INTO piece_block SELECT transcript_id, 5, data FROM piece_block",
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
    for k, offset in enumerate([*range(0, 60, 3), *chance.sample(range(len(whole)), 60), *range(-60, 0, 3)]):
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
    assert refusals > 60
    assert not list(file.with_name("places").glob(".*"))


def test_a_file_cut_short_is_refused_and_its_place_takes_a_sound_one(file: Path, folder: Path) -> None:
    whole = file.read_bytes()
    for length in [*range(2, len(whole), 97), len(whole) - 1]:
        file.write_bytes(whole[:length])
        refused(file, DamagedLibrary, "isn't a whole zip file")
    file.write_bytes(whole)
    place = file.with_name("places") / "new"
    import_library(file, place)
    assert [path.name for path in place.parent.iterdir()] == ["new"]
    assert first(place, "position") == first(folder, "position") == "position001"
