"""Builds of addresses that lead to others: redirects, other spellings, short links, private networks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.index.types import State
from seekpoint.query.search import pipeline
from tests.fakes import TopicEncoder
from tests.indexer.build.test_build_texts import MASKS
from tests.indexer.builds import Workshop

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
        assert status.reason and "in a private network, which a list from the web may not name" in status.reason


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
