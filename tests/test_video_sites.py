"""Addresses of well-known video sites in all spellings."""

from __future__ import annotations

import pytest

from seekpoint.index.types import Kind
from seekpoint.indexer.reading_list.addresses import resource_of, short_hash

UUID = "09969705-c96b-4e87-8424-abb7004200f4"
BILIBILI, VIMEO = "https://www.bilibili.com/video/BV1xx411c7mD", "https://vimeo.com/76979871"
NICONICO, SOUNDCLOUD = "https://www.nicovideo.jp/watch/sm9", "https://soundcloud.com/some-one/a-talk"
PANOPTO = f"https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id={UUID}"
KALTURA = "https://media.uni.example/media/t/1_2rc7uxir"


@pytest.mark.parametrize(
    ("kind", "canonical", "spellings"),
    [
        (
            Kind.VIDEO,
            BILIBILI,
            f"""{BILIBILI}/ http://bilibili.com/video/BV1xx411c7mD?spm_id_from=333.1&vd_source=9#reply
            https://m.bilibili.com/video/BV1xx411c7mD?t=90""",
        ),
        (Kind.VIDEO, f"{BILIBILI}?p=2", f"{BILIBILI}/?p=2 {BILIBILI}?t=90&p=2&vd_source=9"),
        (Kind.VIDEO, "https://www.bilibili.com/video/av170001", "https://www.bilibili.com/video/av170001/?t=3"),
        (
            Kind.PLAYLIST,
            "https://space.bilibili.com/123/lists/456?type=season",
            "https://space.bilibili.com/123/lists/456?spm_id_from=333&type=season",
        ),
        (Kind.PLAYLIST, "https://space.bilibili.com/123", "https://space.bilibili.com/123/?from=x"),
        (
            Kind.VIDEO,
            VIMEO,
            """http://www.vimeo.com/76979871#t=90s https://player.vimeo.com/video/76979871?autoplay=1
            https://vimeo.com/channels/staffpicks/76979871 https://vimeo.com/showcase/1/video/76979871?share=copy""",
        ),
        (
            Kind.VIDEO,
            f"{VIMEO}/0123456789",
            f"{VIMEO}/0123456789?share=copy https://player.vimeo.com/video/76979871?title=0&h=0123456789",
        ),
        (Kind.PLAYLIST, "https://vimeo.com/showcase/3253534", "https://vimeo.com/album/3253534"),
        (Kind.PLAYLIST, "https://vimeo.com/channels/talks", "https://vimeo.com/channels/talks/"),
        (
            Kind.VIDEO,
            NICONICO,
            """https://sp.nicovideo.jp/watch/sm9?from=30 https://nico.ms/sm9 https://embed.nicovideo.jp/watch/sm9""",
        ),
        (Kind.PLAYLIST, "https://www.nicovideo.jp/series/110226", "https://nicovideo.jp/series/110226?ref=x"),
        (Kind.VIDEO, SOUNDCLOUD, "https://m.soundcloud.com/some-one/a-talk?in=x#t=1:30"),
        (Kind.VIDEO, f"{SOUNDCLOUD}/s-abC1", f"{SOUNDCLOUD}/s-abC1?si=x"),
        (
            Kind.PLAYLIST,
            "https://soundcloud.com/some-one/sets/talks",
            "https://www.soundcloud.com/some-one/sets/talks?si=x",
        ),
        (
            Kind.VIDEO,
            "https://www.ted.com/talks/ada_on_engines",
            "https://www.ted.com/talks/ada_on_engines?subtitle=en&language=zh-cn",
        ),
        (Kind.VIDEO, "https://www.dailymotion.com/video/x7tgad0", "https://dai.ly/x7tgad0?start=9"),
        (Kind.VIDEO, "https://media.ccc.de/v/36c3-10879-hal", "http://media.ccc.de/v/36c3-10879-hal#t=90"),
        (Kind.PLAYLIST, "https://media.ccc.de/c/36c3", "https://media.ccc.de/c/36c3/"),
        (
            Kind.VIDEO,
            PANOPTO,
            f"{PANOPTO}&start=90 https://uni.hosted.panopto.com/Panopto/Pages/Embed.aspx?autoplay=false&id={UUID}",
        ),
        (Kind.VIDEO, KALTURA, f"{KALTURA}?kalturaStartTime=90 {KALTURA}/"),
    ],
)
def test_each_spelling_of_an_address_is_the_same_video_or_playlist(kind: Kind, canonical: str, spellings: str) -> None:
    for spelling in (canonical, *spellings.split()):
        found = resource_of(spelling, "标题")
        assert found
        assert (found.kind, found.url, found.id, found.title) == (kind, canonical, short_hash(canonical), "标题")
        assert not found.is_on_youtube


@pytest.mark.parametrize(
    "address",
    [
        "https://www.bilibili.com/read/cv123",
        "https://www.bilibili.com/video/short",
        "https://www.ted.com/talks",
        "https://vimeo.com/blog/post",
        "https://soundcloud.com/discover/sets",
        "https://evilbilibili.com/video/BV1xx411c7mD",
        "https://a.org/bilibili.com/video/BV1xx411c7mD",
        "https://uni.example/media/1_short",
        f"https://uni.example/Panopto/Pages/Home.aspx?id={UUID}",
    ],
)
def test_other_addresses_stay_pages(address: str) -> None:
    found = resource_of(address)
    assert found and found.kind is Kind.PAGE
