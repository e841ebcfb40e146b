"""Builds of addresses that lead to others: redirects, other spellings, short links, private networks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.index.open import open_writer
from seekpoint.index.types import Kind, State
from seekpoint.indexer.build_options import BuildOptions
from seekpoint.indexer.pipeline.build_report import preview
from seekpoint.indexer.pipeline.planner import Step
from seekpoint.query.search import pipeline
from tests.fakes import TopicEncoder
from tests.indexer.build.test_build_texts import MASKS
from tests.indexer.builds import Workshop, webvtt

HOUR = 3600.0
DAY = 24 * HOUR
LISTS = "https://lists.example"
SITE = "https://www.blog.example/attention/"
SPELLINGS = ("http://blog.example/attention", "https://blog.example/attention", "https://www.blog.example/attention")
VIDEO = "aaaaaaaaaaa"
WATCH = f"https://www.youtube.com/watch?v={VIDEO}"
SHORT = "https://t.example/x"


def listed(*addresses: str) -> str:
    """A list with each address under a heading of its own."""
    return "# 列表\n\n" + "\n".join(f"## 第{n}节\n- <{address}>\n" for n, address in enumerate(addresses))


def sections(*numbers: int) -> tuple[tuple[str, ...], ...]:
    return tuple((f"第{n}节",) for n in numbers)


def quotes(workshop: Workshop) -> list[str]:
    with EmbeddedReader.open(workshop.library) as library:
        return [moment.link for moment in pipeline.ask("what does a mask hide?", library, TopicEncoder(), 5).moments]


def asked_of_sites(workshop: Workshop) -> list[str]:
    return [address for place, address in workshop.fake.requests if place == "site"]


# Private networks


@pytest.fixture
def intranet() -> Iterator[HTTPServer]:
    """A server of this machine that no list from the web may name."""
    with HTTPServer("127.0.0.1", 0) as server:
        server.expect_request("/robots.txt").respond_with_data(status=404)
        server.expect_request("/secret").respond_with_data(MASKS, content_type="text/html")
        yield server


def test_a_list_from_the_web_names_no_private_address(workshop: Workshop, intranet: HTTPServer) -> None:
    secret = intranet.url_for("/secret")
    metadata, router = "http://169.254.169.254/latest/meta-data/", "http://192.168.0.1/"
    by_name = f"http://localhost:{intranet.port}/secret"
    workshop.fake.add_site(f"{LISTS}/list.md", listed(secret, by_name, metadata, router), "text/markdown")
    workshop.build(f"{LISTS}/list.md")
    assert intranet.log == []
    for status in workshop.statuses().values():
        assert status.state is State.UNAVAILABLE
        assert status.reason and "in a private network, which neither a list from the web nor" in status.reason


def test_a_list_on_this_machine_may_name_a_private_address(workshop: Workshop, intranet: HTTPServer) -> None:
    secret = intranet.url_for("/secret")
    workshop.fake.add_site(f"{LISTS}/list.md", listed(secret), "text/markdown")
    workshop.build(f"{LISTS}/list.md")
    report = workshop.build(workshop.write("list.md", listed(secret)), f"{LISTS}/list.md")
    assert report.states[State.INDEXED] == 1
    workshop.build(secret, later=2 * DAY)
    assert [request.path for request, _ in intranet.log].count("/secret") == 2
    workshop.build(f"{LISTS}/list.md", later=4 * DAY)
    assert [request.path for request, _ in intranet.log].count("/secret") == 2
    assert "kept as it was" in workshop.events.lines[0] and quotes(workshop)


# One resource for one page


def test_the_spellings_of_an_address_are_one_resource(workshop: Workshop) -> None:
    for address, code in zip(SPELLINGS, (302, 301, 307), strict=True):
        workshop.fake.add_redirect(address, SITE, code)
    workshop.fake.add_site(SITE, MASKS)
    source = workshop.write("list.md", listed(*SPELLINGS, SITE))
    report = workshop.build(source)
    (status,) = workshop.statuses().values()
    assert (status.url, status.state, status.sections) == (SITE, State.INDEXED, sections(0, 1, 2, 3))
    assert (report.entries, report.resources, report.updated) == (4, 1, 1)
    assert len(quotes(workshop)) == len(set(quotes(workshop)))
    before = workshop.content()
    workshop.build(source)
    assert workshop.fake.requests == [] and workshop.content() == before
    workshop.build(source, later=2 * DAY)
    assert asked_of_sites(workshop) == [SITE]


def test_other_lists_keep_the_listing_and_a_build_is_idempotent(workshop: Workshop) -> None:
    old = SPELLINGS[0]
    workshop.fake.add_site(old, MASKS)
    first = workshop.write("a.md", f"## 博客\n- [First title]({old})")
    workshop.build(first)
    workshop.fake.add_redirect(old, SITE)
    workshop.fake.add_site(SITE, MASKS)
    second = workshop.write("b.md", f"## Blogs\n- <{old}>")
    workshop.build(second, later=2 * DAY)
    (status,) = workshop.statuses().values()
    assert (status.url, status.title, status.sections) == (SITE, "First title", (("博客",), ("Blogs",)))
    workshop.build(first, second, later=2 * DAY, prune=True)
    (status,) = workshop.statuses().values()
    assert (status.url, status.title, status.sections) == (SITE, "First title", (("博客",), ("Blogs",)))
    assert workshop.fake.requests == [] and len(quotes(workshop)) == len(set(quotes(workshop)))


def test_a_dry_run_knows_the_addresses_that_lead_to_others(workshop: Workshop) -> None:
    for address in SPELLINGS:
        workshop.fake.add_redirect(address, SITE)
    workshop.fake.add_site(SITE, MASKS)
    source = workshop.write("list.md", listed(*SPELLINGS))
    request = BuildOptions([str(source)])
    assert preview(request, workshop.library, workshop.fake.web()).steps[Step.FETCH_TEXT] == 3
    workshop.build(source)
    report = preview(request, workshop.library, workshop.fake.web())
    assert (report.resources, report.steps[Step.NOTHING]) == (1, 1)


def test_what_was_removed_is_asked_at_the_listed_address(workshop: Workshop) -> None:
    workshop.fake.add_redirect(SPELLINGS[0], SITE)
    workshop.fake.add_site(SITE, MASKS)
    source = workshop.write("list.md", listed(SPELLINGS[0]))
    workshop.build(source)
    with open_writer(workshop.library) as writer:
        writer.remove(list(workshop.statuses()))
    workshop.build(source)
    assert asked_of_sites(workshop) == [SPELLINGS[0], SITE]
    assert [status.url for status in workshop.statuses().values()] == [SITE]


def test_a_site_that_turns_its_redirect_around_stays_one_resource(workshop: Workshop) -> None:
    source = workshop.write("list.md", listed(SPELLINGS[0]))
    for day, (start, end) in enumerate([(SPELLINGS[0], SITE), (SITE, SPELLINGS[0]), (SPELLINGS[0], SITE)]):
        workshop.fake.add_redirect(start, end)
        workshop.fake.add_site(end, MASKS.replace("mask hides", f"mask of day {day} hides"))
        workshop.build(source, later=2 * day * DAY)
        (status,) = workshop.statuses().values()
        assert (status.state, status.sections) == (State.INDEXED, sections(0))
        workshop.build(source, later=2 * day * DAY)
        assert workshop.fake.requests == []


# Temporary redirects


def test_a_temporary_address_is_no_identity(workshop: Workshop) -> None:
    workshop.fake.add_redirect(f"{LISTS}/notes", "https://files.example/a?signature=1", 302)
    workshop.fake.add_site("https://files.example/a?signature=1", MASKS)
    source = workshop.write("list.md", listed(f"{LISTS}/notes"))
    workshop.build(source)
    workshop.fake.add_redirect(f"{LISTS}/notes", "https://files.example/a?signature=2", 302)
    workshop.fake.add_site("https://files.example/a?signature=2", MASKS)
    workshop.build(source, later=2 * DAY)
    assert [status.url for status in workshop.statuses().values()] == [f"{LISTS}/notes"]
    assert quotes(workshop)[0].startswith(f"{LISTS}/notes#")


def test_temporary_redirects_to_one_page_are_one_resource_while_they_lead_there(workshop: Workshop) -> None:
    addresses = [f"{LISTS}/{name}" for name in ("a", "b", "c")]
    for address in addresses:
        workshop.fake.add_redirect(address, f"{LISTS}/维护", 302)
    workshop.fake.add_site(f"{LISTS}/维护".replace("维护", "%E7%BB%B4%E6%8A%A4"), MASKS)
    workshop.fake.add_site(f"{LISTS}/维护", MASKS)
    source = workshop.write("list.md", listed(*addresses))
    workshop.build(source)
    (status,) = workshop.statuses().values()
    assert (status.url, status.sections) == (addresses[0], sections(0, 1, 2))
    workshop.build(source, later=HOUR)
    assert workshop.fake.requests == []
    workshop.build(source, later=2 * DAY)
    (status,) = workshop.statuses().values()
    assert (status.url, status.sections) == (addresses[0], sections(0, 1, 2))
    for address in addresses:
        workshop.fake.add_site(address, MASKS.replace("mask hides", f"mask of {address[-1]} hides"))
    workshop.build(source, later=4 * DAY)
    assert {status.url: status.sections for status in workshop.statuses().values()} == {
        address: sections(n) for n, address in enumerate(addresses)
    }


def test_a_temporary_redirect_to_a_listed_page_is_that_page(workshop: Workshop) -> None:
    workshop.fake.add_redirect(f"{LISTS}/doi", SITE, 302)
    workshop.fake.add_site(SITE, MASKS)
    report = workshop.build(workshop.write("list.md", listed(f"{LISTS}/doi", SITE)))
    (status,) = workshop.statuses().values()
    assert (status.url, status.sections, report.updated) == (SITE, sections(0, 1), 1)


# Canonical addresses


def declaring(canonical: str, words: str = "A mask hides") -> str:
    return MASKS.replace("A mask hides", words).replace("<title>", f"<link rel='canonical' href='{canonical}'><title>")


def test_pages_with_one_canonical_address_and_one_text_are_one_resource(workshop: Workshop) -> None:
    post = "https://blog.example/post"
    variants = [f"{post}?ref=a", f"{post}/amp", post]
    for address in variants:
        workshop.fake.add_site(address, declaring("/post"))
    source = workshop.write("list.md", listed(*variants))
    report = workshop.build(source)
    (status,) = workshop.statuses().values()
    assert (status.url, status.sections, report.updated) == (post, sections(0, 1, 2), 1)
    workshop.build(source, later=2 * DAY)
    assert asked_of_sites(workshop) == [post]


def test_a_page_that_declares_the_listed_address_stays_there(workshop: Workshop) -> None:
    post = "https://blog.example/post"
    workshop.fake.add_redirect(post, f"{post}?lang=zh")
    workshop.fake.add_site(f"{post}?lang=zh", declaring(post))
    source = workshop.write("list.md", listed(post))
    workshop.build(source)
    assert [status.url for status in workshop.statuses().values()] == [post]
    assert asked_of_sites(workshop) == [post, f"{post}?lang=zh"]


def test_a_page_cannot_claim_the_address_of_another_one(workshop: Workshop) -> None:
    """A hostile page of the same site or of another one, and a site that declares one address on all pages."""
    good = "https://blog.example/good"
    claims = {"https://blog.example/evil": "/good", "https://evil.example/": good, "https://blog.example/": "/gone"}
    workshop.fake.add_site(good, MASKS)
    for address, canonical in claims.items():
        workshop.fake.add_site(address, declaring(canonical, f"The mask of {address} hides"))
    copy = "https://evil.example/copy"
    workshop.fake.add_site(copy, declaring(good))
    workshop.build(workshop.write("list.md", listed(*claims, copy, good)))
    statuses = {status.url: status for status in workshop.statuses().values()}
    assert statuses.keys() == {*claims, copy, good}
    assert {status.state for status in statuses.values()} == {State.INDEXED}
    with EmbeddedReader.open(workshop.library) as library:
        (transcript,) = library.transcripts(statuses[good].id)
    assert not any("evil" in cue.text for cue in transcript.cues)


# Short links


def test_a_short_link_to_a_video_is_the_video(workshop: Workshop) -> None:
    workshop.fake.add_redirect(SHORT, "https://bit.example/讲座", 302)
    workshop.fake.add_redirect("https://bit.example/讲座", f"https://youtu.be/{VIDEO}?t=30", 301)
    workshop.fake.add_video(VIDEO, "Talk", {"en": [(0.0, 2.0, "the mask hides tokens")]})
    workshop.fake.add_site(SITE, "<script>made()</script>")
    source = workshop.write("list.md", listed(SHORT, WATCH, SITE))
    report = workshop.build(source)
    status = workshop.statuses()[VIDEO]
    assert (status.kind, status.state, status.sections) == (Kind.VIDEO, State.INDEXED, sections(0, 1))
    assert report.resources == 2
    assert asked_of_sites(workshop) == [SHORT, "https://bit.example/讲座", SITE], "each once"
    workshop.build(source, later=2 * DAY)
    assert asked_of_sites(workshop) == [SITE] and len(workshop.fake.requests) == 1


def test_a_short_link_asks_nothing_of_youtube_during_a_block(workshop: Workshop) -> None:
    workshop.fake.add_video("bbbbbbbbbbb")
    workshop.fake.make_blocked("bbbbbbbbbbb")
    workshop.build(workshop.write("blocked.md", listed("https://youtu.be/bbbbbbbbbbb")))
    workshop.fake.add_redirect(SHORT, WATCH)
    workshop.fake.add_video(VIDEO, "Talk", {"en": [(0.0, 2.0, "the mask hides tokens")]})
    source = workshop.write("list.md", listed(SHORT))
    report = workshop.build(source)
    assert asked_of_sites(workshop) == [SHORT] and len(workshop.fake.requests) == 1
    status = workshop.statuses()[VIDEO]
    assert (status.state, status.sections, report.resources) == (State.DEFERRED, sections(0), 1)
    assert status.reason and "refused this address" in status.reason
    workshop.build(source, later=2 * DAY)
    assert workshop.statuses()[VIDEO].state is State.INDEXED
    assert asked_of_sites(workshop) == []


def test_a_short_link_to_a_playlist_is_the_playlist(workshop: Workshop) -> None:
    workshop.fake.add_redirect(SHORT, "https://www.youtube.com/playlist?list=PLshort")
    workshop.fake.add_playlist("PLshort", "讲座", [(VIDEO, "Talk")])
    workshop.fake.add_video(VIDEO, "Talk", {"en": [(0.0, 2.0, "the mask hides tokens")]})
    source = workshop.write("list.md", listed(SHORT))
    workshop.build(source)
    statuses = workshop.statuses()
    assert {name: status.state for name, status in statuses.items()} == dict.fromkeys(("PLshort", VIDEO), State.INDEXED)
    assert statuses[VIDEO].sections == (("第0节", "讲座"),)
    workshop.build(source)
    assert workshop.fake.requests and {place for place, _ in workshop.fake.requests} <= {"playlist", "reload"}


def test_a_short_link_to_a_video_with_captions_on_disk_asks_nothing_of_youtube(workshop: Workshop) -> None:
    workshop.fake.add_redirect(SHORT, WATCH)
    workshop.write(f"captions/讲座 [{VIDEO}].en.vtt", webvtt("the mask hides tokens"))
    workshop.build(workshop.write("list.md", listed(SHORT)), captions=workshop.folder / "captions")
    assert workshop.statuses()[VIDEO].state is State.INDEXED
    assert workshop.fake.requests == [("site", SHORT)]
    assert workshop.events.lines == []


def test_other_pages_of_youtube_are_refused_without_asking(workshop: Workshop) -> None:
    workshop.fake.add_redirect(SHORT, "https://www.youtube.com/feed/trending")
    workshop.build(workshop.write("list.md", listed(SHORT, "https://www.youtube.com/about/")))
    for status in workshop.statuses().values():
        assert status.state is State.UNAVAILABLE
        assert status.reason and "neither video, playlist nor channel" in status.reason
    assert workshop.fake.requests == [("site", SHORT)]
