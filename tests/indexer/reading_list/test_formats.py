"""Bookmarks of browsers and of services, lists of feeds, and outlines with links."""

from __future__ import annotations

from pathlib import Path

import pytest

from seekpoint.index.types import Kind
from tests.cost import at_most
from tests.indexer.reading_list.listed import fault, read, remark, rows

HEAD = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<!-- This is an automatically generated file.
     It will be read and overwritten. DO NOT EDIT! -->
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE>
<H1>Bookmarks</H1>
"""
CHROME = f"""{HEAD}<DL><p>
    <DT><H3 ADD_DATE="1700000000" PERSONAL_TOOLBAR_FOLDER="true">Bookmarks bar</H3>
    <DL><p>
        <DT><A HREF="https://a.org/x?a=1&amp;b=2" ADD_DATE="1" ICON="data:image/png;base64,AAAA">Q &amp; A</A>
        <DT><H3>机器学习</H3>
        <DL><p>
            <DT><A HREF="https://youtu.be/aaaaaaaaaaa">注意力 <b>机制</b></A>
        </DL><p>
        <DT><A HREF="https://b.org/">https://b.org/</A>
    </DL><p>
    <DT><A HREF="javascript:alert(1)">Bookmarklet</A>
    <DT><A HREF="place:type=6&sort=14" TAGS="x">Recent</A>
    <DT><A HREF="chrome://settings">Settings</A>
    <DT><A HREF="">Nothing</A>
    <DT><A HREF="?relative">Relative</A>
    <DT><A HREF="https://c.org/" TAGS="数学,maths">Tagged</A>
    <DD>A description with <a href="https://d.org/">its own link</a>
</DL><p>
"""


def test_folders_are_sections_and_tags_are_where_there_is_no_folder(tmp_path: Path) -> None:
    found = read(tmp_path, "书签.html", CHROME)
    bar = "Bookmarks bar"
    assert rows(found) == [
        ("Q & A", "a.org/x?a=1&b=2", ((bar,),)),
        ("注意力 机制", "www.youtube.com/watch?v=aaaaaaaaaaa", ((bar, "机器学习"),)),
        ("", "b.org/", ((bar,),)),
        ("Tagged", "c.org/", (("数学",), ("maths",))),
        ("its own link", "d.org/", ()),
    ]
    assert remark(found) == "5 of 10 entries left out: 2 without an address, 1 javascript:, 1 place:, 1 chrome:"


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n\t<HTML>\n\t<Title>B</Title>\n\t<DT><H3 FOLDED>讲座</H3>\n\t<DL><p>"
        '<DT><A HREF="https://a.org/x">X</A>\n\t</DL><p>\n</HTML>',
        '<!doctype netscape-bookmark-file-1><dl><dt><h3>讲座</h3><dl><dt><a href="https://a.org/x">X</a></dt></dl></dl>',
        "<!-- by hand --> <!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT><H3>讲座</H3><DL><DT><A HREF=https://a.org/x>X",
    ],
    ids=["Safari", "closed elements", "open elements"],
)
def test_elements_may_be_closed_or_not(tmp_path: Path, text: str) -> None:
    assert rows(read(tmp_path, "b.htm", text)) == [("X", "a.org/x", (("讲座",),))]


def test_the_declared_encoding_counts_where_it_is_not_utf_8(tmp_path: Path) -> None:
    text = f'{HEAD}<DL><DT><A HREF="https://a.org/x">Café</A></DL>'.replace("UTF-8", "ISO-8859-1")
    assert rows(read(tmp_path, "b.html", text.encode("latin-1"))) == [("Café", "a.org/x", ())]


def test_other_html_is_a_page(tmp_path: Path) -> None:
    page = "<!DOCTYPE html><p>The format begins with &lt;!DOCTYPE NETSCAPE-Bookmark-file-1></p><a href='https://a.org'>a</a>"
    (only,) = read(tmp_path, "page.html", page).resources
    assert only.kind is Kind.DOCUMENT
    assert "a web page, not a browser's bookmarks" in fault(tmp_path, "page.html", page, is_trusted=False)


def test_hostile_and_empty_bookmarks_are_refused_in_a_line(tmp_path: Path) -> None:
    deep = "<DT><H3>x</H3><DL><p>" * 200 + '<DT><A HREF="https://a.org">a</A>'
    assert "more than 100 folders within each other" in fault(tmp_path, "b.html", f"{HEAD}<DL><p>{deep}")
    only = f'{HEAD}<DL><DT><A HREF="javascript:x">x</A></DL>'
    told = "no links found (looked for bookmarks, <A HREF>); 1 of 1 entry left out: 1 javascript:"
    assert fault(tmp_path, "b.html", only).endswith(told)


@pytest.mark.parametrize(
    "unit",
    ["<DL>" * 100_000, "<A HREF='" * 50_000, "<!--" * 100_000, "</DL>" * 100_000, "<H3>" * 100_000, "<" * 300_000],
)
def test_marks_without_an_end_take_no_time(tmp_path: Path, unit: str) -> None:
    text = f'{HEAD}<DL><DT><A HREF="https://a.org/x">\x1b[31m红\u202e</A></DL>{unit}'
    with at_most(10):
        assert rows(read(tmp_path, "b.html", text))[0] == ("红", "a.org/x", ())


def test_more_than_a_person_collects_is_refused(tmp_path: Path) -> None:
    many = f"{HEAD}<DL>{'<DT><A HREF=x>x</A>' * 100_001}</DL>"
    assert "more than 100,000 entries are too much for a reading list: split it" in fault(tmp_path, "b.html", many)
    tags = ",".join(f"注{number}" for number in range(30))
    (only,) = read(tmp_path, "b.html", f'{HEAD}<DL><DT><A HREF="https://a.org/x" TAGS="{tags}">x</A></DL>').resources
    assert len(only.sections) == 20


@pytest.mark.slow
@pytest.mark.parametrize("count", [10_000, pytest.param(50_000, marks=pytest.mark.nightly)])
def test_thousands_with_their_icons_are_read_in_seconds(tmp_path: Path, count: int) -> None:
    icon = "A" * (30_000_000 // count)
    lines = (
        f'<DT><A HREF="https://a.org/{n}" ICON="data:image/png;base64,{icon}">第 {n} 讲</A>\n' for n in range(count)
    )
    text = f"{HEAD}<DL><p><DT><H3>讲座</H3><DL><p>{''.join(lines)}</DL><p></DL><p>"
    assert len(text) > 30_000_000, "more than other lists may have"
    with at_most(count / 1600):
        found = read(tmp_path, "b.html", text)
    assert (found.entries, found.resources[-1].title) == (count, f"第 {count - 1} 讲")


FEEDS = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0">
  <head><title>订阅</title></head>
  <body>
    <outline text="播客 Podcasts">
      <outline text="机器学习" title="Machine learning">
        <outline type="rss" text="讲座" xmlUrl="https://a.org/feed.xml?a=1&b=2&amp;c=3" htmlUrl="https://a.org/"/>
      </outline>
      <outline type="rss" text="Y" XMLURL=" https://b.org/rss "/>
    </outline>
    <outline type="link" text="A\x01 pa\x1bge\u202e" url="https://c.org/page"/>
    <outline text="Only the site" htmlUrl="https://d.org/"/>
    <outline text="YouTube" xmlUrl="https://www.youtube.com/feeds/videos.xml?channel_id=UC_x5XG1OV2P6uZZ5FSM9Ttw"/>
    <outline text="A list" xmlUrl="https://www.youtube.com/feeds/videos.xml?playlist_id=PL0123456789"/>
    <outline text="A note, without a link"/>
    <outline text="Old" xmlUrl="itpc://e.org/feed"/>
    <outline text="Odd" xmlUrl="news:e.org"/>
  </body>
</opml>
"""


def test_each_feed_is_an_entry_under_its_outlines(tmp_path: Path) -> None:
    found = read(tmp_path, "订阅.opml", FEEDS)
    podcasts = "播客 Podcasts"
    assert rows(found) == [
        ("讲座", "a.org/feed.xml?a=1&b=2&c=3", ((podcasts, "Machine learning"),)),
        ("Y", "b.org/rss", ((podcasts,),)),
        ("A page", "c.org/page", ()),
        ("Only the site", "d.org/", ()),
        ("YouTube", "www.youtube.com/channel/UC_x5XG1OV2P6uZZ5FSM9Ttw", ()),
        ("A list", "www.youtube.com/playlist?list=PL0123456789", ()),
        ("Old", "e.org/feed", ()),
    ]
    assert [one.kind is Kind.PLAYLIST for one in found.resources] == [True, True, False, False, True, True, True]
    assert remark(found) == "2 of 9 entries left out: 1 without an address, 1 news:"
    assert rows(read(tmp_path, "feeds.xml", FEEDS)) == rows(found), "whatever its suffix"


def test_the_encoding_that_an_outline_declares_is_used(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="big5"?><opml><outline text="注意力" xmlUrl="https://a.org/"/></opml>'
    assert rows(read(tmp_path, "f.opml", text.encode("big5"))) == [("注意力", "a.org/", ())]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\n".join(FEEDS.splitlines()[:6]), "line 6 isn't well-formed XML"),
        ('<!DOCTYPE o [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><opml><outline text="&b;"/></opml>', "declares entities"),
        (
            '<!DOCTYPE o [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml><outline text="&a;"/></opml>',
            "declares entities",
        ),
        (
            "<opml>" + "<outline text='x'>" * 200 + "</outline>" * 200 + "</opml>",
            "more than 100 folders within each other",
        ),
        (
            "<opml><body><outline text='空'/></body></opml>",
            "no links found (looked for outlines with xmlUrl or url); 1 of 1",
        ),
    ],
    ids=["cut", "bomb", "outside", "deep", "empty"],
)
def test_damaged_and_hostile_outlines_are_refused_in_a_line(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in fault(tmp_path, "f.opml", text)
