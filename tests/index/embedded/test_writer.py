"""Changing a library: what a commit means, who may write, and what is left when a build ends badly."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.errors import LockedLibrary
from seekpoint.index.text.clean import text_digest
from seekpoint.index.types import Chapter, Details, Filters, Kind, Resource, Standing, State
from tests.index.libraries import (
    CARD,
    SOURCE,
    TALKS,
    build,
    by_meaning,
    by_words,
    chunk_ids,
    chunks_of,
    embedded,
    files,
    fill,
    first,
    names,
    resource,
    run_script,
)

# Committing


def test_a_second_commit_replaces_the_first(folder: Path) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        writer.commit("position001", [embedded(["softmax sums to one", "缓存"], "en")], Details(), "changed")
        assert writer.standings()["position001"] == Standing(State.INDEXED, "changed", None)
    with EmbeddedReader.open(folder) as library:
        assert by_meaning(library, "position") == by_words(library, "order") == []
        assert by_meaning(library, "softmax") == by_words(library, "softmax") == ["position001"]
        assert sum(status.chunks for status in library.statuses()) == 6


def test_a_removed_resource_leaves_nothing_behind(folder: Path) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        writer.remove(["attention01", "nobody"])
    with EmbeddedReader.open(folder) as library:
        assert by_meaning(library, "attention") == ["zhuyili0001"]
        assert by_words(library, "attention hides") == []
        assert [status.resource.id for status in library.statuses()] == ["position001", "zhuyili0001"]
    with sqlite3.connect(folder / "library.db") as stored:
        rows = {
            table: stored.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("cue_block", "vector")
        }
    stored.close()
    assert rows == {"cue_block": 2, "vector": 3}


def test_no_chunk_gets_the_id_of_one_that_was_removed(folder: Path) -> None:
    with EmbeddedReader.open(folder) as library:
        before = chunk_ids(library, Filters())
    with EmbeddedWriter.acquire(folder) as writer:
        writer.remove(list(TALKS))
    build(folder)
    with EmbeddedReader.open(folder) as library:
        assert min(chunk_ids(library, Filters())) > max(before)


def test_all_can_be_removed_and_built_again(folder: Path) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        writer.remove(list(TALKS))
    assert first(folder, "mask") is None
    build(folder, {"new": ["the mask hides"]})
    assert first(folder, "mask") == "new"


def test_a_transcript_a_language_is_kept(folder: Path) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        writer.commit("position001", [embedded(["position"]), embedded(["位置"], "zh-TW")], Details(), "")
    with EmbeddedReader.open(folder) as library:
        (status,) = (s for s in library.statuses() if s.resource.id == "position001")
        assert (status.languages, status.chunks) == (("en", "zh-TW"), 2)


def test_what_was_embedded_before_is_known_by_its_text(folder: Path) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        known = writer.known("zhuyili0001")
        digests = {text_digest(text) for text in TALKS["zhuyili0001"]}
        assert set(known.vectors) == set(known.pieces) == digests
        assert writer.known("nobody") == ({}, {})


def test_why_a_resource_is_missing_is_kept_until_it_is_indexed(folder: Path) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        writer.register("other.md", [resource("late0000001")])
        assert writer.standings()["late0000001"].state is State.PENDING
        writer.set_state("late0000001", State.DEFERRED, reason="blocked 被擋", retry_after=1_800_000_000.0)
    with EmbeddedReader.open(folder) as library:
        (status,) = (s for s in library.statuses() if s.resource.id == "late0000001")
    assert (status.state, status.reason, status.retry_after) == (State.DEFERRED, "blocked 被擋", 1_800_000_000.0)
    with EmbeddedWriter.acquire(folder) as writer:
        writer.commit("late0000001", [embedded(["token"])], Details(), "")
    with EmbeddedReader.open(folder) as library:
        (status,) = (s for s in library.statuses() if s.resource.id == "late0000001")
    assert (status.state, status.reason, status.retry_after) == (State.INDEXED, None, None)


# Chapters

CHAPTERS = (Chapter(0.0, "Zebras"), Chapter(10.0, "斑馬"))


def test_a_chunk_is_found_by_the_titles_of_its_chapters(folder: Path) -> None:
    _commit_with_chapters(folder)
    with EmbeddedReader.open(folder) as library:
        assert by_words(library, "zebra") == by_words(library, "斑马") == ["attention01"]
        (first_chunk,) = library.words.by_terms({"zebra": 1.0}, 9, None)
        assert chunks_of(library, [first_chunk])[first_chunk].start == 0.0
        assert library.statuses(["attention01"])[0].chapters == CHAPTERS


def _commit_with_chapters(folder: Path) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        writer.commit("attention01", [embedded(TALKS["attention01"])], Details(chapters=CHAPTERS), "")


# The lists


def test_a_resource_under_two_headings_is_one(tmp_path: Path) -> None:
    twice = Resource("a", Kind.VIDEO, "标题", "https://youtu.be/a", (("Basics",), ("Advanced", "注意力")))
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register(SOURCE, [twice])
    with EmbeddedReader.open(tmp_path) as library:
        (status,) = library.statuses()
    assert status.resource.title == "标题"
    assert set(status.resource.sections) == set(twice.sections)


# Nothing to do


def test_where_nothing_changes_no_file_is_touched(folder: Path) -> None:
    before = files(folder)
    with EmbeddedWriter.acquire(folder) as writer:
        writer.register(SOURCE, [resource(talk, "Talks") for talk in TALKS])
        writer.remove([])
        writer.put_settings(glossary=())
        writer.standings()
    with EmbeddedReader.open(folder) as library:
        by_meaning(library, "mask")
    assert files(folder) == before


def test_an_addition_leaves_a_file_more_and_no_scratch(folder: Path) -> None:
    (folder / ".vectors-2.faiss.new").write_bytes(b"a killed build left this")
    (folder / "words-5").mkdir()
    (folder / "words-5" / "meta.json").write_bytes(b"and this")
    with EmbeddedWriter.acquire(folder) as writer:
        fill(writer, {"new": ["cache"]})
    assert names(folder) == {"library.db", "manifest.json", "vectors-1.faiss", "vectors-2.faiss", "words-6"}


# One writer


def test_a_second_writer_is_told_to_wait(folder: Path) -> None:
    with EmbeddedWriter.acquire(folder):
        for card in (None, CARD):
            with pytest.raises(LockedLibrary, match=r"another build is writing to .*: wait"):
                EmbeddedWriter.acquire(folder, card)
        other = run_script("from tests.index.libraries import *\nEmbeddedWriter.acquire(Path(sys.argv[1]))", folder)
        assert "LockedLibrary: another build is writing to" in other.stderr.splitlines()[-1]
    with EmbeddedWriter.acquire(folder):
        pass


@pytest.mark.parametrize("lasting", [False, True])
def test_a_lasting_reader_doesnt_hold_a_build_up_or_spoil_it(folder: Path, lasting: bool) -> None:
    with EmbeddedReader.open(folder, lasting=lasting) as reader:
        with EmbeddedWriter.acquire(folder) as writer:
            fill(writer, {"new": ["cache"]})
        assert by_meaning(reader, "cache") == []
        assert first(folder, "cache") == "new"
    with EmbeddedWriter.acquire(folder):
        pass
    assert names(folder) == {"library.db", "manifest.json", "vectors-1.faiss", "vectors-2.faiss", "words-2"}
    assert first(folder, "cache") == "new"
