"""Builds that end badly: killed, interrupted, out of space."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.types import State
from tests.index.libraries import CARD, build, by_meaning, by_words, files, fill, first, run_script

needs_limits = pytest.mark.skipif(os.name != "posix", reason="needs POSIX limits on the size of a file")

_BUILD_HALF = """
import os, pathlib
from tests.index.libraries import *
writer = EmbeddedWriter.acquire(pathlib.Path(sys.argv[1]), CARD)
fill(writer, {"finished": ["the cache 缓存 spares work", *["x" * 30_000] * int(sys.argv[2])]})
writer.register("other.md", [resource("begun")])
with writer.transaction():
    writer.commit("begun", [embedded(["softmax"])], Details(), "made by hand")
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
    with EmbeddedReader.open(tmp_path) as library:
        assert by_meaning(library, "softmax") == by_words(library, "softmax") == []
    with EmbeddedWriter.acquire(tmp_path):
        pass
    assert "library.db-wal" not in files(tmp_path)
    assert {question: first(tmp_path, question) for question in before} == before


def test_a_kill_while_mending_loses_nothing(folder: Path) -> None:
    (folder / "vectors-1.faiss").unlink()
    assert run_script(_BUILD_HALF, folder, "300").returncode == 9
    assert [first(folder, question) for question in ("position", "cache")] == ["position001", "finished"]


def test_a_copy_taken_during_a_build_is_a_library(folder: Path, tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        fill(writer, {"new": ["cache"]})
        writer.remove(["position001"])
        shutil.copytree(folder, tmp_path / "copy")
    for _ in ("before the seal", "after it"):
        assert first(tmp_path / "copy", "cache") == "new"
        with EmbeddedReader.open(tmp_path / "copy") as library:
            assert by_meaning(library, "position") == []
        with EmbeddedWriter.acquire(tmp_path / "copy", CARD):
            pass


_RUN_OUT_OF_SPACE = """
import pathlib, resource as limits
import seekpoint.index.embedded.vector_files
from tests.index.libraries import *
folder, moment, size = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def fill_the_disk(now):
    if now == moment:
        limits.setrlimit(limits.RLIMIT_FSIZE, (size, limits.RLIM_INFINITY))

fill_the_disk("opening")
with EmbeddedWriter.acquire(folder, CARD) as writer:
    fill_the_disk("committing")
    fill(writer, {f"new{k}": ["cache " * 300 + str(k)] * 20 for k in range(8)})
    fill_the_disk("sealing")
"""


@needs_limits
@pytest.mark.parametrize(
    ("moment", "size"),
    [("opening", 3000), ("committing", 500), ("committing", 80_000), ("sealing", 500), ("sealing", 20_000)],
)
def test_a_full_disk_is_one_clear_line_and_loses_nothing(folder: Path, moment: str, size: int) -> None:
    ended = run_script(_RUN_OUT_OF_SPACE, folder, moment, str(size))
    last = (ended.stderr.splitlines() or [""])[-1]
    assert ended.returncode == 0 or last.startswith("seekpoint.index.errors.LibraryError: "), ended.stderr
    assert ended.returncode == 1 or size > 500

    def check(new: str | None) -> None:
        assert first(folder, "position") == "position001"
        with EmbeddedReader.open(folder) as library:
            assert by_words(library, "掩码") == ["zhuyili0001"]
            assert new is None or State.INDEXED in [status.state for status in library.statuses([new])]

    check("new7" if moment == "sealing" else None)
    build(folder, {"last": ["softmax"]})
    check("last")


@needs_limits
def test_a_library_that_finds_no_room_at_all_can_be_built_later(tmp_path: Path) -> None:
    for size in ("0", "50000"):
        ended = run_script(_RUN_OUT_OF_SPACE, tmp_path, "opening", size)
        assert ended.stderr.splitlines()[-1].startswith("seekpoint.index.errors.LibraryError: ")
    build(tmp_path)
    assert first(tmp_path, "position") == "position001"
