"""Parsers to compare: Seekpoint's, and libraries under its headings and references.

    python -m benchmarks.papers.parsers PARSER PDF

prints the blocks as JSON, with the seconds a page and what the parser was given.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pypdfium2  # type: ignore[import-untyped]

from seekpoint.indexer.sources.papers import layout
from seekpoint.indexer.sources.papers.blocks import blocks
from seekpoint.indexer.sources.papers.contents import without_contents
from seekpoint.indexer.sources.papers.furniture import without_furniture
from seekpoint.indexer.sources.papers.glyphs import _ACCENTED, _BOLD, _COMPOSED, _accented
from seekpoint.indexer.sources.papers.layout import Page, TextLine, TextSpan
from seekpoint.indexer.sources.papers.pdf import _outline, _pages, read_pdf
from seekpoint.indexer.transcript.text_timeline import Block

Columns = Iterable[tuple[TextLine, ...]]


def seekpoint(data: bytes) -> tuple[Block, ...]:
    """Seekpoint's own: pdfium's glyphs, and columns found by their gutters."""
    return read_pdf(data).blocks


def seekpoint_drawn(data: bytes) -> tuple[Block, ...]:
    """Seekpoint's lines in the order that they were drawn in."""
    return _blocks(data, _pages(data), drawn_columns)


def docling(data: bytes) -> tuple[Block, ...]:
    """docling-parse's words, in the lines and columns that Seekpoint finds."""
    return _blocks(data, docling_pages(data, "word"), layout.columns)


def docling_alone(data: bytes) -> tuple[Block, ...]:
    """docling-parse's lines in its order, which is that of drawing."""
    return _blocks(data, docling_pages(data, "line"), drawn_columns)


def oxide(data: bytes) -> tuple[Block, ...]:
    """pdf_oxide's spans, in the lines and columns that Seekpoint finds."""
    return _blocks(data, oxide_pages(data, None), layout.columns)


def oxide_alone(data: bytes) -> tuple[Block, ...]:
    """pdf_oxide's spans in the reading order that it finds, by columns."""
    return _blocks(data, oxide_pages(data, "column_aware"), drawn_columns)


_ALL = (seekpoint, seekpoint_drawn, docling, docling_alone, oxide, oxide_alone)
PARSERS = {each.__name__.replace("_", "-"): each for each in _ALL}


def _blocks(data: bytes, pages: Iterable[Page], columns: Callable[[Sequence[Page]], Columns]) -> tuple[Block, ...]:
    printed = list(columns(without_furniture(list(pages))))
    with closing(pypdfium2.PdfDocument(data)) as document:
        return blocks(list(without_contents(printed)) or printed, _outline(document))[1]


class _Cell(Protocol):
    """A word or a line of docling-parse."""

    text: str
    font_name: str
    r_x0: float
    r_y0: float
    r_x2: float
    r_y2: float


class _Span(Protocol):
    """A span of pdf_oxide."""

    text: str
    font_name: str
    font_size: float
    bbox: tuple[float, float, float, float]


def docling_pages(data: bytes, unit: str) -> Iterator[Page]:
    """Pages of docling-parse's words or lines, whose height stands for the font size, which it doesn't tell."""
    native: Any = importlib.import_module("docling_parse.pdf_parsers")
    parser = native.pdf_parser("fatal")
    parser.load_document_from_bytesio(key="paper", bytes_io=BytesIO(data), password=None, keep_qpdf_warnings=False)
    config = native.DecodePageConfig()
    config.create_line_cells, config.create_word_cells = unit == "line", unit == "word"
    config.keep_shapes, config.keep_bitmaps, config.extract_bitmap_pixels = False, False, False
    for index in range(parser.number_of_pages(key="paper")):
        page = parser.get_page_decoder(key="paper", page=index, config=config)
        bottom, top = page.get_page_dimension().get_crop_bbox()[1::2]
        cells = page.get_line_cells() if unit == "line" else page.get_word_cells()
        spans = [_docling_span(cell) for cell in cells if cell.text.strip()]
        yield (
            Page(tuple(spans), index + 1, bottom, top) if unit == "line" else layout.page(spans, index + 1, bottom, top)
        )
        parser.unload_document_page(key="paper", page=index)


def _docling_span(cell: _Cell) -> TextSpan:
    height = cell.r_y2 - cell.r_y0
    is_bold = _BOLD.search(cell.font_name) is not None
    return TextSpan(_composed(cell.text), cell.r_x0, cell.r_x2, cell.r_y0 + height / 4, height, is_bold)


def _composed(text: str) -> str:
    return _ACCENTED.sub(_accented, text.translate(_COMPOSED))


def oxide_pages(data: bytes, order: str | None) -> Iterator[Page]:
    """Pages of pdf_oxide's upright spans, in the order that they were drawn in, or in one that it finds."""
    logging.getLogger("pdf_oxide").setLevel(logging.CRITICAL)
    document: Any = importlib.import_module("pdf_oxide").PdfDocument.from_bytes(data)
    for index in range(document.page_count()):
        bottom, top = document.page_media_box(index)[1::2]
        found = document.extract_spans(index, reading_order=order)
        if order is None:
            found.sort(key=lambda span: span.sequence)
        spans = (_oxide_span(span) for span in found if span.text.strip() and span.bbox == span.page_bbox)
        yield layout.page(spans, index + 1, bottom, top)


def _oxide_span(span: _Span) -> TextSpan:
    left, bottom, width, _ = span.bbox
    is_bold = _BOLD.search(span.font_name) is not None
    return TextSpan(_composed(span.text), left, left + width, bottom, span.font_size, is_bold)


def drawn_columns(pages: Iterable[Page]) -> Iterator[tuple[TextLine, ...]]:
    """Columns of pieces in the order given: a new one begins where a piece is higher than the last."""
    numbers = count()
    for page in pages:
        column: list[list[TextSpan]] = []
        for piece in page.pieces:
            if column and piece.baseline > column[-1][-1].baseline + piece.size:
                yield _column(column, page.number, next(numbers))
                column = []
            if column and abs(piece.baseline - column[-1][0].baseline) < piece.size / 2:
                column[-1].append(piece)
            else:
                column.append([piece])
        if column:
            yield _column(column, page.number, next(numbers))


def _column(rows: list[list[TextSpan]], page: int, number: int) -> tuple[TextLine, ...]:
    edge = min(piece.left for row in rows for piece in row)
    return tuple(layout._line(row, page, number, edge) for row in rows)


def main() -> None:
    """Parse a file twice: the first time loads the libraries."""
    parse, data = PARSERS[sys.argv[1]], Path(sys.argv[2]).read_bytes()
    parse(data)
    started = time.process_time()
    found = parse(data)
    seconds = time.process_time() - started
    print(json.dumps({"seconds": seconds, "blocks": [[block.text, block.role, block.page] for block in found]}))


if __name__ == "__main__":
    main()
