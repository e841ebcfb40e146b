"""Reranking: a cross-encoder reads the first moments again, orders them, and says where in each the answer begins."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from seekpoint.index.store import Reader
from seekpoint.index.types import CueSpan, Reranker, StoredChunk
from seekpoint.query.answers import Hit
from seekpoint.query.search.moments import Passage
from seekpoint.query.search.settings import AHEAD

# Seconds from the beginning of a window to that of the next one, at least.
_STEP = 10.0
# Cues before a chunk, in which its first sentence may begin, and after it, for its last window.
_BEFORE, _AFTER = 8, 24


class _Window(NamedTuple):
    """The text of the half minute from a second of a hit's passage on."""

    hit: Hit
    start: float
    text: str


def rerank(
    hits: Sequence[Hit], openings: Mapping[int, StoredChunk], question: str, reranker: Reranker, reader: Reader
) -> tuple[list[Hit], Mapping[int, float]]:
    """Order hits by their best windows, with the reranker's scores; hits of bibliographies stay behind all others.

    `openings` are the chunks in which the hits may begin, by chunk id. The second result is the second where each hit
    begins, by chunk id.
    """
    windows = list(_windows(hits, openings, reader))
    scores = reranker.scores(question, [window.text for window in windows]) if windows else []
    best: dict[int, tuple[float, float]] = {}
    for window, score in zip(windows, scores, strict=True):
        chunk_id = window.hit.chunk.id
        if chunk_id not in best or score > best[chunk_id][0]:
            best[chunk_id] = score, window.start
    scored = [hit._replace(score=best[hit.chunk.id][0], fused=hit.score) for hit in hits]
    scored.sort(key=lambda hit: (hit.chunk.is_reference, -hit.score))
    return scored, {chunk_id: start for chunk_id, (_, start) in best.items()}


def _windows(hits: Sequence[Hit], openings: Mapping[int, StoredChunk], reader: Reader) -> Iterator[_Window]:
    ids = {hit.chunk.resource_id for hit in hits}
    resources = {status.id: status.resource for status in reader.statuses(ids)}
    spans = [
        CueSpan(hit.chunk.transcript_id, max(openings[hit.chunk.id].first - _BEFORE, 0), hit.chunk.stop + _AFTER)
        for hit in hits
    ]
    for hit, span, cues in zip(hits, spans, reader.cues(spans) if spans else (), strict=True):
        first, plays = openings[hit.chunk.id].first - span.first, resources[hit.chunk.resource_id].kind.plays
        passage = Passage(cues, span.first, first, hit.chunk.stop - span.first, plays=plays)
        yield from (_Window(hit, start, text) for start, text in window_texts(passage))


def window_texts(passage: Passage) -> Iterator[tuple[float, str]]:
    """The seconds at which windows begin, at sentences _STEP seconds apart, and what is said in each."""
    starts = [cue.start for cue in passage.cues]
    last = float("-inf")
    for begin in passage.beginnings:
        second = passage.second_at(begin)
        if second >= last + _STEP:
            last = second
            said = passage.cues_from(begin)
            count = max(bisect_left(starts, second + AHEAD) - passage.cue_at(begin), 1)
            yield second, " ".join(cue.text for cue in said[:count])
