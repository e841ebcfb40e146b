"""The word index of a library: what a build writes, what readers find meanwhile, and what is made again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from seekpoint.index.embedded import word_files
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.embedded.word_index import WordIndex
from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.types import WordGroup
from tests.damaging import unnoticed
from tests.index.libraries import CARD, TALKS, build, by_words, fill

MASK = WordGroup((("掩码",), ("缓存",)), "zh")


def index(folder: Path) -> Path:
    """The folder of the current index."""
    words = Manifest.load(folder).words
    assert words
    return folder / words.folder


def engine_files(folder: Path) -> Mapping[str, int]:
    """The engine's files that never change, by name, with their inodes."""
    return {
        path.name: path.stat().st_ino for path in index(folder).glob("*.*") if path.suffix not in (".json", ".lock")
    }


def found(folder: Path, *asked: str) -> Sequence[list[str]]:
    with EmbeddedReader.open(folder) as library:
        return [by_words(library, text) for text in asked]


def test_a_build_that_adds_links_to_what_there_was_and_one_that_doesnt_writes_none(folder: Path) -> None:
    before, old = engine_files(folder), index(folder)
    with EmbeddedWriter.acquire(folder) as writer:
        writer.put_settings(glossary=[("new", "1")])
    assert index(folder) == old
    build(folder, {"new": ["缓存 cache"]})
    after = engine_files(folder)
    assert before.items() < after.items()
    assert index(folder) != old and not old.exists()
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
    assert word_files.transcripts_in(index(folder)).tolist() == [1, 3]


def test_readers_are_served_by_a_newer_index_than_their_own(folder: Path) -> None:
    with EmbeddedReader.open(folder) as asked, EmbeddedReader.open(folder) as fresh:
        assert by_words(asked, "掩码") == ["zhuyili0001"]
        with EmbeddedWriter.acquire(folder) as writer:
            fill(writer, {"new": ["掩码 mask"]})
            writer.remove(["zhuyili0001"])
        for reader in (asked, fresh):
            assert by_words(reader, "掩码") == by_words(reader, "后面") == ["zhuyili0001"]
            assert reader.frequencies(["掩码", "mask"]).terms == {"掩码": 1, "mask": 1}
    assert found(folder, "掩码") == [["new"]]


def test_an_index_that_has_other_chunks_than_its_list_says_is_made_from_nothing(folder: Path) -> None:
    build(folder.with_name("other"), {"another": ["softmax"]})
    for path in index(folder).iterdir():
        if path.name != "transcripts":
            path.unlink()
    for path in index(folder.with_name("other")).iterdir():
        if path.name != "transcripts":
            shutil.copy(path, index(folder))
    words = word_files._finished(index(folder), word_files.transcripts_in(index(folder)), None)
    manifest = Manifest.load(folder)
    Manifest(manifest.model, manifest.segments, manifest.numbered, None, words).save(folder)
    build(folder, {"new": ["缓存 cache"]})
    assert found(folder, "softmax", "cache", "掩码") == [[], ["new"], ["zhuyili0001"]]


@pytest.mark.parametrize("left", ["meta.json", "transcripts", "an empty folder"])
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


def test_damaged_terms_are_told_by_a_build_and_by_a_reader(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        fill(writer, TALKS)
        writer._connection.execute("UPDATE chunk SET terms = x'01'")
        with EmbeddedReader.open(tmp_path) as library, pytest.raises(DamagedLibrary):
            library.frequencies(["mask"])
        with pytest.raises(DamagedLibrary, match=r"in library\.db, the terms of a chunk"):
            writer._maintenance.write_indexes()
        writer.remove(list(TALKS))


def test_weights_stand_in_place_of_the_engines_own_inverse_frequencies() -> None:
    said = [["mask", "hide"]] * 9 + [["cach", "掩码"]]
    index = WordIndex.in_memory([(k, 1, "en", one) for k, one in enumerate(said, 1)], ["en"])
    assert index.best(index.by_terms({"mask": 2.0, "cach": 1.0}), 10)[-1][1] == 10
