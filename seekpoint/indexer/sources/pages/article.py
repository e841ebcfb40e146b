"""Which passages of a page are its article: trafilatura finds it, and what it drops inside of it is got back."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy

from seekpoint.indexer.sources.pages.text_runs import UNFIT, Element, Passage

# Its complaints about single pages aren't for the user.
logging.getLogger("trafilatura").addHandler(logging.NullHandler())
logging.getLogger("htmldate").addHandler(logging.NullHandler())

_FURNITURE = re.compile(
    r"(?:^|\s)comment(?:$|[\s_-])"
    r"|(?:^|[\s_-])(?:nav|navbar|navigation|menu|breadcrumbs?|footer|masthead|sidebar|comments|commentlist|respond|disqus"
    r"|share|sharing|social|cookies?|consent|gdpr|newsletter|subscribe|subscription|related|recommended|recommendations"
    r"|pagination|pager|toc|toctree|advert|adverts|advertisement|ads?|promo|skip-link|banner)(?:$|[\s_-])",
    re.IGNORECASE,
)
_FURNITURE_IDS = frozenset(
    [
        "comments",
        "comment-list",
        "disqus_thread",
        "respond",
        "toc",
        "table-of-contents",
        "footer",
        "header",
        "nav",
        "navigation",
        "sidebar",
        "cookie-banner",
        "related-posts",
        "share",
        "newsletter",
    ]
)
_FURNITURE_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary", "menu", "alert"})
_BOXES = frozenset({"div", "section", "aside", "header", "form", "ul", "ol", "dl", "details", "table", "p"})
_CONTENT = frozenset({"article", "main", "section"})
_MARK = re.compile(r"⟦(\d+)⟧")
# Shares and lengths in characters.
_CONTAINED = 0.9
_PROSE = 140
_MOST_LINKED = 1 / 3


def article_of(root: Element, passages: Sequence[Passage]) -> list[Passage]:
    """The passages of a page's main content; marks the text of `root` on the way."""
    furniture = _furniture(passages)
    candidates = [passage for passage in passages if passage not in furniture]
    found = _found(root, passages)
    chosen = [passage for passage in candidates if passage in found]
    if not chosen:
        return [passage for passage in candidates if not _is_aside(passage)]
    kept = set(chosen) | _got_back(candidates, chosen)
    kept |= set(_titles(candidates, kept))
    article = [passage for passage in candidates if passage in kept]
    while len(article) > 1 and article[-1].heading is not None:
        article.pop()
    return article


def _found(root: Element, passages: Sequence[Passage]) -> set[Passage]:
    """What trafilatura takes, told by marks that are put into each passage."""
    from trafilatura import bare_extraction

    for number, passage in enumerate(passages):
        if passage.places:
            _mark(passage, f"⟦{number}⟧ ")
    try:
        extracted = bare_extraction(deepcopy(root), include_comments=False, favor_recall=True)
    except Exception:  # it means to raise none, and the page can be read without
        return set()
    text = getattr(extracted, "text", None) or ""
    return {passages[int(number)] for number in _MARK.findall(text) if int(number) < len(passages)}


def _mark(passage: Passage, mark: str) -> None:
    # A short link or emphasis at the beginning may be dropped where the rest is kept.
    element, is_tail = max(passage.places, key=lambda place: len((place[0].tail if place[1] else place[0].text) or ""))
    if is_tail:
        element.tail = mark + UNFIT.sub("", element.tail)
    else:
        element.text = mark + UNFIT.sub("", element.text)


def _furniture(passages: Sequence[Passage]) -> set[Passage]:
    """What stands in mastheads, footers, comments and the like, unless that holds most of a page; and in navigation."""
    boxes = {passage: [box for box in _upwards(passage) if _is_furniture(box)] for passage in passages}
    held = Counter[Element]()
    for passage, around in boxes.items():
        held.update(dict.fromkeys(around, len(passage.text)))
    most = sum(len(passage.text) for passage in passages) / 2
    return {
        passage for passage, around in boxes.items() if any(_is_navigation(box) or held[box] <= most for box in around)
    }


def _upwards(passage: Passage) -> Iterator[Element]:
    yield passage.element
    yield from passage.element.iterancestors()


def _is_navigation(box: Element) -> bool:
    return box.tag in ("nav", "menu") or box.get("role") == "navigation"


def _is_furniture(box: Element) -> bool:
    if _is_navigation(box) or box.get("role") in _FURNITURE_ROLES:
        return True
    if box.tag == "header":
        return not any(above.tag in _CONTENT for above in box.iterancestors())
    if box.tag == "footer":
        return not any(above.tag == "blockquote" for above in box.iterancestors())
    if box.tag not in _BOXES:
        return False
    is_named = box.tag != "section" and box.get("id", "").lower() in _FURNITURE_IDS
    return is_named or bool(_FURNITURE.search(box.get("class", "")))


def _is_aside(passage: Passage) -> bool:
    return any(box.tag == "aside" for box in _upwards(passage))


def _got_back(candidates: Sequence[Passage], chosen: Sequence[Passage]) -> set[Passage]:
    """What lies between the chosen, and prose before or after them in the same container."""
    container = _container(chosen)
    inside = [passage for passage in candidates if container in _upwards(passage) and not _is_aside(passage)]
    order = {passage: position for position, passage in enumerate(candidates)}
    first, last = order[chosen[0]], order[chosen[-1]]
    between = {passage for passage in inside if first < order[passage] < last}
    groups: dict[Element, list[Passage]] = {}
    for passage in inside:
        if not first <= order[passage] <= last:
            groups.setdefault(_part(container, passage), []).append(passage)
    return between.union(*(group for group in groups.values() if _is_prose(group)))


def _container(chosen: Sequence[Passage]) -> Element:
    """The innermost element that holds nearly all of them."""
    held = Counter[Element]()
    for passage in chosen:
        held.update(dict.fromkeys(_upwards(passage), len(passage.text)))
    least = _CONTAINED * sum(len(passage.text) for passage in chosen)
    depth = {box: sum(1 for _ in box.iterancestors()) for box, length in held.items() if length >= least}
    return max(depth, key=lambda box: depth[box])


def _part(container: Element, passage: Passage) -> Element:
    below = passage.element
    for box in _upwards(passage):
        if box is container:
            break
        below = box
    return below


def _is_prose(group: Sequence[Passage]) -> bool:
    length = sum(len(passage.text) for passage in group)
    return length >= _PROSE and sum(passage.linked for passage in group) <= _MOST_LINKED * length


def _titles(candidates: Sequence[Passage], kept: set[Passage]) -> Iterator[Passage]:
    """The headings right above what is kept, and the page's own."""
    below_is_kept = False
    for passage in reversed(candidates):
        below_is_kept = passage in kept or (below_is_kept and passage.heading is not None)
        if below_is_kept:
            yield passage
    first = next(position for position, passage in enumerate(candidates) if passage in kept)
    for passage in reversed(candidates[:first]):
        if passage.heading is not None and passage.heading.tag == "h1":
            yield passage
            return
