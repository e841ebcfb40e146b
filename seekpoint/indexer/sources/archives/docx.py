"""Parses Word documents: headings, paragraphs, lists, tables and notes, as the page that they would be on the web."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from seekpoint.indexer.sources.archives.archive import (
    DocumentArchive,
    attribute,
    core_properties,
    local,
    named,
    paragraph_text,
)
from seekpoint.indexer.sources.pages.html import blocks_of
from seekpoint.indexer.sources.pages.text_runs import UNFIT, Element, text_runs_of
from seekpoint.indexer.transcript.text_timeline import ParsedDocument

# The names of built-in styles are English in a document in any language.
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_CONTENTS = re.compile(r"toc \d|table of figures", re.IGNORECASE)
# The levels of the document's title, of text, and of lines of the table of contents; those of headings are 1 to 9.
_TITLE, _BODY, _LEFT_OUT = 0, 10, 11
# HTML has fewer.
_DEEPEST = 6
# Styles that are based on one another in a circle end here.
_MOST_BASES = 10


def read_docx(archive: DocumentArchive) -> ParsedDocument:
    """Parse a Word document; raises Unfetched."""
    main = archive.related("", "officeDocument") or ""
    notes = {
        f"{kind}Reference": {attribute(note, "id"): note for note in named(archive.xml(part), kind)}
        for kind in ("footnote", "endnote")
        if (part := archive.related(main, f"{kind}s"))
    }
    styles = archive.related(main, "styles")
    page = _Page(_levels(archive.xml(styles)) if styles else {}, notes)
    root = etree.Element("html")
    for body in archive.xml(main):
        page.add(etree.SubElement(root, "body"), body)
    title, stated = core_properties(archive)
    h1s = ["".join(heading.itertext()) for heading in root.iter("h1")]
    return ParsedDocument(
        tuple(blocks_of(text_runs_of(root))),
        page.title or title or (h1s[0] if len(h1s) == 1 else None),
        stated,
    )


def _levels(styles: Element) -> dict[str | None, int]:
    """The levels of paragraphs by the ids of their styles."""
    own: dict[str | None, int] = {}
    bases: dict[str | None, str | None] = {}
    for style in named(styles, "style"):
        values = {local(child): attribute(child, "val") or "" for child in style.iterdescendants()}
        key, name, outline = attribute(style, "styleId"), values.get("name", ""), values.get("outlineLvl", "")
        bases[key] = values.get("basedOn")
        if name.casefold() == "title":
            own[key] = _TITLE
        elif _CONTENTS.fullmatch(name):
            own[key] = _LEFT_OUT
        elif heading := _HEADING.fullmatch(name):
            own[key] = int(heading[1])
        elif outline.isdecimal():
            own[key] = min(int(outline) + 1, _BODY)
    levels = {}
    for key in bases:
        style_id = key
        for _ in range(_MOST_BASES):
            if style_id in own or style_id is None:
                break
            style_id = bases.get(style_id)
        levels[key] = own.get(style_id, _BODY)
    return levels


@dataclass(slots=True)
class _Page:
    """Writes a document as HTML; `levels` are those of its styles, `notes` by the kind and the id of a reference."""

    levels: Mapping[str | None, int]
    notes: Mapping[str, dict[str | None, Element]]
    title: str | None = None
    _anchor: str | None = None

    def add(self, parent: Element, content: Element) -> None:
        """Write the paragraphs and tables in an element."""
        for child in content:
            name = local(child)
            if name == "p":
                self._add_paragraph(parent, child)
            elif name == "tbl":
                table = etree.SubElement(parent, "table")
                for row in child.iter("{*}tr"):
                    if next(row.iterancestors("{*}tbl")) is child:
                        cells = etree.SubElement(table, "tr")
                        for cell in row.iter("{*}tc"):
                            if next(cell.iterancestors("{*}tr")) is row:
                                self.add(etree.SubElement(cells, "td"), cell)
            elif name == "bookmarkStart":
                self._anchor = attribute(child, "name")
            elif name in ("sdt", "sdtContent", "customXml"):
                self.add(parent, child)

    def _add_paragraph(self, parent: Element, paragraph: Element) -> None:
        inner: list[Element] = []
        text = paragraph_text(paragraph, inner.append)
        properties = next(paragraph.iterchildren("{*}pPr"), ())
        values = {local(each): attribute(each, "val") or "" for each in properties}
        outline = values.get("outlineLvl", "")
        level = min(int(outline) + 1, _BODY) if outline.isdecimal() else self.levels.get(values.get("pStyle"), _BODY)
        if level == _LEFT_OUT:
            return
        element = etree.SubElement(parent, "p" if level == _BODY else f"h{min(max(level, 1), _DEEPEST)}")
        element.text = UNFIT.sub("", text)
        bookmarks = [attribute(each, "name") for each in named(paragraph, "bookmarkStart")]
        if anchor := next(filter(None, [*bookmarks, self._anchor]), None):
            element.set("id", anchor)
        self._anchor = None
        if level == _TITLE and self.title is None:
            self.title = text.strip() or None
        for child in inner:
            known = self.notes.get(local(child))
            note = child if known is None else known.pop(attribute(child, "id"), None)  # notes may refer to one another
            if note is not None:
                self.add(parent, note)
