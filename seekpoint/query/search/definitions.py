"""Questions that ask what something is, and texts that say so. All pure; English and Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import regex

from seekpoint.index.text.languages import simplified
from seekpoint.index.text.terms import content_test, located_terms

# A question that asks what something is, and the words beside content ones that its name may have.
_WHAT_IS = regex.compile(
    r"(?:what(?: is| are|['’]?s)|define|什么是|什么叫|何谓)(?P<name>[^,;，；。]+)|what does(?P<name>[^,;，；。]+)mean|"
    r"(?P<name>[^,;，；。]+?)(?:是什么|是啥|是指什么|指的是什么|是什么意思|什么意思)[呢啊]?",
    regex.IGNORECASE,
)
_IN_NAMES = regex.compile(r"\b(?:an?|the|in)\b|[里中]面?的", regex.IGNORECASE)
# What stands right before and right after a name where a text says what it is.
_BEFORE = regex.compile(
    r"(?:\b(?:called|known as|what['’]?s|what is|what are|so-called|term|define|by)\s+(?:(?:an?|the)\s+)?"
    r"|(?:叫做?|称为|称之为|所谓的?|什么是|名为|就是)\s*)$",
    regex.IGNORECASE,
)
_AFTER = regex.compile(r"\s+(?:is|are|means|refers|stands)\b|\s*(?:就?是|指的|的意思|这个东西)", regex.IGNORECASE)
# Characters before a name: the longest that _BEFORE reads.
_LEAD = 20


def asked_name(question: str) -> list[str]:
    """The terms of the name in a question that asks what something is and nothing else; none for any other question."""
    match = _WHAT_IS.fullmatch(simplified(question).strip(" ?？!！。"))
    name = _IN_NAMES.sub(" ", match["name"]) if match else ""
    named = list(located_terms(name))
    return [term.text for term in named] if all(map(content_test(name), named)) else []


def defines(text: str, names: Iterable[Sequence[str]]) -> bool:
    """Whether a text says what one of these names, given as terms, stands for: *X is*, *called X*, X就是, 叫做X."""
    text = simplified(text)
    located = list(located_terms(text))
    terms = [term.text for term in located]
    for name in names:
        for first in range(len(terms) - len(name) + 1):
            start, stop = located[first].start, located[first + len(name) - 1].stop
            if terms[first : first + len(name)] == [*name] and (
                _BEFORE.search(text[max(start - _LEAD, 0) : start]) or _AFTER.match(text, stop)
            ):
                return True
    return False
