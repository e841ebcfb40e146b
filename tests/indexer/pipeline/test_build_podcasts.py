"""Builds of lists with podcasts: what is asked of feeds, and what becomes of their episodes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.types import Kind, PlaylistEntry, Resource, ResourceStatus, State
from seekpoint.indexer.pipeline.build import Report
from seekpoint.indexer.pipeline.build_report import outlook
from seekpoint.indexer.sources.provenance import FromListing, decode, encode
from tests.feeds import FEED, SHOW, chapters, feed, item, several, transcript
from tests.indexer.builds import Workshop, resource_at, webvtt

RSS = "application/rss+xml"
OTHER = f"{SHOW}/other.xml"
AWAY = "https://other.example/feed"
OLD = "Mon, 06 Jul 2020 10:00:00 GMT"
SPOKEN = ("attention weighs the words", "the mask hides what comes later", "position tells the order")


def asked(workshop: Workshop) -> list[str]:
    """The paths that sites were asked for in the last build."""
    return [address.removeprefix(SHOW) for place, address in workshop.fake.requests if place == "site"]


@pytest.fixture(autouse=True)
def spoken(workshop: Workshop) -> None:
    """The transcripts of the show's episodes, which are there unless a test says otherwise."""
    for number in range(5):
        workshop.fake.add_site(f"{SHOW}/{number}.vtt", webvtt(*SPOKEN[:2], f"position {number}"), "text/vtt")


def serve(workshop: Workshop, *items: str, **options: str) -> None:
    workshop.fake.add_site(FEED, feed(*items, **options), RSS)


def follow(workshop: Workshop, *items: str, **options: Any) -> Report:  # noqa: ANN401
    """Build from the feed, which has these items now, or those that it had."""
    if items:
        serve(workshop, *items)
    return workshop.build(f"feed:{FEED}", **options)


def episodes(workshop: Workshop) -> list[ResourceStatus]:
    return [status for status in workshop.statuses().values() if status.kind is Kind.RECORDING]


def states(workshop: Workshop) -> dict[str, State]:
    return {status.url.removeprefix(SHOW): status.state for status in workshop.statuses().values()}


def test_a_page_turns_out_to_be_a_feed_whose_episodes_have_words_chapters_and_facts(workshop: Workshop) -> None:
    told = chapters(("00:00:00", "Opening"), ("0:10.5", "掩码"))
    serve(
        workshop,
        item("Attention", transcript(f"{SHOW}/1.vtt"), told, "<itunes:duration>0:30</itunes:duration>"),
        item("Nothing written", sound=f"{SHOW}/2.mp3"),
    )
    listed = workshop.write("list.md", f"# Podcasts\n## 播客\n- [My show]({FEED})\n")
    workshop.build(listed)
    playlist = resource_at(f"feed:{FEED}")
    found = {status.title: status for status in workshop.statuses().values()}
    assert {title: status.state for title, status in found.items()} == {
        "My show": State.INDEXED,
        "Attention": State.INDEXED,
        "Nothing written": State.NO_TRANSCRIPT,
    }
    episode = found["Attention"]
    assert (episode.kind, episode.url, episode.seconds) == (Kind.RECORDING, f"{SHOW}/1.mp3", 30.0)
    assert episode.sections == (("播客", "My show"),)
    details = episode.details
    assert (details.channel, details.published, details.duration) == ("A publisher", "2026-11-03", 30.0)
    assert [(chapter.start, chapter.title) for chapter in episode.chapters] == [(0.0, "Opening"), (10.5, "掩码")]
    assert (found["My show"].id, found["My show"].listed) == (playlist.id, ())
    assert str(found["Nothing written"].reason) == "the feed gives no transcript of it: let --transcribe listen to it"
    assert asked(workshop) == ["/feed.xml", "/1.vtt"]


def test_the_next_build_asks_the_feed_alone_and_reads_it_only_if_it_has_changed(workshop: Workshop) -> None:
    serve(workshop, *several(2))
    listed = workshop.write("list.md", f"{FEED}\n")
    assert workshop.build(listed).updated == 2
    before = workshop.content()
    assert workshop.build(listed).updated == 0
    assert asked(workshop) == ["/feed.xml"]
    assert workshop.content() == before
    serve(workshop, *several(3))
    assert workshop.build(listed).updated == 1
    assert asked(workshop) == ["/feed.xml", "/2.vtt"]


@pytest.mark.parametrize("moved", [False, True])
def test_an_episode_that_is_due_later_is_found_in_the_feed_though_that_has_not_changed(
    workshop: Workshop, moved: bool
) -> None:
    workshop.fake.add_site(f"{SHOW}/1.vtt", "", "text/vtt", status=404)
    for sound in (f"{SHOW}/1.mp3", "https://cdn.example/1.mp3")[: 1 + moved]:
        episode = item("Attention", transcript(f"{SHOW}/1.vtt"), sound=sound, guid="x1", date=OLD)
        follow(workshop, episode)
    [status] = episodes(workshop)
    assert (status.url, status.state, status.reason_code) == (sound, State.NO_TRANSCRIPT, "transcript_unread")
    assert 29 < workshop.wait(status.id) / 86_400 < 31
    workshop.fake.add_site(f"{SHOW}/1.vtt", webvtt(*SPOKEN), "text/vtt")
    follow(workshop)
    assert asked(workshop) == ["/feed.xml"]
    follow(workshop, retry=True)
    assert asked(workshop) == ["/feed.xml", "/feed.xml", "/1.vtt"]
    assert workshop.states()[status.id] is State.INDEXED


@pytest.mark.parametrize("indexed", [False, True])
def test_a_transcript_that_a_feed_corrects_is_read_at_once(workshop: Workshop, indexed: bool) -> None:
    def give(*names: str, title: str) -> None:
        given = (transcript(f"{SHOW}/{name}.vtt") for name in names)
        follow(workshop, item(title, *given, date=OLD), languages=["en"])

    def told() -> str:
        with open_reader(workshop.library) as library:
            return library.transcripts(key)[0].cues[0].text

    status = 200 if indexed else 404
    workshop.fake.add_site(f"{SHOW}/1.vtt", webvtt("atention weights"), "text/vtt", status)
    workshop.fake.add_site(f"{SHOW}/2.vtt", "", status=404)
    give("1", title="Attention")
    [key] = [one.id for one in episodes(workshop)]
    assert workshop.states()[key] is (State.INDEXED if indexed else State.NO_TRANSCRIPT)
    give("1", title="Attention 讲座")
    assert asked(workshop) == ["/feed.xml"], "the transcript is at the same address"
    give("2", title="Attention 讲座")
    assert asked(workshop) == ["/feed.xml", "/2.vtt"]
    assert workshop.states()[key] is (State.INDEXED if indexed else State.NO_TRANSCRIPT)
    assert not indexed or told() == "atention weights", "a correction that isn't there changes nothing"
    give("2", title="Attention")
    assert asked(workshop) == ["/feed.xml"]
    workshop.fake.add_site(f"{SHOW}/3.vtt", webvtt(*SPOKEN), "text/vtt")
    give("2", "3", title="Attention")
    assert asked(workshop) == ["/feed.xml", "/2.vtt", "/3.vtt"]
    assert (workshop.states()[key], told()) == (State.INDEXED, SPOKEN[0])
    give(title="Attention")
    assert asked(workshop) == ["/feed.xml"] and told() == SPOKEN[0]


def test_the_newest_episodes_are_taken_whatever_their_order(workshop: Workshop) -> None:
    follow(workshop, *reversed(several(5)), item("Undated", sound=f"{SHOW}/u.mp3", date="gestern"), limit=2)
    assert sorted(states(workshop)) == ["/0.mp3", "/1.mp3", "/feed.xml"]
    assert asked(workshop) == ["/feed.xml", "/0.vtt", "/1.vtt"]
    follow(workshop, limit=3)
    assert asked(workshop) == ["/feed.xml", "/2.vtt"]
    follow(workshop)
    assert list(states(workshop).values()).count(State.NO_TRANSCRIPT) == 1
    assert len(states(workshop)) == 7


@pytest.mark.parametrize("named", [FEED, f"feed:{FEED}", f"{SHOW}/feed.rss"])
def test_a_feed_that_has_moved_is_asked_at_its_new_address(workshop: Workshop, named: str) -> None:
    new = "https://new.example/feed"
    workshop.fake.add_redirect(named.removeprefix("feed:"), new)
    workshop.fake.add_site(new, feed(*several(1)), RSS)
    listed = workshop.write("list.md", f"- [My show]({named})\n")
    workshop.build(listed)
    assert sorted(states(workshop)) == ["/0.mp3", new]
    assert asked(workshop)[1:] == [new, "/0.vtt"]
    workshop.build(listed)
    assert asked(workshop) == [new]


def test_a_feed_that_says_where_it_is_now_is_asked_there_and_may_be_asked_in_a_circle(workshop: Workshop) -> None:
    new = "https://new.example/feed"
    serve(workshop, *several(1), header=f"<itunes:new-feed-url>{new}</itunes:new-feed-url>")
    back = f"<itunes:new-feed-url>{FEED}</itunes:new-feed-url>"
    workshop.fake.add_site(new, feed(*several(2), header=back), RSS)
    follow(workshop)
    assert sorted(states(workshop)) == ["/0.mp3", "/1.mp3", new]
    follow(workshop)
    assert asked(workshop) == [new]


def test_a_feed_stays_where_it_is_if_the_new_address_is_none(workshop: Workshop) -> None:
    serve(workshop, *several(1), header="<itunes:new-feed-url>https://gone.example/feed</itunes:new-feed-url>")
    workshop.fake.add_site("https://gone.example/feed", "not found", status=404)
    workshop.fake.add_site(f"{SHOW}/0.vtt", webvtt(*SPOKEN), "text/vtt")
    follow(workshop)
    assert sorted(states(workshop)) == ["/0.mp3", "/feed.xml"]
    [line] = [line for line in workshop.events.lines if "moved" in line]
    assert line.startswith(f"{FEED}: moved to https://gone.example/feed, which isn't read: ")


def test_all_pages_of_a_feed_are_read_even_if_they_lead_in_a_circle(workshop: Workshop) -> None:
    first, second, _ = (
        feed(one, "<item/>", header=f'<atom:link rel="next" href="{following}"/>')
        for one, following in zip(several(3), ("/feed.xml?page=2", "/feed.xml", ""), strict=True)
    )
    workshop.fake.add_site(FEED, first, RSS)
    workshop.fake.add_site(f"{FEED}?page=2", second, RSS)
    follow(workshop)
    assert sorted(states(workshop)) == ["/0.mp3", "/1.mp3", "/feed.xml"]
    assert any("2 items without a recording left out" in line for line in workshop.events.lines), "each once"
    follow(workshop, limit=1)
    assert asked(workshop) == ["/feed.xml"]


@pytest.mark.parametrize("status", [404, 500])
def test_older_episodes_may_be_gone_but_a_fault_that_passes_leaves_the_list_as_it_was(
    workshop: Workshop, status: int
) -> None:
    older = f"{FEED}?page=2"
    first, second = several(2)
    workshop.fake.add_site(FEED, feed(first, header=f'<atom:link rel="next" href="{older}"/>'), RSS)
    workshop.fake.add_site(older, feed(second), RSS, status)
    follow(workshop)
    found = states(workshop)
    if status == 500:
        assert found == {"/feed.xml": State.DEFERRED}
    else:
        assert sorted(found) == ["/0.mp3", "/feed.xml"]
        assert any(f"its older episodes, at {older}, aren't read: nothing is there" in s for s in workshop.events.lines)


@pytest.mark.parametrize("moves_too", [False, True])
@pytest.mark.parametrize("guid", ["Buzzsprout-1234567", "第一集"])
def test_a_guid_that_is_unique_in_its_feed_keeps_the_episode_where_its_sound_moves(
    workshop: Workshop, guid: str, moves_too: bool
) -> None:
    def items(sounds: str) -> list[str]:
        given = transcript(f"{SHOW}/1.vtt")
        guids = {"1": guid, "2": "x2", "3": "", "4": "twice", "5": "twice"}
        return [item(f"第{n}集", given, sound=f"{sounds}/{n}.mp3", guid=one) for n, one in guids.items()]

    def ids() -> dict[str, str]:
        return {episode.id: episode.url for episode in episodes(workshop)}

    follow(workshop, *items(SHOW))
    before = ids()
    new = "https://cdn.example"
    if moves_too:
        workshop.fake.add_redirect(FEED, AWAY)
    workshop.fake.add_site(AWAY if moves_too else FEED, feed(*items(new)), RSS)
    assert follow(workshop).updated == 3
    for resource_id, url in before.items():
        is_kept = url.endswith(("1.mp3", "2.mp3"))
        assert ids()[resource_id] == (url.replace(SHOW, new) if is_kept else url)
    follow(workshop, prune=True, retry=True)
    assert sorted(ids().values()) == [f"{new}/{n}.mp3" for n in range(1, 6)]
    assert set(states(workshop).values()) == {State.INDEXED}


def test_another_episode_may_have_the_address_that_one_has_left_or_its_guid_at_another_date(workshop: Workshop) -> None:
    given = transcript(f"{SHOW}/1.vtt")
    dates = [f"Tue, {day:02d} Nov 2026 10:00:00 GMT" for day in (3, 10, 17)]
    latest = f"{SHOW}/latest.mp3"
    first = item("One", given, sound=latest, guid="1", date=dates[0])
    moved = item("One", given, sound=f"{SHOW}/one.mp3", guid="1", date=dates[0])
    second = item("二", given, sound=latest, guid="2", date=dates[1])
    third = item("Three", given, sound=f"{SHOW}/three.mp3", guid="2", date=dates[2])
    one = ""
    for items, count in (([first], 1), ([second, moved], 2), ([third, moved], 3)):
        assert follow(workshop, *items).updated == 1
        found = episodes(workshop)
        assert len(found) == count and {each.state for each in found} == {State.INDEXED}
        one = one or found[0].id
        assert workshop.statuses()[one].title == "One"
    assert {each.title: each.url.removeprefix(SHOW) for each in found} == {
        "One": "/one.mp3",
        "二": "/latest.mp3",
        "Three": "/three.mp3",
    }


def test_a_library_without_guids_asks_a_feed_whole_once_and_keeps_its_episodes(workshop: Workshop) -> None:
    follow(workshop, *(one.replace("<enclosure", f"<guid>{n}</guid><enclosure") for n, one in enumerate(several(2))))
    playlist = resource_at(f"feed:{FEED}")
    before = workshop.states()
    with open_writer(workshop.library) as writer:
        stored = decode(writer.standings()[playlist.id].inputs)
        assert isinstance(stored, FromListing) and stored.guids
        writer.set_state(playlist.id, State.INDEXED, inputs=encode(replace(stored, guids=None)))
    assert follow(workshop).updated == 0
    assert workshop.states() == before
    with open_writer(workshop.library) as writer:
        assert decode(writer.standings()[playlist.id].inputs) == stored


def test_a_feed_that_ends_in_the_middle_is_told_and_lets_no_episode_go(workshop: Workshop) -> None:
    workshop.fake.add_site(f"{SHOW}/3.vtt", "", "text/vtt", 404)
    whole = feed(*several(4), title="播客")
    cut = whole[: whole.index("<item><title>Episode 2") + 30].replace("Episode 0", "Attention")
    workshop.fake.add_site(FEED, whole, RSS)
    follow(workshop)
    workshop.fake.add_site(FEED, cut, RSS)
    follow(workshop, prune=True, retry=True)
    assert "播客: the feed is damaged after 2 episodes, its end is missing: what it had before stays" in (
        workshop.events.lines
    )
    assert len(states(workshop)) == 5
    assert list(states(workshop).values()).count(State.INDEXED) == 4
    [left] = [one for one in workshop.statuses().values() if one.url.endswith("3.mp3")]
    assert (left.state, left.reason_code) == (State.DEFERRED, "feed_cut")
    assert any(one.title == "Attention" for one in workshop.statuses().values())
    workshop.fake.add_site(FEED, feed(*several(1)), RSS)
    assert follow(workshop, prune=True).removed == 3
    assert not any("damaged" in line for line in workshop.events.lines)


@pytest.mark.parametrize("says", ["redirect", "new-feed-url"])
def test_a_feed_moves_with_all_its_episodes_once_it_is_whole_at_its_new_address(workshop: Workshop, says: str) -> None:
    new = "https://new.example/feed"
    follow(workshop, *several(2))
    if says == "redirect":
        workshop.fake.add_redirect(FEED, new)
    else:
        serve(workshop, *several(2), header=f"<itunes:new-feed-url>{new}</itunes:new-feed-url>")
    for data, address in ((feed(*several(2))[:-100], "/feed.xml"), (feed(*several(2)), new)):
        workshop.fake.add_site(new, data, RSS)
        follow(workshop, prune=True)
        assert sorted(states(workshop)) == ["/0.mp3", "/1.mp3", address]


@pytest.mark.parametrize(("size", "requests"), [(0, 1), (20_000_001, 2)])
def test_episodes_may_have_the_same_transcript_and_the_same_chapters(
    workshop: Workshop, size: int, requests: int
) -> None:
    shared = (transcript(f"{SHOW}/1.vtt"), f'<podcast:chapters url="{SHOW}/1.json"/>')
    serve(workshop, item("Attention", *shared), item("注意力", *shared, sound=f"{SHOW}/2.mp3"))
    written = {"chapters": [{"startTime": 10, "title": "掩码"}], "remark": "x" * size}
    workshop.fake.add_site(f"{SHOW}/1.json", json.dumps(written), "application/json")
    follow(workshop)
    found = episodes(workshop)
    assert [(one.state, [each.title for each in one.chapters]) for one in found] == [(State.INDEXED, ["掩码"])] * 2
    assert asked(workshop).count("/1.json") == requests
    assert asked(workshop).count("/1.vtt") == requests


@pytest.mark.parametrize("order", [1, -1])
def test_the_same_sound_in_two_feeds_has_what_either_of_them_gives(workshop: Workshop, order: int) -> None:
    chapter = f'<podcast:chapters url="{SHOW}/1.json"/>'
    link = '<atom:link rel="http://podlove.org/deep-link" href="https://show.example/1#t="/>'
    picture = '<itunes:image href="https://show.example/1.png"/>'
    serve(workshop, item("Bare"), item("注意力", transcript(f"{SHOW}/2.vtt"), sound=f"{SHOW}/2.mp3"))
    both = transcript(f"{SHOW}/2.vtt", language="en"), transcript(f"{SHOW}/zh.vtt", language="zh")
    rich = item("Rich", transcript(f"{SHOW}/1.vtt"), chapter, link, picture)
    workshop.fake.add_site(OTHER, feed(rich, item("Two", *both, sound=f"{SHOW}/2.mp3")), RSS)
    workshop.fake.add_site(f"{SHOW}/zh.vtt", webvtt("注意力给每个词加权", "掩码遮住后面的词"), "text/vtt")
    told = {"chapters": [{"startTime": 10, "title": "掩码"}]}
    workshop.fake.add_site(f"{SHOW}/1.json", json.dumps(told), "application/json")
    workshop.build(*[f"feed:{FEED}", f"feed:{OTHER}"][::order], languages=["en", "zh"])
    found = {one.url.removeprefix(SHOW): one for one in workshop.statuses().values()}
    first, second = found["/1.mp3"], found["/2.mp3"]
    assert (first.state, [one.title for one in first.chapters]) == (State.INDEXED, ["掩码"])
    assert (first.details.deep_link, first.details.thumbnail) == (f"{SHOW}/1#t=", f"{SHOW}/1.png")
    assert second.languages == ("en", "zh")
    assert asked(workshop).count("/2.vtt") == 1


def test_an_episode_that_is_due_later_has_what_either_of_its_feeds_gives(workshop: Workshop) -> None:
    workshop.fake.add_site(f"{SHOW}/1.vtt", "", "text/vtt", status=404)
    serve(workshop, item("Bare"))
    workshop.fake.add_site(OTHER, feed(item("Rich", transcript(f"{SHOW}/1.vtt"))), RSS)
    both = f"feed:{FEED}", f"feed:{OTHER}"
    workshop.build(*both)
    workshop.fake.add_site(f"{SHOW}/1.vtt", webvtt(*SPOKEN), "text/vtt")
    serve(workshop, item("Bare 又一集"))
    workshop.build(*both, retry=True)
    assert states(workshop)["/1.mp3"] is State.INDEXED


@pytest.mark.parametrize("later", [False, True])
def test_a_transcript_in_a_feed_that_is_found_later_is_read_in_the_same_build(workshop: Workshop, later: bool) -> None:
    """An address that ends in .rss is a feed at once, another one when it is read."""
    workshop.fake.add_site(f"{SHOW}/feed.rss", feed(item("Bare"), item("无声", sound=f"{SHOW}/2.mp3")), RSS)
    workshop.fake.add_site(OTHER, feed(item("Rich", transcript(f"{SHOW}/1.vtt"))), RSS)
    names = [OTHER, f"{SHOW}/feed.rss"]
    if later:
        workshop.build(workshop.write("list.md", f"{SHOW}/feed.rss\n"))
    listed = workshop.write("list.md", "\n".join(f"- {name}" for name in names))
    assert workshop.build(listed).updated == 1
    assert states(workshop)["/1.mp3"] is State.INDEXED
    assert State.PENDING not in states(workshop).values()
    assert asked(workshop).count("/1.vtt") == 1


def test_a_transcript_that_an_episode_beyond_the_limit_gains_waits_for_it(workshop: Workshop) -> None:
    second = several(2)[1].replace("podcast:transcript", "podcast:none")
    follow(workshop, several(1)[0], second)
    follow(workshop, *several(2), limit=1)
    assert states(workshop)["/1.mp3"] is State.NO_TRANSCRIPT
    follow(workshop)
    assert states(workshop)["/1.mp3"] is State.INDEXED


@pytest.mark.parametrize("given", ["new", ""])
def test_the_transcript_of_the_old_feed_counts_only_where_the_new_one_gives_none(
    workshop: Workshop, given: str
) -> None:
    moved = f"<itunes:new-feed-url>{AWAY}</itunes:new-feed-url>"
    serve(workshop, item("Attention", transcript(f"{SHOW}/old.vtt")), header=moved)
    workshop.fake.add_site(AWAY, feed(item("Attention", *([transcript(f"{SHOW}/new.srt")] if given else []))), RSS)
    workshop.fake.add_site(f"{SHOW}/old.vtt", webvtt(*SPOKEN), "text/vtt")
    workshop.fake.add_site(f"{SHOW}/new.srt", "1\n00:00:00,000 --> 00:00:10,000\nthe mask 掩码\n", "text/srt")
    follow(workshop)
    assert asked(workshop) == ["/feed.xml", AWAY, "/new.srt" if given else "/old.vtt"]
    assert states(workshop)["/1.mp3"] is State.INDEXED


def test_apples_directory_tells_the_feed_of_a_show(workshop: Workshop) -> None:
    lookup = "https://itunes.apple.com/lookup?id=123"
    workshop.fake.add_site(lookup, json.dumps({"results": [{"feedUrl": FEED}]}), "text/javascript")
    serve(workshop, *several(1))
    show = "https://podcasts.apple.com/cn/podcast/%E6%92%AD%E5%AE%A2/id123?l=zh"
    listed = workshop.write("list.md", f"- [播客]({show})\n")
    workshop.build(listed)
    assert sorted(states(workshop)) == ["/0.mp3", "/feed.xml"]
    workshop.build(listed)
    assert asked(workshop) == ["/feed.xml"]
    workshop.fake.add_site(lookup, json.dumps({"results": []}), "text/javascript")
    other = workshop.build(show.replace("123", "4"))
    assert other.states[State.UNAVAILABLE] == 1


def test_an_episode_in_apples_directory_is_that_of_the_feed(workshop: Workshop) -> None:
    results = [
        {"kind": "podcast", "trackId": 123, "feedUrl": FEED},
        *({"kind": "podcast-episode", "trackId": 1000 + n, "episodeGuid": f"第{n}集"} for n in range(3)),
        "no object",
    ]
    lookup = "https://itunes.apple.com/lookup?id=123&entity=podcastEpisode&limit=200"
    workshop.fake.add_site(lookup, json.dumps({"results": results}), "text/javascript")
    stems = [f"{SHOW}/{n}" for n in range(2)]
    items = (item("讲座", transcript(f"{one}.vtt"), sound=f"{one}.mp3", guid=f"第{one[-1]}集") for one in stems)
    serve(workshop, *items)
    address = "https://podcasts.apple.com/cn/podcast/%E6%92%AD%E5%AE%A2/id123?i=1001"
    listed = workshop.write("list.md", f"- [播客]({address})\n")
    workshop.build(listed, limit=1)
    assert states(workshop)["/1.mp3"] is State.INDEXED and "/0.mp3" not in states(workshop)
    workshop.build(listed, limit=1)
    assert asked(workshop) == []
    for gone in ("1002", "7"):
        faulty = workshop.build(address.replace("1001", gone))
        assert faulty.states[State.UNAVAILABLE] == 1
        [status] = [one for one in workshop.statuses().values() if one.url.endswith(gone)]
        assert status.reason_code == "apple_without_episode"


@pytest.mark.parametrize(
    ("data", "media_type", "reason"),
    [
        (feed(item("A post", sound=None)), RSS, "this feed has no recordings: list the addresses of its pages"),
        ("<html><body>no feed</body></html>", "text/html", "it isn't a feed (RSS or Atom): check the address"),
        (b"<rss>" + b" " * 30_000_001, RSS, "more than 30 MB"),
        (feed(*several(1))[:500], RSS, "the feed is damaged: its end is missing"),
    ],
    ids=["posts", "page", "large", "cut"],
)
def test_faults_of_feeds_are_told_in_one_line(
    workshop: Workshop, data: str | bytes, media_type: str, reason: str
) -> None:
    workshop.fake.add_site(FEED, data, media_type)
    follow(workshop)
    [status] = workshop.statuses().values()
    assert reason in str(status.reason)
    planned = outlook(workshop.preview(f"feed:{FEED}"), 5.0).splitlines()
    assert planned == ["1 resource", "     1 left for later, as `seekpoint status` says"]


def test_a_feed_from_the_web_names_nothing_in_a_private_network(workshop: Workshop) -> None:
    root = workshop.fake.root
    serve(
        workshop,
        item("Near", transcript(f"{root}/1.vtt"), sound=f"{root}/1.mp3"),
        item("Script", sound="javascript:alert(1)"),
        item("File", sound="file:///etc/passwd"),
        header=f"<itunes:new-feed-url>{root}/feed</itunes:new-feed-url>",
    )
    follow(workshop)
    assert asked(workshop) == ["/feed.xml"]
    [episode] = episodes(workshop)
    assert (episode.title, episode.reason_code) == ("Near", "transcript_unread")
    assert "private network" in str(episode.reason)
    assert any("2 items without a recording left out" in line for line in workshop.events.lines)


def test_a_feed_of_the_owners_network_names_what_is_on_its_server(workshop: Workshop, httpserver: HTTPServer) -> None:
    root = workshop.fake.root
    for path, data in {
        "/feed": feed(item("Near", transcript(f"{root}/near.vtt"))),
        "/near.vtt": webvtt(*SPOKEN),
    }.items():
        httpserver.expect_request(path).respond_with_data(data, content_type="text/xml")
    for source in (f"{root}/feed", f"feed:{root}/feed"):
        workshop.build(workshop.write("list.md", f"{source}\n"))
        assert set(states(workshop).values()) == {State.INDEXED}


def test_a_feed_of_the_web_names_nothing_in_the_network_of_another_feed(
    workshop: Workshop, httpserver: HTTPServer
) -> None:
    root = workshop.fake.root
    for path in ("/feed", "/other"):
        inside = [transcript(f"{root}/near.vtt")] if path == "/other" else []
        httpserver.expect_request(path).respond_with_data(feed(item("Near", *inside)), content_type="text/xml")
    httpserver.expect_request("/near.vtt").respond_with_data(webvtt(*SPOKEN), content_type="text/vtt")
    serve(workshop, item("Near", transcript(f"{root}/near.vtt")))
    far, near, other = f"feed:{FEED}", f"feed:{root}/feed", f"feed:{root}/other"
    for order in ((far, near), (near, far)):
        workshop.build(*order, retry=True)
        found = [one.state for one in episodes(workshop)]
        assert sorted(found) == [State.NO_TRANSCRIPT, State.NO_TRANSCRIPT]
    workshop.build(near, other, far, retry=True)
    found = [one.state for one in episodes(workshop)]
    assert sorted(found) == [State.INDEXED, State.NO_TRANSCRIPT]


def test_a_page_that_names_a_feed_stays_a_page(workshop: Workshop) -> None:
    head = f'<link rel="alternate" type="{RSS}" href="{FEED}">'
    text = "<p>The mask hides what comes later, so that nothing is seen too early in the sentence.</p>" * 5
    workshop.fake.add_site(f"{SHOW}/about", f"<html><head>{head}<title>播客</title></head><body>{text}</body></html>")
    workshop.build(workshop.write("list.md", f"{SHOW}/about\n"))
    assert [(one.kind, one.state) for one in workshop.statuses().values()] == [(Kind.PAGE, State.INDEXED)]
    assert asked(workshop) == ["/about"]


def test_an_episode_that_only_an_import_knows_leads_nowhere(workshop: Workshop) -> None:
    """Someone who passes a library on may write what he likes into it, also that the feed hasn't changed."""
    follow(workshop, *several(1))
    playlist = resource_at(f"feed:{FEED}")
    forged = Resource("forged000001", Kind.RECORDING, "Near", f"{workshop.fake.root}/secret.mp3")
    with open_writer(workshop.library) as writer:
        [listed] = writer.playlists().values()
        inputs = writer.standings()[playlist.id].inputs or ""
        writer.keep_playlist(playlist.id, replace(listed, entries=(PlaylistEntry(forged),)), inputs)
    follow(workshop)
    assert asked(workshop) == ["/feed.xml", "/feed.xml"]
    assert workshop.statuses()[forged.id].reason_code == "not_in_feed"
