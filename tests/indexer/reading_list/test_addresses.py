"""Canonical resources of addresses and paths in all spellings."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seekpoint.file_formats import LIST_SUFFIXES
from seekpoint.index.errors import SourceError
from seekpoint.index.types import Kind, Resource
from seekpoint.indexer.reading_list.addresses import (
    address_of,
    feed_resource,
    is_feed,
    local_path,
    resource_of,
    resource_of_link,
    resource_of_path,
    resources_of_files,
)
from seekpoint.indexer.reading_list.links import parse_urls
from seekpoint.indexer.reading_list.parser import read_source
from tests import fuzzing
from tests.cost import at_most
from tests.fuzzing import is_line
from tests.indexer.reading_list.test_bibliographies import BIBTEX, ITEMS, RIS
from tests.indexer.reading_list.test_formats import CHROME, FEEDS
from tests.indexer.reading_list.test_parser import LIST
from tests.indexer.reading_list.test_tables import RAINDROP

VIDEO, PLAYLIST = "-wjZ_fJX0v4", "PLoROMvodv4rN"
WATCH, LISTED = f"https://www.youtube.com/watch?v={VIDEO}", f"https://www.youtube.com/playlist?list={PLAYLIST}"


APPLE = "https://podcasts.apple.com/podcast/id12"


def found(resource: Resource | None) -> Resource:
    assert resource is not None
    return resource


@pytest.mark.parametrize(
    ("kind", "canonical", "spellings"),
    [
        (
            Kind.VIDEO,
            WATCH,
            f"""
            {WATCH} http://youtube.com/watch?v={VIDEO}&t=754s {WATCH}，
            https://www.youtube.com/watch?app=desktop&list=PL0123456789&index=3&v={VIDEO}&pp=ygU
            https://m.youtube.com/watch?t=1m2s&v={VIDEO}#comments https://music.youtube.com/watch?v={VIDEO}&si=abc
            https://youtu.be/{VIDEO} https://youtu.be/{VIDEO}?si=Zx_-9&t=12 https://www.youtu.be/{VIDEO}/
            https://www.youtube.com/shorts/{VIDEO}?feature=share https://www.youtube.com/live/{VIDEO}
            https://www.youtube-nocookie.com/embed/{VIDEO}?start=9 https:youtu.be/{VIDEO} https://youtu.be/{VIDEO}).
            youtu.be/{VIDEO} www.youtube.com/watch?v={VIDEO} m.youtube.com/watch?v={VIDEO}
            """,
        ),
        (
            Kind.PLAYLIST,
            LISTED,
            f"""
            {LISTED} youtube.com/playlist?feature=share&list={PLAYLIST} https://www.youtube.com/watch?list={PLAYLIST}
            https://www.youtube.com/embed/videoseries?list={PLAYLIST}
            """,
        ),
        (
            Kind.PLAYLIST,
            "https://www.youtube.com/@%E6%9D%8E%E5%AE%8F%E6%AF%85",
            "https://m.youtube.com/@李宏毅/ https://www.youtube.com/@%E6%9D%8E%E5%AE%8F%E6%AF%85",
        ),
        (Kind.PLAYLIST, "https://www.youtube.com/@3blue1brown", "https://youtube.com/@3blue1brown/videos?view=0"),
        (Kind.PLAYLIST, "https://www.youtube.com/channel/UCabc", "https://www.youtube.com/channel/UCabc/featured"),
        (
            Kind.PAPER,
            "https://arxiv.org/abs/1706.03762",
            """
            https://arxiv.org/abs/1706.03762 http://www.arxiv.org/abs/1706.03762v7?context=cs
            https://arxiv.org/pdf/1706.03762.pdf arxiv.org/pdf/1706.03762v2 https://arxiv.org/abs/1706.03762.
            """,
        ),
        (Kind.PAPER, "https://a.org/%E8%AE%BA%E6%96%87.PDF?download=1", "https://a.org/论文.PDF?download=1"),
        (
            Kind.PLAYLIST,
            "https://a.org/%E6%92%AD%E5%AE%A2",
            "feed:https://a.org/播客?utm_source=x FEED:https://a.org/播客#top",
        ),
        (Kind.PLAYLIST, "http://a.org/x", "feed://a.org/x itpc://a.org/x pcast://a.org/x feed:http://a.org/x"),
        (Kind.PLAYLIST, "https://a.org/x.RSS", "https://a.org/x.RSS feed:https://a.org/x.RSS"),
        (
            Kind.PLAYLIST,
            APPLE,
            f"{APPLE}?l=zh https://podcasts.apple.com/us/podcast/a-show/id12 "
            "https://podcasts.apple.com/cn/podcast/%E6%92%AD/id12/",
        ),
        (Kind.PLAYLIST, f"{APPLE}?i=34", "https://podcasts.apple.com/us/podcast/a-show/id12?l=zh&i=34"),
        (Kind.PAGE, "https://a.org/x?id=3", "https://a.org/x?utm_source=n&id=3&fbclid=4&UTM_Term=t&gclid=5#part"),
        (Kind.PAGE, "http://a.org/x", "http://a.org:80/x"),
        (Kind.PAGE, "https://User:Pass@a.org/x", "https://User:Pass@A.org/x"),
        (Kind.PAGE, "https://xn--r8jz45g.jp/%E6%B3%A8%E6%84%8F", "https://例え.JP/注意"),
        (Kind.PAGE, "http://[2001:db8::1]:8080/x", "http://[2001:DB8::1]:8080/x"),
        (Kind.PAGE, "https://a.org/%E2%80%AE%3C%3E", "https://a.org/\u202e<>"),
    ],
)
def test_every_spelling_of_an_address_is_one_resource(kind: Kind, canonical: str, spellings: str) -> None:
    ids = {WATCH: VIDEO, LISTED: PLAYLIST}
    for spelling in spellings.split():
        resource = found(resource_of(f" {spelling} ", "注意力 · Attention", [("Basics",)]))
        assert (resource.kind, resource.url) == (kind, canonical), spelling
        assert (resource.title, resource.sections) == ("注意力 · Attention", (("Basics",),))
        assert resource.id == ids.get(canonical, resource.id) and (canonical in ids or len(resource.id) == 20)
        assert resource_of(address_of(resource), resource.title, resource.sections) == resource


def test_lookalikes_of_videos_and_papers_and_broken_addresses_are_pages_and_other_texts_nothing() -> None:
    for url in f"""
        https://youtube.com.evil.org/watch?v={VIDEO} https://notyoutube.com/watch?v={VIDEO} {WATCH}x
        https://youtube.com@evil.org/watch?v={VIDEO} https://evil.org/youtube.com/watch?v={VIDEO}
        https://evil.org/youtu.be/{VIDEO} https://www.youtube.com/embed/live_stream?channel=UCabc
        https://www.youtube.com/redirect?q=https%3A%2F%2Fa.org&v={VIDEO} https://www.youtube.com/
        https://arxiv.org.evil.org/abs/1706.03762 https://arxiv.org/list/cs.CL/recent
        """.split():
        resource = found(resource_of(url))
        assert resource.kind is Kind.PAGE and resource.id not in (VIDEO, ""), url
    for url in ("https://a.org:99999/x", "https://a.org:port/", "http://[::1/x", "http://", "http://..例/"):
        resource = found(resource_of(url))
        assert resource.kind is Kind.PAGE and resource.url.isascii() and resource.url.startswith("http"), "broken"
    for text in ("", VIDEO, "mailto:a@b.org", "javascript:alert(1)", "ftp://a.org/x", "notes.md", "httpx"):
        assert resource_of(text) is None, text


@pytest.mark.parametrize(
    ("name", "kind", "title"),
    (
        ("讲座 1.MP4", Kind.RECORDING, "讲座 1"),
        ("talk.zh-TW.vtt", Kind.RECORDING, "talk"),
        ("paper.pdf", Kind.PAPER, ""),
        ("slides.odp", Kind.DOCUMENT, "slides.odp"),
        ("slides.PPTX", Kind.DOCUMENT, ""),
        ("书.epub", Kind.DOCUMENT, ""),
        ("evil\x1b\u202e.ogg", Kind.RECORDING, "evil"),
    ),
)
def test_the_kind_of_a_local_file_follows_its_suffix(tmp_path: Path, name: str, kind: Kind, title: str) -> None:
    file = resource_of_path(tmp_path / name)
    assert (file.kind, file.file_title, file.url) == (kind, title, (tmp_path / name).resolve().as_uri())
    assert len(file.id) == 20
    assert resource_of_path(tmp_path / "sub" / ".." / name, "Given").id == file.id
    assert resource_of_path(tmp_path / name, "Given").title == "Given"


def test_a_link_to_a_file_is_decoded_and_resolved() -> None:
    for href, path in {
        "talks/%E6%B3%A8.ogg#t=12": "/lists/talks/注.ogg",
        "my talk.ogg?raw=1": "/lists/my talk.ogg",
        "file:///else/a%20b.ogg": "/else/a b.ogg",
        "file://localhost/else/a.ogg": "/else/a.ogg",
        "100%.md": "/lists/100%.md",
    }.items():
        assert found(resource_of_link(href, base=Path("/lists"))).url == Path(path).as_uri()
    assert found(resource_of_link("%00%E6%zz.md", base=Path("/lists"))).kind is Kind.DOCUMENT, "broken escapes"
    assert resource_of_link("talk.ogg") is None, "a relative link needs a folder"
    assert found(resource_of_link("file:///talk.ogg")).kind is Kind.RECORDING
    for href in ("", "#top", "?page=2", "mailto:a@b.org", "tel:+49", "javascript:alert(1)", "data:,x", "file:", "a: x"):
        for base in (Path("/lists"), "https://a.org/list.md"):
            assert resource_of_link(href, base=base) is None, href


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("talks/第一讲.md#part", "https://a.org/lists/talks/%E7%AC%AC%E4%B8%80%E8%AE%B2.md"),
        ("../up.md", "https://a.org/up.md"),
        ("../../../../etc/passwd", "https://a.org/etc/passwd"),
        ("//b.org/x", "https://b.org/x"),
        ("12:30.md", "https://a.org/lists/12:30.md"),
        ("file:///etc/passwd", "file://a.org/etc/passwd"),
        ("file://localhost/讲座.md", "file://a.org/%E8%AE%B2%E5%BA%A7.md"),
        (r"C:\talks\a b.vtt", "file://a.org/C:/talks/a%20b.vtt"),
    ],
)
def test_a_link_of_a_list_on_the_web_is_relative_to_its_address(href: str, url: str) -> None:
    base = "https://user:pass@a.org:8443/lists/list.md?x=1"
    resource = found(resource_of_link(href, "讲座 talk", [("Basics",)], base))
    assert (resource.kind, resource.title, resource.sections) == (Kind.PAGE, "讲座 talk", (("Basics",),))
    assert resource.url.replace("user:pass@a.org:8443", "a.org") == url
    for host, own in (("localhost:8000", "127.0.0.1"), ("[::1]:80", "[::1]")):
        resource = found(resource_of_link("file:///etc/passwd", base=f"http://{host}/list.md"))
        assert resource.url == f"file://{own}/etc/passwd", "not this machine's file"


@pytest.mark.parametrize(
    ("names", "left_out"),
    [
        ("a.doc a.pdf b.MOBI 讲义.odp talk.mp4 talk.ppt x.jpg", "a.doc x.jpg"),
        ("a.DOCX a.PDF b.epub b.md 讲义.pdf 讲义.pptx 讲座.mp4 讲座.pptx", "a.DOCX 讲义.pptx"),
    ],
)
def test_a_document_is_left_out_beside_its_pdf_and_one_that_is_not_read_beside_any_text(
    names: str, left_out: str
) -> None:
    resources = resources_of_files([Path("/notes") / name for name in names.split()])
    kept = [name for name in names.split() if name not in left_out.split()]
    assert [Path(unquote(found.url)).name for found in resources] == kept


def test_captions_belong_to_the_recording_or_video_they_are_named_after() -> None:
    names = [
        "1. Intro.en.mp4", "1. Intro.en.vtt", "alone.en.srt", "alone.zh.srt", "cover.jpg", "talk.ogg", "talk.vtt",
        f"注意力 [{VIDEO}].en.vtt", f"注意力 [{VIDEO}].webm", f"注意力 [{VIDEO}].zh-Hans.vtt",
        *(f"GMT20240101-120000_例会{rest}" for rest in ("_1280x720.mp4", "_gvo_640x360.mp4", ".cc.vtt")),
        "GMT20240101-120000_例会.transcript.vtt",
        "x.transcript.mp4", "x.transcript.vtt",
    ]  # fmt: skip
    resources = resources_of_files([Path("/talks") / name for name in names], [("week 1",)])
    assert [(r.kind, r.file_title, r.url) for r in resources] == [
        (Kind.RECORDING, "1. Intro.en", "file:///talks/1.%20Intro.en.mp4"),
        (Kind.RECORDING, "alone", "file:///talks/alone.en.srt"),
        (Kind.RECORDING, "talk", "file:///talks/talk.ogg"),
        (Kind.VIDEO, "注意力", WATCH),
        (
            Kind.RECORDING,
            "GMT20240101-120000_例会_1280x720",
            "file:///talks/GMT20240101-120000_%E4%BE%8B%E4%BC%9A_1280x720.mp4",
        ),
        (Kind.RECORDING, "x.transcript", "file:///talks/x.transcript.mp4"),
    ]
    assert {r.sections for r in resources} == {(("week 1",),)}
    files = [Path("/talks") / name for name in ("讲座 [aaaaaaaaaaa].info.json", "T [aaaaaaaaaaa].zh.json", "a.json")]
    (video,) = resources_of_files(files)
    assert (video.id, video.file_title) == ("aaaaaaaaaaa", "T"), "JSON with a video id and a language is captions"


PARTS = """
https:// http:/ HTTPS: // www. youtube.com youtu.be arxiv.org /watch?v= /abs/ aaaaaaaaaaa 1706.03762 list= PLx & # [ ]
::1 @ a:b@ : 99999 % %0a 讲座.中国 xn-- file: C:\\ \\\\ .. / ?utm_source= ß ．
"""
ADDRESSES = st.lists(st.sampled_from(PARTS.split()) | fuzzing.pieces, max_size=9).map("".join)
BASES = [
    None,
    Path("/tmp"),
    "https://github.com/owner/repo/blob/main/list.md",
    "http://localhost/list.md",
    "https://[::1]/a",
]

fuzz = fuzzing.fuzz(200)


def check(resource: Resource | None) -> None:
    if resource:
        assert resource.id and is_line(resource.url) and resource.url
        assert is_line(resource.title) and all(is_line(part) for path in resource.sections for part in path)


@given(ADDRESSES)
@example("https://a^B/")
@example("https://\ud800/\ud800")
@fuzz
def test_any_address_is_a_resource_whose_own_address_leads_to_it(address: str) -> None:
    resource = resource_of(address, address)
    check(resource)
    if resource:
        again = resource_of(resource.url)
        assert again and again == resource_of(again.url)
        assert again == replace(resource, title="") or not address.isascii()  # malformed ones are kept as they are


@given(ADDRESSES, st.sampled_from(BASES))
@example("//[x", "https://github.com/owner/repo/blob/main/list.md")
@example("//[::1", "http://localhost/list.md")
@fuzz
def test_any_link_is_a_resource_or_none(href: str, base: Path | str | None) -> None:
    resource = resource_of_link(href, href, base=base)
    check(resource)
    if resource and resource.url.startswith("file:") and isinstance(base, Path):
        local_path(resource.url)
    if resource and isinstance(base, str):
        assert not re.match("file:(?!//[^/])", resource.url), "a file of this machine"


LISTS = st.sampled_from([LIST, CHROME, RAINDROP, FEEDS, BIBTEX, RIS, json.dumps(ITEMS)])


@given(
    st.binary() | fuzzing.encoded(fuzzing.mutated(LISTS) | fuzzing.texts | ADDRESSES),
    st.sampled_from([".md", ".txt", ".html", ".json", *sorted(LIST_SUFFIXES)]),
    st.booleans(),
)
@fuzz
def test_any_file_is_a_list_or_refused_in_a_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str, is_trusted: bool
) -> None:
    file = tmp_path_factory.getbasetemp() / f"列表{suffix}"
    file.write_bytes(data)
    try:
        read = read_source(str(file), is_trusted=is_trusted)
    except SourceError as error:
        assert is_line(str(error))
        return
    assert read.resources
    for resource in read.resources:
        check(resource)
        assert is_trusted or not resource.url.startswith("file:///")


def test_a_feed_is_another_resource_than_the_page_at_its_address() -> None:
    feed = found(feed_resource("https://a.org/播客?utm_source=x", "A show", (("Listen",),)))
    assert (feed.kind, feed.title, feed.sections) == (Kind.PLAYLIST, "A show", (("Listen",),))
    page = found(resource_of("https://a.org/播客"))
    assert (page.url, page.kind) == (feed.url, Kind.PAGE) and page.id != feed.id
    feeds = ("feed:https://a.org/播客", APPLE, f"{APPLE}?i=34", "https://a.org/x.RSS")
    assert all(is_feed(found(resource_of(address))) for address in feeds)
    assert found(resource_of(f"{APPLE}?i=3%26x")).kind is Kind.PAGE
    for plain in ("https://a.org/x.RSS", APPLE, "https://a.org/x", WATCH):
        assert address_of(found(resource_of(plain))) == plain
    for of_youtube in (f"playlist_id={PLAYLIST}", "channel_id=UCx"):
        listed = found(feed_resource(f"https://www.youtube.com/feeds/videos.xml?{of_youtube}"))
        assert listed.is_on_youtube and "feeds" not in listed.url and not is_feed(listed)
    for other in ("feed:", "feed:a.org", "feed:feed:https://a.org", "feed:javascript:alert(1)"):
        assert feed_resource(other) is None


def test_a_feed_may_stand_in_a_text_without_a_link() -> None:
    read = parse_urls("播客：feed://a.org/x，还有 https://b.org/y\n")
    assert [(one.kind, one.url) for one in read] == [(Kind.PLAYLIST, "http://a.org/x"), (Kind.PAGE, "https://b.org/y")]


@pytest.mark.parametrize(
    "taken", ["https://www.youtube.com/watch?v=-wjZ_fJX0v4", "https://a.org/讲座", "feed:https://a.org/f"]
)
def test_no_playlist_has_the_id_of_another_resource(taken: str) -> None:
    other = resource_of(taken)
    assert other
    starts = "playlist?list=", "feeds/videos.xml?playlist_id="
    for address, end in product((f"https://www.youtube.com/{start}" for start in starts), ("", "讲", "/")):
        forged = resource_of(f"{address}{other.id}{end}")
        assert forged and forged.id != other.id
    found = resource_of(f"https://www.youtube.com/playlist?list=PL{other.id}")
    assert found and found.id == f"PL{other.id}"


def test_a_host_longer_than_any_takes_no_time() -> None:
    with at_most(2):
        found = resource_of(f"https://{'あ' * 1_000_000}/")
    assert found and found.kind is Kind.PAGE
