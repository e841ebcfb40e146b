"""Reranking: a cross-encoder reads the first moments again, orders them, and says where in each the answer begins."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from math import inf

from seekpoint.index.store import Reader
from seekpoint.index.types import CueSpan, Reranker
from seekpoint.query.search.moments import Passage
from seekpoint.query.search.ranking import Hit
from seekpoint.query.search.settings import AHEAD

# Seconds from the beginning of a window to that of the next one, at least.
_STEP = 10.0
# Cues before a chunk, in which its first sentence may begin, and after it, for its last window.
_BEFORE, _AFTER = 8, 24


def rerank(hits: Sequence[Hit], question: str, reranker: Reranker, reader: Reader) -> list[Hit]:
    """Order hits by their best windows, with the reranker's scores; hits of bibliographies stay behind all others."""
    resources = {status.id: status.resource for status in reader.statuses({hit.chunk.resource_id for hit in hits})}
    firsts = [(hit.opening or hit).chunk.first for hit in hits]
    spans = [
        CueSpan(hit.chunk.transcript_id, max(first - _BEFORE, 0), hit.chunk.stop + _AFTER)
        for hit, first in zip(hits, firsts, strict=True)
    ]
    windows: list[tuple[int, float, str]] = []
    for place, (hit, span, cues) in enumerate(zip(hits, spans, reader.cues(spans) if spans else (), strict=True)):
        bounds = firsts[place] - span.first, hit.chunk.stop - span.first
        passage = Passage(cues, span.first, *bounds, plays=resources[hit.chunk.resource_id].kind.plays)
        windows += ((place, start, text) for start, text in window_texts(passage))
    scores = reranker.scores(question, [text for *_, text in windows]) if windows else []
    best: dict[int, tuple[float, float]] = {}
    for (place, start, _), score in zip(windows, scores, strict=True):
        if place not in best or score > best[place][0]:
            best[place] = score, start
    scored = [
        hit._replace(score=best[place][0], fused=hit.score, begin=best[place][1]) for place, hit in enumerate(hits)
    ]
    return sorted(scored, key=lambda hit: (hit.chunk.is_reference, -hit.score))


def window_texts(passage: Passage) -> Iterator[tuple[float, str]]:
    """The seconds at which windows begin, at sentences _STEP seconds apart, and what is said in each."""
    starts = [cue.start for cue in passage.cues]
    last = -inf
    for begin in passage.beginnings:
        second = passage.second_at(begin)
        if second >= last + _STEP:
            last = second
            said = passage.cues_from(begin)
            count = max(bisect_left(starts, second + AHEAD) - passage.cue_at(begin), 1)
            yield second, " ".join(cue.text for cue in said[:count])
