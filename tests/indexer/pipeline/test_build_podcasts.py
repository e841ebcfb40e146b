"""Builds of lists with podcasts: what is asked of feeds, and what becomes of their episodes."""

from __future__ import annotations

from seekpoint.index.types import Kind, State
from seekpoint.indexer.reading_list.addresses import feed_resource
from tests.feeds import FEED, SHOW, chapters, feed, item, several, transcript
from tests.indexer.builds import Workshop, webvtt

RSS = "application/rss+xml"
SPOKEN = ("attention weighs the words", "the mask hides what comes later", "position tells the order")


def asked(workshop: Workshop) -> list[str]:
    """The paths that sites were asked for in the last build."""
    return [address.removeprefix(SHOW) for place, address in workshop.fake.requests if place == "site"]


def serve(workshop: Workshop, *items: str, **options: str) -> None:
    workshop.fake.add_site(FEED, feed(*items, **options), RSS)


def states(workshop: Workshop) -> dict[str, State]:
    return {status.url.removeprefix(SHOW): status.state for status in workshop.statuses().values()}


def test_a_page_turns_out_to_be_a_feed_whose_episodes_have_words_chapters_and_facts(workshop: Workshop) -> None:
    told = chapters(("00:00:00", "Opening"), ("0:10.5", "掩码"))
    serve(
        workshop,
        item("Attention", transcript(f"{SHOW}/1.vtt"), told, "<itunes:duration>0:30</itunes:duration>"),
        item("Nothing written", sound=f"{SHOW}/2.mp3"),
    )
    workshop.fake.add_site(f"{SHOW}/1.vtt", webvtt(*SPOKEN), "text/vtt")
    listed = workshop.write("list.md", f"# Podcasts\n## 播客\n- [My show]({FEED})\n")
    workshop.build(listed)
    playlist = feed_resource(FEED)
    assert playlist
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
    assert found["My show"].id == playlist.id
    assert str(found["Nothing written"].reason) == "the feed gives no transcript of it: let --transcribe listen to it"
    assert asked(workshop) == ["/feed.xml", "/1.vtt"]


def test_the_next_build_asks_the_feed_alone_and_reads_it_only_if_it_has_changed(workshop: Workshop) -> None:
    for number in range(3):
        workshop.fake.add_site(f"{SHOW}/{number}.vtt", webvtt(f"attention {number}"), "text/vtt")
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
