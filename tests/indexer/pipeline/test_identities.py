"""An identity belongs to the origin that named it first: feeds, pages and lists that name what is another's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library
from seekpoint.index.types import Kind, ResourceStatus, State
from seekpoint.indexer.sources.provenance import FromListing, decode, encode
from tests.feeds import FEED, SHOW, feed, item, transcript
from tests.indexer.builds import Workshop, resource_at, webvtt

RSS = "application/rss+xml"
EVIL = "https://evil.example"
TRUE, FALSE = "attention weighs the words 注意力", "buy the mask 掩码"
ORDERS = [(FEED, f"{EVIL}/feed"), (f"{EVIL}/feed", FEED)]


def deep_link(site: str) -> str:
    return f'<atom:link rel="http://podlove.org/deep-link" href="{site}/listen#t="/>'


def serve_both(workshop: Workshop, guid: str, sound: str = f"{EVIL}/1.mp3") -> None:
    """A feed, and another one that copies the guid of its episode."""
    ours = item("Attention 讲座", transcript(f"{SHOW}/1.vtt"), deep_link(SHOW), guid=guid)
    theirs = item("Masks for sale", transcript(f"{EVIL}/1.vtt"), deep_link(EVIL), sound=sound, guid=guid)
    header = f'<atom:link rel="self" href="{FEED}"/>'
    for address, said in ((FEED, feed(ours)), (f"{EVIL}/feed", feed(theirs, header=header))):
        workshop.fake.add_site(address, said, RSS)
    for site, said in ((SHOW, TRUE), (EVIL, FALSE)):
        workshop.fake.add_site(f"{site}/1.vtt", webvtt(said), "text/vtt")


def episode(workshop: Workshop, known: str = "") -> ResourceStatus:
    """The episode of the show, which is what its feed says; it may be `known` by its id."""
    [found] = [one for one in workshop.statuses().values() if known in ("", one.id) and one.title == "Attention 讲座"]
    assert (found.url, found.state, found.kind) == (f"{SHOW}/1.mp3", State.INDEXED, Kind.RECORDING)
    assert found.details.deep_link == f"{SHOW}/listen#t="
    playlist = resource_at(f"feed:{FEED}")
    with open_reader(workshop.library) as library:
        [entry] = library.playlists()[playlist.id].entries
        [said] = library.transcripts(found.id)
    assert entry.resource.id == found.id
    assert [cue.text for cue in said.cues] == [TRUE]
    return found


@pytest.mark.parametrize(("guid", "site"), [("urn:uuid:1", EVIL), ("urn:uuid:1", SHOW), ("第一集", SHOW), ("", SHOW)])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("apart", [False, True])
def test_no_feed_takes_the_episode_of_another_over(
    workshop: Workshop, guid: str, site: str, order: tuple[str, str], apart: bool
) -> None:
    serve_both(workshop, guid, f"{site}/1.mp3")
    names = [f"feed:{name}" for name in order]
    for sources in [[name] for name in names] if apart else [names]:
        workshop.build(*sources)
    found = episode(workshop)
    assert len(workshop.statuses()) == 4
    assert workshop.build(*names, retry=True, prune=True).removed == 0
    assert episode(workshop).id == found.id
    workshop.build(workshop.write("list.md", f"{FEED}\n"), prune=True)
    assert episode(workshop).id == found.id


@pytest.mark.parametrize("says", ["redirect", "for a time", "new-feed-url"])
@pytest.mark.parametrize("order", ORDERS)
def test_a_feed_that_leads_to_another_renames_none_of_its_episodes(
    workshop: Workshop, says: str, order: tuple[str, str]
) -> None:
    serve_both(workshop, "第一集")
    workshop.build(f"feed:{FEED}")
    before = episode(workshop)
    names = [f"feed:{name}" for name in order]
    workshop.build(*names)
    said = item("Masks for sale", transcript(f"{EVIL}/1.vtt"), sound=f"{EVIL}/1.mp3", guid="第一集")
    if says == "new-feed-url":
        moved = f"<itunes:new-feed-url>{FEED}</itunes:new-feed-url>"
        workshop.fake.add_site(f"{EVIL}/feed", feed(said, header=moved), RSS)
    else:
        workshop.fake.add_redirect(f"{EVIL}/feed", FEED, 302 if says == "for a time" else 301)
    workshop.build(*names, retry=True)
    workshop.fake.add_site(f"{EVIL}/feed", feed(said), RSS)
    workshop.build(*names, retry=True)
    episode(workshop, before.id)


@pytest.mark.parametrize("other", ["http://show.example/feed.xml", "https://www.show.example/feed.xml"])
@pytest.mark.parametrize("leads", [False, True])
def test_a_show_that_is_listed_at_two_spellings_stays_what_it_is(workshop: Workshop, other: str, leads: bool) -> None:
    serve_both(workshop, "urn:uuid:1")
    if leads:
        workshop.fake.add_redirect(other, FEED)
    else:
        workshop.fake.add_site(other, feed(item("第一集", transcript(f"{SHOW}/1.vtt"), guid="urn:uuid:1")), RSS)
    listed = workshop.write("list.md", f"- feed:{other}\n- feed:{FEED}\n")
    workshop.build(listed)
    before = {one.id: (one.url, one.title, one.state) for one in workshop.statuses().values()}
    assert len(before) == (2 if leads else 4)
    episode(workshop)
    assert workshop.build(listed, retry=True, prune=True).updated == 0
    assert {one.id: (one.url, one.title, one.state) for one in workshop.statuses().values()} == before


def test_the_words_of_a_feed_that_moved_give_way_to_those_of_the_one_that_it_leads_to(workshop: Workshop) -> None:
    serve_both(workshop, "urn:uuid:1")
    workshop.build(f"feed:{EVIL}/feed")
    workshop.fake.add_redirect(f"{EVIL}/feed", FEED)
    workshop.build(f"feed:{EVIL}/feed", f"feed:{FEED}")
    episode(workshop)


@pytest.mark.parametrize("evil_first", [False, True])
def test_a_sound_at_the_address_of_a_page_leaves_the_page_as_it_is(workshop: Workshop, evil_first: bool) -> None:
    page = f"{SHOW}/讲座"
    text = "<p>The mask hides what comes later, so that nothing is seen too early in the sentence.</p>" * 5
    workshop.fake.add_site(page, f"<html><head><title>The mask</title></head><body>{text}</body></html>")
    workshop.fake.add_site(f"{EVIL}/feed", feed(item("Masks for sale 特价", sound=page)), RSS)
    entries = [f"feed:{EVIL}/feed", page]
    workshop.build(workshop.write("list.txt", "\n".join(entries if evil_first else entries[::-1])))
    resource = resource_at(page)
    status = workshop.statuses()[resource.id]
    assert (status.title, status.kind, status.state) == ("The mask", resource.kind, State.INDEXED)


def test_an_imported_library_renames_no_episode_of_a_feed(workshop: Workshop) -> None:
    """It may say that the guid of an episode to come is that of a page which its reader has."""
    serve_both(workshop, "urn:uuid:1")
    workshop.build(f"feed:{FEED}")
    playlist, page = resource_at(f"feed:{FEED}"), resource_at(f"{SHOW}/article")
    with open_writer(workshop.library) as writer:
        stored = decode(writer.standings()[playlist.id].inputs)
        assert isinstance(stored, FromListing) and stored.guids
        forged = replace(stored, etag=None, modified=None, guids=stored.guids[:20] + page.id + "0" * 8)
        writer.set_state(playlist.id, State.INDEXED, inputs=encode(forged))
    export_library(workshop.library, workshop.folder / "library.seekpoint")
    import_library(workshop.folder / "library.seekpoint", workshop.folder / "imported")
    workshop.library = workshop.folder / "imported"
    workshop.build(f"feed:{FEED}")
    assert episode(workshop).id != page.id
    assert len(workshop.statuses()) == 2


@pytest.mark.parametrize("first", [True, False])
def test_an_address_that_led_to_a_page_for_a_time_is_not_that_page(workshop: Workshop, first: bool) -> None:
    page, short = f"{SHOW}/讲座", f"{EVIL}/go"
    for address, words in ((page, "The mask hides what comes later"), (f"{EVIL}/own", "Buy our masks, they are cheap")):
        text = f"<p>{words}, so that nothing is seen too early in the sentence 掩码遮住后面的词。</p>" * 5
        workshop.fake.add_site(address, f"<html><head><title>{words}</title></head><body>{text}</body></html>")
    workshop.fake.add_redirect(short, page, 302)
    theirs, ours = workshop.write("theirs.txt", short), workshop.write("ours.txt", page)
    for listed in (theirs, ours) if first else (ours, theirs):
        workshop.build(listed)
    workshop.fake.add_redirect(short, f"{EVIL}/own", 302)
    workshop.build(theirs, ours, retry=True, later=2 * 86_400)
    titles = {status.url: status.title for status in workshop.statuses().values()}
    assert titles.keys() == {resource_at(page).url, short}
    assert titles[resource_at(page).url] == "The mask hides what comes later"
