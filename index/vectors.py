"""The vector file: a FAISS index over the chunks' centred vectors, memory-mapped by readers.

Flat float16: exact to three digits, half of float32's size, and fast enough to some 200,000 chunks. A file is written once
and never changed: the manifest names the one that counts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import faiss
import numpy as np

from index.database import damaged
from index.manifest import FileRecord, VectorsRecord, settle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from index.types import Vectors

    Ids: TypeAlias = NDArray[np.int64]

faiss.omp_set_num_threads(1)  # a single question is slower on more


def file_name(generation: int) -> str:
    """The vector file of a generation."""
    return f"vectors-{generation}.faiss"


def write(folder: Path, generation: int, dimension: int, blocks: Iterable[tuple[Ids, Vectors]]) -> VectorsRecord:
    """Write the vector file of a generation from blocks of (chunk ids, centred vectors)."""
    index = faiss.IndexIDMap2(
        faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    )
    last = 0
    for ids, vectors in blocks:
        index.add_with_ids(vectors, ids)
        last = max(last, int(ids.max()))
    path = folder / file_name(generation)
    with tempfile.TemporaryDirectory(prefix=".vectors-", dir=folder) as scratch:
        faiss.write_index(index, str(Path(scratch) / path.name))
        settle(Path(scratch) / path.name, path)
    return VectorsRecord(FileRecord.of(path), generation, index.ntotal, last)


class VectorIndex:
    """A vector file, open for searching."""

    def __init__(self, folder: Path, record: VectorsRecord, dimension: int) -> None:
        path = folder / record.file.name
        try:
            self._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise damaged(folder, f"{path.name} isn't a FAISS index") from error
        if (self._index.d, self._index.ntotal) != (dimension, record.count):
            raise damaged(
                folder,
                f"{path.name} holds {self._index.ntotal} vectors of {self._index.d} numbers, "
                f"not {record.count} of {dimension}",
            )
        self._ids: Ids = faiss.vector_to_array(self._index.id_map)  # ascending, as they were written

    def search(self, query: Vectors, k: int, keep: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """The best k (chunk id, cosine), among `keep` if it is given."""
        parameters = None
        if keep is not None:
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorBatch(np.asarray(keep, dtype=np.int64)))
        scores, ids = self._index.search(query[None, :], min(k, self._index.ntotal), params=parameters)
        return [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]

    def scores(self, query: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """The cosines of those chunks that the file holds."""
        wanted = np.asarray(ids, dtype=np.int64)
        held = wanted[np.isin(wanted, self._ids, assume_unique=True)]
        vectors = self._index.reconstruct_batch(held)
        return dict(zip(held.tolist(), (vectors @ query).tolist(), strict=True))
