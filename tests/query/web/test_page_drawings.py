"""A passage of a PDF is seen on its page: what the server gives, and to whom; and the page in a real Chromium."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from time import sleep
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
import requests
from lxml.html import fromstring
from starlette.testclient import TestClient

import seekpoint
from seekpoint.cli.serve import drawing
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.web.app import application
from seekpoint.query.web.page_drawings import Drawing
from seekpoint.query.web.security import AccessPolicy
from tests.fakes import TopicEncoder
from tests.indexer.sources.papers.test_pdf import SENTENCES, lines, made
from tests.query.web.conftest import HOST, axe_faults, opened, serving
from tests.query.web.served import served, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HIDES, HIDES_THERE = "A mask hides what comes later in the text.", "掩码把未来的词藏起来，这样就看不到后面。"
TOKEN = "a-token-for-the-tests"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of a PDF in English, one in Chinese, and a note."""
    folder = tmp_path_factory.mktemp("papers")
    english = [lines(60, 700, SENTENCES), lines(60, 700, (*SENTENCES[:2], HIDES))]
    chinese = lines(60, 700, ("注意力给每个词一个权重，然后把它们加起来。", HIDES_THERE), font="F3")
    (folder / "masks.pdf").write_bytes(made(english))
    (folder / "掩码.pdf").write_bytes(made([chinese]))
    (folder / "notes.md").write_text("# On masks\n\nA mask hides the note.\n", encoding="utf-8")
    seekpoint.build(folder, folder / "library", encoder=TopicEncoder(), translate=False)
    return folder / "library"


@pytest.fixture(scope="module")
def ids(papers: Path) -> dict[str, str]:
    """The ids by file name."""
    return {
        unquote(each.resource.url.rpartition("/")[2]): each.id for each in seekpoint.open_library(papers).resources()
    }


class Counted:
    """Draws, counts how often, and how many pages at once."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds, self.lock, self.drawn, self.at_once, self.most = seconds, Lock(), 0, 0, 0

    def __call__(self, path: Path, number: int, quote: str) -> Drawing:
        with self.lock:
            self.drawn, self.at_once = self.drawn + 1, self.at_once + 1
            self.most = max(self.most, self.at_once)
        sleep(self.seconds)
        with self.lock:
            self.at_once -= 1
        return drawing(path, number, quote)


def client_of(library: Path, draw: Counted | None = None, token: str | None = None) -> TestClient:
    app = application(LiveLibrary(library, TopicEncoder()), AccessPolicy(token=token), draw=draw or Counted())
    return TestClient(app, HOST, raise_server_exceptions=False, follow_redirects=False)


def test_a_page_is_drawn_once_for_its_marks_and_its_picture(papers: Path, ids: dict[str, str]) -> None:
    draw, library = Counted(), papers
    with client_of(library, draw) as client:
        for name, question, number, pages, low in (
            ("masks.pdf", "What does the mask hide?", 2, 2, 0.14),
            ("掩码.pdf", "掩码把什么藏起来？", 1, 1, 0.12),
        ):
            page = fromstring(client.get("/", params={"q": question, "k": 9}).text)
            (link, *_) = page.xpath(f"//a[@data-id='{ids[name]}'][@data-cues]")
            assert (link.get("href"), link.get("data-start")) == (f"/media/{ids[name]}#page={number}", str(number))
            first, stop = link.get("data-cues").split("-")
            address = f"{link.get('data-source')}/page/{number}"
            quoted = {"language": link.get("data-language"), "first": first, "stop": stop}
            drawn = client.get(address, params=quoted).json()
            assert drawn["pages"] == pages
            left, top, width, _ = drawn["marks"][-1]
            assert left == 0.1 and top > low and width > 0.3
            picture = client.get(f"{address}.png", params=quoted | {"version": drawn["version"]})
            assert picture.content.startswith(b"\x89PNG") and picture.headers["content-type"] == "image/png"
            assert "immutable" in picture.headers["cache-control"] and "private" in picture.headers["cache-control"]
            assert "default-src 'none'" in picture.headers["content-security-policy"]
        assert draw.drawn == 2
        assert client.get(address).json()["marks"] == []
        os.utime(library.parent / "掩码.pdf", (1, 1))
        assert client.get(address, params=quoted).json()["version"] != drawn["version"]
        assert draw.drawn == 4


def test_only_indexed_pdfs_are_drawn_and_only_for_those_who_may(
    papers: Path, ids: dict[str, str], hostile: Path, tmp_path: Path
) -> None:
    page = f"/media/{ids['masks.pdf']}/page"
    with client_of(papers) as client:
        for path, code in (
            *((f"{page}/{number}{end}", 404) for number in (0, 3, -1, "x", 10**30) for end in ("", ".png")),
            *((f"/media/{name}/page/1", 404) for name in (ids["notes.md"], "nothing", "..", "%2e%2e%2fmasks.pdf")),
            *((f"{page}/2?{query}", 400) for query in ("first=-1", "stop=x", f"stop={10**12}")),
            (f"{page}/2?language=en&first=7&stop=3", 200),
            (f"{page}/2?language=xx&first={2**31}&stop=9", 200),
        ):
            answer = client.get(path)
            assert answer.status_code == code, path
            assert not answer.content.startswith(b"\x89PNG")
        assert client.get(f"{page}/2.png", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    with client_of(hostile) as client:
        assert {client.get(f"/media/{name}/page/1").status_code for name in ("unread", "text", "other", "vb")} == {404}
    with client_of(papers, token=TOKEN) as client:
        assert client.get(f"{page}/2.png").status_code == client.get(f"{page}/2").status_code == 401
        assert client.get(f"{page}/2.png", headers={"Authorization": f"Bearer {TOKEN}"}).content[1:4] == b"PNG"
    with serving(papers) as client:
        assert "data-play" not in client.get("/?q=mask").text and client.get(f"{page}/2").status_code == 404


def test_a_file_that_is_broken_or_gone_says_so_in_a_line(papers: Path, ids: dict[str, str], tmp_path: Path) -> None:
    file, page = papers.parent / "masks.pdf", f"/media/{ids['masks.pdf']}/page/2"
    whole = file.read_bytes()
    try:
        with client_of(papers) as client:
            for data, code, reason in (
                (whole[:300], 422, "broken"),
                (b"", 422, "broken"),
                (None, 404, "can't be read"),
            ):
                file.unlink() if data is None else file.write_bytes(data)
                answer = client.get(page)
                assert (answer.status_code, answer.headers["content-type"]) == (code, "application/problem+json")
                assert reason in answer.json()["detail"] and "\n" not in answer.json()["detail"]
            assert f'data-id="{ids["masks.pdf"]}"' not in client.get("/?q=mask").text, "as without drawing"
    finally:
        file.write_bytes(whole)


@pytest.mark.slow
def test_two_pages_are_drawn_at_a_time_and_the_other_requests_wait(papers: Path, ids: dict[str, str]) -> None:
    draw = Counted(0.3)
    with served(papers, draw=draw) as address, ThreadPoolExecutor(6) as threads:
        paths = [f"{address}/media/{ids['masks.pdf']}/page/{1 + n % 2}?language=en&stop={n}" for n in range(6)]
        waiting = [threads.submit(requests.get, path, timeout=60) for path in paths]
        assert requests.get(f"{address}/list", timeout=60).ok, "which needs no drawing"
        assert [each.result().status_code for each in waiting] == [200] * 6
    assert draw.most == 2


_IN_VIEW = """(() => {
    const [mark, sheet] = [".sheet span", ".sheet"].map((each) => document.querySelector(each).getBoundingClientRect())
    return mark.height > 3 && mark.top >= sheet.top && mark.bottom <= Math.min(sheet.bottom, innerHeight)
})()"""


@pytest.mark.chromium
@pytest.mark.parametrize(
    ("locale", "name", "question", "number", "following"),
    [("en-GB", "masks.pdf", "What does the mask hide?", 2, "Next page"), ("zh-CN", "掩码.pdf", "掩码", 1, "下一页")],
)
def test_a_moment_is_seen_on_its_page(
    browser: Browser,
    papers: Path,
    ids: dict[str, str],
    locale: str,
    name: str,
    question: str,
    number: int,
    following: str,
) -> None:
    with served(papers, draw=drawing) as address:
        for width, height in ((1400, 900), (390, 780)):
            with opened(browser, address, locale=locale, viewport={"width": width, "height": height}) as page:
                at, link = page.locator("#player .turning output"), page.locator(f".go[data-id='{ids[name]}']").first
                page.goto(f"/?q={question}&k=9")
                link.click()
                page.locator(".sheet span").first.wait_for()
                until(page, _IN_VIEW)
                pages = 2 if name == "masks.pdf" else 1
                assert at.inner_text() == f"{number} / {pages}"
                assert page.evaluate("document.documentElement.scrollWidth") == width
                assert f"play={ids[name]}&t={number}" in page.url
                assert page.locator("#player .elsewhere").get_attribute("href") == link.get_attribute("href")
                if locale == "en-GB":
                    page.keyboard.press("ArrowLeft")
                    page.locator("#player output", has_text="1 / 2").wait_for()
                    assert page.locator(".sheet span").count() == 0, "the quote isn't there"
                page.get_by_role("button", name=following).press("Enter")
                page.locator(".sheet span").first.wait_for()
                if width == 390:
                    assert axe_faults(page) == []
                page.reload()
                page.locator(".sheet span").first.wait_for()
                page.keyboard.press("Escape")
                page.locator("#player").wait_for(state="hidden")
                page.goto(f"/resource/{ids[name]}")
                page.locator("a.time").last.click()
                page.locator(".sheet span").first.wait_for()
