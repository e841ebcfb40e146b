"""The pictures of the page in docs/: `python -m tests.screenshots` takes them anew, of the example's library."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlencode

import click

import seekpoint
from seekpoint.indexer.reading_list.addresses import short_hash
from tests.browser import chromium_tab
from tests.paths import ROOT
from tests.query.web.served import served, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

_DESKTOP: ViewportSize = {"width": 1440, "height": 900}
_TABLET: ViewportSize = {"width": 768, "height": 1024}
_PHONE: ViewportSize = {"width": 390, "height": 844}
_ENGLISH = "Why do we need three different matrices for queries, keys and values?"
_CHINESE = "为什么要缓存键和值，却不缓存查询？"
_LECTURE = f"/resource/{short_hash((ROOT / 'examples' / 'talks' / 'why-attention.ogg').as_uri())}"
# As many as a paletted PNG can have: the page's own few, and the edges of its letters.
_COLOURS = 256
# Until the player has shown what is said where it starts, and a sentence more.
_PLAYING_SECONDS = 6
_GAP, _GREY, _QUALITY = 16, "#808080", 60


class Picture(NamedTuple):
    path: str
    given: Mapping[str, str]
    size: ViewportSize = _DESKTOP
    locale: str = "en-GB"
    is_dark: bool = False
    plays: str | None = None


TAKEN = {
    "home": Picture("/", {}),
    "page": Picture("/", {"q": _ENGLISH}),
    "player": Picture("/", {"q": _ENGLISH}, plays="Play "),
    "list": Picture("/list", {"q": _ENGLISH}),
    "find": Picture(_LECTURE, {"find": "attention"}),
}
# Pages in both languages and schemes, on one picture each: the path, the window, the columns, and the width of each.
SHEETS = {"desktop": ("/", _DESKTOP, 2, 864), "tablet": ("/list", _TABLET, 4, 480), "phone": ("/", _PHONE, 4, 351)}


def main() -> None:
    with example() as address, chromium_tab() as tab:
        browser = tab.page.context.browser
        assert browser
        for name, picture in TAKEN.items():
            write(f"{name}.png", paletted(photograph(browser, address, picture)))
        for name, (path, size, columns, width) in SHEETS.items():
            taken = []
            for locale, question, link in (("en-GB", _ENGLISH, "Play "), ("zh-CN", _CHINESE, "播放")):
                for is_dark in (False, True):
                    plays = link if name == "desktop" else None
                    picture = Picture(path, {"q": question}, size, locale, is_dark, plays)
                    taken.append(photograph(browser, address, picture))
            write(f"{name}.webp", side_by_side(taken, columns, width))


def write(name: str, data: bytes) -> None:
    (ROOT / "docs" / name).write_bytes(data)
    click.echo(f"docs/{name}  {len(data) / 1000:.0f} kB")


@contextmanager
def example() -> Iterator[str]:
    with TemporaryDirectory() as folder:
        seekpoint.build([ROOT / "examples" / "reading-list.md"], Path(folder))
        with served(Path(folder), encoder=None) as address:
            yield address


def photograph(browser: Browser, address: str, picture: Picture) -> bytes:
    scheme: Literal["dark", "light"] = "dark" if picture.is_dark else "light"
    with browser.new_context(viewport=picture.size, locale=picture.locale, color_scheme=scheme) as context:
        page = context.new_page()
        response = page.goto(f"{address}{picture.path}?{urlencode(picture.given)}", wait_until="networkidle")
        assert response and response.ok, picture
        if picture.plays:
            page.get_by_role("link", name=picture.plays).first.click()
            until(
                page,
                f"(({{played}}) => played?.length && played.end(0) - played.start(0) >= {_PLAYING_SECONDS})"
                "(document.querySelector('audio') ?? {})",
            )
        return page.screenshot(animations="disabled")


def paletted(png: bytes) -> bytes:
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
