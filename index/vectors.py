"""The vector file: a FAISS index over the chunks' centred vectors, memory-mapped by readers.

Flat float16: exact to three digits, half of float32's size, and fast enough to some 200,000 chunks. A file is written
once and never changed: the manifest names the one that counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import faiss
import numpy as np

from index.database import BUILD_MENDS, damaged
from index.manifest import FileRecord, VectorsRecord, replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from index.types import Vectors

    Ids: TypeAlias = NDArray[np.int64]

faiss.omp_set_num_threads(1)  # a single question is slower on more

# Before the vectors, and before their ids, FAISS writes how many follow.
_LENGTH_BYTES = 8

_callback_writer: Any = faiss.PyCallbackIOWriter  # type: ignore[attr-defined]


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
    with replacing(path) as file:
        faiss.write_index(index, _callback_writer(file.write))  # a full disk is then an OSError
    return VectorsRecord(FileRecord.of(path), generation, index.ntotal, last)


def check_layout(path: Path, record: VectorsRecord, dimension: int) -> None:
    """Raise ValueError unless a file is laid out as `write` does.

    FAISS trusts the types and lengths in what it reads, so that a file from elsewhere mustn't come to it unseen.
    """
    blank: Any = faiss.IndexIDMap2(
        faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    )
    blank.ntotal = blank.index.ntotal = record.count
    size = 2 * dimension * record.count
    head = faiss.serialize_index(blank).tobytes()[: -2 * _LENGTH_BYTES] + size.to_bytes(_LENGTH_BYTES, "little")
    if path.stat().st_size != len(head) + size + _LENGTH_BYTES + 8 * record.count:
        raise ValueError(f"{path.name} has another size than a vector file")
    with path.open("rb") as file:
        begin = file.read(len(head))
        file.seek(size, os.SEEK_CUR)
        count = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    if (begin, count) != (head, record.count):
        raise ValueError(f"{path.name} isn't laid out as a vector file")


# SWIG's constructors take keywords that faiss's type hints don't know.
_search_parameters: Any = faiss.SearchParameters


class VectorIndex:
    """A vector file, open for searching; raises DamagedLibrary, or FileNotFoundError once a build cleared it away."""

    def __init__(self, folder: Path, record: VectorsRecord, dimension: int) -> None:
        path = folder / record.file.name
        try:
            index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)  # its types lack what SWIG adds
        except RuntimeError as error:
            if not path.exists():
                raise FileNotFoundError(path) from error
            raise damaged(folder, f"{path.name} isn't a FAISS index", BUILD_MENDS) from error
        if (index.d, index.ntotal) != (dimension, record.count):
            raise damaged(
                folder,
                f"{path.name} holds {index.ntotal} vectors of {index.d} numbers, not {record.count} of {dimension}",
                BUILD_MENDS,
            )
        self._index = index
        self._ids: Ids = faiss.vector_to_array(index.id_map)  # ascending, as they were written

    @property
    def count(self) -> int:
        """How many vectors the file holds."""
        return int(self._index.ntotal)

    def search(self, query: Vectors, k: int, keep: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """The best k (chunk id, cosine), among `keep` if it is given."""
        parameters = None
        if keep is not None:
            selector = faiss.IDSelectorBatch(np.asarray(keep, dtype=np.int64))
            parameters = _search_parameters(sel=selector)
        scores, ids = self._index.search(query[None, :], min(k, self._index.ntotal), params=parameters)
        return [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]

    def scores(self, query: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """The cosines of those chunks that the file holds."""
        wanted = np.asarray(ids, dtype=np.int64)
        held = wanted[np.isin(wanted, self._ids, assume_unique=True)]
        vectors = self._index.reconstruct_batch(held)
        return dict(zip(held.tolist(), (vectors @ query).tolist(), strict=True))
