"""Adding, following builds, turning the list and keeping moments in a real Chromium, against `serve --edit`."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest

from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.indexer.fetch.http_session import Web
from tests.fake_youtube import FakeYouTube
from tests.index.libraries import CARD
from tests.indexer.builds import webvtt
from tests.postgres import TestServer
from tests.query.web.conftest import axe_faults, opened
from tests.query.web.served import eventually, requests_of, served, until
from tests.query.web.test_workspace import fill
from tests.query.web.workbench import editing as editing_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.chromium

DROP = """(given) => {
    const files = new DataTransfer()
    for (let i = 0; i < given.length; i += 2) files.items.add(new File([given[i + 1]], given[i]))
    for (const kind of ["dragover", "drop"])
        document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: files, bubbles: true, cancelable: true}))
}"""
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"


def test_files_are_dropped_on_the_list_and_another_browser_follows(browser: Browser, edited: str) -> None:
    with opened(browser, edited, may_refuse=True) as page:
        page.goto("/list?ui=zh")
        other = page.context.new_page()
        other.goto("/list")
        other.evaluate(DROP, ["run.exe", "MZ"])
        other.locator("[data-files] .fault", has_text="run.exe 无法添加").wait_for()
        other.evaluate(DROP, ["narwhal.txt", "A narwhal hides under the mask of ice.", "pic.png", "PNG"])
        other.locator("[data-files] .fault", has_text="共 2 个，正在添加 1 个").wait_for()
        other.locator(".entry.indexed .name", has_text="narwhal").wait_for()
        assert page.locator(".entry").count() == 5, "a page that isn't looked at doesn't follow"
        page.evaluate(LOOK)
        page.locator(".entry.indexed .name", has_text="narwhal").wait_for()
        page.locator(".outcome", has_text="共 1 项，已入库 1 项").wait_for()
        assert page.locator(".came a").all_inner_texts() == ["narwhal"]
        asked = requests_of(page)

        def has_followed() -> bool:
            """Whether it asks anew how far the build is, which it does once it was told."""
            page.evaluate(LOOK)
            return sum(url.endswith("/add/progress") for url in asked) > 1

        eventually(has_followed)
        assert not [url for url in asked if "/list" in url], "the list isn't loaded again where nothing has changed"

        page.goto("/list?ui=en")
        page.evaluate(DROP, ["学习率预热.zh.vtt", webvtt("欢迎大家", "预热让学习率慢慢升高", "谢谢", seconds=20)])
        page.locator(".came a", has_text="学习率预热").wait_for()
        page.locator(".entry.indexed .name", has_text="学习率预热").wait_for()
        assert page.locator("h1 + .summary").inner_text() == "6 of 7 indexed"
        assert axe_faults(page) == []
        page.goto("/?q=预热学习率&kind=recording&language=zh")
        page.locator(".moment .name", has_text="学习率预热").first.wait_for()


def test_what_keeps_a_moment_stands_in_the_row_of_its_actions(browser: Browser, edited: str) -> None:
    with opened(browser, edited, viewport={"width": 1280, "height": 800}) as page:
        for ui in ("en", "zh"):
            page.goto(f"/?q=mask&ui={ui}")
            moment = page.locator(".moment", has=page.locator(".around")).first
            like, keep, around = (
                moment.locator(each).bounding_box()
                for each in (".actions a >> nth=0", ".keep button", ".around summary")
            )
            assert like and keep and around
            assert abs(like["y"] - keep["y"]) < 4 and abs(around["y"] - keep["y"]) < 4
            assert like["x"] < keep["x"] < keep["x"] + keep["width"] < around["x"]
        moment.locator(".keep button").click()
        moment.locator(".drop button").wait_for()
        drop, around = (moment.locator(each).bounding_box() for each in (".drop button", ".around summary"))
        assert like and drop and around
        assert abs(around["y"] - like["y"]) < 4 < drop["y"] - like["y"], "what is kept has a row for its note"


def test_where_a_question_is_answered_is_seen_without_scrolling(browser: Browser, edited: str) -> None:
    for width, height in ((1280, 700), (360, 640)):
        with opened(browser, edited, viewport={"width": width, "height": height}) as page:
            for question in ("mask", "掩码"):
                page.goto(f"/list?q={question}")
                bar = page.locator(".entry .bar").first.bounding_box()
                assert bar and bar["y"] + bar["height"] < height
                assert page.locator(".adding").is_visible()
            assert axe_faults(page) == []


def test_the_list_is_added_to_by_the_keyboard_narrowed_and_sorted(browser: Browser, library: Path) -> None:
    may_begin = Event()

    def make_web() -> Web:
        may_begin.wait(60)
        return Web()

    editing = editing_of(library, make_web)
    with served(library, editing=editing) as address, opened(browser, address, may_refuse=True) as page:
        page.goto("/list")
        page.locator("#addresses").focus()
        page.keyboard.type("https://example.invalid/缓存")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        # The bar moves to and fro until something is done.
        until(page, "document.querySelector('progress:not([hidden]):not([value])') !== null")
        may_begin.set()
        page.locator(".outcome", has_text="0 of 1 indexed").wait_for()
        reason = "%E7%BC%93%E5%AD%98”: deferred. the connection to example.invalid fails"
        page.locator(".left", has_text=reason).wait_for()
        page.get_by_role("button", name="Try again now (1)").wait_for()
        page.fill("#addresses", "这不是链接")
        page.locator(".adding button").first.click()
        page.locator(".adding form:first-of-type .fault", has_text="“这不是链接” isn’t an address").wait_for()
        told, box = (page.locator(each).first.bounding_box() for each in (".adding .fault", "#addresses"))
        assert told and box and 0 < told["y"] - box["y"] - box["height"] < 40, "it is told where it was pasted"
        assert page.input_value("#addresses") == "这不是链接"
        entry = page.locator(".entry", has_text="example.invalid")
        entry.locator("summary").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        entry.wait_for(state="detached")
        page.locator(".retries button").wait_for(state="detached")

        page.fill("#narrow", "掩码")
        page.locator(".narrowed", has_text="1 of 5").wait_for()
        assert page.locator(".entry").count() == page.locator(".heading").count() == 1, "the rest is hidden"
        assert page.locator(".heading", has_text="中文").locator(".count").inner_text() == "1 of 1"
        assert axe_faults(page) == []
        page.fill("#narrow", "")
        page.locator(".narrowed:empty").wait_for(state="attached")
        assert page.locator(".entry").count() == 5
        page.select_option("#sort", "title")
        page.wait_for_url("**/list?sort=title")
        assert page.locator(".entry .name").first.inner_text() == "A talk at home"

        page.goto("/list?ui=zh")
        for said, titles in (
            ("掩碼", ["掩码"]),
            ("没有字幕 其他", []),
            ("no transcript", ["没有字幕的"]),
        ):
            page.fill("#narrow", said)
            page.locator(".narrowed", has_text=f"{len(titles)} / 5").wait_for()
            names = page.locator(".entry .name")
            for title in titles:
                names.filter(has_text=title).wait_for()
            assert names.count() == len(titles), f"{said}: the page finds what the server finds"


def test_a_library_on_a_server_takes_an_address_and_no_file(
    browser: Browser, talks: Path, tmp_path: Path, postgres: TestServer, fake: FakeYouTube
) -> None:
    library = postgres.holding(talks, tmp_path)
    editing = editing_of(library, lambda: fake.web(offline=True))
    with served(library, editing=editing) as address, opened(browser, address) as page:
        for language, told in (("en", "takes addresses here, not files"), ("zh", "不能添加文件")):
            page.goto(f"/list?ui={language}")
            page.evaluate(DROP, ["讲座.md", "# mask"])
            page.locator(".toast", has_text=told).wait_for()
            assert page.evaluate("location.pathname") == "/list"
        page.fill("#addresses", "https://example.invalid/缓存")
        page.locator(".adding button").first.click()
        page.locator(".outcome", has_text="共 1 项，已入库 0 项").wait_for()
        page.locator(".entry", has_text="example.invalid").wait_for()


def test_a_long_list_is_narrowed_and_shortened(browser: Browser, tmp_path: Path) -> None:
    library = tmp_path / "library"
    with EmbeddedWriter.acquire(library, CARD) as writer:
        fill(writer)
    with served(library, editing=editing_of(library)) as address, opened(browser, address, locale="zh-CN") as page:
        page.goto("/list")
        page.fill("#narrow", "频道")
        page.press("#narrow", "Enter")
        page.wait_for_url("**/list?narrow=*")
        assert page.locator(".entry .name").all_inner_texts() == ["Lecture 7"]
        page.goto("/list?page=3")
        entry = page.locator(".entry", has_text="Lecture 401")
        entry.locator("summary").click()
        entry.locator(".menu button").click()
        entry.wait_for(state="detached")
        assert page.evaluate("document.activeElement.textContent") == "注意力機制 第 402 講", "the focus goes on"
        assert page.url.endswith("/list?page=3"), "taking out keeps the page"
        assert page.locator(".entry").count() == 49
        page.locator(".pages", has_text="第 3 页").wait_for()
        assert page.locator(".pages").count() == 1
        fits_a_phone(page, "/list?page=3", "/list?narrow=注意力 3&sort=title", "/list?narrow=nothing")


def test_sections_fold_with_their_parents_and_open_for_a_filter(browser: Browser, tmp_path: Path) -> None:
    library = tmp_path / "library"
    with EmbeddedWriter.acquire(library, CARD) as writer:
        fill(writer)
    with served(library, editing=editing_of(library)) as address, opened(browser, address) as page:
        page.goto("/list")
        course, masks = page.locator("summary", has_text="Course"), page.locator("summary", has_text="Masks")
        masks.focus()
        page.keyboard.press("Enter")
        assert page.locator(".entry:visible").count() == 50, "those of the next section"
        course.focus()
        page.keyboard.press("Space")
        assert page.locator(".list summary:visible").count() == 1 and page.locator(".entry:visible").count() == 0
        assert axe_faults(page) == []
        page.reload()
        until(page, "!document.querySelector('.section').open")
        page.check("[name=problems]")
        page.locator(".narrowed", has_text="449 of 450").wait_for()
        assert page.locator(".entry:visible").count() == 200, "what is looked for isn't folded"
        page.uncheck("[name=problems]")
        page.get_by_role("button", name="Unfold all").click()
        assert page.locator(".entry:visible").count() == 200
        page.get_by_role("button", name="Fold all").click()
        assert page.locator(".entry:visible").count() == 0
        page.get_by_role("button", name="Unfold all").click()
        menu = page.locator(".entry", has_text="Lecture 7").first.locator(".menu")
        menu.locator("summary").press("Enter")
        menu.get_by_role("button", name="Remove “Lecture 7”").wait_for()
        assert axe_faults(page, within=".menu[open]") == []
        page.keyboard.press("Escape")
        assert menu.locator("button").is_hidden()
        assert page.evaluate("document.activeElement.closest('.menu') !== null"), "the focus stays"
        page.locator(".section > .menu > summary").nth(1).press("Enter")
        page.get_by_label("Heading").nth(1).fill("遮罩 › Masks")
        assert axe_faults(page, within=".menu[open]") == []
        page.keyboard.press("Enter")
        page.locator("h2", has_text="遮罩").wait_for()
        assert page.locator("h3", has_text="Masks").count() == page.locator("h2", has_text="Course").count() == 1
        page.locator(".sources > summary").press("Enter")
        page.locator(".sources .menu summary").press("Enter")
        assert axe_faults(page, within=".sources") == []
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.locator("h1 + .summary", has_text="0 of 0 indexed").wait_for()
        assert page.locator(".entry, .sources li").count() == 0


def fits_a_phone(page: Page, *paths: str) -> None:
    page.set_viewport_size({"width": 360, "height": 720})
    for path in paths:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert axe_faults(page) == [], path


def test_a_moment_is_kept_with_a_note_by_the_keyboard_and_taken_along(
    browser: Browser, edited: str, tmp_path: Path
) -> None:
    note = "掩码：遮住未来 <b>=1+1</b>"
    with opened(browser, edited, may_refuse=True) as page:
        page.goto("/?q=掩码藏了什么？&language=zh")
        page.locator("#k1 .keep button").focus()
        page.keyboard.press("Enter")
        page.locator("#k1 .drop button").wait_for()
        assert page.evaluate("document.activeElement.closest('.drop') !== null")
        assert page.evaluate("location.pathname") == "/"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type(note)
        page.keyboard.press("Tab")
        page.keyboard.type("收藏 & more")
        page.keyboard.press("Enter")
        page.get_by_text("Saved").wait_for()
        assert page.evaluate("document.activeElement.innerText") == "Edit the note"
        assert page.locator(".remark").inner_text() == note
        assert page.locator("textarea").is_hidden(), "a saved note is shown as text"
        assert axe_faults(page) == []
        page.get_by_role("link", name="Kept").click()
        page.locator("h2", has_text="收藏 & more").wait_for()
        assert page.locator(".remark").inner_text() == note
        page.get_by_text("Edit the note").click()
        assert page.locator("textarea").input_value() == note
        with page.expect_download() as download:
            page.get_by_role("link", name="Markdown").click()
        download.value.save_as(tmp_path / "kept.md")
        text = (tmp_path / "kept.md").read_text(encoding="utf-8")
        assert text.startswith("## 收藏 & more\n\n1. [掩码](https://www.youtube.com/watch?v=bbbbbbbbbbb&t=80s)")

        fits_a_phone(page, "/?q=掩码&language=zh", "/list?q=mask", "/list?problems=1", "/kept")
        other = page.context.new_page()
        other.goto("/kept")
        other.get_by_role("button", name="Remove from kept").click()
        other.get_by_text("Nothing is kept yet.").wait_for()
        page.get_by_text("Edit the note").click()
        page.locator("textarea").fill(f"{note} 2")
        page.get_by_role("button", name="Save").click()
        page.locator(".toast", has_text="The note wasn’t saved").wait_for()
        assert page.locator("textarea").input_value() == f"{note} 2", "a note that isn't saved stays in its box"
