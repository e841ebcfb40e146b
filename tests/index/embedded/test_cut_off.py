"""Builds that are killed, and copies of a library while one runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from tests.index.libraries import CARD, build, by_meaning, by_words, files, fill, first, run_script

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
