"""Web pages: what there is to read in them, with the ids that links can jump to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import dropwhile, groupby

from lxml import etree

from seekpoint.index.errors import Unfetched
from seekpoint.index.text.clean import CELL_BREAK, clean
from seekpoint.index.types import State
from seekpoint.indexer.sources.pages.article import article_of
from seekpoint.indexer.sources.pages.charset import decoded, is_garbage
from seekpoint.indexer.sources.pages.text_runs import Element, Passage, dom_of, passages_of
from seekpoint.indexer.sources.pages.walls import wall
from seekpoint.indexer.transcript.blocks import Block, Role, Text

# Characters. Rows shorter than that share a block, up to as much; cells longer than that are texts of their own.
_ROW = 100
_LONGEST_ROW = 400
_LONGEST_NAME = 300

_TAG = re.compile(r"<[!/?a-z]", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_DATED = (
    "//meta[re:test(concat(@property, ' ', @name, ' ', @itemprop), 'date|time', 'i')]"
    " | //time | //script[@type='application/ld+json'] | //*[self::div or self::span or self::p or self::small"
    " or self::em or self::i][re:test(concat(@class, ' ', @id, ' ', @itemprop), 'date|time|publish|meta', 'i')]"
    "[string-length(.) < 100]"
)
_OF_A_HEAD = frozenset(
    {"title", "meta", "link", "base", "style", "script", "noscript", "template", "basefont", "bgsound"}
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_html(data: bytes, charset: str | None = None) -> Text:
    r"""Read a page's article; `charset` is what its HTTP header says. Raises Unfetched for what holds none.

    A block's words are those of the page as it is rendered, but for formulas, which read `\(TeX\)`. Where a browser
    finds no words across, there is a new block, ` | ` between the cells of a table row, or ` ⏎ ` between lines of code.
    """
    root = _parsed(data, charset)
    passages = passages_of(root)
    if reason := wall(root, passages):
        raise Unfetched(State.UNAVAILABLE, reason)
    about = _about(root)
    article = article_of(root, passages)
    blocks = tuple(_blocks(article))
    if not blocks:
        raise Unfetched(State.UNAVAILABLE, "there is nothing to read in it but navigation")
    return Text(blocks, _title(article, root, about.title), about.author, about.published, _language(root))


def _parsed(data: bytes, charset: str | None) -> Element:
    text = decoded(data, charset)
    if not text.strip():
        raise Unfetched(State.UNAVAILABLE, "an empty page: its server sent no text")
    head = text[:100_000]
    if data.startswith(b"%PDF-") or not _TAG.search(head) or is_garbage(head):
        raise Unfetched(State.UNAVAILABLE, "not a web page: list the address of one, or save its text to a file")
    try:
        root, is_too_deep = dom_of(text)
    except (etree.LxmlError, ValueError) as error:
        raise Unfetched(State.UNAVAILABLE, "an empty page: there is nothing in it but markup") from error
    if is_too_deep:
        raise Unfetched(State.UNAVAILABLE, "its elements are nested too deep: save its text to a file and list that")
    _leave_head(root)
    return root


def _leave_head(root: Element) -> None:
    """Begin the body where HTML 5 does; libxml2 keeps elements in the head that it doesn't know, such as `article`."""
    head = root.find("head")
    stray = [] if head is None else list(dropwhile(lambda child: child.tag in _OF_A_HEAD, head))
    if stray:
        body = root.find("body")
        if body is None:
            body = etree.SubElement(root, "body")
        for place, child in enumerate(stray):
            body.insert(place, child)


def _blocks(article: Sequence[Passage]) -> Iterator[Block]:
    """A block a passage, but one for the cells of a row, and for short rows of a table."""
    anchor = None
    for passages in _together(article):
        first = passages[0]
        if first.heading is not None:
            anchor = first.anchor
        role = Role.BODY if first.heading is None else Role.HEADING
        yield Block(CELL_BREAK.join(passage.text for passage in passages), role, anchor)


def _together(article: Sequence[Passage]) -> Iterator[list[Passage]]:
    pending: list[Passage] = []
    for row, grouped in groupby(article, key=lambda passage: passage.row):
        passages = list(grouped)
        is_row = row is not None and _length(passages) <= _LONGEST_ROW and all(p.heading is None for p in passages)
        table = row.getparent() if is_row else None
        if pending and not (is_row and _length(pending + passages) <= _ROW and table is pending[0].row.getparent()):
            yield pending
            pending = []
        if is_row:
            pending += passages
        else:
            yield from ([passage] for passage in passages)
    if pending:
        yield pending


def _length(passages: Sequence[Passage]) -> int:
    return sum(len(passage.text) for passage in passages)


@dataclass(frozen=True, slots=True)
class _About:
    title: str | None = None
    author: str | None = None
    published: str | None = None


def _about(root: Element) -> _About:
    from trafilatura.metadata import extract_metadata

    try:
        found = extract_metadata(deepcopy(root), extensive=False)
    except Exception:  # it means to raise none, and a page can be read without
        return _About()
    stated = found.date is not None and _DATE.fullmatch(found.date) and found.date[:4] in _dates(root)
    return _About(_name(found.title), _name(found.author), found.date if stated else None)


def _dates(root: Element) -> str:
    """Where a page says when it was published; any other date in it could be of anything."""
    stated = root.xpath(_DATED, namespaces={"re": "http://exslt.org/regular-expressions"})
    return " ".join(element.get("content") or element.get("datetime") or element.text_content() for element in stated)


def _title(article: Sequence[Passage], root: Element, stated: str | None) -> str | None:
    """The only main heading, or the first heading that the browser's title bar shows too."""
    headings = [passage for passage in article if passage.heading is not None]
    heads = [passage.text for passage in headings if passage.heading.tag == "h1"]
    bar = clean(root.xpath("string(.//title)"))
    if len(heads) != 1:
        heads = [passage.text for passage in headings[:1] if passage.text.casefold() in bar.casefold()]
    if heads:
        return _name(heads[0])
    # It may be a guess of the first heading that there is.
    titles = " ".join([bar, *root.xpath("//meta[contains(@property, 'title') or contains(@name, 'title')]/@content")])
    is_stated = stated is not None and stated.casefold() in clean(titles).casefold()
    return stated if is_stated else _name(bar) or stated


def _name(text: str | None) -> str | None:
    return clean(text or "")[:_LONGEST_NAME] or None


def _language(root: Element) -> str | None:
    stated = [root.get("lang"), root.get("{http://www.w3.org/XML/1998/namespace}lang"), root.get("xml:lang")]
    stated += [meta.get("content") for meta in root.iter("meta") if _is_language(meta)]
    tags = (clean(tag or "").split(",")[0].strip().replace("_", "-") for tag in stated)
    return next((tag for tag in tags if _LANGUAGE.fullmatch(tag)), None)


def _is_language(meta: Element) -> bool:
    return (meta.get("http-equiv") or meta.get("name") or "").lower() in ("content-language", "language")
