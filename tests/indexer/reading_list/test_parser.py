"""Reading lists and playlists become resources."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from seekpoint.index.errors import SourceError
from seekpoint.index.types import Kind, Playlist, PlaylistEntry, Resource
from seekpoint.indexer.reading_list.links import parse_markdown, parse_urls
from seekpoint.indexer.reading_list.parser import expand_playlists, merge, read_source, unavailable_entries
from tests.cost import at_most
from tests.feeds import feed, item
from tests.indexer.reading_list.listed import fault, read

LIST = """\
---
title: not a link https://front.org
---
# Talks on attention, 注意力

A word before: <https://before.org/>, seen on fast.ai, see README.md.

## Basics

- [Attention, **plainly** with `QK` &amp; V](https://youtu.be/aaaaaaaaaaa?t=3 "tooltip")
  - nested: [注意力机制 [中文]](https://www.youtube.com/watch?v=bbbbbbbbbbb)
    1. **[deeper](https://a.org/deeper)**

### Videos by others

[![thumbnail alt](thumb.jpg)](https://youtu.be/ccccccccccc) ![not a link](https://img.org/x.png)

| talk | where |
|------|-------|
| [table \\| cell](https://a.org/table) | https://b.org/bare_in_table_ |

基础
----

请看https://youtu.be/ddddddddddd，再看 https://c.org/x。youtu.be/eeeeeeeeeee
<a href="https://d.org/?a=1&amp;b=2">raw <i>inline</i></a> and [by reference][r], again [r]

<ul><li><a class=x href='https://e.org'>raw
block</a> <img src=y></li></ul>

[r]: https://f.org/ref

## A [course](https://g.org/course) heading

    https://code.org/indented

`https://code.org/inline` [mail](mailto:a@b.org) [js](javascript:alert(1)) [top](#top) ~~[old](https://h.org)~~

```
[fenced](https://code.org/fenced)
```
"""


def rows(text: str, base: Path | None = None) -> list[tuple[str, str, tuple[str, ...]]]:
    """The title, address without scheme, and section path of each entry."""
    return [
        (entry.title, entry.url.split("//")[1], entry.sections[0] if entry.sections else ())
        for entry in parse_markdown(text, base)
    ]


def test_a_list_gives_each_link_with_title_and_section() -> None:
    others = ("Basics", "Videos by others")
    assert rows(LIST) == [
        ("", "before.org/", ()),
        ("Attention, plainly with QK & V", "www.youtube.com/watch?v=aaaaaaaaaaa", ("Basics",)),
        ("注意力机制 [中文]", "www.youtube.com/watch?v=bbbbbbbbbbb", ("Basics",)),
        ("deeper", "a.org/deeper", ("Basics",)),
        ("thumbnail alt", "www.youtube.com/watch?v=ccccccccccc", others),
        ("table | cell", "a.org/table", others),
        ("", "b.org/bare_in_table_", others),
        ("", "www.youtube.com/watch?v=ddddddddddd", ("基础",)),
        ("", "c.org/x", ("基础",)),
        ("", "www.youtube.com/watch?v=eeeeeeeeeee", ("基础",)),
        ("raw inline", "d.org/?a=1&b=2", ("基础",)),
        ("by reference", "f.org/ref", ("基础",)),
        ("r", "f.org/ref", ("基础",)),
        ("raw block", "e.org/", ("基础",)),
        ("course", "g.org/course", ("A course heading",)),
        ("old", "h.org/", ("A course heading",)),
    ]


X, Y = "https://a.org/x", "https://b.org/x"


def test_titles_and_sections() -> None:
    cases: dict[str, list[tuple[str, tuple[str, ...]]]] = {
        f"# Title\n## One\n### Two\n<{X}>": [("", ("One", "Two"))],
        f"# One\n<{X}>\n# 二\n<{Y}>": [("", ("One",)), ("", ("二",))],
        f"<{X}>\n\n# Late\n<{Y}>": [("", ()), ("", ("Late",))],
        f"## A\n#### B\n<{X}>\n### C\n<{Y}>\n": [("", ("A", "B")), ("", ("A", "C"))],
        f"<h2>Raw <b>注</b></h2>\n\n[x]({X})": [("x", ("Raw 注",))],
        f"[{X}]({X})": [("", ())],
        f"[]({X})": [("", ())],
        f"## Sec\u202etion\n[\x1b\\[31mred\u202e | [注]\nsecond]({X})": [("red | [注] second", ("Section",))],
    }
    for text, expected in cases.items():
        assert rows(text) == [(title, url[8:], path) for url, (title, path) in zip((X, Y), expected, strict=False)]


def test_broken_markup_is_accepted() -> None:
    for text in ("[x](https://a.org/(b c) end", "[x](https://a.org/ b)", "<![x[ <a href='", "<!--", "\0", "[" * 500):
        assert parse_markdown(f"{text}\n\n-->\n\n[after]({Y})")[-1].url == Y
    for text in (f"[{X}]({X}) <a href='https://['>x</a>", f"{X} [x](//)", f"{X} [x](http://a..例/)"):
        assert [entry.kind for entry in parse_markdown(text)] == [Kind.PAGE, Kind.PAGE], "a broken address stays"


def test_long_lines_and_thousands_of_links_and_headings_are_read() -> None:
    for line in ("a" * 600_000, "注意力，" * 150_000, f"![](data:image/png;base64,{'A' * 600_000})"):
        assert len(parse_markdown(f"{line}\n\n<https://a.org/x>")) == 1
    links = "\n".join(f"- [第 {n} 讲](https://youtu.be/{n:011d})" for n in range(2000))
    assert len(merge(parse_markdown(links))) == 2000
    headings = "\n".join(f"## 第 {n} 周\n[讲座](https://youtu.be/aaaaaaaaaaa)" for n in range(2000))
    (video,) = merge(parse_markdown(headings))
    assert video.sections[::1999] == (("第 0 周",), ("第 1999 周",))


def test_long_titles_are_cut() -> None:
    long, longer = "注意 " * 166 + "ab", "注意 " * 166 + "abc"
    text = f"## {longer}\n[{long}](https://a.org/x) [{longer}](https://b.org/x)\n\n{longer * 999}\n---\nhttps://c.org/x"
    cut = longer[:499] + "…"
    assert [(row[0], row[2]) for row in rows(text)] == [(long, (cut,)), (cut, (cut,)), ("", (cut,))]
    address = f"https://a.org/{'x' * 600}"
    assert rows(address) == rows(f"[{address}]({address})") == [("", address[8:], ())]


@pytest.mark.parametrize(
    "text",
    [
        *("<div>\n" + unit * 20_000 for unit in ("<a href='", "<a ", "</a", "<?", "<a href=x><h1>", "<p><table>")),
        "<div>\n" + "<!--" * 9_999,
        "注意" + " http://" * 20_000,
    ],
)
def test_the_time_grows_with_the_length_of_a_list_alone(text: str) -> None:
    with at_most(5):
        parse_markdown(text)


def test_headings_and_links_go_on_over_paragraphs_and_tables() -> None:
    text = '<h2>第一周 <p>Masks <table><tr><td>掩码</table></h2>\n<a href="https://a.org/x">A <p>talk</p> 讲座</a>'
    assert rows(text) == [("A talk 讲座", "a.org/x", ("第一周 Masks 掩码",))]
    assert rows("</div></em> <a\nHREF = https://a.org/x >T</A > <!-- <a href='https://b.org'> -->") == [
        ("T", "a.org/x", ())
    ]


def test_unfetchable_addresses_stay_on_the_list() -> None:
    text = "[论文](ftp://a.org/x) and ftp://b.org/y [torrent](magnet:?xt=1) [run](javascript://%0aalert(1))"
    assert [(entry.kind, entry.title, entry.url) for entry in parse_markdown(text)] == [
        (Kind.PAGE, "论文", "ftp://a.org/x"),
        (Kind.PAGE, "", "ftp://b.org/y"),
    ]


def test_nested_lists_are_read_whole_or_refused() -> None:
    nested = [f"{'  ' * level}- <https://a.org/{level}>" for level in range(60)]
    assert len(parse_markdown("\n".join(nested[:40]))) == 40
    with pytest.raises(SourceError, match="line 50 is nested too deep"):
        parse_markdown("\n".join(nested))
    with pytest.raises(SourceError, match="nested"):  # as many marks as are accepted
        parse_markdown("> " * 300 + "[x](https://a.org/x) " * 50_000)


def test_a_text_of_addresses_has_comments_and_words_around() -> None:
    text = """\
# 注释 https://youtu.be/commented00
#https://youtu.be/commented00

https://youtu.be/aaaaaaaaaaa https://a.org/x
    A title - https://a.org/y, and words after
标题：www.youtube.com/watch?v=ccccccccccc [markdown](https://b.org/x)
"""
    watch, found = "https://www.youtube.com/watch?v=", parse_urls(text)
    urls = [f"{watch}aaaaaaaaaaa", "https://a.org/x", "https://a.org/y", f"{watch}ccccccccccc", "https://b.org/x"]
    assert [(entry.title, entry.url) for entry in found] == list(zip(["", "", "", "", "markdown"], urls, strict=True))


@pytest.mark.parametrize(
    ("encoding", "newline"), [("utf-8", "\n"), ("utf-8-sig", "\r\n"), ("utf-16", "\n"), ("gb18030", "\r\n")]
)
def test_a_list_is_read_in_the_encodings_people_save(tmp_path: Path, encoding: str, newline: str) -> None:
    file = tmp_path / "列表.md"
    file.write_bytes(newline.join(["---", "a: b", "---", "## 基础", "[注意力](talk.ogg)"]).encode(encoding))
    found = read_source(str(file))
    assert (found.source, found.folder, found.entries) == (str(file.resolve()), None, 1)
    (talk,) = found.resources
    assert (talk.title, talk.sections) == ("注意力", (("基础",),))
    assert talk.url == (tmp_path / "talk.ogg").resolve().as_uri()
    assert read_source(file.as_uri()) == found


def test_a_recording_a_paper_an_address_or_captions_are_a_list_of_one(tmp_path: Path) -> None:
    for name, kind in [("talk.ogg", Kind.RECORDING), ("p.pdf", Kind.PAPER), ("page.html", Kind.DOCUMENT)]:
        (tmp_path / name).write_bytes(b"\0\1")
        assert [resource.kind for resource in read_source(str(tmp_path / name)).resources] == [kind]
    text = tmp_path / "list.txt"
    text.write_text("# https://youtu.be/commented00\nhttps://youtu.be/aaaaaaaaaaa\n", "utf-8")
    assert [resource.id for resource in read_source(str(text)).resources] == ["aaaaaaaaaaa"]
    captions = tmp_path / "讲座 [aaaaaaaaaaa].zh.vtt"
    captions.write_text("WEBVTT\n", "utf-8")
    found = read_source(str(captions))
    assert (found.resources[0].id, found.folder) == ("aaaaaaaaaaa", tmp_path.resolve())
    found = read_source("youtu.be/aaaaaaaaaaa?t=3")
    assert (found.source, found.entries) == ("https://www.youtube.com/watch?v=aaaaaaaaaaa", 1)
    assert read_source(f"https://a.org/{'x' * 5000}").resources[0].kind is Kind.PAGE


def test_a_markdown_file_with_text_and_no_links_is_a_note_unless_others_wrote_it(tmp_path: Path) -> None:
    note = tmp_path / "笔记.md"
    note.write_text("# 注意力\n\n掩码，见 [[softmax]] 和 `https://code.org`。\n", "utf-8")
    found = read_source(str(note))
    assert [(each.kind, each.url) for each in found.resources] == [(Kind.DOCUMENT, note.resolve().as_uri())]
    assert found.remarks == (f"{note.resolve()}: it has no links, so it is read as a note",)
    with pytest.raises(SourceError, match="no links found"):
        read_source(str(note), is_trusted=False)


def test_a_folder_is_read_with_its_subfolders_as_sections(tmp_path: Path) -> None:
    names = [
        "intro.mp3", "intro.en.vtt", "intro.zh.vtt", "cover.jpg", ".hidden.vtt", ".git/x.vtt", "paper.pdf", "notes.md",
        "第一周/day 2/Talk [aaaaaaaaaaa].en.vtt", "第一周/day 2/Talk [aaaaaaaaaaa].zh-Hans.srt",
        "week 2/Talk [aaaaaaaaaaa].de.vtt", "week 2/图.jpg", "week 2/Makefile", "paper.pptx",
    ]  # fmt: skip
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", "utf-8")
    (tmp_path / "week 2" / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = read_source(str(tmp_path))
    assert (found.source, found.folder, found.entries) == (str(tmp_path.resolve()), tmp_path.resolve(), 5)
    assert [(r.kind, r.file_title, r.sections) for r in found.resources] == [
        (Kind.RECORDING, "intro", ()),
        (Kind.DOCUMENT, "", ()),
        (Kind.PAPER, "", ()),
        (Kind.VIDEO, "Talk", (("week 2",), ("第一周", "day 2"))),
    ]
    remarks = [
        "3 files of kinds that aren't read: 2 .jpg, 1 Makefile",
        "1 document left out, as a PDF of the same name is read",
    ]
    assert found.remarks == tuple(f"{tmp_path.resolve()}: {remark}" for remark in remarks)


@pytest.mark.skipif(os.name == "nt", reason="a link takes a right of its own")
def test_links_out_of_a_folder_are_told_and_not_followed(tmp_path: Path) -> None:
    folder, others = tmp_path / "金库", tmp_path / "others"
    for name in ("金库/笔记/a.md", "others/secret.md", "others/secret.pdf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("注意力", "utf-8")
    (folder / "elsewhere").symlink_to(others)
    (folder / "talk.pdf").symlink_to(others / "secret.pdf")
    (folder / "twice").symlink_to(folder / "笔记")
    (folder / "b.md").symlink_to(folder / "笔记" / "a.md")
    found = read_source(str(folder))
    assert [Path(one.url).name for one in found.resources] == ["a.md"]
    (remark,) = found.remarks
    told = "2 links left out that lead out of this folder, give them as sources: elsewhere, talk.pdf"
    assert remark == f"{folder.resolve()}: {told}"
    for name in ("b.md", "笔记/a.md"):
        (folder / name).unlink()
    with pytest.raises(SourceError, match=f"in this folder; {told}"):
        read_source(str(folder))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("blank.txt", b" \n\t\n", "is empty"),
        ("prose.txt", "没有链接 no links".encode(), "no links found"),
        ("marks.md", "---\ntitle: 空\n---\n* * *\n".encode(), "no links found"),
        ("slides.PPT", b"\xd0\xcf", "slides.PPT: .ppt files aren't read yet: convert it to PDF or text"),
        ("odd.md", b"\xff\xff caf\xe9 \x81", "UTF-8"),
        ("huge.md", b"x" * 20_000_001, "too much for a reading list"),
    ],
)
def test_a_file_that_is_no_list_is_reported_in_one_line(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    assert message in fault(tmp_path, name, data)


@pytest.mark.parametrize(
    "source", ["nothing.md", "", " ", "aaaaaaaaaaa", "ftp://a.org/x", "a\0b", "a\nb\x1b[31m", "x" * 5000]
)
def test_what_is_neither_a_file_nor_an_address_is_reported_in_one_line(source: str) -> None:
    with pytest.raises(SourceError, match=r"no such file or folder.*https://|can't read") as raised:
        read_source(source)
    assert str(raised.value).isprintable()


def test_a_folder_without_anything_to_read_says_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "cover.jpg").write_bytes(b"\xff\xd8")
    kinds = r"no captions \(.*\.srt, .*\), recordings, documents \(\.pdf, .*\), web pages or text files"
    with pytest.raises(SourceError, match=kinds):
        read_source(str(tmp_path))


OWN = '<link>https://a.example</link><atom:link href="https://a.example/a?a=1&amp;b=2" rel="self"/>'
ATOM = (
    "<entry><link rel='self' href='https://b.example/1'/><link rel='enclosure' href='https://b.example/1.mp3'/></entry>"
)


@pytest.mark.parametrize("is_trusted", [True, False])
@pytest.mark.parametrize(
    ("name", "text", "address"),
    [
        ("feed.rss", feed(item("第一集"), header=OWN), "https://a.example/a?a=1&b=2"),
        (
            "feed.xml",
            feed(item("第一集"), header=OWN.replace("https://a.example/a", "javascript:")),
            "https://example.org",
        ),
        ("feed", f"\ufeff<feed xmlns='http://www.w3.org/2005/Atom'>{ATOM}</feed>", "https://example.org/feed.xml"),
        ("list.txt", feed(item("第一集"))[:-10], "https://example.org/feed.xml"),
    ],
    ids=["its own", "no address", "Atom", "cut"],
)
def test_a_feed_that_was_saved_is_read_from_its_address(
    tmp_path: Path, name: str, text: str, address: str, is_trusted: bool
) -> None:
    told = fault(tmp_path, name, text, is_trusted=is_trusted)
    assert f"{name}: this is the feed of a podcast: give its address, such as {address}" in told


def test_the_feed_of_a_blog_is_a_list_of_its_links(tmp_path: Path) -> None:
    text = feed(item("A text", "<link>https://a.example/1</link>", sound=None))
    assert [each.url for each in read(tmp_path, "blog.xml", text).resources][-1] == "https://a.example/1"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_source_is_reported(tmp_path: Path) -> None:
    locked, file = tmp_path / "locked", tmp_path / "list.md"
    locked.mkdir(mode=0o000)
    file.touch(mode=0o000)
    for source in (locked, locked / "list.md", tmp_path, file):
        with pytest.raises(SourceError, match=r"can't read .*: Permission denied"):
            read_source(str(source))
    locked.chmod(0o700)


A, B, C = "aaaaaaaaaaa", "bbbbbbbbbbb", "ccccccccccc"


def video(video_id: str, title: str = "", *path: str) -> Resource:
    return Resource(video_id, Kind.VIDEO, title, f"https://youtu.be/{video_id}", (path,) if path else ())


def playlist(name: str, title: str = "", *path: str) -> Resource:
    return replace(video(name, title, *path), kind=Kind.PLAYLIST)


def holding(title: str, *entries: Resource, **missing: str) -> Playlist:
    gone = [PlaylistEntry(video(video_id), fault) for video_id, fault in missing.items()]
    return Playlist(title, (*map(PlaylistEntry, entries), *gone))


def shown(resources: tuple[Resource, ...]) -> list[tuple[str, str, tuple[tuple[str, ...], ...]]]:
    return [(r.id, r.title, r.sections) for r in resources]


def test_entries_follow_their_playlist_under_its_headings_and_the_lists_titles() -> None:
    held = {"PL1": holding("CS25 讲座", video(A, "Lecture 1"), video(B, "第二讲"))}
    titled = [playlist("PL1", "Stanford", "X"), video(A, "My words", "Y"), video(B, "", "Y")]
    both = (("X", "Stanford"), ("Y",))
    assert shown(expand_playlists(titled, held)) == [
        ("PL1", "Stanford", (("X",),)),
        (A, "My words", both),
        (B, "第二讲", both),
    ]
    twice = replace(playlist("PL1"), sections=(("A",), ("B", "C")))
    assert expand_playlists([twice], held)[1].sections == (("A", "CS25 讲座"), ("B", "C", "CS25 讲座"))
    [_, entry, *_] = expand_playlists([replace(twice, sections=(("CS25 讲座",), ("B",)))], held)
    assert entry.sections == (("CS25 讲座",), ("B", "CS25 讲座")), "a heading with its name stands for it"
    assert expand_playlists([playlist("PL1")], {}) == (playlist("PL1"),)


def test_a_video_available_in_one_playlist_is_available() -> None:
    held = {"PL1": holding("One", aaaaaaaaaaa="private", bbbbbbbbbbb="deleted"), "PL2": holding("Two", video(B))}
    assert unavailable_entries(held) == {A: "private"}
