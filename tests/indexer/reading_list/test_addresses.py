"""Canonical resources of addresses and paths in all spellings."""

from pathlib import Path

import pytest

from seekpoint.index.types import Kind
from seekpoint.indexer.reading_list.addresses import resource_of, resource_of_link, resource_of_path, resources_of_files

VIDEO = "-wjZ_fJX0v4"


@pytest.mark.parametrize(
    "url",
    [
        f"https://www.youtube.com/watch?v={VIDEO}",
        f"http://youtube.com/watch?v={VIDEO}&t=754s",
        f"https://www.youtube.com/watch?app=desktop&list=PL0123456789&index=3&v={VIDEO}&pp=ygU",
        f"https://m.youtube.com/watch?t=1m2s&v={VIDEO}#comments",
        f"https://music.youtube.com/watch?v={VIDEO}&si=abc",
        f"HTTPS://WWW.YouTube.COM:443/watch/?v={VIDEO}",
        f"https://youtu.be/{VIDEO}",
        f"https://youtu.be/{VIDEO}?si=Zx_-9&t=12",
        f"https://www.youtu.be/{VIDEO}/",
        f"https://www.youtube.com/shorts/{VIDEO}?feature=share",
        f"https://www.youtube.com/live/{VIDEO}",
        f"https://www.youtube-nocookie.com/embed/{VIDEO}?start=9",
        f"https://www.youtube.com/v/{VIDEO}",
        f"youtu.be/{VIDEO}",
        f"www.youtube.com/watch?v={VIDEO}",
        f"m.youtube.com/watch?v={VIDEO}",
        f"//youtube.com/watch?v={VIDEO}",
        f"https:youtu.be/{VIDEO}",
        f"  https://youtu.be/{VIDEO}).",
        f"https://www.youtube.com/watch?v={VIDEO}，",
        f"https://youtu.be/{VIDEO}。",
    ],
)
def test_every_spelling_of_a_video_is_one_resource(url: str) -> None:
    found = resource_of(url, "注意力 · Attention", [("Basics",)])
    assert found is not None
    assert (found.kind, found.id) == (Kind.VIDEO, VIDEO)
    assert found.url == f"https://www.youtube.com/watch?v={VIDEO}"
    assert (found.title, found.sections) == ("注意力 · Attention", (("Basics",),))


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/playlist?list=PLoROMvodv4rN",
        "youtube.com/playlist?feature=share&list=PLoROMvodv4rN",
        "https://www.youtube.com/embed/videoseries?list=PLoROMvodv4rN",
        "https://www.youtube.com/watch?list=PLoROMvodv4rN",
    ],
)
def test_a_playlist_has_the_id_of_the_list(url: str) -> None:
    found = resource_of(url)
    assert found is not None
    assert (found.kind, found.id) == (Kind.PLAYLIST, "PLoROMvodv4rN")
    assert found.url == "https://www.youtube.com/playlist?list=PLoROMvodv4rN"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://youtube.com/@3blue1brown/videos?view=0", "https://www.youtube.com/@3blue1brown"),
        ("https://m.youtube.com/@李宏毅/", "https://www.youtube.com/@%E6%9D%8E%E5%AE%8F%E6%AF%85"),
        (
            "https://www.youtube.com/@%E6%9D%8E%E5%AE%8F%E6%AF%85",
            "https://www.youtube.com/@%E6%9D%8E%E5%AE%8F%E6%AF%85",
        ),
        ("https://www.youtube.com/channel/UCabc/featured", "https://www.youtube.com/channel/UCabc"),
        ("https://www.youtube.com/c/Lectures/streams", "https://www.youtube.com/c/Lectures/streams"),
        ("https://www.youtube.com/user/lectures", "https://www.youtube.com/user/lectures"),
    ],
)
def test_a_channel_is_a_playlist(url: str, canonical: str) -> None:
    found = resource_of(url)
    assert found is not None
    assert (found.kind, found.url, len(found.id)) == (Kind.PLAYLIST, canonical, 12)


@pytest.mark.parametrize(
    "url",
    [
        f"https://youtube.com.evil.org/watch?v={VIDEO}",
        f"https://notyoutube.com/watch?v={VIDEO}",
        f"https://youtube.com@evil.org/watch?v={VIDEO}",
        f"https://evil.org/youtube.com/watch?v={VIDEO}",
        f"https://evil.org/youtu.be/{VIDEO}",
        f"https://www.youtube.com/watch?v={VIDEO}x",
        "https://www.youtube.com/embed/live_stream?channel=UCabc",
        f"https://www.youtube.com/redirect?q=https%3A%2F%2Fa.org&v={VIDEO}",
        "https://www.youtube.com/",
        "https://arxiv.org.evil.org/abs/1706.03762",
        "https://arxiv.org/list/cs.CL/recent",
    ],
)
def test_lookalikes_of_videos_and_papers_are_pages(url: str) -> None:
    found = resource_of(url)
    assert found is not None
    assert found.kind is Kind.PAGE
    assert found.id not in (VIDEO, "")


@pytest.mark.parametrize(
    "url",
    [
        "https://arxiv.org/abs/1706.03762",
        "http://www.arxiv.org/abs/1706.03762v7?context=cs",
        "https://arxiv.org/pdf/1706.03762.pdf",
        "arxiv.org/pdf/1706.03762v2",
        "https://export.arxiv.org/html/1706.03762v7#S3",
        "https://arxiv.org/abs/1706.03762.",
    ],
)
def test_every_form_of_an_arxiv_paper_is_one_resource(url: str) -> None:
    found = resource_of(url)
    assert found is not None
    assert (found.kind, found.url) == (Kind.PAPER, "https://arxiv.org/abs/1706.03762")


@pytest.mark.parametrize(
    ("url", "kind", "canonical"),
    [
        ("https://arxiv.org/abs/hep-th/9901001v1", Kind.PAPER, "https://arxiv.org/abs/hep-th/9901001"),
        ("https://a.org/论文.PDF?download=1", Kind.PAPER, "https://a.org/%E8%AE%BA%E6%96%87.PDF?download=1"),
        ("HTTPS://Example.ORG", Kind.PAGE, "https://example.org/"),
        ("https://a.org/x?utm_source=n&id=3&fbclid=4&UTM_Term=t&gclid=5#part", Kind.PAGE, "https://a.org/x?id=3"),
        ("https://a.org/x?utm_source=n", Kind.PAGE, "https://a.org/x"),
        ("http://a.org:80/x", Kind.PAGE, "http://a.org/x"),
        ("https://a.org:8443/x", Kind.PAGE, "https://a.org:8443/x"),
        ("https://User:Pass@A.org/x", Kind.PAGE, "https://User:Pass@a.org/x"),
        ("https://例え.JP/注意", Kind.PAGE, "https://xn--r8jz45g.jp/%E6%B3%A8%E6%84%8F"),
        ("http://[2001:DB8::1]:8080/x", Kind.PAGE, "http://[2001:db8::1]:8080/x"),
        ("https://a.org/a b\u202e<>", Kind.PAGE, "https://a.org/a%20b%E2%80%AE%3C%3E"),
        ("www.a.org/x", Kind.PAGE, "https://www.a.org/x"),
    ],
)
def test_pages_and_papers_have_one_address(url: str, kind: Kind, canonical: str) -> None:
    found = resource_of(url)
    assert found is not None
    assert (found.kind, found.url) == (kind, canonical)
    again = resource_of(found.url)
    assert again is not None
    assert (again.id, again.url) == (found.id, found.url)


@pytest.mark.parametrize(
    "url", ["https://a.org:99999/x", "https://a.org:port/", "http://[::1/x", "http://", "http://..例/"]
)
def test_a_broken_address_stays_on_the_list_as_a_page(url: str) -> None:
    found = resource_of(url)
    assert found is not None
    assert found.kind is Kind.PAGE
    assert found.url.isascii()
    assert found.url.startswith("http")


@pytest.mark.parametrize(
    "text", ["", VIDEO, "mailto:a@b.org", "javascript:alert(1)", "ftp://a.org/x", "notes.md", "httpx"]
)
def test_other_texts_are_no_web_address(text: str) -> None:
    assert resource_of(text) is None


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
    found = resource_of_path(tmp_path / name)
    assert (found.kind, found.title, found.url) == (kind, title, (tmp_path / name).resolve().as_uri())
    assert len(found.id) == 12
    assert resource_of_path(tmp_path / "sub" / ".." / name, "Given").id == found.id
    assert resource_of_path(tmp_path / name, "Given").title == "Given"


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("talks/%E6%B3%A8.ogg#t=12", "/lists/talks/注.ogg"),
        ("my talk.ogg?raw=1", "/lists/my talk.ogg"),
        ("../up.md", "/up.md"),
        ("/else/where.pdf", "/else/where.pdf"),
        ("file:///else/a%20b.ogg", "/else/a b.ogg"),
        ("file://localhost/else/a.ogg", "/else/a.ogg"),
        ("100%.md", "/lists/100%.md"),
    ],
)
def test_a_link_to_a_file_is_decoded_and_resolved(href: str, path: str) -> None:
    found = resource_of_link(href, base=Path("/lists"))
    assert found is not None
    assert found.url == Path(path).as_uri()


def test_a_link_with_broken_escapes_still_names_a_file() -> None:
    found = resource_of_link("%00%E6%zz.md", base=Path("/lists"))
    assert found is not None
    assert found.kind is Kind.DOCUMENT


@pytest.mark.parametrize(
    "href", ["#top", "?page=2", "mailto:a@b.org", "tel:+49", "javascript:alert(1)", "data:,x", "file:"]
)
def test_anchors_mail_and_scripts_are_no_resources(href: str) -> None:
    assert resource_of_link(href, base=Path("/lists")) is None


def test_a_relative_link_needs_a_folder_and_a_file_url_does_not() -> None:
    assert resource_of_link("talk.ogg") is None
    assert resource_of_link("file:///talk.ogg") is not None


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
    found = resource_of_link(href, "讲座 talk", [("Basics",)], "https://user:pass@a.org:8443/lists/list.md?x=1")
    assert found is not None
    assert (found.kind, found.title, found.sections) == (Kind.PAGE, "讲座 talk", (("Basics",),))
    assert found.url.replace("user:pass@a.org:8443", "a.org") == url


def test_localhost_in_a_list_on_the_web_is_not_this_machine() -> None:
    for host, own in [("localhost", "127.0.0.1"), ("localhost:8000", "127.0.0.1"), ("[::1]:80", "[::1]")]:
        found = resource_of_link("file:///etc/passwd", base=f"http://{host}/list.md")
        assert found is not None
        assert found.url == f"file://{own}/etc/passwd"


@pytest.mark.parametrize("href", ["", "#top", "?page=2", "mailto:a@b.org", "javascript:alert(1)", "file:", "talk: x"])
def test_anchors_mail_and_scripts_of_a_list_on_the_web_are_no_resources(href: str) -> None:
    assert resource_of_link(href, base="https://a.org/list.md") is None


def test_captions_belong_to_the_recording_or_video_they_are_named_after() -> None:
    names = [
        "1. Intro.en.mp4", "1. Intro.en.vtt", "alone.en.srt", "alone.zh.srt", "cover.jpg", "talk.ogg", "talk.vtt",
        f"注意力 [{VIDEO}].en.vtt", f"注意力 [{VIDEO}].webm", f"注意力 [{VIDEO}].zh-Hans.vtt",
    ]  # fmt: skip
    found = resources_of_files([Path("/talks") / name for name in names], [("week 1",)])
    assert [(r.kind, r.title, r.url) for r in found] == [
        (Kind.RECORDING, "1. Intro.en", "file:///talks/1.%20Intro.en.mp4"),
        (Kind.RECORDING, "alone", "file:///talks/alone.en.srt"),
        (Kind.RECORDING, "talk", "file:///talks/talk.ogg"),
        (Kind.VIDEO, "注意力", f"https://www.youtube.com/watch?v={VIDEO}"),
    ]
    assert {r.sections for r in found} == {(("week 1",),)}


def test_json_is_captions_only_with_a_video_id_and_language(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("讲座 [aaaaaaaaaaa].info.json", "讲座 [aaaaaaaaaaa].zh.json", "notes.json")]
    (video,) = resources_of_files(files)
    assert (video.id, video.title) == ("aaaaaaaaaaa", "讲座")
