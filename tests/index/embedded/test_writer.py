"""Changing a library: what a commit means, who may write, and which files are left."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from seekpoint.index.embedded import database
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.types import Chapter, Details, Filters
from tests.index.libraries import (
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


def test_ids_of_removed_chunks_are_never_given_again(folder: Path) -> None:
    with EmbeddedReader.open(folder) as library:
        before = chunk_ids(library, Filters())
    with EmbeddedWriter.acquire(folder) as writer:
        writer.remove(list(TALKS))
    with closing(sqlite3.connect(folder / database.FILE)) as stored:
        tables = ("cue_block", "piece_block", "chunk", "vector", "transcript", "name", "listing")
        left = {table: stored.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
    assert left == dict.fromkeys(tables, 0)
    assert first(folder, "mask") is None
    build(folder, {"new": ["the mask hides"]})
    assert first(folder, "mask") == "new"
    with EmbeddedReader.open(folder) as library:
        assert min(chunk_ids(library, Filters())) > max(before)


def test_a_chunk_is_found_by_the_titles_of_its_chapters(folder: Path) -> None:
    chapters = (Chapter(0.0, "Zebras"), Chapter(10.0, "斑馬"))
    with EmbeddedWriter.acquire(folder) as writer:
        writer.commit("attention01", [embedded(TALKS["attention01"])], Details(chapters=chapters), "")
    with EmbeddedReader.open(folder) as library:
        assert by_words(library, "zebra") == by_words(library, "斑马") == ["attention01"]
        [first_chunk] = library.words.by_terms({"zebra": 1.0}, 9, None)
        assert chunks_of(library, [first_chunk])[first_chunk].start == 0.0
        assert library.statuses(["attention01"])[0].chapters == chapters


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


def test_a_build_clears_away_what_a_killed_one_left(folder: Path) -> None:
    before = names(folder)
    for scratch in (".vectors-2.faiss.new", ".library.db.new", "words-5/meta.json"):
        (folder / scratch).parent.mkdir(exist_ok=True)
        (folder / scratch).write_bytes(b"a killed build left this")
    with EmbeddedWriter.acquire(folder) as writer:
        fill(writer, {"new": ["cache"]})
    assert len(names(folder) - before) <= 1


def test_a_writer_in_another_process_is_told_to_wait(folder: Path) -> None:
    with EmbeddedWriter.acquire(folder):
        other = run_script("from tests.index.libraries import *\nEmbeddedWriter.acquire(Path(sys.argv[1]))", folder)
    assert "LockedLibrary: another build is writing to" in other.stderr.splitlines()[-1]
    assert ": wait" in other.stderr.splitlines()[-1]
