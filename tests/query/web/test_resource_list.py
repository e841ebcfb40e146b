"""A list that is longer than a page: its pages, what narrows it, and what of the library is read for a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.open import open_writer
from seekpoint.index.store import Writer
from seekpoint.index.types import Details, Kind, Resource, State
from seekpoint.query.web.resource_list import ENTRIES
from tests.index.libraries import CARD, embedded
from tests.postgres import TestServer
from tests.query.web.conftest import SCRIPT, URL, serving

pytestmark = pytest.mark.slow


NUMBER = 450
HEADINGS = ("Masks", "中文课程", "Rest")
TALK = "long0000007"


def resource(number: int) -> Resource:
    title = f"注意力機制 第 {number} 講" if number % 3 == 0 else f"Lecture {number}"
    heading = HEADINGS[number * len(HEADINGS) // NUMBER]
    return Resource(f"long{number:07}", Kind.VIDEO, title, f"{URL}long{number:07}", (("Course", heading),))


def fill(writer: Writer) -> None:
    """List the talks; one is indexed, another has no captions."""
    writer.register("long.md", [resource(number) for number in range(NUMBER)])
    writer.commit(TALK, [embedded(["a mask hides the future", "掩码"])], Details(channel="频道"), "by hand")
    writer.set_state("long0000440", State.NO_TRANSCRIPT, reason="无字幕 <b>", inputs="by hand")


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long") / "library"
    with EmbeddedWriter.acquire(folder, CARD) as writer:
        fill(writer)
    return folder


@pytest.fixture
def client(long: Path) -> Iterator[TestClient]:
    with serving(long) as result:
        yield result


def shown(page: str) -> list[str]:
    """The ids of the entries on a page."""
    return re.findall(r'class="name" href="/resource/(\w+)"', page)


def turned(page: str) -> dict[str, str]:
    """Where the links to the next page and the one before lead."""
    return {rel: unescape(href) for href, rel in re.findall(r'<a href="([^"]*)" rel="(\w+)"', page)}


def headings(page: str) -> list[tuple[str, str]]:
    """The headings on a page, with what they count."""
    found = re.findall(r'<h\d class="heading"[^>]*>(.*?)(?: <span class="count">(.*?)</span>)?</h\d>', page, re.DOTALL)
    return [(heading.strip(), count) for heading, count in found]


def test_the_pages_show_every_entry_once_under_its_heading(client: TestClient) -> None:
    address, pages = "/list", []
    while address:
        pages.append(client.get(address).text)
        address = turned(pages[-1]).get("next", "")
    assert [len(shown(page)) for page in pages] == [ENTRIES, ENTRIES, NUMBER - 2 * ENTRIES]
    assert [key for page in pages for key in shown(page)] == [resource(number).id for number in range(NUMBER)]
    assert headings(pages[0]) == [("Course", ""), ("Masks", "1 of 150 indexed"), ("中文课程", "0 of 150 indexed")]
    assert headings(pages[1]) == [("Course", ""), ("中文课程", "0 of 150 indexed"), ("Rest", "0 of 150 indexed")]
    assert [sorted(turned(page)) for page in pages] == [["next"], ["next", "prev"], ["prev"]]
    assert all("1 of 450 indexed" in page for page in pages)


def test_a_page_behind_the_last_is_the_last_and_what_is_no_page_is_refused(client: TestClient) -> None:
    for given, number in {"": 1, "1": 1, "2": 2, "3": 3, "4": 3, "9999999": 3, "9" * 300: 3}.items():
        for language, words in (("en", f"Page {number} of 3"), ("zh-CN", f"第 {number} 页，共 3 页")):
            page = client.get("/list", params={"page": given}, headers={"Accept-Language": language})
            assert (page.status_code, words in page.text) == (200, True), given
    for given in ("-1", "0", "two", "二", "1.5", "1e3", "9" * 5000, SCRIPT):
        page = client.get("/list", params={"page": given})
        assert page.status_code == 400 and "`page`" in page.text and SCRIPT not in page.text


def test_the_server_narrows_a_long_list(client: TestClient) -> None:
    for said, numbers in (
        ("注意力机制 第 3 讲", [number for number in range(0, NUMBER, 3) if "3" in str(number)]),
        ("LECTURE 44", [number for number in range(NUMBER) if "44" in str(number) and number % 3]),
        *((said, [440]) for said in ("無字幕", "no transcript", "没有字幕")),
        ("频道", [7]),
        ("nothing says this", []),
        (SCRIPT, []),
    ):
        page = client.get("/list", params={"narrow": said}).text
        assert shown(page) == [resource(number).id for number in numbers], said
        assert f'role="status">{len(numbers)} of 450</span>' in page and SCRIPT not in page
    assert client.get("/list", params={"narrow": "a" * 201}).status_code == 400


def test_a_filter_and_an_order_go_along_to_the_next_page(client: TestClient) -> None:
    first = client.get("/list", params={"narrow": "video 视频", "sort": "added"})
    assert shown(first.text)[0] == "long0000449"
    second = client.get(turned(first.text)["next"]).text
    assert shown(second)[0] == f"long{NUMBER - ENTRIES - 1:07}"
    assert 'value="video 视频"' in second


def test_a_question_leaves_those_that_answer_it(client: TestClient) -> None:
    page = client.get("/list", params={"q": "What does the mask hide?"}).text
    assert shown(page) == [TALK] and '<rect class="own"' in page
    assert headings(page) == [("Course", ""), ("Masks", "1 of 150 indexed")]


def test_a_page_reads_the_resources_on_it_alone(postgres: TestServer) -> None:
    address = postgres.library()
    with open_writer(address, CARD) as writer:
        fill(writer)
    broken = "UPDATE seekpoint.resource SET details = 'broken' WHERE id = 'long0000210'"
    postgres.sql(address.uri.rpartition("/")[2], broken)
    codes = {"/list": 200, "/list?page=3": 200, "/list?page=2": 503, "/list?sort=title": 503, "/list?sort=state": 200}
    for path, code in {**codes, "/?q=mask": 200}.items():
        with serving(address) as client:
            assert client.get(path).status_code == code, path
