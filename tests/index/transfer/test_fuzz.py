"""Exports that a stranger has changed: an import takes what makes sense, and refuses all else in one line."""

from __future__ import annotations

import math
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.embedded import checksums, database
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.errors import LibraryError
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library
from seekpoint.query.output.status import to_text
from tests.fuzzing import fuzz, is_line, json_texts
from tests.index.libraries import build, first
from tests.index.transfer.test_hostile_archives import forge, held

_INTEGERS = st.sampled_from([0, -1, 1, 7, 1 << 31, 1 << 40, (1 << 63) - 1, -(1 << 63)])
_FLOATS = st.sampled_from([math.inf, -math.inf, -1.0, 1e300, 9e99, 5e-324])
_TEXTS = st.sampled_from(["", "\0", "a\x1b[31mb", "\u202e", "讲座" * 3000, "file:///etc/passwd", "javascript:x"])


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    build(folder / "library")
    export_library(folder / "library", folder / "talks.zip")
    return folder / "talks.zip"


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
        text = to_text(place, library.card, library.statuses(), library.sections(), 0.0)
    assert all(map(is_line, text.split("\n")))
    first(place, "position 位置")


@given(st.data())
@fuzz(12)
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
