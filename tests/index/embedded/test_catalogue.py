"""The lists and their resources: sections, playlists, standings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.store import LISTED
from seekpoint.index.types import Kind, Playlist, PlaylistEntry, Resource, Standing, State
from tests.index.libraries import CARD, files


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[EmbeddedWriter]:
    """The writer of an empty library."""
    with EmbeddedWriter.acquire(tmp_path, CARD) as opened:
        yield opened


def listed(resource_id: str, *paths: tuple[str, ...]) -> Resource:
    """A resource under any number of heading paths."""
    return Resource(resource_id, Kind.VIDEO, "", f"https://www.youtube.com/watch?v={resource_id}", paths)


# Lists in the order they are registered, with their resources and heading paths, and the sections that come of them.
LISTS = {
    "list by list in the order of the list": (
        ["b.md: z=第二周/掩码 y x=Basics", "a.md: w=Basics x=Basics"],
        ["a.md Basics: w x", "b.md 第二周/掩码: z", "b.md : y", "b.md Basics: x"],
    ),
    "a second place moves no section up": (
        ["l: both=开始,Advanced one=开始 two=Basics three=Advanced"],
        ["l 开始: both one", "l Basics: two", "l Advanced: three both"],
    ),
    "headings keep their order": (["l: twice=Zebra,Aardvark"], ["l Zebra: twice", "l Aardvark: twice"]),
    "a group of its own at the end for those on no list": (
        [
            *("a.md: left=Old stays-a=Old", "b.md: left=Old stays-b=Old", "c.md: moved=Before", "c.md: moved=后来"),
            *("a.md: stays-a=Old", "b.md: stays-b=Old"),
        ],
        ["a.md Old: stays-a", "b.md Old: stays-b", "c.md 后来: moved", " Old: left"],
    ),
    "dropped by one list and kept by another": (
        ["a.md: talk=A", "b.md: talk=B other=B", "b.md: other=B"],
        ["a.md A: talk", "b.md B: other"],
    ),
}


@pytest.mark.parametrize(("lists", "expected"), LISTS.values(), ids=LISTS.keys())
def test_sections_come(writer: EmbeddedWriter, lists: list[str], expected: list[str]) -> None:
    for line in lists:
        source, entries = line.split(": ")
        named = [entry.partition("=") for entry in entries.split()]
        paths = [[tuple(path.split("/")) for path in each.split(",")] if each else [] for _, _, each in named]
        writer.register(source, [listed(one, *each) for (one, _, _), each in zip(named, paths, strict=True)])
    found = [f"{one.source} {'/'.join(one.path)}: {' '.join(one.entries)}" for one in writer.sections()]
    assert found == expected
    for status in writer.statuses():
        under = [line.partition(": ")[0].split(" ")[1] for line in expected if status.id in line.split(" ")[2:]]
        assert ["/".join(path) for path in status.resource.sections] == list(dict.fromkeys(filter(None, under)))
    assert "left" not in [status.id for status in writer.statuses()[:-1]]


PLAYLIST = Playlist(
    "注意力 lectures",
    (
        PlaylistEntry(Resource("zzzzzzzzzzz", Kind.VIDEO, "Mask \u202e<script>", "https://youtu.be/zzzzzzzzzzz")),
        PlaylistEntry(
            Resource("PLinner", Kind.PLAYLIST, "播放列表", "https://youtube.com/playlist?list=PLinner"), "gone"
        ),
        PlaylistEntry(Resource("zzzzzzzzzzz", Kind.VIDEO, "Again", "https://youtu.be/zzzzzzzzzzz")),
    ),
)


def test_the_next_listing_of_a_playlist_takes_the_place_of_the_last(writer: EmbeddedWriter) -> None:
    listed = Resource("PLouter", Kind.PLAYLIST, "", "https://www.youtube.com/playlist?list=PLouter", (("讲座",),))
    writer.register("list.md", [listed])
    for playlist in (PLAYLIST, Playlist("", PLAYLIST.entries[1:]), Playlist("空", ()), PLAYLIST):
        writer.keep_playlist("PLouter", playlist)
        assert writer.playlists() == {"PLouter": playlist}
    assert [status.resource.title for status in writer.statuses()] == ["注意力 lectures"]
    writer.set_state("PLouter", State.INDEXED, reason="blocked", retry_after=2.0, inputs=LISTED)
    assert writer.playlists() == {"PLouter": PLAYLIST}
    writer.keep_playlist("PLouter", PLAYLIST)
    assert writer.standings() == {"PLouter": Standing(State.INDEXED, LISTED)}, "the failure is forgotten"
    writer.remove(["PLouter"])
    writer.register("list.md", [listed])
    assert writer.playlists() == {}


def test_the_same_listing_again_touches_no_file(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [Resource("PL", Kind.PLAYLIST, "", "https://www.youtube.com/playlist?list=PL")])
        writer.keep_playlist("PL", PLAYLIST)
    before = files(tmp_path)
    with EmbeddedWriter.acquire(tmp_path) as writer:
        writer.keep_playlist("PL", PLAYLIST)
    assert files(tmp_path) == before
