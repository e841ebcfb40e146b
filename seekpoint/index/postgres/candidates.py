"""Candidates: the chunks that the indexes propose for a question, by meaning, by words and by translations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from seekpoint.index.postgres.meaning import nearest
from seekpoint.index.postgres.scope import ServerScope
from seekpoint.index.postgres.session import Session
from seekpoint.index.postgres.words import WordProposals
from seekpoint.index.store import CandidateQuery, Scope

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

# How many chunks are proposed by meaning for each that is wanted, as by the embedded backend.
_BY_MEANING = 1.5


def candidates(
    query: CandidateQuery, session: Session, words: WordProposals, everything: Scope, means: Mapping[str, Vectors]
) -> Sequence[int]:
    """The candidates for a question, as `Reader.candidates`; `everything` are the chunks of the library."""
    kept, limit = _of_server(everything if query.scope is None else query.scope), query.limit
    excluded = [*words.numbers(query.excluded)]
    without = words.letters(excluded)
    proposed = [
        nearest(session, query.vector, round(_BY_MEANING * limit), kept, means, without),
        words.by_terms(query.terms, limit, kept, excluded),
        words.by_groups(query.groups, limit, kept, excluded),
    ]
    if query.named:
        named = _of_server(query.named.scope)
        proposed.append(nearest(session, query.vector, limit, named, means, without))
        proposed.append(words.by_terms(query.named.terms, limit, named, excluded))
    if query.required:
        phrases, most = query.required
        proposed.append(words.by_phrases(phrases, query.terms, most, kept, excluded))
    return sorted(set(chain.from_iterable(proposed)))


def _of_server(scope: Scope) -> ServerScope:
    assert isinstance(scope, ServerScope)
    return scope
