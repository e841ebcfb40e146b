"""What the entries of a list are: what stands for them, and the videos that pages show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seekpoint.index.open import open_writer
from seekpoint.index.types import Details, Kind
from seekpoint.indexer.pipeline.resolution import Alias, Aliases, ShownVideos
from seekpoint.indexer.reading_list.addresses import short_hash
from seekpoint.indexer.reading_list.parser import ReadingList
from seekpoint.indexer.sources.sites.videos import video_named_by
from tests.fakes import TopicEncoder
from tests.indexer.builds import resource_at

PAGE, OTHER = "http://uni.example/lecture", "http://10.0.0.1/lecture"
YOUTUBE, TALK = "https://www.youtube.com/watch?v=", "-wjZ_fJX0v4"
PANOPTO, UUID = "Panopto/Pages/Viewer.aspx", "09969705-c96b-4e87-8424-abb7004200f4"


@pytest.mark.parametrize(
    ("said", "private", "taken"),
    [
        (PAGE, True, {short_hash("http://uni.example/l3.mp4")}),
        (PAGE, False, set()),
        (OTHER, True, set()),  # another's library may say that a page of ours lies elsewhere
    ],
)
def test_only_recordings_on_the_server_of_a_private_page_may_be_in_a_private_network(
    said: str, private: bool, taken: set[str]
) -> None:
    page = resource_at(PAGE)
    shown = ShownVideos({page.id: (said, (("http://uni.example/l3.mp4", "讲座"), ("http://10.0.0.1/l3.mp4", "讲座")))})
    assert shown.private({page.id} if private else set()) == taken


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("taken", ["https://show.example/讲座", "https://show.example/a.mp4", f"{YOUTUBE}{TALK}"])
def test_a_page_renames_nothing_that_it_shows_of_others(taken: str, order: int) -> None:
    evil, listed = resource_at("https://evil.example/page"), resource_at(taken)
    by_page = {evil.id: (evil.url, ((listed.url, "Masks for sale"),))}
    [read] = ShownVideos(by_page).applied([ReadingList("list.md", 2, (evil, listed)[::order])])
    assert [one for one in read.resources if one.id == listed.id] == [listed]
    others = [(one.kind, one.title) for one in read.resources if one.url == listed.url and one.id != listed.id]
    assert others == ([] if listed.is_on_youtube else [(Kind.VIDEO, "Masks for sale")])


@pytest.mark.parametrize(
    ("page", "url", "title"),
    [
        ("https://uni.example/lectures", "https://uni.example/l3", "掩码"),
        ("https://space.bilibili.com/1", "https://www.bilibili.com/video/BV1xx411c7mD", "掩码"),
        (f"{YOUTUBE}x", f"{YOUTUBE}{TALK}", "掩码"),
        ("https://evil.example/", "https://www.bilibili.com/video/BV1xx411c7mD", ""),
        (f"https://a.example/{PANOPTO}?pid={UUID}", f"https://b.example/{PANOPTO}?id={UUID}", ""),
    ],
)
def test_a_video_has_its_title_from_its_own_site(page: str, url: str, title: str) -> None:
    assert video_named_by(page, url, "掩码") == replace(resource_at(url), kind=Kind.VIDEO, title=title)


def test_what_is_no_address_is_no_video() -> None:
    assert [video_named_by(PAGE, url) for url in ("", "javascript:1", "http://[")] == [None] * 3


def test_only_the_server_that_a_local_list_names_may_be_private(tmp_path: Path) -> None:
    urls = ("http://a.example/a", "http://b.example/b", "http://a.example/c", "https://a.example/c")
    named, other, local, secure = map(resource_at, urls)
    lists = [
        ReadingList("/列表.md", 2, (named, local)),
        ReadingList("https://lists.example/list.md", 1, (other,), is_remote=True),
    ]
    with open_writer(tmp_path, TopicEncoder().card) as writer:
        writer.register("list.md", [named, other, local])
        for resource, end, expected in ((named, other, local), (local, secure, secure)):
            Aliases.stored(writer, 0.0).record(writer, resource, end, 0.0, is_permanent=True)
            assert Aliases.stored(writer, 0.0).private(lists) == {expected.id}


def test_the_paper_that_a_doi_leads_to_keeps_what_the_list_states() -> None:
    listed = replace(resource_at("https://doi.org/10.1145/15.2"), stated=Details(authors=("李宏毅",), key="李2020"))
    [read] = Aliases({listed.id: Alias(PAGE, None, listed.url)}).applied([ReadingList("a.bib", 1, (listed,))])
    assert [(one.url, one.stated) for one in read.resources] == [(PAGE, listed.stated)]
