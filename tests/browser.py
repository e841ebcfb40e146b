"""A real browser that follows links, for the tests of where they lead."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# The shell, which has no window, opens a tab for a quarter of the others' processor time.
_PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Nothing is fetched but from this machine.
_OPTIONS = ("--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1")
# Chromium looks for a text fragment while a page loads, and for half a second after; more on a busy machine.
_PATIENCE_MS = 60_000
_STAYING_MS = 1000
_IN_VIEW = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const range = document.createRange()
    let seen = ""
    while (walker.nextNode()) {
        range.selectNodeContents(walker.currentNode)
        const box = range.getBoundingClientRect()
        if (box.height && box.bottom > 0 && box.top < window.innerHeight) seen += walker.currentNode.data
        else if (seen && !seen.endsWith("\\n")) seen += "\\n"
    }
    return seen
}"""
_SHOWS = """words => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
        const start = walker.currentNode.data.indexOf(words)
        if (start < 0) continue
        const range = document.createRange()
        range.setStart(walker.currentNode, start)
        range.setEnd(walker.currentNode, start + words.length)
        const box = range.getBoundingClientRect()
        return box.bottom > 0 && box.top < window.innerHeight
    }
    return false
}"""


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of Chromium, in which each link is opened as if typed into its address bar."""

    page: Page
    _visits: Iterator[int]

    def open(self, address: str, fragment: str = "") -> None:
        # The same address with another fragment alone wouldn't be loaded again.
        self.page.goto(f"{address}?{next(self._visits)}{fragment}")

    def follow(self, address: str, fragment: str) -> bool:
        self.open(address, fragment)
        return self._is_scrolled(_PATIENCE_MS)

    def stays(self, address: str, fragment: str) -> bool:
        self.open(address, fragment)
        return not self._is_scrolled(_STAYING_MS)

    def go_on(self, fragment: str) -> bool:
        """As `follow`, on the page that is open: much faster."""
        self.page.evaluate("window.scrollTo(0, 0)")
        self.page.goto(self.page.url.partition("#")[0] + fragment)
        return self._is_scrolled(_PATIENCE_MS)

    def _is_scrolled(self, patience_ms: int) -> bool:
        from playwright.sync_api import TimeoutError

        try:
            self.page.wait_for_function("window.scrollY > 0", timeout=patience_ms)
        except TimeoutError:
            return False
        return True

    def text_in_view(self) -> str:
        """The text nodes of which a part is in the window, white space collapsed."""
        return " ".join(str(self.page.evaluate(_IN_VIEW)).split())

    def shows(self, words: str) -> bool:
        """Whether the first place where these words stand, inside one text node, is in the window."""
        return bool(self.page.evaluate(_SHOWS, words))

    def has_in_view(self, selector: str) -> bool:
        box = self.page.locator(selector).first.evaluate("element => element.getBoundingClientRect().toJSON()")
        return bool(box["bottom"] > 0 and box["top"] < self.page.evaluate("window.innerHeight"))


class Chromium:
    """A Chromium that is started when a test needs it, and is open until `close`.

    While it is open, Playwright's loop is the running one of this thread, so that no test can run `asyncio` there.
    """

    def __init__(self) -> None:
        self._opened = ExitStack()
        self._browser: Browser | None = None

    def browser(self) -> Browser:
        """The browser; skips the test where there is no Chromium, or nothing to drive it with."""
        if self._browser is None:
            missing = "playwright isn't installed: pip install 'seekpoint[dev]'"
            playwright = pytest.importorskip("playwright.sync_api", reason=missing, exc_type=ImportError)
            program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
            if program is None:
                pytest.skip("no Chromium on the path: on Debian, apt-get install chromium-headless-shell")
            driver = self._opened.enter_context(playwright.sync_playwright())
            started = driver.chromium.launch(executable_path=program, args=list(_OPTIONS))
            self._browser = self._opened.enter_context(started)
        return self._browser

    def close(self) -> None:
        self._browser = None
        self._opened.close()


CHROMIUM = Chromium()
"""The one of this process."""


@contextmanager
def chromium_tab(chromium: Chromium | None = None) -> Iterator[Tab]:
    with ExitStack() as opened:
        if chromium is None:
            chromium = Chromium()
            opened.callback(chromium.close)
        context = opened.enter_context(chromium.browser().new_context())
        yield Tab(context.new_page(), count())
