"""Lists of feeds, and outlines with links."""

from __future__ import annotations

from pathlib import Path

import pytest

from seekpoint.index.types import Kind
from tests.indexer.reading_list.listed import fault, read, remark, rows

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


def test_the_declared_encoding_is_used(tmp_path: Path) -> None:
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
def test_damaged_and_hostile_ones_are_refused_in_a_line(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in fault(tmp_path, "f.opml", text)
