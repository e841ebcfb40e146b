"""Keeping and adding in a real Chromium, against the server with `--edit`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library
from tests.fake_youtube import FakeYouTube
from tests.index.libraries import CARD
from tests.indexer.builds import webvtt
from tests.postgres import TestServer
from tests.query.web.conftest import axe_faults, faultless, opened
from tests.query.web.served import served, without_others
from tests.query.web.test_resource_list import fill
from tests.query.web.workbench import editing as editing_of
from tests.query.web.workbench import editing_on_a_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.chromium

NOTE = "掩码：遮住未来 <b>=1+1</b>"


@pytest.fixture
def address(talks: Path, tmp_path: Path) -> Iterator[str]:
    library = Path(shutil.copytree(talks, tmp_path / "library"))
    editing = editing_of(library)
    assert editing.builds
    with served(library, editing=editing) as result:
        yield result
    editing.builds.close()


@pytest.fixture
def on_a_server(talks: Path, tmp_path: Path, postgres: TestServer, fake: FakeYouTube) -> Iterator[str]:
    library = postgres.library()
    export_library(talks, tmp_path / "talks.zip")
    import_library(tmp_path / "talks.zip", library)
    editing = editing_on_a_server(library, lambda: fake.web(offline=True))
    assert editing.builds
    with served(library, editing=editing) as result:
        yield result
    editing.builds.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(base_url=address, locale="en-GB")
    context.set_default_timeout(60_000)
    page = context.new_page()
    without_others(page, address)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    # The console says so of a request that the server refuses, too.
    assert [fault for fault in faults if "the server responded with a status of 40" not in fault] == []


def test_a_moment_is_kept_with_a_note_by_the_keyboard_and_taken_along(page: Page, tmp_path: Path) -> None:
    page.goto("/?q=掩码藏了什么？&language=zh")
    page.locator("#k1 .keep button").focus()
    page.keyboard.press("Enter")
    page.locator("#k1 .drop button").wait_for()
    assert page.evaluate("document.activeElement.closest('.drop') !== null")
    assert page.evaluate("location.pathname") == "/"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(NOTE)
    page.keyboard.press("Tab")
    page.keyboard.type("收藏 & more")
    page.keyboard.press("Enter")
    page.get_by_text("Saved").wait_for()
    assert page.evaluate("document.activeElement.name") == "collection"
    assert axe_faults(page) == []
    page.get_by_role("link", name="Kept").click()
    page.locator("h2", has_text="收藏 & more").wait_for()
    assert page.locator("textarea").input_value() == NOTE
    assert axe_faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Markdown").click()
    download.value.save_as(tmp_path / "kept.md")
    text = (tmp_path / "kept.md").read_text(encoding="utf-8")
    assert text.startswith("## 收藏 & more\n\n1. [掩码](https://www.youtube.com/watch?v=bbbbbbbbbbb&t=80s)")
    page.get_by_role("button", name="Don’t keep").click()
    page.get_by_text("Nothing is kept yet.").wait_for()


def test_a_note_that_isnt_saved_stays_in_its_box(page: Page) -> None:
    page.goto("/?q=mask&language=en")
    page.locator("#k1 .keep button").click()
    page.locator("#k1 .drop button").wait_for()
    page.goto("/kept")
    other = page.context.new_page()
    other.goto("/kept")
    other.get_by_role("button", name="Don’t keep").click()
    other.get_by_text("Nothing is kept yet.").wait_for()
    page.locator("textarea").fill(NOTE)
    page.get_by_role("button", name="Save").click()
    page.locator(".toast", has_text="The note wasn’t saved").wait_for()
    assert page.locator("textarea").input_value() == NOTE


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_kept_and_the_workspace_fit_a_phone(browser: Browser, address: str, scheme: str) -> None:
    with opened(browser, address, viewport={"width": 360, "height": 720}, color_scheme=scheme) as page:
        page.goto("/?q=mask&language=en")
        page.locator("#k1 .keep button").click()
        page.locator("#k1 .drop button").wait_for()
        for path in ("/?q=mask&language=en", "/kept", "/list?q=mask", "/list?sort=state"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") == 360
            assert axe_faults(page) == []


def test_keeping_needs_no_script(browser: Browser, address: str) -> None:
    with opened(browser, address, java_script_enabled=False) as page:
        page.goto("/?q=mask&language=en")
        page.locator("#k1 .keep button").click()
        page.locator("#k1 .drop button").wait_for()
        page.locator("#k1 summary").click()
        page.fill("#k1n", "no script")
        with page.expect_navigation():
            page.click("#k1s")
        page.goto("/kept")
        assert page.locator("textarea").input_value() == "no script"


DROP = """(given) => {
    const files = new DataTransfer()
    for (let i = 0; i < given.length; i += 2) files.items.add(new File([given[i + 1]], given[i]))
    for (const kind of ["dragover", "drop"])
        document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: files, bubbles: true, cancelable: true}))
}"""


def test_a_talk_is_dropped_on_the_list_and_answers(page: Page) -> None:
    page.goto("/list")
    said = ("欢迎大家", "预热让学习率慢慢升高", "谢谢")
    page.evaluate(DROP, ["学习率预热.zh.vtt", webvtt(*said, seconds=20)])
    page.locator(".outcome", has_text="1 of 1 indexed").wait_for()
    page.locator(".entry.indexed .name", has_text="学习率预热").wait_for()
    assert page.locator("h1 + .summary").inner_text() == "5 of 6 indexed"
    assert axe_faults(page) == []
    page.goto("/?q=预热学习率&kind=recording&language=zh")
    page.locator(".moment .name", has_text="学习率预热").first.wait_for()


def test_an_address_is_added_and_taken_out_by_the_keyboard(page: Page) -> None:
    page.goto("/list")
    page.locator("#addresses").focus()
    page.keyboard.type("https://example.invalid/缓存")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".outcome", has_text="0 of 1 indexed").wait_for()
    page.locator(".left", has_text="%E7%BC%93%E5%AD%98”: deferred. the connection to example.invalid fails").wait_for()
    entry = page.locator(".entry", has_text="example.invalid")
    entry.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    entry.wait_for(state="detached")


def test_another_browser_follows_once_it_is_looked_at(page: Page) -> None:
    page.goto("/list?ui=zh")
    other = page.context.new_page()
    other.goto("/list")
    other.evaluate(DROP, ["narwhal.txt", "A narwhal hides under the mask of ice."])
    other.locator(".entry.indexed .name", has_text="narwhal").wait_for()
    assert page.locator(".entry").count() == 5
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.locator(".entry.indexed .name", has_text="narwhal").wait_for()
    page.locator(".outcome", has_text="共 1 项，已入库 1 项").wait_for()
    # The list isn't loaded again where nothing has changed.
    page.evaluate("document.querySelector('.entry').dataset.mark = 'kept'")
    with page.expect_response("**/add/progress"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(500)
    assert page.locator(".entry[data-mark]").count() == 1


def test_a_file_beside_one_that_cant_be_added_is_followed(page: Page) -> None:
    page.goto("/list")
    page.evaluate(DROP, ["narwhal.txt", "A narwhal hides under the mask of ice.", "pic.png", "PNG"])
    page.locator(".toast", has_text="1 of 2 files are being added").wait_for()
    page.locator(".entry.indexed .name", has_text="narwhal").wait_for()


def test_what_cant_be_added_is_told(page: Page) -> None:
    page.goto("/list")
    page.evaluate(DROP, ["run.exe", "MZ"])
    page.locator(".toast", has_text="run.exe can't be added").wait_for()


@pytest.mark.parametrize(
    ("locale", "told", "outcome"),
    [
        ("en-GB", "takes addresses here, not files", "0 of 1 indexed"),
        ("zh-CN", "不能添加文件", "共 1 项，已入库 0 项"),
    ],
)
def test_a_library_on_a_server_takes_an_address_and_no_file(
    browser: Browser, on_a_server: str, locale: str, told: str, outcome: str
) -> None:
    context = browser.new_context(base_url=on_a_server, locale=locale)
    context.set_default_timeout(60_000)
    with context, faultless(context) as page:
        page.goto("/list")
        assert page.locator("input[type=file]").count() == 0
        page.evaluate(DROP, ["讲座.md", "# mask"])
        page.locator(".toast", has_text=told).wait_for()
        assert page.evaluate("location.pathname") == "/list"
        page.fill("#addresses", "https://example.invalid/缓存")
        page.locator(".adding button").first.click()
        page.locator(".outcome", has_text=outcome).wait_for()
        page.locator(".entry", has_text="example.invalid").wait_for()
        assert axe_faults(page) == []


def test_the_list_is_filtered_and_sorted(page: Page) -> None:
    page.goto("/list")
    page.fill("#narrow", "掩码")
    page.locator(".narrowed", has_text="1 of 5").wait_for()
    assert page.locator(".entry.faint").count() == 4
    assert page.locator(".heading", has_text="中文").locator(".count").inner_text() == "1 of 1"
    assert axe_faults(page) == []
    page.fill("#narrow", "NO TRANSCRIPT")
    page.locator(".entry:not(.faint)", has_text="没有字幕的").wait_for()
    page.fill("#narrow", "")
    page.locator(".entry.faint").first.wait_for(state="detached")
    page.select_option("#sort", "title")
    page.wait_for_url("**/list?sort=title")
    assert page.locator(".entry .name").first.inner_text() == "A talk at home"


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("掩碼", "掩码"),
        ("ＭＡＳＫＳ ＆", "Masks & more"),
        ("文档 words", "Words on masks"),
        ("没有字幕 其他", ""),
        ("no transcript", "没有字幕的"),
    ],
)
def test_the_filter_finds_what_the_server_finds(page: Page, said: str, title: str) -> None:
    page.goto("/list?ui=zh")
    page.fill("#narrow", said)
    page.locator(".narrowed", has_text=f"{1 if title else 0} / 5").wait_for()
    assert page.locator(".entry:not(.faint) .name").all_inner_texts() == ([title] if title else [])


@pytest.fixture
def long_list(tmp_path: Path) -> Iterator[str]:
    library = tmp_path / "library"
    with EmbeddedWriter.acquire(library, CARD) as writer:
        fill(writer)
    editing = editing_of(library)
    assert editing.builds
    with served(library, editing=editing) as result:
        yield result
    editing.builds.close()


@pytest.mark.parametrize("has_script", [True, False])
@pytest.mark.parametrize(("locale", "following"), [("en-GB", "Next"), ("zh-CN", "下一页")])
def test_pages_are_turned_and_narrowed(
    browser: Browser, long_list: str, has_script: bool, locale: str, following: str
) -> None:
    context = browser.new_context(base_url=long_list, java_script_enabled=has_script, locale=locale)
    with context, faultless(context) as page:
        page.goto("/list")
        page.get_by_role("link", name=following, exact=True).click()
        page.wait_for_url("**/list?page=2")
        assert page.locator(".entry").count() == 200
        page.fill("#narrow", "频道")
        page.press("#narrow", "Enter")
        page.wait_for_url("**/list?narrow=*")
        assert page.locator(".entry .name").all_inner_texts() == ["Lecture 7"]
        assert "1" in page.locator(".narrowed").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_long_list_fits_a_phone_and_axe_finds_no_fault(browser: Browser, long_list: str, scheme: str) -> None:
    with opened(browser, long_list, viewport={"width": 360, "height": 720}, color_scheme=scheme) as page:
        for path in ("/list?page=2", "/list?narrow=注意力&sort=title", "/list?narrow=nothing"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") == 360
            assert axe_faults(page) == []


def test_taking_out_keeps_the_page(browser: Browser, long_list: str) -> None:
    context = browser.new_context(base_url=long_list, locale="zh-CN")
    with context, faultless(context) as page:
        page.goto("/list?page=3")
        entry = page.locator(".entry", has_text="Lecture 401")
        entry.locator("summary").click()
        entry.locator(".removal button").click()
        entry.wait_for(state="detached")
        assert page.url.endswith("/list?page=3") and page.locator(".entry").count() == 49
        page.locator(".pages", has_text="第 3 页").wait_for()
        assert page.locator(".pages").count() == 1
