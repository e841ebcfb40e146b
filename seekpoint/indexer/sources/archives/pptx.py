"""Parses PowerPoint slides: each is a page with its title as heading, its text, and the speaker's notes."""

from __future__ import annotations

from collections.abc import Iterator

from seekpoint.index.text.clean import CELL_BREAK, clean
from seekpoint.indexer.sources.archives.archive import (
    DocumentArchive,
    attribute,
    core_properties,
    local,
    named,
    paragraph_text,
)
from seekpoint.indexer.sources.pages.text_runs import Element
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role

_TITLES = ("title", "ctrTitle")
# Placeholders that are the same on every slide.
_FURNITURE = ("dt", "ftr", "hdr", "sldNum", "sldImg")
# Parts with text that a slide shows: the boxes of a diagram, the titles of a chart.
_SHOWN = ("diagramData", "chart")
_LONGEST_TITLE = 80
# A longer row of a table becomes a block for each cell.
_LONGEST_ROW = 400


def read_pptx(archive: DocumentArchive) -> ParsedDocument:
    """Parse slides in the order of the presentation; raises Unfetched."""
    main = archive.related("", "officeDocument") or ""
    parts = archive.relationships(main)
    ids = (attribute(each, "id") for each in named(archive.xml(main), "sldId"))
    slides = [parts[each].target for each in ids if each in parts]
    blocks = [block for number, slide in enumerate(slides, 1) for block in _blocks(archive, slide, number)]
    title, stated = core_properties(archive)
    first = next((block.text for block in blocks if block.role is Role.HEADING and block.page == 1), None)
    return ParsedDocument(tuple(blocks), first or title, stated)


def _blocks(archive: DocumentArchive, part: str, number: int) -> Iterator[Block]:
    """The blocks of a slide. One without a title has its first line with letters as heading, if that is short."""
    slide = archive.xml(part)
    titles = [clean(" ".join(_lines(shape))) for shape in _shapes(slide) if _placeholder(shape) in _TITLES]
    lines = [line for shape in _shapes(slide) if _placeholder(shape) not in _TITLES for line in _lines(shape)]
    relationships = archive.relationships(part).values()
    for kind in _SHOWN:
        lines += [line for each in relationships if each.kind == kind for line in _lines(archive.xml(each.target))]
    heading = next(filter(None, titles), "")
    texts = [*filter(_has_words, lines)]
    if not heading:
        position = next((k for k, text in enumerate(texts) if any(map(str.isalpha, text))), None)
        if position is not None and len(texts[position]) <= _LONGEST_TITLE:
            heading = texts.pop(position)
    for each in relationships:
        if each.kind == "notesSlide":
            notes = _shapes(archive.xml(each.target))
            texts += [line for shape in notes for line in _lines(shape) if _has_words(line)]
    if _has_words(heading):
        yield Block(heading, Role.HEADING, page=number)
    yield from (Block(text, page=number) for text in texts)


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


def _shapes(slide: Element) -> Iterator[Element]:
    """The shapes and tables of a slide with their text, in the order in which they lie on one another."""
    for shape in named(slide, "sp", "graphicFrame", "cxnSp"):
        if _placeholder(shape) not in _FURNITURE and next(shape.iterancestors("{*}Fallback"), None) is None:
            yield shape


def _placeholder(shape: Element) -> str | None:
    """The type of the placeholder that a shape fills."""
    placeholder = next(named(shape, "ph"), None)
    return None if placeholder is None else placeholder.get("type", "obj")


def _lines(element: Element) -> Iterator[str]:
    """The paragraphs of an element; those of a table row in one line, or in one a cell."""
    for each in named(element, "tr", "p"):
        if local(each) == "tr":
            cells = [clean(" ".join(map(paragraph_text, named(cell, "p")))) for cell in named(each, "tc")]
            row = CELL_BREAK.join(filter(None, cells))
            yield from [row] if len(row) <= _LONGEST_ROW else cells
        elif next(each.iterancestors("{*}tr", "{*}Fallback"), None) is None:
            yield clean(paragraph_text(each))
