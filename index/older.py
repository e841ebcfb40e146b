"""Libraries before schema 8, which are read until a build takes them to this version: their means of languages."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from index.background import background
from index.centring import tempered
from index.languages import primary
from index.manifest import Manifest
from index.packing import unpack
from index.totals import Means

if TYPE_CHECKING:
    from index.centring import Sums
    from index.types import Vectors


def means(connection: sqlite3.Connection, manifest: Manifest) -> Means:
    """The means that the manifest tells; those of chunks that are newer than it are taken of all vectors."""
    stored, of_windows = _vectors(manifest.means), _vectors(manifest.window_means)
    tags = {primary(tag) for (tag,) in connection.execute("SELECT DISTINCT language FROM transcript")}
    if tags - stored.keys():
        totals = _totals(connection, manifest.model.dimension)
        stored = tempered(totals, background(manifest.model.name)) | stored
    return Means(stored, of_windows)


def _vectors(means: Mapping[str, list[float]]) -> dict[str, Vectors]:
    return {language: np.asarray(mean, np.float32) for language, mean in means.items()}


def _totals(connection: sqlite3.Connection, dimension: int) -> dict[str, tuple[int, Sums]]:
    rows = connection.execute(
        """SELECT language, data FROM vector JOIN chunk ON chunk.id = chunk_id
           JOIN transcript ON transcript.id = transcript_id"""
    )
    totals: dict[str, tuple[int, Sums]] = {}
    for tag, data in rows:
        count, total = totals.get(primary(tag), (0, np.zeros(dimension)))
        totals[primary(tag)] = count + 1, total + unpack([data], dimension)[0]
    return totals
