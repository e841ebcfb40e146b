"""What the lists name and where it stands: sections, playlists, standings, and libraries of an earlier version."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import asdict
from pathlib import Path

import pytest

import index
from index import database
from index.catalogue import LISTED, Catalogue, Section, Standing, outlined, union
from index.library import Library
from index.manifest import FILE as MANIFEST
from index.manifest import FileRecord, Manifest
from index.types import Kind, Playlist, PlaylistEntry, Resource, State
from index.writer import Writer
from tests.index.parts import CARD, SOURCE, TALKS, by_meaning, by_words, files, fill, first, resource, run_script


def listed(resource_id: str, *paths: tuple[str, ...], title: str = "") -> Resource:
    """A resource under any number of heading paths."""
    return Resource(resource_id, Kind.VIDEO, title, f"https://www.youtube.com/watch?v={resource_id}", paths)


def shown(sections: list[Section]) -> list[tuple[str, tuple[str, ...], list[str]]]:
    return [(section.source, section.path, list(section.entries)) for section in sections]


def sections(folder: Path) -> list[Section]:
    with Library.open(folder) as library:
        return library.sections()


# Sections


def test_sections_come_list_by_list_in_the_order_of_the_list(tmp_path: Path) -> None:
    with Writer.open(tmp_path, CARD) as writer:
        writer.register("b.md", [listed("z", ("第二周", "掩码")), listed("y"), listed("x", ("Basics",))])
        writer.register("a.md", [listed("w", ("Basics",)), listed("x", ("Basics",))])
        writer.refuse("x", State.DEFERRED, "blocked", 1.0)
    assert shown(sections(tmp_path)) == [
        ("a.md", ("Basics",), ["w", "x"]),
        ("b.md", ("第二周", "掩码"), ["z"]),
        ("b.md", (), ["y"]),
        ("b.md", ("Basics",), ["x"]),
    ]
    assert sections(tmp_path)[0].states == {State.PENDING: 1, State.DEFERRED: 1}


def test_a_second_place_of_an_entry_moves_no_section_up(tmp_path: Path) -> None:
    both = listed("both", ("开始",), ("Advanced",))
    entries = [both, listed("one", ("开始",)), listed("two", ("Basics",)), listed("three", ("Advanced",))]
    with Writer.open(tmp_path, CARD) as writer:
        writer.register("list.md", entries)
    assert [section.path for section in sections(tmp_path)] == [("开始",), ("Basics",), ("Advanced",)]
    with Library.open(tmp_path) as library:
        assert library.statuses()[0].resource.sections == both.sections


def test_headings_of_a_resource_keep_their_order(tmp_path: Path) -> None:
    twice = listed("twice", ("Zebra",), ("Aardvark",))
    with Writer.open(tmp_path, CARD) as writer:
        writer.register("list.md", [twice])
    assert [section.path for section in sections(tmp_path)] == list(twice.sections)
    with Library.open(tmp_path) as library:
        assert library.statuses()[0].resource.sections == library.resources(["twice"])["twice"].sections
        assert library.resources(["twice"])["twice"].sections == twice.sections


def test_a_resource_in_two_sections_counts_once_in_both_together(tmp_path: Path) -> None:
    with Writer.open(tmp_path, CARD) as writer:
        writer.register("list.md", [listed("twice", ("A",), ("B",)), listed("once", ("B",))])
    found = sections(tmp_path)
    assert [sum(section.states.values()) for section in found] == [1, 2]
    assert union(found).states == {State.PENDING: 2}


def test_what_left_every_list_is_a_group_of_its_own_and_comes_last(tmp_path: Path) -> None:
    with Writer.open(tmp_path, CARD) as writer:
        for source in ("a.md", "b.md"):
            writer.register(source, [listed("left", ("Old",)), listed(f"stays-{source}", ("Old",))])
        writer.register("c.md", [listed("moved", ("Before",))])
        writer.register("c.md", [listed("moved", ("后来",))])
        for source in ("a.md", "b.md"):
            writer.register(source, [listed(f"stays-{source}", ("Old",))])
    assert shown(sections(tmp_path)) == [
        ("a.md", ("Old",), ["stays-a.md"]),
        ("b.md", ("Old",), ["stays-b.md"]),
        ("c.md", ("后来",), ["moved"]),
        ("", ("Old",), ["left"]),
    ]
    with Library.open(tmp_path) as library:
        assert library.statuses()[-1].resource.id == "left"


def test_a_section_that_one_list_dropped_and_another_keeps_stays_with_that(tmp_path: Path) -> None:
    with Writer.open(tmp_path, CARD) as writer:
        writer.register("a.md", [listed("talk", ("A",))])
        writer.register("b.md", [listed("talk", ("B",)), listed("other", ("B",))])
        writer.register("b.md", [listed("other", ("B",))])
    assert shown(sections(tmp_path)) == [("a.md", ("A",), ["talk"]), ("b.md", ("B",), ["other"])]


def test_headings_stand_under_those_above_them() -> None:
    paths = [("A",), ("A", "x"), ("B", "y", "z"), ("B", "y"), (), ("A", "x")]
    found = [Section("list.md", path, {}) for path in paths]
    assert [(depth, heading, section and section.path) for depth, heading, section in outlined(found)] == [
        (0, "A", ("A",)),
        (1, "x", ("A", "x")),
        (0, "B", None),
        (1, "y", None),
        (2, "z", ("B", "y", "z")),
        (1, "y", ("B", "y")),
        (0, "(no heading)", ()),
        (0, "A", None),
        (1, "x", ("A", "x")),
    ]


# Playlists

PLAYLIST = Playlist(
    "注意力 lectures",
    (
        PlaylistEntry(Resource("zzzzzzzzzzz", Kind.VIDEO, "Mask \u202e<script>", "https://youtu.be/zzzzzzzzzzz")),
        PlaylistEntry(
            Resource("aaaaaaaaaaa", Kind.VIDEO, "[Private video]", "https://youtu.be/aaaaaaaaaaa"), "private"
        ),
        PlaylistEntry(Resource("PLinner", Kind.PLAYLIST, "播放列表", "https://www.youtube.com/playlist?list=PLinner")),
        PlaylistEntry(Resource("zzzzzzzzzzz", Kind.VIDEO, "Again", "https://youtu.be/zzzzzzzzzzz")),
    ),
)


def _playlist(resource_id: str = "PLouter", title: str = "") -> Resource:
    url = f"https://www.youtube.com/playlist?list={resource_id}"
    return Resource(resource_id, Kind.PLAYLIST, title, url, (("讲座",),))


def test_a_playlist_is_kept_as_it_was_listed(tmp_path: Path) -> None:
    with Writer.open(tmp_path, CARD) as writer:
        writer.register("list.md", [_playlist(), _playlist("PLwaits")])
        writer.keep_playlist("PLouter", PLAYLIST)
        assert writer.standings() == {
            "PLouter": Standing(State.INDEXED, LISTED),
            "PLwaits": Standing(State.PENDING),
        }
    with Library.open(tmp_path) as library:
        assert library.playlists() == {"PLouter": PLAYLIST}
        assert [status.resource.title for status in library.statuses()] == ["注意力 lectures", _playlist("PLwaits").url]


def test_the_next_listing_takes_the_place_of_the_last(tmp_path: Path) -> None:
    with Writer.open(tmp_path, CARD) as writer:
        writer.register("list.md", [_playlist()])
        writer.keep_playlist("PLouter", PLAYLIST)
        writer.keep_playlist("PLouter", Playlist("", PLAYLIST.entries[2:]))
        assert writer.playlists() == {"PLouter": Playlist("", PLAYLIST.entries[2:])}
        writer.keep_playlist("PLouter", Playlist("空", ()))
        assert writer.playlists() == {"PLouter": Playlist("空", ())}


def test_the_same_listing_again_touches_no_file(tmp_path: Path) -> None:
    with Writer.open(tmp_path, CARD) as writer:
        writer.register("list.md", [_playlist()])
        writer.keep_playlist("PLouter", PLAYLIST)
    before = files(tmp_path)
    with Writer.open(tmp_path) as writer:
        writer.keep_playlist("PLouter", PLAYLIST)
    assert files(tmp_path) == before


def test_a_listing_after_a_failed_one_forgets_the_failure(tmp_path: Path) -> None:
    with Writer.open(tmp_path, CARD) as writer:
        writer.register("list.md", [_playlist()])
        writer.keep_playlist("PLouter", PLAYLIST)
        writer.refuse("PLouter", State.INDEXED, "blocked", 2.0, LISTED)
        assert writer.playlists() == {"PLouter": PLAYLIST}
        writer.keep_playlist("PLouter", PLAYLIST)
        assert writer.standings()["PLouter"].retry_after is None
    with Library.open(tmp_path) as library:
        assert [status.reason for status in library.statuses()] == [None]


def test_a_playlist_that_is_taken_out_takes_its_entries_along(tmp_path: Path) -> None:
    with Writer.open(tmp_path, CARD) as writer:
        writer.register("list.md", [_playlist()])
        writer.keep_playlist("PLouter", PLAYLIST)
        writer.remove(["PLouter"])
        assert writer.playlists() == {}
        writer.register("list.md", [])
        writer.register("list.md", [_playlist()])
        assert writer.playlists() == {}


# Libraries of an earlier version


@pytest.fixture
def old(folder: Path) -> Path:
    """A library as the first version of the schema left it."""
    make_old(folder)
    return folder


def make_old(folder: Path, version: int = 1) -> None:
    """Put what a library holds, which must have no chapters, under an earlier schema."""
    current, earlier = folder / database.FILE, folder / "earlier.db"
    with sqlite3.connect(earlier, isolation_level=None) as connection:
        for step in range(1, version + 1):
            connection.executescript((Path(index.__file__).parent / f"schema_{step}.sql").read_text(encoding="utf-8"))
        connection.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("ATTACH ? AS current", (str(current),))
        for table in ("resource", "listing", "transcript", "cue", "chunk", "vector", "setting"):
            connection.execute(f"INSERT INTO {table} SELECT * FROM current.{table}")
        connection.execute("INSERT INTO lexicon (rowid, terms) SELECT rowid, terms FROM current.lexicon")
        connection.execute("DETACH current")
    connection.close()
    earlier.replace(current)
    content = json.loads((folder / MANIFEST).read_bytes())
    content |= {"version": version, "database": asdict(FileRecord.of(current))}
    del content["checksum"]
    checksum = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(content | {"checksum": checksum}), encoding="utf-8")


def version_of(folder: Path) -> int:
    connection = sqlite3.connect(folder / database.FILE)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(version)


def everything(library: Catalogue) -> tuple[object, ...]:
    return library.statuses(), library.sections(), library.standings(), library.playlists()


ANSWERS = ["attention01", "position001", "zhuyili0001"]


def answers(folder: Path) -> list[str | None]:
    """The talk that comes first for a question in each, and the one with the Chinese word."""
    with Library.open(folder) as library:
        said_in = by_words(library, "掩码")
    return [first(folder, "attention"), first(folder, "position"), *said_in]


def test_a_library_of_the_first_version_is_read_as_it_is(old: Path) -> None:
    before = files(old)
    with Library.open(old) as library:
        assert library.playlists() == {}
        assert [(status.resource.id, status.state) for status in library.statuses()] == [
            (talk, State.INDEXED) for talk in TALKS
        ]
        assert shown(library.sections()) == [(SOURCE, ("Talks",), list(TALKS))]
        assert set(by_meaning(library, "mask")) == {"attention01", "zhuyili0001"}
    assert answers(old) == ANSWERS
    assert (files(old), version_of(old)) == (before, 1)


@pytest.mark.parametrize("version", range(1, database.SCHEMA_VERSION))
def test_a_build_takes_a_library_to_this_version_and_loses_nothing(folder: Path, version: int) -> None:
    make_old(folder, version)
    with Library.open(folder) as library:
        before = everything(library)
    with Writer.open(folder) as writer:
        assert everything(writer) == before
    assert (version_of(folder), Manifest.load(folder).version) == (database.SCHEMA_VERSION,) * 2
    with Library.open(folder) as library:
        assert everything(library) == before
    assert answers(folder) == ANSWERS
    settled = files(folder)
    with Writer.open(folder):
        pass
    assert files(folder) == settled


def test_a_migrated_library_takes_playlists(old: Path) -> None:
    with Writer.open(old) as writer:
        writer.register("more.md", [_playlist()])
        writer.keep_playlist("PLouter", PLAYLIST)
        fill(writer, TALKS | {"new": ["cache 缓存"]})
    with Library.open(old) as library:
        assert library.playlists() == {"PLouter": PLAYLIST}
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
    assert version_of(old) == database.SCHEMA_VERSION
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
    assert (version_of(old), answers(old)) == (database.SCHEMA_VERSION, ANSWERS)


def test_a_reader_of_the_first_version_goes_on_while_a_build_migrates(old: Path) -> None:
    with Library.open(old) as reader:
        before = everything(reader)
        with Writer.open(old) as writer:
            writer.register(SOURCE, [resource("neu", "Talks")])
        assert everything(reader) == before
        assert by_meaning(reader, "position") == ["position001"]
    with Library.open(old) as library:
        assert [section.source for section in library.sections()] == [SOURCE, ""]
