"""The vectors of a library: the vector file, and beside it the chunks that are newer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from index import vectors
from index.background import background
from index.centring import WINDOWS_A_CHUNK, centre_rows, centred, language_means
from index.database import explained
from index.languages import primary
from index.manifest import Manifest
from index.pieces import window_blocks

if TYPE_CHECKING:
    from index.types import Vectors

_BLOCK_ROWS = 8192


class Block(NamedTuple):
    """Stored vectors as they were embedded, with their chunks' ids and primary languages."""

    ids: list[int]
    languages: list[str]
    rows: Vectors


class VectorStore:
    """Search by meaning over one snapshot of the database."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, manifest: Manifest) -> None:
        self._folder = folder
        self._connection = connection
        self._manifest = manifest

    def centred_question(self, vector: Vectors) -> tuple[str | None, Vectors]:
        """A question's language (a primary subtag that occurs here) and its vector without that language's mean.

        Raw vectors cluster by language, so the nearest mean tells which language it is.
        """
        if not self.means:
            return None, vector
        language = max(self.means, key=lambda name: _cosine(self.means[name], vector))
        return language, centred(vector, self.means[language])

    @property
    def count(self) -> int:
        """How many chunks can be searched."""
        return (self._index.count if self._index else 0) + len(self._newer.ids)

    @cached_property
    def window_means(self) -> dict[str, Vectors]:
        """The mean of each language's windows, by its primary subtag, of those that have one yet."""
        return {name: np.asarray(mean, dtype=np.float32) for name, mean in self._manifest.window_means.items()}

    def nearest(self, question: Vectors, k: int, keep: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """The k chunks nearest to a centred question, as (chunk id, cosine), best first; `keep` limits the choice."""
        found = self._index.search(question, k, keep) if self._index else []
        newer = self._newer_scores(question)
        found += [(i, newer[i]) for i in (newer if keep is None else newer.keys() & set(keep))]
        return sorted(found, key=lambda pair: -pair[1])[:k]

    def scores(self, question: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """The cosines of given chunks with a centred question."""
        scores = self._index.scores(question, ids) if self._index else {}
        newer = self._newer_scores(question)
        return scores | {i: newer[i] for i in ids if i in newer}

    def _newer_scores(self, question: Vectors) -> dict[int, float]:
        scores = centre_rows(self._newer.languages, self._newer.rows, self.means) @ question
        return dict(zip(self._newer.ids, scores.tolist(), strict=True))

    @cached_property
    def means(self) -> dict[str, Vectors]:
        """The mean of each language's chunks, by its primary subtag."""
        stored = {language: np.asarray(mean, dtype=np.float32) for language, mean in self._manifest.means.items()}
        if not self._newer.ids:
            return stored
        newer = [(self._newer.languages, self._newer.rows)]
        return language_means(newer, background(self._manifest.model.name)) | stored

    @cached_property
    def _index(self) -> vectors.VectorIndex | None:
        record = self._manifest.vectors
        if record is None or not record.count:
            return None
        try:
            return vectors.VectorIndex(self._folder, record, self._manifest.model.dimension)
        except FileNotFoundError:  # a build has sealed a later one since; the snapshot holds the same vectors
            return None

    @cached_property
    def _newer(self) -> Block:
        last = self._manifest.vectors.last_chunk if self._manifest.vectors and self._index else 0
        with explained(self._folder):
            blocks = list(_blocks(self._connection, self._manifest.model.dimension, last))
        return Block(
            [i for block in blocks for i in block.ids],
            [language for block in blocks for language in block.languages],
            np.concatenate([np.empty((0, self._manifest.model.dimension), np.float32), *(b.rows for b in blocks)]),
        )


def rewrite(folder: Path, connection: sqlite3.Connection, manifest: Manifest) -> Manifest:
    """Write a new vector file from all that the database holds; returns the manifest with its record and the means."""
    dimension = manifest.model.dimension
    anywhere = background(manifest.model.name)
    means = language_means(((block.languages, block.rows) for block in _blocks(connection, dimension)), anywhere)
    centred_blocks = (
        (np.asarray(block.ids, dtype=np.int64), centre_rows(block.languages, block.rows, means))
        for block in _blocks(connection, dimension)
    )
    generation = manifest.vectors.generation + 1 if manifest.vectors else 1
    record = vectors.write(folder, generation, dimension, centred_blocks)
    of_windows = language_means(window_blocks(connection, dimension), anywhere, WINDOWS_A_CHUNK)
    return replace(manifest, vectors=record, means=_listed(means), window_means=_listed(of_windows))


def _listed(means: Mapping[str, Vectors]) -> dict[str, list[float]]:
    return {language: mean.tolist() for language, mean in means.items()}


def _blocks(connection: sqlite3.Connection, dimension: int, after: int = 0) -> Iterator[Block]:
    while True:
        rows = connection.execute(
            """SELECT chunk_id, language, data FROM vector JOIN chunk ON chunk.id = chunk_id
               JOIN transcript ON transcript.id = transcript_id WHERE chunk_id > ? ORDER BY chunk_id LIMIT ?""",
            (after, _BLOCK_ROWS),
        ).fetchall()
        if not rows:
            return
        after = rows[-1]["chunk_id"]
        yield Block(
            [row["chunk_id"] for row in rows],
            [primary(row["language"]) for row in rows],
            unpack([row["data"] for row in rows], dimension),
        )


def _cosine(one: Vectors, other: Vectors) -> float:
    return float(one @ other) / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12)


def pack(vector: Vectors) -> bytes:
    """A vector as the database keeps it."""
    return vector.astype("<f2").tobytes()


def unpack(data: Sequence[bytes], dimension: int) -> Vectors:
    """Rows from what the database keeps."""
    return np.frombuffer(b"".join(data), dtype="<f2").reshape(len(data), dimension).astype(np.float32)
