"""Writing a vector file: flat while it's small; else in lists, trained on a sample, with probes as measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

from index.manifest import FileRecord, SegmentRecord, replacing
from index.vectors import CORES, blank, file_name, in_steps

if TYPE_CHECKING:
    from index.segments import Segment
    from index.types import Vectors
    from index.vectors import Ids

    Blocks = Callable[[], Iterable[tuple[Ids, Vectors]]]

IVF_FROM = 20_000
"""So many vectors and more are written in lists."""

# FAISS takes memory for a list while it maps it, so that none may be large.
_FLAT_LIST = 1024
_LISTS_A_ROOT = 1.0
_SAMPLES_A_LIST = 50
_ROUNDS = 8
_SEED = 1
# Questions that tell how many lists have to be probed: with this recall of the nearest among the candidates.
_TRIALS = 200
_NEAREST, _CANDIDATES = 10, 200
_OTHERS, _PULL = 8, np.float32(0.8)
_RECALL = 0.99
_FEWEST_PROBES = 8

_callback_writer: Any = faiss.PyCallbackIOWriter  # type: ignore[attr-defined]


def write(
    folder: Path, number: int, dimension: int, blocks: Blocks, segment: Segment, ivf_from: int = IVF_FROM
) -> SegmentRecord:
    """Write the vector file of a number from blocks of (chunk ids, centred vectors), by ascending ids.

    `blocks` is called once or twice and gives the same each time; memory holds one block, the codes and a sample.
    """
    with _all_cores():
        build = _in_lists if segment.chunks >= ivf_from else _flat
        index, probes = build(dimension, blocks, segment)
    path = folder / file_name(number)
    with replacing(path) as file:
        faiss.write_index(index, _callback_writer(file.write))  # a full disk is then an OSError
    return SegmentRecord(FileRecord.of(path), segment.first, segment.stop, int(index.ntotal), probes)


def _flat(dimension: int, blocks: Blocks, segment: Segment) -> tuple[faiss.IndexIVFScalarQuantizer, int]:
    index = blank(dimension, segment.chunks // _FLAT_LIST + 1, is_flat=True)
    for ids, vectors in blocks():
        rows, places = np.ascontiguousarray(in_steps(vectors)), np.ascontiguousarray(ids - segment.first, np.int64)
        lists = np.minimum((index.ntotal + np.arange(len(ids), dtype=np.int64)) // _FLAT_LIST, index.nlist - 1)
        index.add_core(len(ids), faiss.swig_ptr(rows), faiss.swig_ptr(places), faiss.swig_ptr(lists))
    return index, 0


def _in_lists(dimension: int, blocks: Blocks, segment: Segment) -> tuple[faiss.IndexIVFScalarQuantizer, int]:
    lists = max(2, round(_LISTS_A_ROOT * segment.chunks**0.5))
    sample = _sample(blocks, segment.chunks, _SAMPLES_A_LIST * lists)
    index, trials = blank(dimension, lists, is_flat=False), _Trials(_questions(sample))
    _train(index, sample)
    for ids, vectors in blocks():
        index.add_with_ids(vectors, ids - segment.first)
        trials.see(ids - segment.first, vectors)
    return index, trials.probes(index)


def _sample(blocks: Blocks, count: int, size: int) -> Vectors:
    """So many vectors of them all, or all, always the same."""
    chosen = np.sort(np.random.default_rng(_SEED).choice(count, min(size, count), replace=False))
    parts, seen = [], 0
    for ids, vectors in blocks():
        low, high = np.searchsorted(chosen, (seen, seen + len(ids)))
        parts.append(vectors[chosen[low:high] - seen])
        seen += len(ids)
    return np.concatenate(parts)


def _train(index: faiss.IndexIVFScalarQuantizer, sample: Vectors) -> None:
    index.cp.seed = _SEED
    index.cp.niter = _ROUNDS
    index.cp.min_points_per_centroid = 1  # else it prints a warning
    index.train(sample)


def _questions(sample: Vectors) -> Vectors:
    """Vectors about as far from the stored ones as questions are: each is one of them, drawn towards several others.

    Its cosine to what's nearest is then 0.4 or so, as it is of real questions, and it varies in the same dimensions.
    """
    chosen = np.random.default_rng(_SEED).integers(0, len(sample), (_TRIALS, 1 + _OTHERS))
    mixed = sample[chosen[:, 0]] + _PULL * sample[chosen[:, 1:]].sum(axis=1)
    questions: Vectors = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), np.float32(1e-12))
    return questions


class _Trials:
    """Questions, and what's nearest to each of the vectors that were seen."""

    def __init__(self, questions: Vectors) -> None:
        self._questions = questions
        self._scores = np.full((len(questions), _NEAREST), -np.inf, np.float32)
        self._places = np.full((len(questions), _NEAREST), -1, np.int64)

    def see(self, places: Ids, vectors: Vectors) -> None:
        """Look at some more vectors."""
        scores = np.concatenate([self._scores, self._questions @ vectors.T], axis=1)
        named = np.concatenate([self._places, np.broadcast_to(places, (len(scores), len(places)))], axis=1)
        best = np.argpartition(-scores, _NEAREST - 1, axis=1)[:, :_NEAREST]
        self._scores = np.take_along_axis(scores, best, axis=1)
        self._places = np.take_along_axis(named, best, axis=1)

    def probes(self, index: faiss.IndexIVFScalarQuantizer) -> int:
        """About the fewest lists whose candidates have what's nearest, all but one in a hundred."""
        probes = min(_FEWEST_PROBES, index.nlist)
        while probes < index.nlist and self._recall(index, probes) < _RECALL:
            probes = probes * 6 // 5
        return int(min(probes, index.nlist))

    def _recall(self, index: faiss.IndexIVFScalarQuantizer, probes: int) -> float:
        parameters: Any = faiss.SearchParametersIVF
        _, found = index.search(self._questions, _CANDIDATES, params=parameters(nprobe=probes))
        hits = (self._places[:, :, None] == found[:, None, :]).any(axis=2)
        return float(hits.mean())


@contextmanager
def _all_cores() -> Iterator[None]:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(CORES)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
