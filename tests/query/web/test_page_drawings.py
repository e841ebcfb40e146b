"""A passage of a PDF is seen on its page: what the server gives, and to whom; and the page in a real Chromium."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from time import sleep
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
import requests
from lxml.html import fromstring

import seekpoint
from seekpoint.indexer.sources.papers.page_image import drawn_page
from seekpoint.query.web.page_drawings import Drawing
from seekpoint.query.web.security import AccessPolicy
from tests.fakes import TopicEncoder
from tests.indexer.sources.papers.test_pdf import SENTENCES, lines, made
from tests.query.web.conftest import axe_faults, opened, serving
from tests.query.web.served import served, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TOKEN = "a-token-for-the-tests"
ENGLISH = [lines(60, 700, SENTENCES), lines(60, 90, (*SENTENCES[:2], "A mask hides what comes later."))]
CHINESE = [lines(60, 90, ("注意力给每个词一个权重，加起来。", "掩码把未来的词藏起来，看不到。"), font="F3")]
# The name and pages of a file, a question, and the page that answers, far down on it.
EACH = [("masks.pdf", 2, "What does the mask hide?", 2), ("掩码.pdf", 1, "掩码把什么藏起来？", 1)]


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    (folder / "masks.pdf").write_bytes(made(ENGLISH))
    (folder / "掩码.pdf").write_bytes(made(CHINESE))
    (folder / "notes.md").write_text("# On masks\n\nA mask hides the note.\n", encoding="utf-8")
    seekpoint.build(folder, folder / "library", encoder=TopicEncoder(), translate=False)
    return folder / "library"


@pytest.fixture(scope="module")
def ids(papers: Path) -> dict[str, str]:
    resources = [status.resource for status in seekpoint.open_library(papers).resources()]
    return {unquote(each.url.rpartition("/")[2]): each.id for each in resources}


def test_a_page_is_drawn_once_for_its_marks_and_its_picture(papers: Path, ids: dict[str, str]) -> None:
    drawn: list[int] = []

    def draw(path: Path, number: int, quote: str) -> Drawing:
        drawn.append(number)
        return drawn_page(path, number, quote)

    with serving(papers, draw=draw) as client:
        for name, pages, question, number in EACH:
            page = fromstring(client.get("/", params={"q": question, "k": 9}).text)
            (link, *_) = page.xpath(f"//a[@data-id='{ids[name]}'][@data-cues]")
            assert (link.get("href"), link.get("data-start")) == (f"/media/{ids[name]}#page={number}", str(number))
            first, stop = link.get("data-cues").split("-")
            address = f"{link.get('data-source')}/page/{number}"
            quoted = {"language": link.get("data-language"), "first": first, "stop": stop}
            told = client.get(address, params=quoted).json()
            left, top, width, _ = told["marks"][-1]
            assert told["pages"] == pages and 0.09 < left < 0.11 and top > 0.88 and width > 0.2
            picture = client.get(f"{address}.png", params=quoted | {"version": told["version"]})
            assert picture.content.startswith(b"\x89PNG") and picture.headers["content-type"] == "image/png"
            assert picture.headers["cache-control"].startswith("private, max-age=")
        assert drawn == [2, 1]
        assert client.get(address).json()["marks"] == []
        os.utime(papers.parent / "掩码.pdf", (1, 1))
        assert client.get(address, params=quoted).json()["version"] != told["version"]
        assert drawn == [2, 1, 1, 1]


def test_only_indexed_pdfs_are_drawn_and_only_for_those_who_may(
    papers: Path, ids: dict[str, str], hostile: Path
) -> None:
    page = f"/media/{ids['masks.pdf']}/page"
    with serving(papers, draw=drawn_page) as client:
        for path, code in (
            *(
                (f"{page}/{number}{end}", 404)
                for number in (0, 3, -1, "x", "²", 10**30, "1" * 4400)
                for end in ("", ".png")
            ),
            *((f"/media/{name}/page/1", 404) for name in (ids["notes.md"], "nothing", "..", "%2e%2e%2fmasks.pdf")),
            *((f"{page}/2?{query}", 400) for query in ("first=-1", "stop=x")),
            *((f"{page}/2?language=en&{query}", 200) for query in ("first=7&stop=3", f"stop={10**30}", "first=999")),
        ):
            assert client.get(path).status_code == code, path
        assert client.get(f"{page}/2.png", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    with serving(hostile, draw=drawn_page) as client:
        assert {client.get(f"/media/{name}/page/1").status_code for name in ("unread", "text", "other", "vb")} == {404}
    with serving(papers, AccessPolicy(token=TOKEN), draw=drawn_page) as client:
        assert client.get(f"{page}/2.png").status_code == client.get(f"{page}/2").status_code == 401
        assert client.get(f"{page}/2.png", headers={"Authorization": f"Bearer {TOKEN}"}).content[1:4] == b"PNG"
    with serving(papers) as client:
        assert "data-play" not in client.get("/?q=mask").text and client.get(f"{page}/2").status_code == 404


def test_a_file_that_is_broken_or_gone_is_told_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "masks.pdf"
    file.write_bytes(made(ENGLISH))
    seekpoint.build(file, tmp_path / "library", encoder=TopicEncoder(), translate=False)
    with serving(tmp_path / "library", draw=drawn_page) as client:
        source = fromstring(client.get("/?q=mask").text).xpath("string(//a/@data-source)")
        for data, reason in ((made(ENGLISH)[:300], "can't be read"), (b"", "can't be read"), (None, "No such file")):
            file.unlink() if data is None else file.write_bytes(data)
            answer = client.get(f"{source}/page/2")
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
            assert reason in answer.json()["detail"] and "\n" not in answer.json()["detail"]
        assert "data-play" not in client.get("/?q=mask").text, "the link leads to its text"


@pytest.mark.slow
def test_two_pages_are_drawn_at_a_time_and_other_pages_dont_wait(papers: Path, ids: dict[str, str]) -> None:
    places = Semaphore(2)

    def draw(path: Path, number: int, quote: str) -> Drawing:
        assert places.acquire(blocking=False), "a third one"
        sleep(0.2)
        places.release()
        return b"png", 9, []

    with served(papers, draw=draw) as address, ThreadPoolExecutor(8) as threads:
        paths = [f"{address}/media/{ids['masks.pdf']}/page/{number}" for number in range(8)]
        waiting = [threads.submit(requests.get, path, timeout=60) for path in paths]
        assert requests.get(f"{address}/list", timeout=60).ok
        assert not waiting[-1].done()
        assert [each.result().status_code for each in waiting] == [200] * 8


_IN_VIEW = """(() => {
    const [mark, sheet] = [".sheet span", ".sheet"].map((each) => document.querySelector(each).getBoundingClientRect())
    return mark.height > 3 && mark.top >= sheet.top && mark.bottom <= Math.min(sheet.bottom, innerHeight)
})()"""


@pytest.mark.chromium
@pytest.mark.parametrize(("locale", "width", "height"), [("en-GB", 1400, 900), ("zh-CN", 390, 780)])
def test_a_moment_is_seen_on_its_page(
    browser: Browser, papers: Path, ids: dict[str, str], locale: str, width: int, height: int
) -> None:
    name, pages, question, number = EACH[locale == "zh-CN"]
    with (
        served(papers, draw=drawn_page) as address,
        opened(browser, address, may_refuse=True, locale=locale, viewport={"width": width, "height": height}) as page,
    ):
        at, marks, link = map(page.locator, ("#player output", ".sheet span", f".go[data-id='{ids[name]}']"))
        page.goto(f"/?q={question}&k=9")
        link.first.click()
        marks.first.wait_for()
        until(page, _IN_VIEW)
        assert at.inner_text() == f"{number} / {pages}"
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert f"play={ids[name]}&t={number}" in page.url
        assert page.locator("#player .elsewhere").get_attribute("href") == link.first.get_attribute("href")
        assert axe_faults(page) == []
        page.route("**/page/**", lambda route: route.abort())
        page.keyboard.press("ArrowLeft")
        page.locator("#player .trouble", has_text={"en-GB": "didn’t answer", "zh-CN": "没有回答"}[locale]).wait_for()
        assert page.locator(".sheet").count() == 1 and at.inner_text() == f"{number} / {pages}", "the page stays"
        page.unroute("**/page/**")
        if locale == "en-GB":
            page.keyboard.press("ArrowLeft")
            page.locator("#player output", has_text="1 / 2").wait_for()
            assert marks.count() == 0, "the quote isn't there"
            assert (page.locator("#player .elsewhere").get_attribute("href") or "").endswith("#page=1")
        page.get_by_role("button", name={"en-GB": "Next page", "zh-CN": "下一页"}[locale]).press("Enter")
        marks.first.wait_for()
        page.reload()
        marks.first.wait_for()
        page.keyboard.press("Escape")
        page.locator("#player").wait_for(state="hidden")
        page.goto(f"/resource/{ids[name]}")
        page.locator("a.time").last.click()
        marks.first.wait_for()
