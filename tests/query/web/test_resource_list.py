"""A list that is longer than a page: its pages, what narrows it, and what of the library is read for a page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from seekpoint.index.address import Address, ServerAddress
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.open import open_writer
from seekpoint.index.store import Writer
from seekpoint.index.types import Details, Kind, Resource, State
from seekpoint.query.web.forms import Editing
from seekpoint.query.web.resource_list import ENTRIES
from tests.index.libraries import CARD, embedded
from tests.postgres import TestServer
from tests.query.web.conftest import HOST, SCRIPT, URL, serving
from tests.query.web.forms import form
from tests.query.web.workbench import editing as editing_of

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


@pytest.mark.parametrize(
    ("given", "number"), [("", 1), ("1", 1), ("2", 2), ("3", 3), ("4", 3), ("9999999", 3), ("9" * 300, 3)]
)
def test_a_page_behind_the_last_is_the_last(client: TestClient, given: str, number: int) -> None:
    page = client.get("/list", params={"page": given})
    assert page.status_code == 200 and f"Page {number} of 3" in page.text
    chinese = client.get("/list", params={"page": given}, headers={"Accept-Language": "zh-CN"})
    assert f"第 {number} 页，共 3 页" in chinese.text


@pytest.mark.parametrize("given", ["-1", "0", "two", "二", "1.5", "1e3", "9" * 5000, SCRIPT])
def test_what_is_no_page_is_refused(client: TestClient, given: str) -> None:
    page = client.get("/list", params={"page": given})
    assert page.status_code == 400 and "`page`" in page.text and SCRIPT not in page.text


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("注意力机制 第 3 讲", [number for number in range(0, NUMBER, 3) if "3" in str(number)]),
        ("LECTURE 44", [number for number in range(NUMBER) if "44" in str(number) and number % 3]),
        ("無字幕", [440]),
        ("no transcript", [440]),
        ("没有字幕", [440]),
        ("频道", [7]),
        ("nothing says this", []),
        (SCRIPT, []),
    ],
)
def test_the_server_narrows_a_long_list(client: TestClient, said: str, numbers: Sequence[int]) -> None:
    page = client.get("/list", params={"narrow": said}).text
    assert shown(page) == [resource(number).id for number in numbers]
    assert f'role="status">{len(numbers)} of 450</span>' in page and SCRIPT not in page


def test_a_filter_and_an_order_go_along_to_the_next_page(client: TestClient) -> None:
    first = client.get("/list", params={"narrow": "video 视频", "sort": "added"})
    assert shown(first.text)[0] == "long0000449"
    address = turned(first.text)["next"]
    assert shown(client.get(address).text)[0] == f"long{NUMBER - ENTRIES - 1:07}"
    assert 'value="video 视频"' in client.get(address).text
    assert client.get("/list", params={"narrow": "a" * 201}).status_code == 400


def test_a_question_leaves_those_that_answer_it(client: TestClient) -> None:
    page = client.get("/list", params={"q": "What does the mask hide?"}).text
    assert shown(page) == [TALK] and '<rect class="own"' in page
    assert headings(page) == [("Course", ""), ("Masks", "1 of 150 indexed")]


def test_what_is_taken_out_leaves_the_reader_on_the_page(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path / "library", CARD) as writer:
        fill(writer)
    editing: Editing = editing_of(tmp_path / "library")
    with serving(tmp_path / "library", editing=editing, Origin=HOST) as client:
        for address in ("/list?page=3", "/list?narrow=%E6%B3%A8%E6%84%8F&sort=title"):
            hidden = form(client, address, "/add/remove")
            sent = client.post("/add/remove", data=hidden)
            assert (sent.status_code, sent.headers["location"]) == (303, address)
            assert hidden["resource"] not in client.get(address).text
        assert form(client, "/list?page=2", "/add/address")["back"] == "/list?page=2"
    assert editing.builds
    editing.builds.close()


def of_server(server: TestServer) -> ServerAddress:
    address = server.library()
    with open_writer(address, CARD) as writer:
        fill(writer)
    return address


def test_a_page_reads_the_resources_on_it_alone(postgres: TestServer) -> None:
    address: Address = of_server(postgres)
    assert isinstance(address, ServerAddress)
    broken = "UPDATE seekpoint.resource SET details = 'broken' WHERE id = 'long0000210'"
    postgres.sql(address.uri.rpartition("/")[2], broken)
    codes = {
        path: _code_of(address, path)
        for path in ("/list", "/list?page=3", "/list?page=2", "/list?sort=title", "/list?sort=state", "/?q=mask")
    }
    assert codes == {
        "/list": 200,
        "/list?page=3": 200,
        "/list?page=2": 503,
        "/list?sort=title": 503,
        "/list?sort=state": 200,
        "/?q=mask": 200,
    }


def _code_of(address: Address, path: str) -> int:
    with serving(address) as client:
        return client.get(path).status_code
