"""The pictures of the page in docs/: `python -m tests.screenshots` takes them anew, of the example's library."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

import click

import seekpoint
from seekpoint.indexer.reading_list.addresses import short_hash
from tests.browser import chromium_tab
from tests.paths import ROOT
from tests.query.web.served import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

PICTURES = ROOT / "docs"

_DESKTOP: ViewportSize = {"width": 1440, "height": 900}
_TABLET: ViewportSize = {"width": 768, "height": 1024}
_PHONE: ViewportSize = {"width": 390, "height": 844}
_ENGLISH = "Why do we need three different matrices for queries, keys and values?"
_CHINESE = "为什么要缓存键和值，却不缓存查询？"
_LECTURE = f"/resource/{short_hash((ROOT / 'examples' / 'talks' / 'why-attention.ogg').as_uri())}"
# As many as a paletted PNG can have: the page's own few, and the edges of its letters.
_COLOURS = 256


class Picture(NamedTuple):
    """What is photographed, and how."""

    name: str
    path: str
    question: str
    size: ViewportSize = _DESKTOP
    locale: str = "en-GB"
    is_dark: bool = False
    scale: float = 1.0
    plays: str | None = None
    finds: str = ""

    @property
    def address(self) -> str:
        given = {"q": self.question, "find": self.finds}
        return f"{self.path}?{urlencode({name: value for name, value in given.items() if value})}"


# Until the player has shown what is said where it starts, and a sentence more.
_PLAYING_MS = 6000
TAKEN = (
    Picture("home", "/", ""),
    Picture("page", "/", _ENGLISH),
    Picture("page-dark", "/", _ENGLISH, is_dark=True),
    Picture("page-phone", "/", _ENGLISH, _PHONE, scale=2),
    Picture("page-tablet", "/", _ENGLISH, _TABLET),
    Picture("page-zh-phone", "/", _CHINESE, _PHONE, "zh-CN", is_dark=True, scale=2),
    Picture("player", "/", _ENGLISH, plays="Play "),
    Picture("list", "/list", _ENGLISH),
    Picture("find", _LECTURE, "", finds="attention"),
    Picture("page-zh", "/", _CHINESE, locale="zh-CN"),
)


def main() -> None:
    with example() as address, chromium_tab() as tab:
        browser = tab.page.context.browser
        assert browser
        for picture in TAKEN:
            path = PICTURES / f"{picture.name}.png"
            path.write_bytes(paletted(photograph(browser, address, picture)))
            click.echo(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB")


@contextmanager
def example() -> Iterator[str]:
    """Serve the example's library, built in a temporary folder."""
    with TemporaryDirectory() as folder:
        seekpoint.build([ROOT / "examples" / "reading-list.md"], Path(folder))
        with served(Path(folder), encoder=None) as address:
            yield address


def photograph(browser: Browser, address: str, picture: Picture) -> bytes:
    """What a browser's window shows, as PNG."""
    context = browser.new_context(
        base_url=address,
        viewport=picture.size,
        device_scale_factor=picture.scale,
        locale=picture.locale,
        color_scheme="dark" if picture.is_dark else "light",
    )
    with context:
        page = context.new_page()
        response = page.goto(picture.address, wait_until="networkidle")
        assert response
        assert response.ok, f"{picture.name}: {response.status}"
        if picture.plays:
            page.get_by_role("link", name=picture.plays).first.click()
            page.wait_for_timeout(_PLAYING_MS)
        return page.screenshot(animations="disabled")


def paletted(png: bytes) -> bytes:
    """A smaller file of the same picture."""
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
