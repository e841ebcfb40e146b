"""Extracts the article of a page by trafilatura, and restores the parts that trafilatura drops inside of it."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import islice, takewhile

from seekpoint.indexer.sources.pages.text_runs import UNFIT, Element, TextRun

# Their warnings about single pages aren't for the user.
logging.getLogger("trafilatura").addHandler(logging.NullHandler())
logging.getLogger("htmldate").addHandler(logging.NullHandler())

_FURNITURE = re.compile(
    r"(?:^|\s)comment(?:$|[\s_-])"
    r"|(?:^|[\s_-])(?:nav|navbar|navigation|menu|breadcrumbs?|footer|masthead|sidebar|comments|commentlist|respond|disqus"
    r"|share|sharing|social|cookies?|consent|gdpr|newsletter|subscribe|subscription|related|recommended|recommendations"
    r"|pagination|pager|toc|toctree|advert|adverts|advertisement|ads?|promo|skip-link|banner)(?:$|[\s_-])",
    re.IGNORECASE,
)
_FURNITURE_IDS = re.compile(
    r"comments|comment-list|disqus_thread|respond|toc|table-of-contents|footer|header|nav|navigation|sidebar"
    r"|cookie-banner|related-posts|share|newsletter"
)
_FURNITURE_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary", "menu", "alert"})
_BOXES = frozenset({"div", "section", "aside", "header", "form", "ul", "ol", "dl", "details", "table", "p"})
_CONTENT = frozenset({"article", "main", "section"})
_MARK = re.compile(r"⟦(\d+)⟧")
# Shares and lengths in characters.
_CONTAINED = 0.9
_PROSE = 140
_MOST_LINKED = 1 / 3


def article_of(root: Element, runs: Sequence[TextRun]) -> list[TextRun]:
    """The runs of a page's main content. Inserts markers into the text of `root`."""
    furniture = _furniture(runs)
    candidates = [run for run in runs if run not in furniture]
    kept_by_trafilatura = _kept_by_trafilatura(root, runs)
    chosen = [run for run in candidates if run in kept_by_trafilatura]
    if not chosen:
        return [run for run in candidates if not _is_aside(run)]
    kept = set(chosen) | _restored(candidates, chosen)
    first = next(position for position, run in enumerate(candidates) if run in kept)
    # The headings directly above kept runs, and the page's h1.
    below_is_kept = False
    titles = []
    for run in reversed(candidates):
        below_is_kept = run in kept or (below_is_kept and run.heading is not None)
        if below_is_kept:
            titles.append(run)
    h1s = (run for run in reversed(candidates[:first]) if run.heading is not None and run.heading.tag == "h1")
    kept |= {*titles, *islice(h1s, 1)}
    article = [run for run in candidates if run in kept]
    while len(article) > 1 and article[-1].heading is not None:
        article.pop()
    return article


def _kept_by_trafilatura(root: Element, runs: Sequence[TextRun]) -> set[TextRun]:
    """The runs that trafilatura keeps, recognised by markers inserted into each run."""
    from trafilatura import bare_extraction

    for number, run in enumerate(runs):
        if not run.text_nodes:
            continue
        # Mark the longest text node: trafilatura may drop a short link or emphasis, and keep the rest.
        element, is_tail = max(run.text_nodes, key=lambda node: len((node[0].tail if node[1] else node[0].text) or ""))
        if is_tail:
            element.tail = f"⟦{number}⟧ {UNFIT.sub('', element.tail)}"
        else:
            element.text = f"⟦{number}⟧ {UNFIT.sub('', element.text)}"
    try:
        extracted = bare_extraction(deepcopy(root), include_comments=False, favor_recall=True)
    except Exception:  # an error in trafilatura; the page can be read without it
        return set()
    text = getattr(extracted, "text", None) or ""
    return {runs[int(number)] for number in _MARK.findall(text) if int(number) < len(runs)}


def _furniture(runs: Sequence[TextRun]) -> set[TextRun]:
    """The runs in navigation, and in headers, footers, comments etc. unless one of these holds most of the page."""
    boxes = {run: [box for box in _upwards(run) if _is_furniture(box)] for run in runs}
    text_length = Counter[Element]()
    for run, around in boxes.items():
        text_length.update(dict.fromkeys(around, len(run.text)))
    most = sum(len(run.text) for run in runs) / 2
    return {
        run for run, around in boxes.items() if any(_is_navigation(box) or text_length[box] <= most for box in around)
    }


def _upwards(run: TextRun) -> Iterator[Element]:
    yield run.element
    yield from run.element.iterancestors()


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
    is_named = box.tag != "section" and _FURNITURE_IDS.fullmatch(box.get("id", "").lower())
    return bool(is_named or _FURNITURE.search(box.get("class", "")))


def _is_aside(run: TextRun) -> bool:
    return any(box.tag == "aside" for box in _upwards(run))


def _restored(candidates: Sequence[TextRun], chosen: Sequence[TextRun]) -> set[TextRun]:
    """The runs between the chosen ones, and prose before or after them in the same container."""
    text_length = Counter[Element]()
    for run in chosen:
        text_length.update(dict.fromkeys(_upwards(run), len(run.text)))
    least = _CONTAINED * sum(len(run.text) for run in chosen)
    depth = {box: sum(1 for _ in box.iterancestors()) for box, length in text_length.items() if length >= least}
    # The innermost element that holds nearly all chosen text.
    container = max(depth, key=lambda box: depth[box])
    inside = [run for run in candidates if container in _upwards(run) and not _is_aside(run)]
    order = {run: position for position, run in enumerate(candidates)}
    first, last = order[chosen[0]], order[chosen[-1]]
    between = {run for run in inside if first < order[run] < last}
    groups: dict[Element, list[TextRun]] = {}
    for run in inside:
        if not first <= order[run] <= last:
            # The child of the container that holds the run.
            *_, part = run.element, *takewhile(lambda box: box is not container, _upwards(run))
            groups.setdefault(part, []).append(run)
    for group in groups.values():
        length = sum(len(run.text) for run in group)
        if length >= _PROSE and sum(run.linked for run in group) <= _MOST_LINKED * length:
            between.update(group)
    return between
