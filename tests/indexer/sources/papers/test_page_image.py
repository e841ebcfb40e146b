"""A page of a PDF is drawn, with the lines of a quote; whatever a PDF does costs that page alone."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from io import BytesIO

import pytest
from PIL import Image

from seekpoint.index.errors import Unfetched
from seekpoint.indexer.sources.papers.page_image import LONGEST_SIDE, draw_page, drawn_page, png_of
from seekpoint.indexer.sources.sandbox import Sandbox
from tests.indexer.sources.papers.test_pdf import PAPER, SENTENCES, WHOLE, line, lines, made
from tests.shared import needs_shared

ENGLISH = ("The quick ascent of the meth-", "od surprised every-", "one who had watched.")
CHINESE = ("注意力机制给每一个词加上一个权", "重，然后掩码把未来的词藏起来。")
COMPOSED = ("eﬃcient ﬂow of ⼈⼯ x² ﬁrst", "S¨orensen, Dvoˇr´ak and caf´es")


def marked(quote: str, content: Sequence[str], page: str = "") -> list[str]:
    """The marks of a quote on a page of 600 × 800 points: in which line of 12 from 700 on, from where to where."""
    return [
        f"{round((700 - 800 * (1 - top - height)) / 12)}: {round(600 * left)}-{round(600 * (left + width))}"
        for left, top, width, height in draw_page(made([content], page=page), 1, quote)[2]
    ]


@pytest.mark.parametrize(
    ("printed", "quote", "spans"),
    [
        # A letter is 6 points wide, one of Chinese 10. A mark ends with a letter.
        (ENGLISH, "The quick ascent of the method surprised everyone.", ["0: 60-228", "1: 60-168", "2: 60-78"]),
        (ENGLISH, "THE METHOD — SURPRISED!", ["0: 180-228", "1: 60-132"]),
        (ENGLISH, "everyone who had watched it on the page after", ["1: 138-168", "2: 60-174"]),
        (ENGLISH, "It began before: the method surprised everyone", ["0: 180-228", "1: 60-168", "2: 60-78"]),
        (ENGLISH, "nothing of this is there at all, nor everyone", []),
        (ENGLISH, "… ——", []),
        (CHINESE, "".join(CHINESE), ["0: 60-210", "1: 60-200"]),
        (CHINESE, "一个权重，然后掩码把未来的词都藏起来了", ["0: 180-210", "1: 60-170"]),
        (CHINESE, "完全没有这样的话在这里", []),
        (COMPOSED, "efficient flow of 人工 x² first Sörensen, Dvořák and cafés", ["0: 60-310", "1: 60-360"]),
    ],
)
def test_the_lines_of_a_quote_are_marked(printed: Sequence[str], quote: str, spans: list[str]) -> None:
    assert marked(quote, lines(60, 700, printed, font="F1" if printed is ENGLISH else "F3")) == spans


def test_columns_are_marked_apart_and_where_a_page_that_is_cut_or_turned_shows_them() -> None:
    columns = [line(60, 700, ENGLISH[2]), line(400, 700, "beside it"), line(460, 700, "and far")]
    assert marked(f"{ENGLISH[2]} Beside it and far", columns) == ["0: 60-174", "0: 400-502"]
    # What is left of it is twice as large.
    assert marked("of the method", lines(60, 700, ENGLISH), "/CropBox [0 600 300 800]")[0].endswith(": 324-456")
    turned = [line(100 + 12 * row, 60, text, turn="0 1 -1 0") for row, text in enumerate(ENGLISH)]
    found = marked("The quick ascent of the method", turned, "/Rotate 90")
    assert [mark.split()[1] for mark in found] == ["45-171", "45-54"]


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(b64decode(draw_page(data, 1, SENTENCES[0])[0]))) as image:
        image.load()
        return image.size


def test_a_page_has_a_size_whatever_its_box_says() -> None:
    assert size_of(WHOLE) == size_of(WHOLE.replace(b"startxref\n", b"startxref\n9")) == (1050, LONGEST_SIDE)
    for box in ("0 0 1000000000 1", "0 0 1 99999", "0 0 0 0", "0 0 1e39 1e39", "9 9 -9 -9", "0 0 .0001 .0001"):
        assert max(size_of(made([[line(60, 700, SENTENCES[0])]], page=f"/MediaBox [{box}]"))) == LONGEST_SIDE
    assert draw_page(made([[], []]), 3, "") == draw_page(made([[], []]), 0, "") == ("", 2, [])


def test_what_is_no_picture_of_that_size_is_refused() -> None:
    sound, header = draw_page(made([[]]), 1, "")[0], b"\x89PNG\r\n\x1a\n"
    assert png_of(sound) and png_of("") == b""
    for data in (header, header + b"\xff" * 16, b"GIF89a" + b"0" * 30):
        with pytest.raises(Unfetched, match="gave up"):
            png_of(b64encode(data).decode())
    for text in ("a", "é", sound[:5]):
        with pytest.raises(Unfetched, match="gave up"):
            png_of(text)


def squeezed(content: bytes, times: int) -> bytes:
    """A PDF of a page on which content stands so many times."""
    code = zlib.compress(content * times, 1).hex()
    length = f"<< /Length {len(code)}"
    return made([[code]]).replace(length.encode(), f"{length} /Filter [/ASCIIHexDecode /FlateDecode]".encode())


@pytest.mark.slow
def test_a_hostile_pdf_is_refused_in_time_and_the_next_one_drawn() -> None:
    sandbox = Sandbox(seconds=1)
    lock = "/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{0}> /U <{0}> >> /ID [<00> <00>]".format("5a" * 32)
    for data, reason in (
        (squeezed(b"0 0 600 800 re f\n", 3_000_000), "longer than 1 s"),
        (squeezed(b"0 0 0 0 0 0 0 0 0 ", 20_000_000), "gave up|memory|longer"),
        (made([SENTENCES], trailer=lock), "can't be read"),
        (WHOLE[:300], "can't be read"),
    ):
        with pytest.raises(Unfetched) as refused:
            sandbox.call(draw_page, data, 1, SENTENCES[0])
        assert re.search(reason, refused.value.reason) and "\n" not in refused.value.reason
        assert sandbox.call(draw_page, WHOLE, 1, SENTENCES[0])[1] == 1
    sandbox.close()


@needs_shared
def test_a_real_page_is_drawn_in_the_sandbox() -> None:
    picture, pages, marks = drawn_page(PAPER, 3, "The encoder is composed of a stack of N = 6 identical layers.")
    assert (pages, len(marks)) == (15, 1) and 10_000 < len(picture) < 600_000
