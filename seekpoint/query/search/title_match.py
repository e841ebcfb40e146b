"""Which resources a question names, by their titles or what stands between two marks there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from seekpoint.query.search.settings import COMMON

# One term is a word like any other.
_FEWEST_TERMS = 2


class Naming(NamedTuple):
    """The ids of the resources that are named, and the question's terms without those names."""

    resources: frozenset[str]
    rest: list[str]


def naming(
    question_terms: Sequence[str],
    candidates: Iterable[tuple[str, Sequence[str]]],
    weigh: Callable[[Sequence[str]], Mapping[str, float]],
) -> Naming:
    """See which names a question says, of candidates with their resources' ids; `weigh` gives the weights of terms.

    Words at either end of a name that many passages have, such as an article, needn't be said.
    """
    said, joined = set(question_terms), _joined(question_terms)
    possible = [(resource_id, name) for resource_id, name in candidates if _may_be_said(name, said)]
    weights = weigh([term for _, name in possible for term in name]) if possible else {}
    cores = ((resource_id, _core(name, weights)) for resource_id, name in possible)
    found = {
        (resource_id, _joined(core))
        for resource_id, core in cores
        if len(core) >= _FEWEST_TERMS and _joined(core) in joined
    }
    names = sorted({name for _, name in found}, key=lambda name: (-len(name), joined.index(name)))
    for name in names:
        joined = joined.replace(name, "\0")
    rest = [term for term in joined.split("\0") if term]
    return Naming(frozenset(resource_id for resource_id, _ in found), rest)


def _may_be_said(name: Sequence[str], said: Set[str]) -> bool:
    """Whether all terms of a name are said but for some at its ends."""
    places = [place for place, term in enumerate(name) if term in said]
    return len(places) >= _FEWEST_TERMS and places[-1] - places[0] == len(places) - 1


def _core(name: Sequence[str], weights: Mapping[str, float]) -> Sequence[str]:
    """A name without the common words at its ends."""
    telling = [place for place, term in enumerate(name) if weights.get(term, COMMON) >= COMMON]
    return name[telling[0] : telling[-1] + 1] if telling else ()


def _joined(words: Sequence[str]) -> str:
    return "\0" + "\0".join(words) + "\0"
