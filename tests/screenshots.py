"""The pictures of the page in docs/: `python -m tests.screenshots` takes them anew, of the example's library."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
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
    plays: str | None = None
    finds: str = ""


# Until the player has shown what is said where it starts, and a sentence more.
_PLAYING_MS = 6000
TAKEN = (
    Picture("home", "/", ""),
    Picture("page", "/", _ENGLISH),
    Picture("player", "/", _ENGLISH, plays="Play "),
    Picture("list", "/list", _ENGLISH),
    Picture("find", _LECTURE, "", finds="attention"),
)


class Sheet(NamedTuple):
    """A page in both languages and both schemes, on one picture; `width` is that of each, in pixels."""

    name: str
    path: str
    size: ViewportSize
    columns: int
    width: int
    plays: bool = False


SHEETS = (
    Sheet("desktop", "/", _DESKTOP, 2, 864, plays=True),
    Sheet("tablet", "/list", _TABLET, 4, 480),
    Sheet("phone", "/", _PHONE, 4, 351),
)
_GAP = 16
_GREY = "#808080"
_QUALITY = 60


def main() -> None:
    with example() as address, chromium_tab() as tab:
        browser = tab.page.context.browser
        assert browser
        for picture in TAKEN:
            write(f"{picture.name}.png", paletted(photograph(browser, address, picture)))
        for sheet in SHEETS:
            taken = []
            for locale, question, link in (("en-GB", _ENGLISH, "Play "), ("zh-CN", _CHINESE, "播放")):
                plays = link if sheet.plays else None
                for is_dark in (False, True):
                    picture = Picture("", sheet.path, question, sheet.size, locale, is_dark, plays)
                    taken.append(photograph(browser, address, picture))
            write(f"{sheet.name}.webp", side_by_side(taken, sheet.columns, sheet.width))


def write(name: str, data: bytes) -> None:
    path = PICTURES / name
    path.write_bytes(data)
    click.echo(f"{path.relative_to(ROOT)}  {len(data) / 1000:.0f} kB")


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
        locale=picture.locale,
        color_scheme="dark" if picture.is_dark else "light",
    )
    with context:
        page = context.new_page()
        given = {"q": picture.question, "find": picture.finds}
        query = urlencode({name: value for name, value in given.items() if value})
        response = page.goto(f"{picture.path}?{query}", wait_until="networkidle")
        assert response and response.ok, picture
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


def side_by_side(pngs: Sequence[bytes], columns: int, width: int) -> bytes:
    """Pictures of one size in rows, each so many pixels wide, as WebP."""
    from PIL import Image

    images = [Image.open(io.BytesIO(png)).convert("RGB") for png in pngs]
    height = round(images[0].height * width / images[0].width)
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * (width + _GAP) - _GAP, rows * (height + _GAP) - _GAP), _GREY)
    for place, image in enumerate(images):
        row, column = divmod(place, columns)
        corner = column * (width + _GAP), row * (height + _GAP)
        sheet.paste(image.resize((width, height), Image.Resampling.LANCZOS), corner)
    out = io.BytesIO()
    sheet.save(out, "WEBP", quality=_QUALITY, method=6)
    return out.getvalue()


if __name__ == "__main__":
    main()
