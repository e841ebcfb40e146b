"""Feeds as people write them: dates, durations, enclosures, namespaces, faults; and hostile ones."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.errors import SourceError
from seekpoint.index.types import Chapter, Kind
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.sources.podcasts.feed import Episode, TranscriptLink, identified, is_feed, parse_feed
from tests.cost import at_most
from tests.feeds import FEED, SHOW, chapters, feed, item, transcript

ATOM = f"""<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="zh">
<title type="text">播客</title><author><name>一个人</name></author>
<link rel="next" href="feed.xml?page=2"/>
<entry><title>第一集</title><id>urn:uuid:60a76c80-d399-11d9-b93c-0003939e0af6</id>
<link href="/1.html"/><link rel="enclosure" type="audio/ogg" href="1.ogg"/>
<updated>2026-11-03T10:00:00Z</updated></entry>
<entry><title>A post</title><link href="{SHOW}/2.html"/></entry></feed>"""


def episodes(*items: str) -> tuple[Episode, ...]:
    return parse_feed(feed(*items).encode(), FEED).episodes


def test_an_atom_feed_has_the_same_facts() -> None:
    read = parse_feed(ATOM.encode(), FEED)
    [episode] = read.episodes
    assert (read.title, read.left_out, read.following) == ("播客", 1, f"{FEED}?page=2")
    assert (episode.resource.url, episode.resource.title, episode.details.published) == (
        f"{SHOW}/1.ogg",
        "第一集",
        "2026-11-03",
    )
    assert (episode.details.authors, episode.details.container) == (("一个人",), "播客")
    assert (episode.details.channel, episode.language, episode.resource.kind) == ("一个人", "zh", Kind.RECORDING)


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ("Tue, 03 Nov 2026 23:30:00 -0800", "2026-11-03"),
        ("Tue, 3 Nov 2026 10:00", "2026-11-03"),
        ("3 Nov 2026 10:00:00 PST", "2026-11-03"),
        ("2026-11-03T10:00:00+08:00", "2026-11-03"),
        ("2026-11-03", "2026-11-03"),
        ("2026-11-03 10:00:00", "2026-11-03"),
        ("Tue, 03 Nov 1066 10:00:00 GMT", None),
        ("Tue, 33 Nov 2026 10:00:00 GMT", None),
        ("昨天", None),
        ("", None),
    ],
)
def test_dates_are_read_in_any_form(said: str, date: str | None) -> None:
    [episode] = episodes(item(date=said))
    assert episode.details.published == date


def test_episodes_are_ordered_by_their_dates_with_and_without_zones() -> None:
    dates = ["Tue, 03 Nov 2026 23:30:00 -0800", "Wed, 04 Nov 2026 07:00", "", "2026-11-04T08:00:00Z"]
    titles = [
        one.resource.title
        for one in episodes(*(item(date, sound=f"{SHOW}/{n}.mp3", date=date) for n, date in enumerate(dates)))
    ]
    assert titles == [dates[3], dates[0], dates[1], ""]


def test_the_sound_is_the_first_one_that_is_enclosed_on_the_web() -> None:
    def enclosed(*pairs: tuple[str, str]) -> list[str]:
        inside = "".join(f'<enclosure url="{url}" type="{media_type}"/>' for url, media_type in pairs)
        return [one.resource.url for one in episodes(item("Title", inside, sound=None))]

    assert enclosed(("cover.jpg", "image/jpeg"), ("a.mp4", "video/mp4"), ("a.mp3", "audio/mpeg")) == [f"{SHOW}/a.mp3"]
    assert enclosed(("a.mp4", "video/mp4")) == [f"{SHOW}/a.mp4"]
    assert enclosed(("/download?id=1", ""), ("b.mp3", "")) == [f"{SHOW}/download?id=1"]
    assert enclosed((" a b.M4A ", "application/octet-stream")) == [f"{SHOW}/a%20b.M4A"]
    assert enclosed(("//cdn.example/录音.mp3", "audio/mpeg")) == ["https://cdn.example/%E5%BD%95%E9%9F%B3.mp3"]
    for hostile in ("javascript:alert(1)//.mp3", "data:audio/mpeg;base64,AA", "file:///etc/passwd.mp3", "http://[", ""):
        assert enclosed((hostile, "audio/mpeg")) == []
    assert enclosed(("https://youtu.be/aaaaaaaaaaa", "audio/mpeg"), ("paper.pdf", "application/pdf")) == []
    linked = '<link>/page</link><link rel="enclosure" href="音.mp3" type="audio/mpeg"/><link rel="next" href="n.mp3"/>'
    assert [one.resource.url for one in episodes(item("Title", linked, sound=None))] == [f"{SHOW}/%E9%9F%B3.mp3"]
    media = (
        f'<media:group xmlns:media="http://search.yahoo.com/mrss/"><media:content url="{SHOW}/m.mp3"/></media:group>'
    )
    assert [one.resource.url for one in episodes(item("Title", media, sound=None))] == [f"{SHOW}/m.mp3"]


def test_an_episode_is_known_by_its_origin_with_a_unique_guid_or_its_sound() -> None:
    def ids(guid: str, url: str) -> set[str]:
        """The ids of an episode whose sound has moved meanwhile, in the feed at an address."""
        found = (identified(episodes(item(guid=guid, sound=f"{SHOW}/{n}.mp3")), url, {})[0] for n in range(2))
        return {one.resource.id for [one] in found}

    unique = "https://show.example/?p=1", "urn:uuid:1", "Buzzsprout-1234567890", "tag:soundcloud,2010:tracks/1"
    for guid in (*unique, "", "12", "Episode 12 of 2026-11-03", "第十二集", "20261103"):
        own = ids(guid, FEED)
        assert len(own) == (1 if guid in unique else 2)
        assert all(len(one) == 20 for one in own), "80 bits"
        assert own == ids(guid, f"{SHOW}/第二/feed?page=1")
        for url in ("https://evil.example/feed.xml", "http://show.example/feed.xml", "https://show.example:444/feed"):
            assert not own & ids(guid, url)
        assert not own & {resource.id for n in range(2) if (resource := resource_of(f"{SHOW}/{n}.mp3"))}


@pytest.mark.parametrize(
    ("href", "deep_link"),
    [
        ("https://show.example/讲座1#", "https://show.example/%E8%AE%B2%E5%BA%A71#t="),
        (" /1#t= ", f"{SHOW}/1#t="),
        ("player.php?t=", f"{SHOW}/player.php?t="),
        ("https://show.example/1", f"{SHOW}/1#t="),
        *((hostile, None) for hostile in ("javascript:alert(1)//#", "#", "", "1#comments", "file:///etc/passwd#")),
    ],
)
def test_the_page_that_plays_an_episode_from_a_time_on_is_named_by_podloves_link(
    href: str, deep_link: str | None
) -> None:
    page = '<atom:link rel="alternate" href="https://show.example/other"/>'
    [episode] = episodes(item("一集", page, f'<atom:link rel="http://podlove.org/deep-link" href="{href}"/>'))
    assert episode.details.deep_link == deep_link


def test_the_picture_of_an_episode_is_its_own_else_that_of_the_feed() -> None:
    def pictures(*inside: str, header: str = "") -> list[str | None]:
        read = parse_feed(feed(item("一集", *inside), header=header).encode(), FEED)
        return [episode.details.thumbnail for episode in read.episodes]

    of_feed, own = '<itunes:image href="cover.jpg"/>', '<itunes:image href="http://cdn.example/封面.png"/>'
    assert pictures() == [None]
    assert pictures(header=of_feed) == [f"{SHOW}/cover.jpg"]
    assert pictures(own, header=of_feed) == ["https://cdn.example/%E5%B0%81%E9%9D%A2.png"]
    private = ("http://localhost/a.png", "https://192.168.1.1/reboot", "http://[::1]/a.png", "http://[/a.png")
    for hostile in ("javascript:alert(1)", "data:image/png;base64,AA", "file:///etc/passwd", "", *private):
        assert pictures(f'<itunes:image href="{hostile}"/>') == [None]


def test_transcripts_and_chapters_are_read_whatever_the_spelling_of_namespaces() -> None:
    inside = (
        transcript("1.vtt", "TEXT/VTT; charset=utf-8", "zh-Hans"),
        transcript("javascript:alert(1)"),
        chapters(("00:01:30.500", "第二章 &amp; more"), ("0", "Opening"), ("soon", "Bad"), ("5", " ")),
        '<podcast:chapters url="1.json" type="application/json+chapters"/>',
    )
    plain = feed(item("Title", *inside))
    for spelling in (
        plain,
        plain.replace(
            "https://podcastindex.org/namespace/1.0", "https://github.com/Podcastindex-org/podcast-namespace/1.0"
        ),
        plain.replace("podlove.org/simple-chapters", "podlove.org/simple-chapters/"),
        plain.replace('xmlns:psc="http://podlove.org/simple-chapters"', ""),
    ):
        [episode] = parse_feed(spelling.encode(), FEED).episodes
        assert episode.transcripts == (TranscriptLink(f"{SHOW}/1.vtt", "text/vtt", "zh-Hans"),)
        assert episode.details.chapters == (Chapter(0.0, "Opening"), Chapter(90.5, "第二章 & more"))
        assert episode.chapters_url == f"{SHOW}/1.json"


def test_a_page_of_comments_is_told_from_a_feed_at_once() -> None:
    for part in ("<!-- 注释 -->", "<?x ?>", "<!DOCTYPE x>", "<!DOCTYPE x [", "<!--", "<?"):
        page = (part * 40_000)[:40_000].encode()
        with at_most(1.0):
            assert not is_feed(page)
    assert is_feed(b"<?xml version='1.0'?>" + "<!-- 注释 -->".encode() * 900 + b"<rss version='2.0'>")


def test_a_feed_that_is_not_well_formed_is_read_as_far_as_possible() -> None:
    broken = feed(item("TITLE"), item("Two", sound=f"{SHOW}/2.mp3"))[:-10]
    broken = broken.replace("TITLE", "Ham & eggs 火腿&nbsp;鸡蛋\x0b")
    titles = [one.resource.title for one in parse_feed(f" \n{broken}".encode(), FEED).episodes]
    assert titles == ["Ham eggs 火腿 鸡蛋", "Two"]
    latin = feed(item("Müll")).replace(' encoding="utf-8"', "").encode("latin-1")
    assert parse_feed(latin, FEED, "iso-8859-1").episodes[0].resource.title == "Müll"
    for encoding, title in (("utf-16", "注意力"), ("iso-8859-2", "Žluťoučký kůň")):
        declared = feed(item(title)).replace("utf-8", encoding).encode(encoding)
        assert is_feed(declared) and parse_feed(declared, FEED).episodes[0].resource.title == title


@pytest.mark.parametrize("written", [feed(item("一"), item("Two"), item("Three")), ATOM])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_feed_is_cut_wherever_it_ends_early(written: str, encoding: str) -> None:
    whole = written.replace("utf-8", encoding).encode(encoding)
    assert not parse_feed(whole + "\n<!-- cached -->".encode(encoding)[2 * (encoding == "utf-16") :], FEED).is_cut
    for length in range(len(whole) // 4 * 2, len(whole) - 2, 6):
        read = parse_feed(whole[:length], FEED)
        items = len(re.findall(r"</(?:item|entry)\b", whole[:length].decode(encoding, "ignore")))
        assert read.is_cut or whole[:length].endswith((b"</rss", b"</feed"))
        assert len(read.episodes) + read.left_out == items


def test_a_sloppy_feed_is_not_cut_but_one_that_the_parser_leaves_is() -> None:
    whole = feed(item("TITLE"), item("Two", sound=f"{SHOW}/2.mp3"))
    for sloppy in ("R&D &nbsp; 研发", "<x:y>1</x:y>", "a <br> b", "\x01", "</b>", "<![CDATA[</rss>]]>"):
        assert not parse_feed(whole.replace("TITLE", sloppy).encode(), FEED).is_cut
    for lost in ("<![CDATA[ ", "<!-- ", "长" * 10_000_001):
        assert parse_feed(whole.replace("TITLE", lost).encode(), FEED).is_cut


def hostile(declared: str, title: str, inside: str = "") -> bytes:
    text = feed(item("TITLE", inside), item("Two", sound=f"{SHOW}/2.mp3", date=""))
    return text.replace("<rss", f"<!DOCTYPE rss [{declared}]><rss").replace("TITLE", title).encode()


def test_entities_files_and_addresses_that_a_feed_declares_are_not_read() -> None:
    declared = f'<!ENTITY n "注"><!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y SYSTEM "{FEED}">'
    media = "<media:group xmlns:media='http://search.yahoo.com/mrss/'>&x;</media:group>"
    data = hostile(declared, "A&n;B&x;C&y;D", f"<psc:chapters>&x;</psc:chapters>{media}")
    assert is_feed(data)
    assert [one.resource.title for one in parse_feed(data, FEED).episodes] == ["A&n;B&x;C&y;D", "Two"]


def test_entities_that_grow_end_the_feed() -> None:
    grown = (f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    read = parse_feed(hostile(f'<!ENTITY a "aaaaaaaaaa">{"".join(grown)}', "A&m;B"), FEED)
    assert not read.episodes


def test_a_feed_may_give_its_elements_a_prefix() -> None:
    prefixed = re.sub(r"<(/?)(rss|channel|item|title|enclosure)\b", r"<\1r:\2", feed(item("第一集"), title="播客"))
    data = prefixed.replace("<r:rss ", '<r:rss xmlns:r="http://backend.userland.com/rss2" ').encode()
    assert is_feed(data)
    read = parse_feed(data, FEED)
    assert (read.title, [one.resource.title for one in read.episodes], read.is_cut) == ("播客", ["第一集"], False)


def test_only_feeds_are_taken_for_feeds() -> None:
    assert all(map(is_feed, (feed().encode(), ATOM.encode(), b"\xef\xbb\xbf <!-- a --> <rss>", b"<rdf:RDF >")))
    others = (
        "<html><head><link rel='alternate' type='application/rss+xml'></head>",
        "<rssfeed>",
        "rss",
        "",
        "{}",
        "<svg>",
    )
    assert not any(is_feed(other.encode()) for other in others)
    assert not is_feed(b"<?xml" + b"?><!--" * 100_000)
    for empty in (b"", b"no feed", b"<"):
        with pytest.raises(SourceError):
            parse_feed(empty, FEED)


@given(st.binary() | st.text().map(lambda text: feed(item(text, text, guid=text, date=text)).encode("utf-8", "ignore")))
def test_no_feed_ends_in_another_error(data: bytes) -> None:
    is_feed(data)
    try:
        parse_feed(data, FEED, "utf-8")
    except SourceError:
        return
