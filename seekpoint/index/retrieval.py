"""What a search asks of a library and what it gets: scopes, candidate queries, candidates, evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seekpoint.index.chunks import StoredChunk
    from seekpoint.index.types import Alternatives, Vectors


class Language(NamedTuple):
    """A language of a library: the number of its chunks, their mean vector, and the mean vector of their windows."""

    chunks: int
    mean: Vectors
    window_mean: Vectors | None


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
    """Document frequencies: of the terms that the library has, and of word groups, by any of their alternatives.

    The frequency of a group is `None` if it is too common to be looked up.
    """

    terms: Mapping[str, int]
    groups: Sequence[int | None]


class CandidateQuery(NamedTuple):
    """A query for candidates: a centred vector, and weighted words.

    `terms` are the question's own terms with their inverse document frequencies. `groups` are its words in other
    languages, each with its share of the highest score that the words can reach. At most `limit` candidates come from
    the terms, as many from the groups, and twice as many from the vector, because an index only approximates cosines.
    """

    vector: Vectors
    terms: Mapping[str, float]
    groups: Sequence[tuple[WordGroup, float]]
    limit: int
    scope: Scope | None = None
    named: NamedScope | None = None


class NamedScope(NamedTuple):
    """The chunks of the resources that a question names, and the question's terms without the names.

    `limit` of these chunks are candidates by meaning and as many by words, even if other chunks score higher.
    """

    scope: Scope
    terms: Mapping[str, float]


class Candidates(NamedTuple):
    """The chunks that the indexes propose, by ascending id, with approximate scores; an element of each array a chunk.

    `cosines` is NaN for a chunk that isn't among the nearest: its cosine is at most `farthest`. `bm25` is 0 for a chunk
    that isn't among the best by words in the scope, and `named_bm25` for one that isn't in the named scope.
    `translated` is the score by word groups. `languages` are primary subtags.
    """

    ids: NDArray[np.int64]
    cosines: NDArray[np.float64]
    farthest: float
    bm25: NDArray[np.float64]
    named_bm25: NDArray[np.float64]
    translated: Vectors
    languages: Sequence[str]
    resources: Sequence[str]


class Evidence(NamedTuple):
    """Chunks and their exact cosines with the question, by id."""

    chunks: Mapping[int, StoredChunk]
    cosines: Mapping[int, float]


class CueSpan(NamedTuple):
    """Cues [first, stop) of a transcript."""

    transcript_id: int
    first: int
    stop: int
