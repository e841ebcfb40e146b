"""What the lists name and where it stands: sections, playlists, standings."""

from __future__ import annotations

from pathlib import Path

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.store import LISTED
from seekpoint.index.types import Kind, Playlist, PlaylistEntry, Resource, Section, Standing, State, outlined, union
from tests.index.libraries import CARD, files


def listed(resource_id: str, *paths: tuple[str, ...], title: str = "") -> Resource:
    """A resource under any number of heading paths."""
    return Resource(resource_id, Kind.VIDEO, title, f"https://www.youtube.com/watch?v={resource_id}", paths)


def shown(sections: list[Section]) -> list[tuple[str, tuple[str, ...], list[str]]]:
    return [(section.source, section.path, list(section.entries)) for section in sections]


def sections(folder: Path) -> list[Section]:
    with EmbeddedReader.open(folder) as library:
        return library.sections()


# Sections


def test_sections_come_list_by_list_in_the_order_of_the_list(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("b.md", [listed("z", ("第二周", "掩码")), listed("y"), listed("x", ("Basics",))])
        writer.register("a.md", [listed("w", ("Basics",)), listed("x", ("Basics",))])
        writer.set_state("x", State.DEFERRED, reason="blocked", retry_after=1.0)
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
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", entries)
    assert [section.path for section in sections(tmp_path)] == [("开始",), ("Basics",), ("Advanced",)]
    with EmbeddedReader.open(tmp_path) as library:
        assert library.statuses()[0].resource.sections == both.sections


def test_headings_of_a_resource_keep_their_order(tmp_path: Path) -> None:
    twice = listed("twice", ("Zebra",), ("Aardvark",))
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [twice])
    assert [section.path for section in sections(tmp_path)] == list(twice.sections)
    with EmbeddedReader.open(tmp_path) as library:
        assert library.statuses()[0].resource.sections == twice.sections


def test_a_resource_in_two_sections_counts_once_in_both_together(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [listed("twice", ("A",), ("B",)), listed("once", ("B",))])
    found = sections(tmp_path)
    assert [sum(section.states.values()) for section in found] == [1, 2]
    assert union(found).states == {State.PENDING: 2}


def test_what_left_every_list_is_a_group_of_its_own_and_comes_last(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
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
    with EmbeddedReader.open(tmp_path) as library:
        assert library.statuses()[-1].resource.id == "left"


def test_a_section_that_one_list_dropped_and_another_keeps_stays_with_that(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
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
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [_playlist(), _playlist("PLwaits")])
        writer.keep_playlist("PLouter", PLAYLIST)
        assert writer.standings() == {
            "PLouter": Standing(State.INDEXED, LISTED),
            "PLwaits": Standing(State.PENDING),
        }
    with EmbeddedReader.open(tmp_path) as library:
        assert library.playlists() == {"PLouter": PLAYLIST}
        assert [status.resource.title for status in library.statuses()] == ["注意力 lectures", _playlist("PLwaits").url]


def test_the_next_listing_takes_the_place_of_the_last(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [_playlist()])
        writer.keep_playlist("PLouter", PLAYLIST)
        writer.keep_playlist("PLouter", Playlist("", PLAYLIST.entries[2:]))
        assert writer.playlists() == {"PLouter": Playlist("", PLAYLIST.entries[2:])}
        writer.keep_playlist("PLouter", Playlist("空", ()))
        assert writer.playlists() == {"PLouter": Playlist("空", ())}


def test_the_same_listing_again_touches_no_file(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [_playlist()])
        writer.keep_playlist("PLouter", PLAYLIST)
    before = files(tmp_path)
    with EmbeddedWriter.acquire(tmp_path) as writer:
        writer.keep_playlist("PLouter", PLAYLIST)
    assert files(tmp_path) == before


def test_a_listing_after_a_failed_one_forgets_the_failure(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [_playlist()])
        writer.keep_playlist("PLouter", PLAYLIST)
        writer.set_state("PLouter", State.INDEXED, reason="blocked", retry_after=2.0, inputs=LISTED)
        assert writer.playlists() == {"PLouter": PLAYLIST}
        writer.keep_playlist("PLouter", PLAYLIST)
        assert writer.standings()["PLouter"].retry_after is None
    with EmbeddedReader.open(tmp_path) as library:
        assert [status.reason for status in library.statuses()] == [None]


def test_a_playlist_that_is_taken_out_takes_its_entries_along(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [_playlist()])
        writer.keep_playlist("PLouter", PLAYLIST)
        writer.remove(["PLouter"])
        assert writer.playlists() == {}
        writer.register("list.md", [])
        writer.register("list.md", [_playlist()])
        assert writer.playlists() == {}
