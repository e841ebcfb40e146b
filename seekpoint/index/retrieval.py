"""What a search asks of a library and what it gets: scopes, candidate queries, evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seekpoint.index.chunks import StoredChunk
    from seekpoint.index.types import Alternatives, Vectors


class Language(NamedTuple):
    """A language of a library: the number of its chunks, their mean vector, and the mean vector of their windows.

    `terms` is the sum of the lengths of its chunks, in terms.
    """

    chunks: int
    mean: Vectors
    window_mean: Vectors | None
    terms: int


class Scope(Protocol):
    """The chunks that a search is limited to; `len` is their number."""

    def __len__(self) -> int: ...


class WordGroup(NamedTuple):
    """A word of the question in another language: any of its translations counts as the word (Pirkola, 1998).

    It is looked up in the chunks of `language`, a primary subtag.
    """

    alternatives: Alternatives
    language: str


class Frequencies(NamedTuple):
    """Document frequencies: of the terms that the library has, and of word groups, by any of their alternatives."""

    terms: Mapping[str, int]
    groups: Sequence[int]


class CandidateQuery(NamedTuple):
    """A query for candidates: a centred vector, and weighted words.

    `terms` are the question's own terms with their inverse document frequencies. `groups` are its words in other
    languages, each with its share of the highest score that the words can reach. Indexes propose about `limit` chunks
    by meaning, by terms and by groups each. They only approximate scores.

    Chunks that may have the `required` phrases are candidates too. `excluded` are terms that no candidate needs to
    have: chunks with one needn't be proposed, and others come in their place.
    """

    vector: Vectors
    terms: Mapping[str, float]
    groups: Sequence[tuple[WordGroup, float]]
    limit: int
    scope: Scope | None = None
    named: NamedScope | None = None
    required: RequiredPhrases | None = None
    excluded: Collection[str] = ()


class NamedScope(NamedTuple):
    """The chunks of the resources that a question names, and the question's terms without the names.

    The best of these chunks by meaning and by words are candidates, even if other chunks score higher.
    """

    scope: Scope
    terms: Mapping[str, float]


class RequiredPhrases(NamedTuple):
    """Phrases, each with the terms that a chunk with the phrase has: all of one of the alternatives.

    The `limit` best chunks by words are candidates, of those that may have all phrases.
    """

    phrases: Sequence[Alternatives]
    limit: int


class TermMatrix(NamedTuple):
    """How often chunks have some terms: a row of `counts` for each of the `terms`, and a column for each chunk.

    `lengths` are the numbers of terms of the chunks, with repetitions.
    """

    terms: Sequence[str]
    counts: Vectors
    lengths: NDArray[np.int64]


class Evidence(NamedTuple):
    """What is stored of chunks for scoring them: their cosines with the question, and how often they have its terms."""

    chunks: Sequence[StoredChunk]
    cosines: Sequence[float]
    words: TermMatrix


class CueSpan(NamedTuple):
    """Cues [first, stop) of a transcript."""

    transcript_id: int
    first: int
    stop: int
