"""Expanding the playlists of a list."""

from __future__ import annotations

from seekpoint.index.types import Kind, Playlist, PlaylistEntry, Resource
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.reading_list.parser import expand_playlists, unavailable_entries

A, B, C = "aaaaaaaaaaa", "bbbbbbbbbbb", "ccccccccccc"


def at(address: str, title: str = "", *path: str) -> Resource:
    resource = resource_of(address, title, [path] if path else [])
    assert resource is not None
    return resource


def video(video_id: str, title: str = "", *path: str) -> Resource:
    return at(f"https://youtu.be/{video_id}", title, *path)


def playlist(name: str, title: str = "", *path: str) -> Resource:
    return at(f"https://www.youtube.com/playlist?list={name}", title, *path)


def holding(title: str, *entries: Resource, **missing: str) -> Playlist:
    gone = [PlaylistEntry(video(video_id), fault) for video_id, fault in missing.items()]
    return Playlist(title, (*map(PlaylistEntry, entries), *gone))


def shown(resources: tuple[Resource, ...]) -> list[tuple[str, str, tuple[tuple[str, ...], ...]]]:
    return [(r.id, r.title, r.sections) for r in resources]


def test_entries_follow_their_playlist_under_its_headings_and_title() -> None:
    listed = [playlist("PL1", "", "深入", "Courses"), video(C, "Last", "End")]
    found = expand_playlists(listed, {"PL1": holding("CS25 讲座", video(A, "Lecture 1"), video(B, "第二讲"))})
    assert shown(found) == [
        ("PL1", "", (("深入", "Courses"),)),
        (A, "Lecture 1", (("深入", "Courses", "CS25 讲座"),)),
        (B, "第二讲", (("深入", "Courses", "CS25 讲座"),)),
        (C, "Last", (("End",),)),
    ]


def test_the_lists_title_takes_precedence_over_the_playlists() -> None:
    listed = [playlist("PL1", "Stanford", "X"), video(A, "My words", "Y"), video(B, "", "Y")]
    found = expand_playlists(listed, {"PL1": holding("CS25", video(A, "Theirs"), video(B, "Theirs too"))})
    assert shown(found)[1:] == [
        (A, "My words", (("X", "Stanford"), ("Y",))),
        (B, "Theirs too", (("X", "Stanford"), ("Y",))),
    ]


def test_a_playlist_listed_twice_or_not_at_all() -> None:
    twice = Resource("PL1", Kind.PLAYLIST, "", "https://www.youtube.com/playlist?list=PL1", (("A",), ("B", "C")))
    held = {"PL1": holding("P", video(A))}
    assert expand_playlists([twice], held)[1].sections == (("A", "P"), ("B", "C", "P"))
    assert expand_playlists([playlist("PL1")], held)[1].sections == (("P",),)
    assert expand_playlists([playlist("PL1")], {}) == (playlist("PL1"),)


def test_nested_playlists_and_one_that_contains_itself() -> None:
    held = {
        "PL1": holding("One", playlist("PL1"), playlist("PL2"), video(A)),
        "PL2": holding("Two", playlist("PL1"), video(B)),
    }
    assert shown(expand_playlists([playlist("PL1", "", "H")], held)) == [
        ("PL1", "", (("H",),)),
        ("PL2", "", (("H", "One"),)),
        (B, "", (("H", "One", "Two"),)),
        (A, "", (("H", "One"),)),
    ]


def test_a_video_available_in_one_playlist_is_available() -> None:
    held = {"PL1": holding("One", aaaaaaaaaaa="private", bbbbbbbbbbb="deleted"), "PL2": holding("Two", video(B))}
    assert unavailable_entries(held) == {A: "private"}
