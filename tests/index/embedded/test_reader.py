"""A library as its readers see it: what it answers, which moment of it they see, and what they are told of damage."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.types import CueSpan
from tests.index.libraries import (
    CARD,
    TALKS,
    build,
    by_meaning,
    by_words,
    chunks_of,
    fill,
    first,
    names,
    run_script,
)

needs_permissions = pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")


def test_a_library_of_one_chunk_and_one_of_none_can_be_searched(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD):
        pass
    with EmbeddedReader.open(tmp_path) as library:
        assert (library.statuses(), by_meaning(library, "mask"), by_words(library, "mask")) == ([], [], [])
    assert first(tmp_path, "mask") is None
    build(tmp_path, {"only": ["掩码遮住后面的词"]})
    with EmbeddedReader.open(tmp_path) as library:
        assert by_meaning(library, "mask") == ["only"]
    assert first(tmp_path, "掩码") == "only"


def test_a_question_is_never_a_query_language(folder: Path) -> None:
    with EmbeddedReader.open(folder) as library:
        for question in ('"', "NEAR(mask", "mask* OR -mask", "terms:mask", "a AND", "ma'sk; DROP TABLE chunk"):
            assert set(by_words(library, f"mask {question}")) == {"attention01"}
            assert by_words(library, f"掩码 {question.replace('mask', '')}") == ["zhuyili0001"]


def test_more_passages_are_read_than_sqlite_takes_values_each_piece_once(folder: Path) -> None:
    with EmbeddedReader.open(folder) as library:
        library.db.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)
        known = [*chunks_of(library, range(1, 6)).values()]
        spans = [CueSpan(chunk.transcript_id, chunk.first, chunk.stop) for chunk in known]
        assert library.cues(spans * 2000) == library.cues(spans) * 2000
        expected = {key: pieces.sums.tolist() for key, pieces in library.pieces(known, 10).items()}
        assert {key: len(sums) for key, sums in expected.items()} == {1: 2, 2: 2, 3: 1, 4: 2, 5: 2}
        many = library.pieces(known * 3000, 10)
        assert {key: pieces.sums.tolist() for key, pieces in many.items()} == expected


def test_readers_keep_the_state_they_opened_and_hold_no_build_up(folder: Path) -> None:
    asked, unasked, lasting = (EmbeddedReader.open(folder, lasting=k == 2) for k in range(3))
    assert by_meaning(asked, "position") == ["position001"]
    with EmbeddedWriter.acquire(folder) as writer:
        writer.remove(["position001"])
        fill(writer, {"attention01": ["softmax sums to one"], "training001": ["training takes weeks"]})
    for reader in (asked, unasked, lasting):
        with reader:
            assert by_meaning(reader, "position") == by_words(reader, "order") == ["position001"]
            assert by_words(reader, "softmax") == by_meaning(reader, "training") == []
            assert [status.resource.id for status in reader.statuses()] == list(TALKS)
    with EmbeddedReader.open(folder) as later:
        assert by_meaning(later, "position") == by_words(later, "order") == []
        assert by_words(later, "softmax") == by_meaning(later, "softmax") == ["attention01"]
        assert by_meaning(later, "training") == ["training001"]
    with EmbeddedWriter.acquire(folder):
        pass
    assert "library.db-wal" not in names(folder), "the next build closes the journal"


_ASK_AS_NOBODY = """
import os, pathlib, tempfile
from tests.index.libraries import build, by_meaning, by_words, first
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.open import is_written
# Another user may not be able to read the checkout: a first question loads all that the next one needs.
with tempfile.TemporaryDirectory() as another:
    build(pathlib.Path(another))
    with EmbeddedReader.open(pathlib.Path(another)) as library:
        by_meaning(library, "position"), by_words(library, "order"), first(pathlib.Path(another), "位置")
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
folder = pathlib.Path(sys.argv[1])
with EmbeddedReader.open(folder) as library:
    print(by_meaning(library, "position"), by_words(library, "order"), first(folder, "位置"))
try:
    EmbeddedWriter.acquire(folder)
except Exception as error:
    print(type(error).__name__, error)
print(is_written(folder))
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user may enter, as pytest's own aren't."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        Path(folder).chmod(0o755)


@needs_permissions
def test_a_read_only_folder_can_be_asked_but_not_built_and_one_that_may_not_be_read_is_told(open_folder: Path) -> None:
    folder = open_folder / "library"
    build(folder)
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    asked = run_script(_ASK_AS_NOBODY, folder)
    assert asked.stderr == ""
    answers, refusal, is_written = asked.stdout.splitlines()
    assert is_written == "False"
    assert answers == "['position001'] ['position001'] position001"
    assert refusal.startswith(f"LibraryError can't read or write the library {folder} (permission denied): check")
    folder.chmod(0o000)
    unread = run_script(_ASK_AS_NOBODY, folder)
    folder.chmod(0o755)
    assert "LibraryError: can't read or write the library" in unread.stderr.splitlines()[-1]


@needs_permissions
def test_a_read_only_copy_of_an_unfinished_build_says_so(open_folder: Path) -> None:
    with EmbeddedWriter.acquire(open_folder / "library", CARD) as writer:
        fill(writer, TALKS)
        shutil.copytree(open_folder / "library", open_folder / "copy", ignore=shutil.ignore_patterns("*-shm"))
    (open_folder / "copy").chmod(0o555)
    last = run_script(_ASK_AS_NOBODY, open_folder / "copy").stderr.splitlines()[-1]
    assert "LibraryError" in last and "finish" in last
