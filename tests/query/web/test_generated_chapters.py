"""Generated chapters on the page, on the bar of an answer, and in the API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

import seekpoint
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.types import Chapter, Details
from tests.fakes import TopicEncoder
from tests.index.libraries import CARD, embedded, resource
from tests.indexer.builds import webvtt
from tests.long_talk import CHINESE, ENGLISH, SECONDS, talk
from tests.query.web.conftest import opened, serving
from tests.query.web.served import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TALK, ZH = "english0001", "zhongwen001"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    for name, topics in ((f"Talk [{TALK}].en", ENGLISH), (f"讲座 [{ZH}].zh", CHINESE)):
        lines = [cue.text for cue in talk(topics)]
        (folder / f"{name}.vtt").write_text(webvtt(*lines, seconds=SECONDS), encoding="utf-8")
    (folder / "list.txt").write_text(f"https://youtu.be/{TALK}\nhttps://youtu.be/{ZH}\n", encoding="utf-8")
    seekpoint.build(folder / "list.txt", folder / "library", captions=folder, encoder=TopicEncoder(), translate=False)
    return folder / "library"


@pytest.fixture
def client(library: Path) -> Iterator[TestClient]:
    with serving(library) as result:
        yield result


@pytest.mark.parametrize(("resource_id", "question", "title"), [(TALK, "attention", "Glacier"), (ZH, "注意力", "冰川")])
def test_the_page_lists_them_and_they_are_ticks_on_the_bar_of_an_answer(
    client: TestClient, resource_id: str, question: str, title: str
) -> None:
    html = client.get(f"/resource/{resource_id}").text
    (contents,) = re.findall(r'<nav class="chapters".*?</nav>', html, re.DOTALL)
    assert "Chapters, made of what is said" in contents
    assert contents.count("<li>") == 3
    assert re.search(rf'data-start="6[01]0\.0".*?{title}', contents, re.IGNORECASE)
    assert html.count("<h3") == 3
    for path in (f"/?q={question}", f"/resource/{resource_id}?q={question}"):
        html = client.get(path).text
        ticks = re.findall(r'<a href="([^"]*)"[^>]*><rect class="chapter-tick".*?<title>(.*?)</title>', html)
        assert [label.split()[0] for href, label in ticks if resource_id in href][-1].startswith("10:")


def test_the_api_says_that_they_are_generated(client: TestClient) -> None:
    status = client.get("/api/status").json()["resources"][0]
    for document in (client.get(f"/api/resources/{TALK}/transcript").json(), status):
        chapters = document["chapters"]
        assert [chapter["generated"] for chapter in chapters] == [True] * 3
        assert [chapter["start"] for chapter in chapters] == pytest.approx([0, 300, 600], abs=SECONDS)


@pytest.mark.chromium
def test_the_chapter_that_plays_is_marked(library: Path, tmp_path: Path, browser: Browser) -> None:
    with served(library) as address, opened(browser, address) as page:
        for resource_id in (TALK, ZH):
            page.goto(f"/resource/{resource_id}")
            current = page.locator(".chapters [aria-current]")
            assert current.count() == 0
            for number in (2, 0, 1):
                page.locator(".chapters a").nth(number).click()
                page.locator(f".chapters li:nth-child({number + 1}) a[aria-current=true]").wait_for()
                assert current.count() == 1
    with_chapters(tmp_path, Chapter(0.0, "Weights", generated=True), Chapter(10.6, "掩码", generated=True))
    with served(tmp_path) as address, opened(browser, address) as page:
        page.goto(f"/resource/{TALK}")
        page.locator(".chapters a", has_text="掩码").click()
        page.frame_locator("iframe").locator("body").get_by_text('"time":10').wait_for()
        page.locator(".chapters a[aria-current]", has_text="掩码").wait_for()  # which begins within that second


def test_hostile_titles_are_escaped_and_cleaned(tmp_path: Path) -> None:
    titles = ("<script>alert(1)</script>\u202e", '"><img src=x>\x1b[2J')
    with_chapters(tmp_path, *(Chapter(10.0 * k, title, generated=True) for k, title in enumerate(titles)))
    with serving(tmp_path) as client:
        for address in (f"/resource/{TALK}", "/?q=attention"):
            html = client.get(address).text
            assert "&lt;img" in html
            assert not any(evil in html for evil in ("<script>alert", "<img src=x", "\u202e", "\x1b"))
        chapters = client.get(f"/api/resources/{TALK}/transcript").json()["chapters"]
        assert [chapter["title"] for chapter in chapters] == ["<script>alert(1)</script>", '"><img src=x>']


def with_chapters(folder: Path, *chapters: Chapter) -> None:
    """Make a library of a talk with these chapters."""
    said = embedded(["attention weighs the words", "the mask hides what comes later"])
    said = replace(said, transcript=replace(said.transcript, chapters=chapters))
    with EmbeddedWriter.acquire(folder, CARD) as writer:
        writer.register("list.txt", [resource(TALK, "Talks")])
        writer.commit(TALK, [said], Details(title="Talk"), "made by hand")
