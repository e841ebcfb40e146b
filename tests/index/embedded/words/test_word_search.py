"""The word index of a library: what readers find in it, during builds too, and when it is made anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from seekpoint.index.embedded.database import DAMAGE_MARK
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.types import WordGroup
from tests.damaging import change_rows, unnoticed
from tests.index.libraries import CARD, TALKS, build, by_words, files, fill

MASK = WordGroup((("掩码",), ("缓存",)), "zh")


def index(folder: Path) -> Path:
    [words] = folder.glob("words-*")
    return words


def found(folder: Path, *asked: str) -> Sequence[list[str]]:
    with EmbeddedReader.open(folder) as library:
        return [by_words(library, text) for text in asked]


def test_a_build_adds_to_the_index_and_one_without_new_words_leaves_it_alone(folder: Path) -> None:
    before = files(index(folder))
    with EmbeddedWriter.acquire(folder) as writer:
        writer.put_settings(glossary=[("new", "1")])
    assert files(index(folder)) == before
    build(folder, {"new": ["缓存 cache"]})
    grown = {name: state for name, state in before.items() if not name.endswith(".json")}
    assert grown.items() < files(index(folder)).items()
    assert found(folder, "cache", "掩码", "order") == [["new"], ["zhuyili0001"], ["position001"]]


def test_what_a_build_has_committed_or_removed_counts_before_it_ends(folder: Path) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        fill(writer, {"new": ["缓存 cache", "掩码", "x" * 100_000 + " 一"]})
        with EmbeddedReader.open(folder) as during:
            assert by_words(during, "掩码") == ["new", "zhuyili0001"]
            assert during.frequencies(["掩码"], [MASK]) == ({"掩码": 2}, [3])
        writer.remove(["new", "zhuyili0001"])
        assert found(folder, "掩码") == [[]]
        with EmbeddedReader.open(folder) as during:
            assert during.frequencies(["掩码"], [MASK]) == ({}, [0])
    with EmbeddedReader.open(folder) as library:
        assert library.frequencies(["掩码", "mask"], [MASK]) == ({"mask": 1}, [0])


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
def test_who_may_read_the_database_may_read_the_index(folder: Path) -> None:
    (folder / "library.db").chmod(0o640)
    build(folder, {"new": ["缓存 cache"]})
    assert {(index(folder) / name).stat().st_mode & 0o777 for name in ("meta.json", ".managed.json")} == {0o640}


@pytest.mark.parametrize("left", [None, "meta.json"])
def test_an_index_that_a_killed_build_left_unreadable_is_done_without_and_made_anew(
    folder: Path, left: str | None
) -> None:
    Manifest.load(folder).in_progress().save(folder)
    for path in index(folder).iterdir():
        if path.name != left:
            path.unlink()
    for _ in range(2):
        assert found(folder, "掩码", "order") == [["zhuyili0001"], ["position001"]]
        with EmbeddedReader.open(folder) as library:
            library.verify()
        build(folder, {"new": ["缓存 cache"]})
    assert found(folder, "cache") == [["new"]]


def test_an_index_with_other_chunks_than_the_library_is_made_anew(folder: Path) -> None:
    build(folder.with_name("other"), {"another": ["softmax"]})
    Manifest.load(folder).in_progress().save(folder)
    shutil.rmtree(index(folder))
    shutil.copytree(index(folder.with_name("other")), folder / "words-1")
    build(folder, {"new": ["缓存 cache"]})
    assert found(folder, "softmax", "cache", "掩码") == [[], ["new"], ["zhuyili0001"]]


@pytest.mark.parametrize("left", ["meta.json", "an empty folder"])
def test_a_reader_says_that_an_index_is_damaged(folder: Path, left: str) -> None:
    with EmbeddedReader.open(folder) as library:
        for path in index(folder).iterdir():
            if path.name != left:
                path.unlink()
        with pytest.raises(DamagedLibrary, match=r"its word index can't be read \(words-1 isn't.*seekpoint build"):
            library.frequencies(["mask"])


def test_a_dictionary_of_terms_that_makes_no_sense_is_told_in_one_line(folder: Path) -> None:
    file = next(index(folder).glob("*.term"))
    with unnoticed(file):
        file.write_bytes(b"\x01" * file.stat().st_size)
    with pytest.raises(DamagedLibrary, match=r"^[^\n]*its word index can't be read[^\n]*$"):
        found(folder, "mask", "掩码")


def test_an_index_that_a_killed_build_left_is_made_anew_where_damage_was_found(folder: Path) -> None:
    Manifest.load(folder).in_progress().save(folder)
    (folder / DAMAGE_MARK).touch()
    before = index(folder)
    build(folder, {"new": ["缓存 cache"]})
    assert index(folder) != before
    assert found(folder, "cache", "掩码") == [["new"], ["zhuyili0001"]]


def test_damaged_terms_are_told_by_a_build_and_by_a_reader(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        fill(writer, TALKS)
        change_rows(tmp_path, "UPDATE chunk SET terms = x'01'")
        with EmbeddedReader.open(tmp_path) as library, pytest.raises(DamagedLibrary):
            library.frequencies(["mask"])
        with pytest.raises(DamagedLibrary, match=r"in library\.db, the terms of a chunk"):
            writer.write_indexes(lambda chunks: None)
        writer.remove(list(TALKS))


def test_weights_stand_in_place_of_the_engines_own_inverse_frequencies(tmp_path: Path) -> None:
    build(tmp_path, {"talk": ["mask hides"] * 9 + ["cache 掩码"]})
    with EmbeddedReader.open(tmp_path) as library:
        assert library.words.by_terms({"mask": 2.0, "cach": 1.0}, 10, None)[-1] == 10
