"""Which resources a question names, by their titles or what stands between two marks there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import regex

from index.scripts import simplified
from index.terms import fold, is_whole_word, terms
from query.tuning import COMMON

_MARKS = regex.compile(r"\s[-–—]+\s|[|:：/()（）\[\]【】「」『』《》〈〉“”\"]")
# One term is a word like any other.
_FEWEST_TERMS = 2


class Naming(NamedTuple):
    """The ids of the resources that are named, and the question's terms without those names."""

    resources: frozenset[str]
    rest: list[str]


def naming(
    question_terms: Sequence[str],
    titles: Mapping[str, Iterable[str]],
    weigh: Callable[[Sequence[str]], Mapping[str, float]],
) -> Naming:
    """See which titles a question holds, by the ids of their resources; `weigh` gives the weights of terms.

    Words at either end of a title that many passages have, such as an article, needn't be said.
    """
    distinct = set(question_terms)
    candidates = [
        (resource_id, terms(part))
        for resource_id, same in titles.items()
        for title in same
        if _may_be_said(title, distinct)
        for part in {title, *_MARKS.split(title)}
    ]
    weights = weigh([end for _, name in candidates for end in name]) if candidates else {}
    said = _joined(question_terms)
    names = ((resource_id, _core(name, weights)) for resource_id, name in candidates)
    found = {
        (resource_id, _joined(name))
        for resource_id, name in names
        if len(name) >= _FEWEST_TERMS and _joined(name) in said
    }
    for _, name in sorted(found, key=lambda pair: -len(pair[1])):
        said = said.replace(name, "\0")
    rest = [term for term in said.split("\0") if term]
    return Naming(frozenset(resource_id for resource_id, _ in found), rest)


def _may_be_said(title: str, question_terms: Iterable[str]) -> bool:
    """Whether it's worth the while to take a title apart: there can be ten thousand."""
    text = fold(title if all(map(is_whole_word, question_terms)) else simplified(title))
    # A stem may end otherwise than the word.
    return sum((term[:-1] if len(term) > 3 else term) in text for term in question_terms) >= _FEWEST_TERMS


def _core(name: Sequence[str], weights: Mapping[str, float]) -> Sequence[str]:
    """A name without the common words at its ends."""
    telling = [place for place, term in enumerate(name) if weights.get(term, COMMON) >= COMMON]
    return name[telling[0] : telling[-1] + 1] if telling else ()


def _joined(words: Sequence[str]) -> str:
    return "\0" + "\0".join(words) + "\0"
