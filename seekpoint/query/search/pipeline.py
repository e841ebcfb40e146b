"""A question to an answer: candidates by meaning, by words and by their translations; fused, refined, distinct.

Each stage takes what the one before it found. What is left are moments, each with the second where it begins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.database import THREADS_MAY_SHARE
from seekpoint.index.embedded.library import Library
from seekpoint.index.embedded.words.accumulators import highest
from seekpoint.index.errors import UsageError
from seekpoint.index.models.encoder import BUNDLED, STAND_IN
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import Encoder, Filters, StoredChunk
from seekpoint.query.answers import Answer, Doubt, Hit
from seekpoint.query.search.abstention import doubt, is_answer
from seekpoint.query.search.moments import Search, moments
from seekpoint.query.search.question import Sought, seek, understand
from seekpoint.query.search.scoring import Parts, distinct, fuse, openings
from seekpoint.query.search.settings import AROUND, MOST_MOMENTS, TUNING, Tuning
from seekpoint.query.serving.background import beside

if TYPE_CHECKING:
    from seekpoint.query.search.window_scores import Windows

# How many chunks are looked for by meaning, by words and by their translations: many are neighbours of a better one.
# Index files tell of each about how near it is, so the best by meaning are among twice as many for sure.
_CANDIDATES, _CANDIDATES_A_MOMENT = 100, 6
# How many of the best are looked at through windows; with 60 answers are as good, with 30 sharp@1 falls by .01.
_REFINED, _REFINED_A_MOMENT = 40, 4
# So many times as many are compared exactly.
_COMPARED = 3


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
    depth, refined = max(_CANDIDATES, _CANDIDATES_A_MOMENT * k), max(_REFINED, _REFINED_A_MOMENT * k)
    asked = understand(question, library, encoder)
    finding = partial(library.vectors.nearest, asked.vector, 2 * depth, keep)
    with beside(finding, may_share=THREADS_MAY_SHARE) as nearest:
        sought = seek(asked, library, depth, keep)
        near = dict(nearest())
    promising = _promising(near, sought, library, depth, tuning)
    hits = _candidates(promising, sought, library, refined, tuning)
    hits, windows = _refined(hits, sought, library, refined, tuning)
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


def _promising(near: Mapping[int, float], sought: Sought, library: Library, depth: int, tuning: Tuning) -> list[int]:
    """The chunks that are near by meaning, words, translations or name, the most promising first.

    `near` are chunks with about their cosines. What isn't among them is no nearer than the last of them.
    """
    farthest = min(near.values(), default=0.0)
    if len(sought.named.chunks):
        near = dict(library.vectors.nearest(sought.vector, depth, sought.named.chunks)) | dict(near)
    covered = (chunk_id for chunk_id, _ in highest(library.lexicon.by_id(sought.translated.best(depth)), depth))
    numbers = sorted({*near, *sought.lexical, *covered})
    ids = np.array(numbers, np.int64)
    parts = Parts(
        np.array([near.get(chunk_id, farthest) for chunk_id in numbers]),
        np.array([sought.lexical.get(chunk_id, 0.0) for chunk_id in numbers]),
        sought.translated.of(library.lexicon.places(ids)),
        ~library.holdings.are_in(sought.language, ids),
        library.holdings.of_resources(sought.named.resources).contains(ids),
    )
    best: list[int] = ids[np.argsort(-parts.scored(tuning).score, kind="stable")].tolist()
    return best


def _candidates(ids: Sequence[int], sought: Sought, library: Library, refined: int, tuning: Tuning) -> list[Hit]:
    """The first of those chunks, three for each that will be looked at more closely, by their exact scores."""
    chunks = library.chunks(ids[: _COMPARED * refined])
    if sum(not chunk.is_reference for chunk in chunks.values()) < refined:  # references come last
        chunks = library.chunks(ids)
    return _fused(chunks.values(), library.vectors.scores(sought.vector, [*chunks]), sought, library, tuning)


def _refined(
    hits: list[Hit], sought: Sought, library: Library, count: int, tuning: Tuning
) -> tuple[list[Hit], dict[int, Windows]]:
    """The hits with the best ones ranked anew by the windows in them, which come back too, by chunk."""
    windows = _windows([hit.chunk for hit in hits[:count]], sought, library)
    if not windows:
        return hits, {}
    chunks = [hit.chunk for hit in hits[:count]]
    dense = {hit.chunk.id: hit.dense for hit in hits[:count]} | {i: found.meaning for i, found in windows.items()}
    return list(chain(_fused(chunks, dense, sought, library, tuning), hits[count:])), windows


def _fused(
    chunks: Collection[StoredChunk], dense: Mapping[int, float], sought: Sought, library: Library, tuning: Tuning
) -> list[Hit]:
    ids = [chunk.id for chunk in chunks]
    covered = sought.translated.of(library.lexicon.places(np.array(ids, np.int64)))
    translated = dict(zip(ids, covered.tolist(), strict=True))
    return fuse(chunks, dense, sought.lexical, sought.language, translated, tuning, sought.named.resources)


def _windows(chunks: Sequence[StoredChunk], sought: Sought, library: Library) -> dict[int, Windows]:
    from seekpoint.query.search.window_scores import windows

    means = library.vectors.window_means
    pieces = library.pieces(chunks, AROUND / 2)
    known = [chunk for chunk in chunks if primary(chunk.language) in means]
    return windows(known, pieces, means, sought.vector)
