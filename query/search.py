"""A question to an answer: candidates by meaning, by words and by their translations; fused, refined, distinct.

Each stage takes what the one before it found. What is left are moments, each with the second where it begins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from index.answers import Answer, Doubt, Filters, Hit
from index.encoder import BUNDLED, STAND_IN
from index.errors import UsageError
from index.languages import primary
from index.lexicon import highest
from index.library import Library
from index.ranges import Ranges
from index.types import Encoder, StoredChunk
from query.across import values_of
from query.doubt import doubt, is_answer
from query.moments import Search, moments
from query.ranking import distinct, fuse, openings
from query.sought import Sought, seek
from query.tuning import AROUND, MOST_MOMENTS, TUNING, Tuning

if TYPE_CHECKING:
    from query.windows import Windows

# How many chunks by meaning and by words go on to be fused: many of them are neighbours of a better one.
_CANDIDATES = 200
_CANDIDATES_A_MOMENT = 6
# How many of the best are looked at through windows.
_REFINED = 60


def ask(
    question: str,
    library: Library,
    encoder: Encoder,
    k: int = 5,
    filters: Filters | None = None,
    *,
    explained: bool = False,
    tuning: Tuning = TUNING,
) -> Answer:
    """Answer a question with at most k moments, best first; raises UsageError for an empty or endless question.

    `explained` moments tell why they were found, and the answer what it would need to be one.
    """
    if not 1 <= k <= MOST_MOMENTS:
        raise UsageError(f"the number of moments must be 1 to {MOST_MOMENTS}, not {k}")
    keep = library.kept(filters or Filters())
    depth = max(_CANDIDATES, _CANDIDATES_A_MOMENT * k)
    sought = seek(question, library, encoder, depth, keep)
    hits = _candidates(sought, library, depth, keep, tuning)
    hits, windows = _refined(hits, sought, library, max(_REFINED, _CANDIDATES_A_MOMENT * k), tuning)
    best = list(islice(distinct(hits, sought.language), k))
    needed = _doubt(sought, library, keep, tuning)
    begin = openings(best, [hit for hit in hits if hit.chunk.id in windows], tuning.nearly)
    search = Search(sought, library, tuning, begin, windows)
    found = tuple(moments(best, search, explained=explained))
    return Answer(question, is_answer(best, needed), found, needed if explained else None)


def _doubt(sought: Sought, library: Library, keep: Ranges | None, tuning: Tuning) -> Doubt:
    """What the first moment must score; another model's cosines have another scale, and nothing is known of it."""
    if library.card.name not in (BUNDLED, STAND_IN):
        return Doubt(0.0, ())
    searched = len(library.holdings.alive if keep is None else keep)
    is_spoken = sought.language in library.languages
    return doubt(sought.question, sought.unknown, searched, is_spoken=is_spoken, tuning=tuning)


def _candidates(sought: Sought, library: Library, depth: int, keep: Ranges | None, tuning: Tuning) -> list[Hit]:
    """The chunks that are near by meaning or by words, best first."""
    near = (chunk_id for chunk_id, _ in library.vectors.nearest(sought.vector, depth, keep))
    covered = highest(sought.translated, depth)
    named = sought.named.chunks
    in_named = library.vectors.nearest(sought.vector, depth, named) if len(named) else []
    ids = list(
        {*near, *sought.lexical, *(chunk_id for chunk_id, _ in covered), *(chunk_id for chunk_id, _ in in_named)}
    )
    dense = library.vectors.scores(sought.vector, ids)
    return _fused(library.chunks(ids).values(), dense, sought, tuning)


def _refined(
    hits: list[Hit], sought: Sought, library: Library, count: int, tuning: Tuning
) -> tuple[list[Hit], dict[int, Windows]]:
    """The hits with the best ones ranked anew by the windows in them, which come back too, by chunk."""
    windows = _windows([hit.chunk for hit in hits[:count]], sought, library)
    if not windows:
        return hits, {}
    chunks = [hit.chunk for hit in hits[:count]]
    dense = {hit.chunk.id: hit.dense for hit in hits[:count]} | {i: found.meaning for i, found in windows.items()}
    return list(chain(_fused(chunks, dense, sought, tuning), hits[count:])), windows


def _fused(chunks: Collection[StoredChunk], dense: Mapping[int, float], sought: Sought, tuning: Tuning) -> list[Hit]:
    translated = values_of(sought.translated, [chunk.id for chunk in chunks])
    return fuse(chunks, dense, sought.lexical, sought.language, translated, tuning, sought.named.resources)


def _windows(chunks: Sequence[StoredChunk], sought: Sought, library: Library) -> dict[int, Windows]:
    from query.windows import windows

    means = library.vectors.window_means
    pieces = library.pieces([chunk.id for chunk in chunks], AROUND / 2)
    known = [chunk for chunk in chunks if primary(chunk.language) in means]
    return windows(known, pieces, means, sought.vector)
