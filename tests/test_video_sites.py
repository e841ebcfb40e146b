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


# Each line: the one spelling of an address, and others.
VIDEOS = f"""
{BILIBILI} {BILIBILI}/ http://bilibili.com/video/BV1xx411c7mD?spm_id_from=333.1&vd_source=9#reply
{BILIBILI} https://m.bilibili.com/video/BV1xx411c7mD?t=90
{BILIBILI}?p=2 {BILIBILI}/?p=2 {BILIBILI}?t=90&p=2&vd_source=9
https://www.bilibili.com/video/av170001 https://www.bilibili.com/video/av170001/?t=3
{VIMEO} http://www.vimeo.com/76979871#t=90s https://player.vimeo.com/video/76979871?autoplay=1
{VIMEO} https://vimeo.com/channels/staffpicks/76979871 https://vimeo.com/showcase/1/video/76979871?share=copy
{VIMEO}/0123456789 {VIMEO}/0123456789?share=copy https://player.vimeo.com/video/76979871?title=0&h=0123456789
{NICONICO} https://sp.nicovideo.jp/watch/sm9?from=30 https://nico.ms/sm9 https://embed.nicovideo.jp/watch/sm9
{SOUNDCLOUD} https://m.soundcloud.com/some-one/a-talk?in=x#t=1:30
{SOUNDCLOUD}/s-abC1 {SOUNDCLOUD}/s-abC1?si=x
https://www.ted.com/talks/ada_on_engines https://www.ted.com/talks/ada_on_engines?subtitle=en&language=zh-cn
https://www.dailymotion.com/video/x7tgad0 https://dai.ly/x7tgad0?start=9
https://media.ccc.de/v/36c3-10879-hal http://media.ccc.de/v/36c3-10879-hal#t=90
{PANOPTO} {PANOPTO}&start=90 https://uni.hosted.panopto.com/Panopto/Pages/Embed.aspx?autoplay=false&id={UUID}
{KALTURA} {KALTURA}?kalturaStartTime=90 {KALTURA}/
"""
PLAYLISTS = """
https://space.bilibili.com/123/lists/456?type=season https://space.bilibili.com/123/lists/456?spm_id_from=333&type=season
https://space.bilibili.com/123 https://space.bilibili.com/123/?from=x
https://vimeo.com/showcase/3253534 https://vimeo.com/album/3253534
https://vimeo.com/channels/talks https://vimeo.com/channels/talks/
https://www.nicovideo.jp/series/110226 https://nicovideo.jp/series/110226?ref=x
https://soundcloud.com/some-one/sets/talks https://www.soundcloud.com/some-one/sets/talks?si=x
https://media.ccc.de/c/36c3 https://media.ccc.de/c/36c3/
"""


@pytest.mark.parametrize(("kind", "lines"), [(Kind.VIDEO, VIDEOS), (Kind.PLAYLIST, PLAYLISTS)])
def test_each_spelling_of_an_address_is_the_same_video_or_playlist(kind: Kind, lines: str) -> None:
    for canonical, *spellings in map(str.split, lines.strip().splitlines()):
        for spelling in (canonical, *spellings):
            found = resource_of(spelling, "标题")
            assert found and not found.is_on_youtube, spelling
            assert (found.kind, found.url, found.id, found.title) == (kind, canonical, short_hash(canonical), "标题")


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
