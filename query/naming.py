"""Which resources a question names, by their titles or what stands between two marks there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import regex

from index.terms import terms

_MARKS = regex.compile(r"\s[-–—]+\s|[|:：/()（）\[\]【】「」『』《》〈〉“”\"|]")
_FEWEST_TERMS = 2


class Naming(NamedTuple):
    """The ids of the resources that are named, and the question's terms without those names."""

    resources: frozenset[str]
    rest: list[str]


def naming(
    question_terms: Sequence[str], titles: Mapping[str, Iterable[str]], weights: Mapping[str, float], common: float
) -> Naming:
    """See which titles a question holds, by the ids of their resources.

    Words at either end of a title that weigh less than `common`, such as an article, needn't be said.
    """
    said = _joined(question_terms)
    found = {
        (resource_id, _joined(name))
        for resource_id, same in titles.items()
        for title in same
        for name in _names(title, weights, common)
        if _joined(name) in said
    }
    for _, name in sorted(found, key=lambda pair: -len(pair[1])):
        said = said.replace(name, "\0")
    rest = said.strip("\0").split("\0")
    return Naming(frozenset(resource_id for resource_id, _ in found), [term for term in rest if term])


def _names(title: str, weights: Mapping[str, float], common: float) -> Iterable[list[str]]:
    for part in {title, *_MARKS.split(title)}:
        name = terms(part)
        while name and weights.get(name[0], common) < common:
            name = name[1:]
        while name and weights.get(name[-1], common) < common:
            name = name[:-1]
        if len(name) >= _FEWEST_TERMS:
            yield name


def _joined(words: Sequence[str]) -> str:
    return f"\0{chr(0).join(words)}\0"
