"""Set a text as a paper: `python examples/typeset.py examples/texts/NAME.txt` writes NAME.pdf beside it.

The first paragraph is the title, one that begins with `# ` a heading. The same text gives the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

WIDTH, HEIGHT, MARGIN = 595, 842, 72  # A4 in points
LEADING = 1.3
# Times and Times bold, which each reader of PDFs brings along.
FONTS = (
    "/F1 << /Type /Font /Subtype /Type1 /BaseFont /Times-Roman /Encoding /WinAnsiEncoding >>"
    " /F2 << /Type /Font /Subtype /Type1 /BaseFont /Times-Bold /Encoding /WinAnsiEncoding >>"
)


class Style(NamedTuple):
    """How a paragraph is set: the font, its size in points, the characters a line, and the points above it."""

    font: str
    size: int
    characters: int
    above: int


TITLE, HEADING, BODY = Style("F2", 17, 52, 0), Style("F2", 13, 70, 18), Style("F1", 11, 90, 8)


def style_of(paragraph: str, number: int) -> Style:
    """The style of a paragraph by its mark and its place in the text."""
    if number == 0:
        return TITLE
    return HEADING if paragraph.startswith("# ") else BODY


def pages(paragraphs: Sequence[str]) -> Iterator[list[str]]:
    """The drawing operators of each page."""
    shown: list[str] = []
    y = float(HEIGHT - MARGIN)
    for number, paragraph in enumerate(paragraphs):
        style = style_of(paragraph, number)
        lines = wrap(paragraph.removeprefix("# "), style.characters)
        y -= style.above
        # A heading stays with the first two lines below it.
        needed = LEADING * (style.size * len(lines[:2]) + (3 * BODY.size if style is HEADING else 0))
        if y - needed < MARGIN:
            yield shown
            shown, y = [], float(HEIGHT - MARGIN)
        for line in lines:
            if y - LEADING * style.size < MARGIN:
                yield shown
                shown, y = [], float(HEIGHT - MARGIN)
            y -= LEADING * style.size
            code = line.encode("cp1252").hex()
            shown.append(f"BT /{style.font} {style.size} Tf 1 0 0 1 {MARGIN} {y:.1f} Tm <{code}> Tj ET")
    yield shown


def pdf(title: str, shown: Sequence[Sequence[str]]) -> bytes:
    """The file: a catalogue, the tree of pages, the title, and for each page itself and what it draws."""
    numbers = range(4, 4 + 2 * len(shown), 2)
    kids = " ".join(f"{number} 0 R" for number in numbers)
    box = f"/MediaBox [0 0 {WIDTH} {HEIGHT}] /Resources << /Font << {FONTS} >> >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(shown)} {box} >>",
        f"<< /Title ({title}) >>",
    ]
    for number, operators in zip(numbers, shown, strict=True):
        content = "\n".join(operators)
        objects.append(f"<< /Type /Page /Parent 2 0 R /Contents {number + 1} 0 R >>")
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    return _with_table(objects)


def _with_table(objects: Sequence[str]) -> bytes:
    """The objects with the table of where each begins, by which readers find them."""
    data, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("ascii")
    size = len(objects) + 1
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R /Info 3 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
    return data + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode("ascii")


def typeset(text: str) -> bytes:
    """The PDF of a text."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n") if paragraph.strip()]
    return pdf(paragraphs[0], list(pages(paragraphs)))


if __name__ == "__main__":
    source = Path(sys.argv[1])
    source.with_suffix(".pdf").write_bytes(typeset(source.read_text(encoding="utf-8")))
