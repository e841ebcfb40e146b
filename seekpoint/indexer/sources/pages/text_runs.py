"""The text of a page as a browser shows it, in runs with their places in the DOM."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lxml import etree, html

from seekpoint.index.errors import unavailable
from seekpoint.index.text.clean import INDENT, LINE_BREAK, clean

Element: TypeAlias = Any
"""An element of lxml, which has no type hints, or `None` where an element is optional."""

UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that lxml rejects in text (XML 1.0, 2.2), though its HTML parser lets them pass."""

# fmt: off
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog",
        "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4",
        "h5", "h6", "header", "hgroup", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "optgroup",
        "option", "p", "pre", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead",
        "tr", "ul", "listing", "plaintext", "xmp",
    }
)
_UNSEEN = frozenset(
    {
        "area", "audio", "base", "canvas", "datalist", "embed", "head", "iframe", "input", "link", "map", "meta",
        "noembed", "noframes", "noscript", "object", "param", "rp", "script", "select", "style", "svg",
        "template", "textarea", "title", "track", "video",
    }
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTINGS = frozenset({"pre", "listing", "plaintext", "xmp"})
_UNSEEN_CLASSES = frozenset(
    {
        "sr-only", "visually-hidden", "screen-reader-text", "mw-editsection", "MathJax_Preview", "linenos",
        "linenodiv", "lineno", "gutter", "line-numbers", "rouge-gutter", "hljs-ln-numbers", "jp-InputPrompt",
        "jp-OutputPrompt", "input_prompt", "output_prompt",
    }
)
# fmt: on
_LONGEST_HEADING = 500
# Between the words of a line, except after a sentence.
_SPACES = re.compile(r"(?<=[^\s.!?…。！？])(?:[^\S\r\n]{2,}|\t)(?=\S)")
_DISPLAY_NONE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_PERMALINKS = frozenset({"", "#", "¶", "§", "🔗", "⚓", "↩", "^", "link", "anchor", "permalink"})
_SECTIONS = frozenset({"section", "div", "article"})


@dataclass(slots=True, eq=False)
class TextRun:
    """Text that a browser finds as one run: a text fragment matches within a run, never across its end.

    `element` is its block and `row` its table row. `heading` is the heading element if it is one, `anchor` the id of
    that. `linked` counts its characters within links. `text_nodes` are its text nodes, as (element, is_tail).
    """

    element: Element
    text: str
    row: Element
    heading: Element
    anchor: str | None
    linked: int
    text_nodes: list[tuple[Element, bool]]


def dom_of(markup: str, too_deep: str = "html_too_deep") -> Element:
    """The root element; raises etree.LxmlError, and Unfetched by the code `too_deep` if the parser left some out."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    root = html.document_fromstring(UNFIT.sub("", markup).encode(), parser=parser)
    fatal = (fault.message for fault in parser.error_log if fault.level == etree.ErrorLevels.FATAL)
    if any("depth" in message for message in fatal):
        raise unavailable(too_deep)
    return root


def text_runs_of(root: Element) -> list[TextRun]:
    """The visible runs of a page, in the order of its DOM."""
    walk = _Walk([_Open(root)])
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "start" and not walk.enter(element):
            walker.skip_subtree()
        elif event == "end":
            walk.leave(element)
    walk.flush()
    return walk.runs


@dataclass(frozen=True, slots=True)
class _Open:
    """An open block, its enclosing heading and table row, and the number of runs before it."""

    element: Element
    earlier: int = 0
    heading: Element = None
    row: Element = None
    is_listing: bool = False


@dataclass(slots=True)
class _Walk:
    blocks: list[_Open]
    runs: list[TextRun] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    _text_nodes: list[tuple[Element, bool]] = field(default_factory=list)
    _linked: int = 0
    _links: int = 0
    _skipped: Element = None

    def enter(self, element: Element) -> bool:
        """Add the text at the start of an element; false if its content is to be skipped."""
        formula_text = formula(element)
        # A button that begins a heading is kept, as it holds the title.
        is_control = element.tag == "button" and (self.blocks[-1].heading is None or "".join(self._pieces).strip())
        if formula_text is not None or is_control or _is_unseen(element):
            self._pieces.append(formula_text or "")
            self._skipped = element
            return False
        if element.tag == "br" or _is_block(element):
            self._break()
        if _is_block(element):
            outer = self.blocks[-1]
            is_heading = element.tag in _HEADINGS or element.get("role") == "heading"
            # A very long one is a heading whose tag was never closed.
            begins = outer.heading is None and is_heading and sum(map(len, element.itertext())) <= _LONGEST_HEADING
            heading = element if begins else outer.heading
            row = element if element.tag == "tr" else outer.row
            is_listing = outer.is_listing or element.tag in _LISTINGS
            self.blocks.append(_Open(element, len(self.runs), heading, row, is_listing))
        self._links += element.tag == "a"
        self._take(element, element.text, False)
        return True

    def leave(self, element: Element) -> None:
        if element is self._skipped:
            self._skipped = None
        else:
            if _is_block(element):
                outer = self.blocks[-2]
                if outer.is_listing or outer.heading is not None:
                    self._break()
                else:
                    self.flush()
                self.blocks.pop()
            self._links -= element.tag == "a"
        self._take(element, element.tail, True)

    def flush(self) -> None:
        """End the current run."""
        block = self.blocks[-1]
        text = "".join(self._pieces)
        if block.is_listing:
            text = _SPACES.sub(f" {INDENT} ", text)
            text = LINE_BREAK.join(filter(None, map(clean, text.splitlines())))
        else:
            text = clean(text)
        if text:
            anchor = None if block.heading is None else next(filter(None, self._anchors(block.heading)), None)
            self.runs.append(
                TextRun(block.element, text, block.row, block.heading, anchor, self._linked, self._text_nodes)
            )
        self._pieces, self._text_nodes, self._linked = [], [], 0

    def _break(self) -> None:
        """End the line, and with it the run, except in a heading or a code listing."""
        if self.blocks[-1].is_listing:
            self._pieces.append("\n")
        elif self.blocks[-1].heading is not None:
            self._pieces.append(" ")
        else:
            self.flush()

    def _take(self, element: Element, text: str | None, is_tail: bool) -> None:
        if not text:
            return
        self._pieces.append(text)
        if not text.isspace():
            self._text_nodes.append((element, is_tail))
            self._linked += len(text) if self._links else 0

    def _anchors(self, heading: Element) -> Iterator[str | None]:
        yield _id(heading)
        yield from map(_id, heading.iterdescendants())
        for block in reversed(self.blocks):
            if block.earlier < len(self.runs):
                break
            if block.element.tag in _SECTIONS:
                yield _id(block.element)
        before = heading.getprevious()
        if before is not None and not "".join(before.itertext()).strip() and not (before.tail or "").strip():
            yield _id(before)


def _is_block(element: Element) -> bool:
    return element.tag in _BLOCKS or element.get("role") == "heading"


def _is_unseen(element: Element) -> bool:
    if element.tag in _UNSEEN or element.get("hidden", "until-found") != "until-found":
        return True
    if _DISPLAY_NONE.search(element.get("style", "")) or (element.tag == "dialog" and element.get("open") is None):
        return True
    if not _UNSEEN_CLASSES.isdisjoint(element.get("class", "").split()):
        return True
    is_link_here = element.tag == "a" and "#" in element.get("href", "")
    return is_link_here and clean("".join(element.itertext())).rstrip("\ufe0e\ufe0f").casefold() in _PERMALINKS


def _id(element: Element) -> str | None:
    name = element.get("id") or (element.get("name") if element.tag == "a" else None)
    return name if name and name == clean(name) and " " not in name else None


_RENDERED = frozenset({"katex", "katex-display", "mwe-math-element"})
_MATHJAX = frozenset({"MathJax", "MathJax_Display", "MathJax_CHTML", "MathJax_SVG", "MathJax_SVG_Display"})
_DISPLAY_STYLE = re.compile(r"\{\\(?:display|text)style\s*(.*)\}", re.DOTALL)


def formula(element: Any) -> str | None:  # noqa: ANN401  lxml has no types
    r"""The text of a formula as `\(TeX\)`, empty for a duplicate rendering; `None` for any other element."""
    classes = element.get("class", "").split()
    if element.tag == "script":
        return _delimited(element.text) if element.get("type", "").startswith("math/tex") else None
    if not _MATHJAX.isdisjoint(classes):
        follower = element.getnext()
        has_source = follower is not None and follower.tag == "script"
        return "" if has_source and follower.get("type", "").startswith("math/tex") else None
    if element.tag not in ("math", "mjx-container") and _RENDERED.isdisjoint(classes):
        return None
    if tex := _tex(element):
        return _delimited(tex)
    math = next(element.iter("math"), element)
    notes = set(math.iter("annotation", "annotation-xml"))
    return _delimited(" ".join(part.text.strip() for part in math.iter() if part.text and part not in notes))


def _delimited(tex: str | None) -> str:
    tex = (tex or "").strip().replace("%\n", "\n")
    if whole := _DISPLAY_STYLE.fullmatch(tex):
        tex = whole[1].strip()
    return rf"\({tex}\)" if tex else ""


def _tex(element: Any) -> str | None:  # noqa: ANN401
    for inner in element.iter("annotation", "math", "img"):
        if inner.tag == "annotation" and "tex" in inner.get("encoding", "").lower():
            return "".join(inner.itertext())
        if stated := inner.get("alttext") or inner.get("alt"):
            return str(stated)
    return None
