"""Canonical resources of addresses and paths in all spellings."""

from pathlib import Path

import pytest

from seekpoint.index.types import Kind, Resource
from seekpoint.indexer.reading_list.addresses import resource_of, resource_of_link, resource_of_path, resources_of_files

VIDEO, PLAYLIST = "-wjZ_fJX0v4", "PLoROMvodv4rN"
WATCH, LISTED = f"https://www.youtube.com/watch?v={VIDEO}", f"https://www.youtube.com/playlist?list={PLAYLIST}"


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
            HTTPS://WWW.YouTube.COM:443/watch/?v={VIDEO} https://www.youtube.com/v/{VIDEO}
            https://youtu.be/{VIDEO} https://youtu.be/{VIDEO}?si=Zx_-9&t=12 https://www.youtu.be/{VIDEO}/
            https://www.youtube.com/shorts/{VIDEO}?feature=share https://www.youtube.com/live/{VIDEO}
            https://www.youtube-nocookie.com/embed/{VIDEO}?start=9 https:youtu.be/{VIDEO} https://youtu.be/{VIDEO}).
            youtu.be/{VIDEO} www.youtube.com/watch?v={VIDEO} m.youtube.com/watch?v={VIDEO}
            //youtube.com/watch?v={VIDEO} https://youtu.be/{VIDEO}。
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
        (Kind.PLAYLIST, "https://www.youtube.com/c/Talks/streams", "https://www.youtube.com/c/Talks/streams"),
        (Kind.PLAYLIST, "https://www.youtube.com/user/lectures", "https://www.youtube.com/user/lectures"),
        (
            Kind.PAPER,
            "https://arxiv.org/abs/1706.03762",
            """
            https://arxiv.org/abs/1706.03762 http://www.arxiv.org/abs/1706.03762v7?context=cs
            https://arxiv.org/pdf/1706.03762.pdf arxiv.org/pdf/1706.03762v2 https://arxiv.org/abs/1706.03762.
            https://export.arxiv.org/html/1706.03762v7#S3
            """,
        ),
        (Kind.PAPER, "https://arxiv.org/abs/hep-th/9901001", "https://arxiv.org/abs/hep-th/9901001v1"),
        (Kind.PAPER, "https://a.org/%E8%AE%BA%E6%96%87.PDF?download=1", "https://a.org/论文.PDF?download=1"),
        (Kind.PAGE, "https://example.org/", "HTTPS://Example.ORG"),
        (Kind.PAGE, "https://a.org/x?id=3", "https://a.org/x?utm_source=n&id=3&fbclid=4&UTM_Term=t&gclid=5#part"),
        (Kind.PAGE, "https://a.org/x", "https://a.org/x?utm_source=n"),
        (Kind.PAGE, "http://a.org/x", "http://a.org:80/x"),
        (Kind.PAGE, "https://a.org:8443/x", "https://a.org:8443/x"),
        (Kind.PAGE, "https://User:Pass@a.org/x", "https://User:Pass@A.org/x"),
        (Kind.PAGE, "https://xn--r8jz45g.jp/%E6%B3%A8%E6%84%8F", "https://例え.JP/注意"),
        (Kind.PAGE, "http://[2001:db8::1]:8080/x", "http://[2001:DB8::1]:8080/x"),
        (Kind.PAGE, "https://a.org/%E2%80%AE%3C%3E", "https://a.org/\u202e<>"),
        (Kind.PAGE, "https://www.a.org/x", "www.a.org/x"),
    ],
)
def test_every_spelling_of_an_address_is_one_resource(kind: Kind, canonical: str, spellings: str) -> None:
    ids = {WATCH: VIDEO, LISTED: PLAYLIST}
    for spelling in spellings.split():
        resource = found(resource_of(f" {spelling} ", "注意力 · Attention", [("Basics",)]))
        assert (resource.kind, resource.url) == (kind, canonical), spelling
        assert (resource.title, resource.sections) == ("注意力 · Attention", (("Basics",),))
        assert resource.id == ids.get(canonical, resource.id) and (canonical in ids or len(resource.id) == 12)
        assert resource_of(resource.url, resource.title, resource.sections) == resource


def test_lookalikes_of_videos_and_papers_are_pages() -> None:
    for url in f"""
        https://youtube.com.evil.org/watch?v={VIDEO} https://notyoutube.com/watch?v={VIDEO} {WATCH}x
        https://youtube.com@evil.org/watch?v={VIDEO} https://evil.org/youtube.com/watch?v={VIDEO}
        https://evil.org/youtu.be/{VIDEO} https://www.youtube.com/embed/live_stream?channel=UCabc
        https://www.youtube.com/redirect?q=https%3A%2F%2Fa.org&v={VIDEO} https://www.youtube.com/
        https://arxiv.org.evil.org/abs/1706.03762 https://arxiv.org/list/cs.CL/recent
        """.split():
        resource = found(resource_of(url))
        assert resource.kind is Kind.PAGE and resource.id not in (VIDEO, ""), url


def test_a_broken_address_stays_on_the_list_as_a_page() -> None:
    for url in ("https://a.org:99999/x", "https://a.org:port/", "http://[::1/x", "http://", "http://..例/"):
        resource = found(resource_of(url))
        assert resource.kind is Kind.PAGE and resource.url.isascii() and resource.url.startswith("http")
    assert found(resource_of("https://a.org/a b")).url == "https://a.org/a%20b"


def test_other_texts_are_no_web_address() -> None:
    for text in ("", VIDEO, "mailto:a@b.org", "javascript:alert(1)", "ftp://a.org/x", "notes.md", "httpx"):
        assert resource_of(text) is None, text


@pytest.mark.parametrize(
    ("name", "kind", "title"),
    [
        ("讲座 1.MP4", Kind.RECORDING, "讲座 1"),
        ("talk.ogg", Kind.RECORDING, "talk"),
        ("talk.zh-TW.vtt", Kind.RECORDING, "talk"),
        ("paper.pdf", Kind.PAPER, ""),
        ("notes.md", Kind.DOCUMENT, ""),
        ("slides.pptx", Kind.DOCUMENT, ""),
        ("evil\x1b\u202e.ogg", Kind.RECORDING, "evil"),
    ],
)
def test_the_kind_of_a_local_file_follows_its_suffix(tmp_path: Path, name: str, kind: Kind, title: str) -> None:
    file = resource_of_path(tmp_path / name)
    assert (file.kind, file.title, file.url) == (kind, title, (tmp_path / name).resolve().as_uri())
    assert len(file.id) == 12
    assert resource_of_path(tmp_path / "sub" / ".." / name, "Given").id == file.id
    assert resource_of_path(tmp_path / name, "Given").title == "Given"


def test_a_link_to_a_file_is_decoded_and_resolved() -> None:
    for href, path in {
        "talks/%E6%B3%A8.ogg#t=12": "/lists/talks/注.ogg",
        "my talk.ogg?raw=1": "/lists/my talk.ogg",
        "../up.md": "/up.md",
        "/else/where.pdf": "/else/where.pdf",
        "file:///else/a%20b.ogg": "/else/a b.ogg",
        "file://localhost/else/a.ogg": "/else/a.ogg",
        "100%.md": "/lists/100%.md",
    }.items():
        assert found(resource_of_link(href, base=Path("/lists"))).url == Path(path).as_uri()
    assert found(resource_of_link("%00%E6%zz.md", base=Path("/lists"))).kind is Kind.DOCUMENT, "broken escapes"
    assert resource_of_link("talk.ogg") is None, "a relative link needs a folder"
    assert found(resource_of_link("file:///talk.ogg")).kind is Kind.RECORDING


@pytest.mark.parametrize("base", [Path("/lists"), "https://a.org/list.md"])
def test_anchors_mail_and_scripts_are_no_resources(base: Path | str) -> None:
    for href in ("", "#top", "?page=2", "mailto:a@b.org", "tel:+49", "javascript:alert(1)", "data:,x", "file:", "a: x"):
        assert resource_of_link(href, base=base) is None, href


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("talks/第一讲.md#part", "https://a.org/lists/talks/%E7%AC%AC%E4%B8%80%E8%AE%B2.md"),
        ("my talk.mp4?raw=1", "https://a.org/lists/my%20talk.mp4?raw=1"),
        ("../up.md", "https://a.org/up.md"),
        ("/top/page", "https://a.org/top/page"),
        ("./", "https://a.org/lists/"),
        ("../../../../etc/passwd", "https://a.org/etc/passwd"),
        ("//b.org/x", "https://b.org/x"),
        ("ftp://b.org/x", "ftp://b.org/x"),
        ("12:30.md", "https://a.org/lists/12:30.md"),
        ("file:///etc/passwd", "file://a.org/etc/passwd"),
        ("file://localhost/讲座.md", "file://a.org/%E8%AE%B2%E5%BA%A7.md"),
        (r"C:\talks\a b.vtt", "file://a.org/C:/talks/a%20b.vtt"),
        (r"\\nas\talks\a.vtt", "file://a.org/nas/talks/a.vtt"),
    ],
)
def test_a_link_of_a_list_on_the_web_is_relative_to_its_address(href: str, url: str) -> None:
    base = "https://user:pass@a.org:8443/lists/list.md?x=1"
    resource = found(resource_of_link(href, "讲座 talk", [("Basics",)], base))
    assert (resource.kind, resource.title, resource.sections) == (Kind.PAGE, "讲座 talk", (("Basics",),))
    assert resource.url.replace("user:pass@a.org:8443", "a.org") == url


def test_localhost_in_a_list_on_the_web_is_not_this_machine() -> None:
    for host, own in [("localhost", "127.0.0.1"), ("localhost:8000", "127.0.0.1"), ("[::1]:80", "[::1]")]:
        resource = found(resource_of_link("file:///etc/passwd", base=f"http://{host}/list.md"))
        assert resource.url == f"file://{own}/etc/passwd"


def test_captions_belong_to_the_recording_or_video_they_are_named_after() -> None:
    names = [
        "1. Intro.en.mp4", "1. Intro.en.vtt", "alone.en.srt", "alone.zh.srt", "cover.jpg", "talk.ogg", "talk.vtt",
        f"注意力 [{VIDEO}].en.vtt", f"注意力 [{VIDEO}].webm", f"注意力 [{VIDEO}].zh-Hans.vtt",
    ]  # fmt: skip
    resources = resources_of_files([Path("/talks") / name for name in names], [("week 1",)])
    assert [(r.kind, r.title, r.url) for r in resources] == [
        (Kind.RECORDING, "1. Intro.en", "file:///talks/1.%20Intro.en.mp4"),
        (Kind.RECORDING, "alone", "file:///talks/alone.en.srt"),
        (Kind.RECORDING, "talk", "file:///talks/talk.ogg"),
        (Kind.VIDEO, "注意力", WATCH),
    ]
    assert {r.sections for r in resources} == {(("week 1",),)}


def test_json_is_captions_only_with_a_video_id_and_language(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("讲座 [aaaaaaaaaaa].info.json", "讲座 [aaaaaaaaaaa].zh.json", "notes.json")]
    (video,) = resources_of_files(files)
    assert (video.id, video.title) == ("aaaaaaaaaaa", "讲座")
