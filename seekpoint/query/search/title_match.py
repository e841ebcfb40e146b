"""Which resources a question names, by their titles or the parts of titles between two marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple, TypeAlias

from seekpoint.query.search.settings import COMMON

Title: TypeAlias = tuple[str, Sequence[str]]
"""The id of a resource, and the terms of its title or of a part of it."""

# One term is a word like any other.
_FEWEST_TERMS = 2


class TitleMatch(NamedTuple):
    """The ids of the resources that are named, and the question's terms beside the names."""

    resources: frozenset[str]
    rest: Sequence[str]

    @property
    def limits(self) -> bool:
        """Whether the named resources limit the search; a question that is only a name asks for the topic."""
        return bool(self.resources and self.rest)


def possible_titles(question_terms: Sequence[str], titles: Iterable[Title]) -> list[Title]:
    """The titles all of whose terms are in the question but for some at their ends."""
    present = set(question_terms)
    return [(resource_id, title) for resource_id, title in titles if _may_be_named(title, present)]


def match_titles(question_terms: Sequence[str], titles: Iterable[Title], weights: Mapping[str, float]) -> TitleMatch:
    """Find the titles that a question has, of possible ones; `weights` has the weights of their terms.

    Words at either end of a title that many chunks have, such as an article, needn't be there.
    """
    question = _joined(question_terms)
    cores = ((resource_id, _core(title, weights)) for resource_id, title in titles)
    found = {
        (resource_id, _joined(core))
        for resource_id, core in cores
        if len(core) >= _FEWEST_TERMS and _joined(core) in question
    }
    rest = question
    for title in sorted({title for _, title in found}, key=lambda title: (-len(title), question.index(title))):
        rest = rest.replace(title, "\0")
    resources = frozenset(resource_id for resource_id, _ in found)
    return TitleMatch(resources, [term for term in rest.split("\0") if term])


def _may_be_named(title: Sequence[str], present: Set[str]) -> bool:
    places = [place for place, term in enumerate(title) if term in present]
    return len(places) >= _FEWEST_TERMS and places[-1] - places[0] == len(places) - 1


def _core(title: Sequence[str], weights: Mapping[str, float]) -> Sequence[str]:
    """A title without the common words at its ends."""
    rare = [place for place, term in enumerate(title) if weights.get(term, COMMON) >= COMMON]
    return title[rare[0] : rare[-1] + 1] if rare else ()


def _joined(words: Sequence[str]) -> str:
    return "\0" + "\0".join(words) + "\0"
