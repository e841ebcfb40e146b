"""What a library holds, read by benchmarks: transcripts to be recombined, and chunks for other means of search."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seekpoint.index.embedded import database
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.sql.cue_blocks import joined
from seekpoint.index.sql.piece_blocks import all_pieces
from seekpoint.index.sql.stored_vectors import unpack_int8
from seekpoint.index.text.languages import primary
from seekpoint.index.types import Cue, ModelCard, Vectors


class Track(NamedTuple):
    """A transcript of the base; `pieces` are (start, tokens), a vector each."""

    resource_id: str
    language: str
    title: str
    cues: Sequence[Cue]
    spans: Sequence[tuple[int, int]]
    vectors: Vectors
    pieces: Sequence[tuple[float, int]]
    piece_vectors: Vectors


def connected(folder: Path) -> sqlite3.Connection:
    """The database of a library, to be read alone."""
    return sqlite3.connect(f"{(folder / database.FILE).resolve().as_uri()}?mode=ro", uri=True)


@dataclass(frozen=True)
class Base:
    """What a library holds, to be recombined."""

    manifest: Manifest
    tracks: Sequence[Track]

    @classmethod
    def read(cls, *folders: Path) -> Base:
        """Read all of some libraries of one model, changing nothing."""
        manifest = Manifest.load(folders[0])
        tracks: list[Track] = []
        for folder in folders:
            with closing(connected(folder)) as connection:
                connection.row_factory = sqlite3.Row
                tracks += _tracks(connection, manifest.model)
        return cls(manifest, tracks)

    @cached_property
    def languages(self) -> dict[str, float]:
        """The share of each language tag in the chunks."""
        total = sum(len(track.spans) for track in self.tracks)
        tags = sorted({track.language for track in self.tracks})
        return {tag: sum(len(one.spans) for one in self.tracks if one.language == tag) / total for tag in tags}

    @cached_property
    def means(self) -> dict[str, tuple[Vectors, Vectors]]:
        """The mean vectors of chunks and of pieces, by primary subtag."""
        found = {}
        for name in {primary(track.language) for track in self.tracks}:
            there = [track for track in self.tracks if primary(track.language) == name]
            chunks, pieces = ([getattr(one, kind) for one in there] for kind in ("vectors", "piece_vectors"))
            found[name] = np.concatenate(chunks).mean(axis=0), np.concatenate(pieces).mean(axis=0)
        return found

    @cached_property
    def sources(self) -> dict[str, tuple[Sequence[Track], Vectors]]:
        """The tracks of each language tag, and how likely each is to be taken from."""
        found: dict[str, tuple[Sequence[Track], Vectors]] = {}
        for tag in self.languages:
            tracks = [track for track in self.tracks if track.language == tag]
            sizes = np.array([len(track.spans) for track in tracks], np.float32)
            found[tag] = tracks, sizes / sizes.sum()
        return found


def _tracks(connection: sqlite3.Connection, card: ModelCard) -> Iterator[Track]:
    titles = dict(map(tuple, connection.execute("SELECT resource_id, title FROM listing")))
    rows = "SELECT transcript_id, first, stop, data FROM chunk JOIN vector ON chunk_id = chunk.id ORDER BY 1, chunk.id"
    grouped = groupby(connection.execute(rows), itemgetter(0))
    chunks = {key: [tuple(row)[1:] for row in group] for key, group in grouped}
    for key, resource_id, language in connection.execute("SELECT id, resource_id, language FROM transcript"):
        if key in chunks:
            blocks = connection.execute("SELECT * FROM piece_block WHERE transcript_id = ?", (key,))
            pieces = all_pieces(blocks, card)
            yield Track(
                resource_id,
                language,
                titles.get(resource_id, ""),
                _cues(connection, key),
                [(first, stop) for first, stop, _ in chunks[key]],
                unpack_int8([data for _, _, data in chunks[key]], card.dimension),
                list(zip(pieces.starts.tolist(), map(int, pieces.tokens), strict=True)),
                (pieces.sums / np.maximum(pieces.tokens, 1)[:, None]).astype(np.float32),
            )


def stored_chunks(folder: Path) -> tuple[list[tuple[str, float, str]], Vectors]:
    """Each chunk as (resource id, start, text), and the vectors as they were embedded, a row a chunk."""
    with closing(connected(folder)) as connection:
        chunks = list(chunk_texts(connection))
        data = [data for (data,) in connection.execute("SELECT data FROM vector ORDER BY chunk_id")]
    return chunks, unpack_int8(data, Manifest.load(folder).model.dimension)


def _cues(connection: sqlite3.Connection, transcript_id: int) -> list[Cue]:
    query = "SELECT first, data FROM cue_block WHERE transcript_id = ? ORDER BY first"
    return joined(connection.execute(query, (transcript_id,)), 0, sys.maxsize)


def chunk_texts(connection: sqlite3.Connection) -> Iterator[tuple[str, float, str]]:
    """Each chunk as (resource id, start, text)."""
    rows = connection.execute(
        """SELECT transcript_id, first, stop, resource_id, start
           FROM chunk JOIN transcript ON transcript.id = transcript_id ORDER BY chunk.id"""
    )
    for transcript_id, group in groupby(rows, itemgetter(0)):
        cues = _cues(connection, transcript_id)
        for _, first, stop, resource_id, start in group:
            yield resource_id, start, " ".join(cue.text for cue in cues[first:stop])
