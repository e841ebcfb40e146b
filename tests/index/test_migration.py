"""Libraries of an earlier version: read as they are, and taken to this version by the next build."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from index import database
from index.catalogue import Catalogue
from index.errors import DamagedLibrary
from index.library import Library
from index.manifest import Manifest
from index.schema import FIRST_WITH_BLOCKS, SCHEMA_VERSION
from index.types import Cue, Details, Kind, Origin, Playlist, PlaylistEntry, Resource, State, Transcript
from index.writer import Writer
from tests.index.parts import (
    SOURCE,
    TALKS,
    by_meaning,
    by_words,
    embedded,
    files,
    fill,
    first,
    make_old,
    resource,
    run_script,
)


@pytest.fixture
def old(folder: Path) -> Path:
    """A library as the first version of the schema left it."""
    make_old(folder)
    return folder


def version_of(folder: Path) -> int:
    connection = sqlite3.connect(folder / database.FILE)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(version)


def everything(library: Catalogue) -> tuple[object, ...]:
    return library.statuses(), library.sections(), library.standings(), library.playlists()


ANSWERS = ["attention01", "position001", "attention01", "zhuyili0001"]


def answers(folder: Path) -> list[str | None]:
    """The talk that comes first for a question in two of them, for a word of several, and with the Chinese word."""
    with Library.open(folder) as library:
        said_in = by_words(library, "掩码")
    return [*(first(folder, question) for question in ("attention", "position", "the")), *said_in]


def test_a_library_of_the_first_version_is_read_as_it_is(old: Path) -> None:
    before = files(old)
    with Library.open(old) as library:
        assert library.playlists() == {}
        assert [(status.resource.id, status.state) for status in library.statuses()] == [
            (talk, State.INDEXED) for talk in TALKS
        ]
        assert [(s.source, s.path, list(s.entries)) for s in library.sections()] == [(SOURCE, ("Talks",), list(TALKS))]
        assert set(by_meaning(library, "mask")) == {"attention01", "zhuyili0001"}
    assert answers(old) == ANSWERS
    assert (files(old), version_of(old)) == (before, 1)


def said(folder: Path) -> list[list[Transcript]]:
    with Library.open(folder) as library:
        return [library.transcripts(talk) for talk in TALKS]


@pytest.mark.parametrize("version", range(7, SCHEMA_VERSION))
def test_places_outlast_a_migration(folder: Path, version: int) -> None:
    one, other = Cue(0.0, 1.1 + 2.2, "The mask", "mask"), Cue(4.0, 5.0, "掩码", "掩码", 3, is_reference=True)
    with Writer.open(folder) as writer:
        text = replace(embedded(["a", "b"]), transcript=Transcript("en", Origin.LOCAL, (one, other)))
        writer.commit("position001", [text], Details(), "made by hand")
    make_old(folder, version)
    for _ in ("before the build", "after it"):
        with Library.open(folder) as library:
            assert library.transcripts("position001") == [text.transcript]
        with Writer.open(folder):
            pass


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM cue WHERE position = 0 AND text LIKE '注意力%'", "cues aren't what was written"),
        ("UPDATE posting SET data = x'00' WHERE term = 'mask'", "a posting list isn't what was written"),
    ],
)
def test_an_earlier_library_that_cannot_be_converted_is_damaged(folder: Path, statement: str, told: str) -> None:
    make_old(folder, FIRST_WITH_BLOCKS - 1)
    Manifest.load(folder).opened().save(folder)
    with sqlite3.connect(folder / database.FILE) as connection:
        assert connection.execute(statement).rowcount
    connection.close()
    with pytest.raises(DamagedLibrary, match=rf"library\.db.*{told}"):
        Writer.open(folder)
    assert version_of(folder) == FIRST_WITH_BLOCKS - 1


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_a_build_takes_a_library_to_this_version_and_loses_nothing(folder: Path, version: int) -> None:
    as_built = said(folder)
    make_old(folder, version)
    assert (answers(folder), said(folder)) == (ANSWERS, as_built)
    with Library.open(folder) as library:
        before = everything(library)
    with Writer.open(folder) as writer:
        assert everything(writer) == before
    assert (version_of(folder), Manifest.load(folder).version) == (SCHEMA_VERSION,) * 2
    with Library.open(folder) as library:
        assert everything(library) == before
    assert (answers(folder), said(folder)) == (ANSWERS, as_built)
    settled = files(folder)
    with Writer.open(folder):
        pass
    assert files(folder) == settled


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_a_build_takes_the_means_of_an_earlier_library_anew(folder: Path, version: int) -> None:
    taken = means(folder)
    assert taken.keys() == {"en", "zh"}
    make_old(folder, version)
    stored = Manifest.load(folder).means
    other = {language: [0.0] * len(mean) for language, mean in stored.items()}
    replace(Manifest.load(folder).opened(), means=other).save(folder)
    with Writer.open(folder):
        pass
    assert means(folder) == {language: pytest.approx(mean, abs=1e-3) for language, mean in taken.items()}
    assert Manifest.load(folder).means == {}


def means(folder: Path) -> dict[str, list[float]]:
    with Library.open(folder) as library:
        return {language: mean.tolist() for language, mean in library.vectors.means.items()}


def test_a_migrated_library_takes_playlists(old: Path) -> None:
    held = Resource("aaaaaaaaaaa", Kind.VIDEO, "[Private video]", "https://youtu.be/aaaaaaaaaaa")
    course = Playlist("注意力 course", (PlaylistEntry(held, "private"),))
    with Writer.open(old) as writer:
        writer.register("more.md", [resource("PLcourse", kind=Kind.PLAYLIST)])
        writer.keep_playlist("PLcourse", course)
        fill(writer, TALKS | {"new": ["cache 缓存"]})
    with Library.open(old) as library:
        assert library.playlists() == {"PLcourse": course}
    assert [*answers(old), first(old, "缓存")] == [*ANSWERS, "new"]


@pytest.mark.parametrize("work", ["", "writer.register('more.md', [resource('neu')])"])
def test_a_build_that_is_killed_after_the_migration_leaves_a_sound_library(old: Path, work: str) -> None:
    script = f"""
import os, pathlib
from tests.index.parts import *
writer = Writer.open(pathlib.Path(sys.argv[1]))
{work}
os._exit(9)
"""
    assert run_script(script, old).returncode == 9
    for _ in ("before the next build", "after it"):
        assert answers(old) == ANSWERS
        with Writer.open(old) as writer:
            assert ("neu" in writer.standings()) == bool(work)
    assert version_of(old) == SCHEMA_VERSION
    assert Manifest.load(old).database


def test_a_build_that_is_killed_before_the_migration_leaves_a_sound_library(old: Path) -> None:
    manifest = Manifest.load(old)
    assert manifest.version == 1
    manifest.opened().save(old)
    assert answers(old) == ANSWERS
    with Library.open(old) as library:
        assert library.playlists() == {}
    with Writer.open(old):
        pass
    assert (version_of(old), answers(old)) == (SCHEMA_VERSION, ANSWERS)


@pytest.mark.parametrize("opened", [Library.open, Library.open_to_stay])
def test_a_reader_of_the_first_version_goes_on_while_a_build_migrates(
    old: Path, opened: Callable[[Path], Library]
) -> None:
    with opened(old) as reader:
        before = everything(reader)
        with Writer.open(old) as writer:
            writer.register(SOURCE, [resource("neu", "Talks")])
        assert everything(reader) == before
        assert by_meaning(reader, "position") == ["position001"]
    with Library.open(old) as library:
        assert [section.source for section in library.sections()] == [SOURCE, ""]
