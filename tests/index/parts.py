"""Small libraries for the tests: resources whose cues are ten seconds long and each a chunk."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import index
from index import cue_blocks, database, piece_blocks
from index.answers import Filters
from index.insertion import EmbeddedTranscript
from index.library import Library
from index.manifest import FILE as MANIFEST
from index.manifest import FileRecord
from index.packing import unpack
from index.pieces import quantised
from index.posting_lists import decode
from index.ranges import Ranges
from index.schema import APPLICATION_ID, FIRST_WITH_BLOCKS, FIRST_WITH_SCANS, FIRST_WITH_SEGMENTS
from index.terms import terms
from index.types import Chunk, Cue, Details, Kind, ModelCard, Origin, Piece, Resource, Transcript
from index.writer import Writer
from seekpoint import ask
from tests.fakes import TopicEncoder

ENCODER = TopicEncoder()
CARD: ModelCard = ENCODER.card
SOURCE = "talks.md"
# What a library of any version holds, and since words and vectors lie in segments.
TABLES = ("resource", "listing", "transcript", "chunk", "setting")
LISTS = "posting.chunks, first, stop FROM posting JOIN posting_segment ON id = segment"
SEGMENTED = ("vector", "posting_segment", "posting", "language", "name")

TALKS = {
    "attention01": ("attention weighs the words", "the mask hides what comes later"),
    "position001": ("position tells the order",),
    "zhuyili0001": ("注意力给每个词一个权重", "掩码遮住后面的词"),
}


def resource(resource_id: str, *path: str, title: str = "", kind: Kind = Kind.VIDEO) -> Resource:
    """A resource under one heading path."""
    return Resource(resource_id, kind, title, f"https://www.youtube.com/watch?v={resource_id}", (path,))


def embedded(texts: Sequence[str], language: str | None = None) -> EmbeddedTranscript:
    """A transcript, each of whose cues is a piece too; texts that aren't ASCII are Chinese."""
    language = language or ("en" if "".join(texts).isascii() else "zh")
    cues = tuple(Cue(10.0 * k, 10.0 * k + 10, text) for k, text in enumerate(texts))
    chunks = [Chunk(k, k + 1, cue.start, cue.end, cue.text) for k, cue in enumerate(cues)]
    parts = ENCODER.parts(texts, [[len(text)] for text in texts])
    kept = [
        (Piece(k, k + 1, cue.start, cue.text), quantised(sums[0], tokens[0]))
        for k, (cue, sums, tokens) in enumerate(zip(cues, parts.sums, parts.tokens, strict=True))
    ]
    return EmbeddedTranscript(Transcript(language, Origin.LOCAL, cues), chunks, parts.vectors, kept)


def make_old(folder: Path, version: int = 1) -> None:
    """Put what a library holds, which must have no chapters, under an earlier schema."""
    current, earlier = folder / database.FILE, folder / "earlier.db"
    with Library.open(folder) as library:
        taken = {"means": library.vectors.means, "window_means": library.vectors.window_means}
    means = {name: {key: mean.tolist() for key, mean in found.items()} for name, found in taken.items()}
    if version >= FIRST_WITH_BLOCKS:
        _copy(current, earlier, version)
    else:
        _convert(current, earlier, version)
    earlier.replace(current)
    _put_manifest(folder, version, means)


def _copy(current: Path, earlier: Path, version: int) -> None:
    with sqlite3.connect(current, isolation_level=None) as connection:
        connection.execute("VACUUM INTO ?", (str(earlier),))
    connection.close()
    with sqlite3.connect(earlier, isolation_level=None) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def _convert(current: Path, earlier: Path, version: int) -> None:
    with sqlite3.connect(earlier, isolation_level=None) as connection:
        connection.create_function("title_terms", 3, lambda *_: "")
        for step in range(1, version + 1):
            connection.executescript((Path(index.__file__).parent / f"schema_{step}.sql").read_text(encoding="utf-8"))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("ATTACH ? AS current", (str(current),))
        _put_cues(connection)
        has_segments = version >= FIRST_WITH_SEGMENTS
        for table in (*TABLES, *SEGMENTED) if has_segments else TABLES:
            columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA main.table_info({table})"))
            connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM current.{table}")
        if version >= 4:
            _put_pieces(connection)
        if has_segments:
            connection.execute("DROP TABLE lexicon")
            _put_older_lists(connection)
        else:
            _put_words_and_vectors(connection)
        connection.execute("DETACH current")
    connection.close()


def _put_manifest(folder: Path, version: int, means: Mapping[str, Any]) -> None:
    content = json.loads((folder / MANIFEST).read_bytes())
    content |= {"version": version, "database": asdict(FileRecord.of(folder / database.FILE))}
    del content["checksum"]
    if version < FIRST_WITH_SCANS:
        content["former"] = None
        content["segments"] = [segment | {"probes": 0} for segment in content["segments"]]
    if version < FIRST_WITH_SEGMENTS:
        content |= means
        content |= {"vectors": {"file": content["segments"][0]["file"], "generation": 1, "count": 0, "last_chunk": 0}}
        del content["segments"], content["numbered"]
    if version < 4:
        del content["window_means"]
    checksum = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(content | {"checksum": checksum}), encoding="utf-8")


def _put_cues(connection: sqlite3.Connection) -> None:
    columns = [row[1] for row in connection.execute("PRAGMA main.table_info(cue)")]
    insert = f"INSERT INTO cue ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    for (key,) in connection.execute("SELECT id FROM current.transcript").fetchall():
        cues = cue_blocks.read(connection, key, 0, sys.maxsize)
        connection.executemany(insert, [(key, k, *cue)[: len(columns)] for k, cue in enumerate(cues)])


def _put_older_lists(connection: sqlite3.Connection) -> None:
    for segment, term, data, *span in connection.execute(f"SELECT segment, term, data, {LISTS}").fetchall():
        found = decode([data], *map(np.atleast_1d, span))
        older = older_list(found.ids.tolist(), found.counts.tolist())
        connection.execute("UPDATE posting SET data = ? WHERE (segment, term) = (?, ?)", (older, segment, term))


def older_list(ids: Sequence[int], counts: Sequence[int]) -> bytes:
    """A posting list as schema 8 had it: of gaps of one byte, or four for what is far."""
    gaps = [after - before for before, after in pairwise(ids)]
    is_far = max(gaps, default=0) >= 255
    head = struct.pack("<BIq", 2 * is_far + 4 * (max(counts) > 1), len(ids), ids[0])
    return head + struct.pack(f"<{len(gaps)}{'I' if is_far else 'B'}", *gaps) + bytes(counts if max(counts) > 1 else ())


def _put_pieces(connection: sqlite3.Connection) -> None:
    for (key,) in connection.execute("SELECT id FROM current.transcript").fetchall():
        blocks = piece_blocks.of_transcript(connection, key)
        for which, codes in blocks.codes(np.arange(len(blocks.records)), CARD.dimension):
            rows = zip(blocks.records[which].tolist(), codes, strict=True)
            connection.executemany(
                "INSERT INTO piece (transcript_id, start, digest, tokens, scale, data) VALUES (?, ?, ?, ?, ?, ?)",
                [(key, *record[:4], row.tobytes()) for record, row in rows],
            )


def _put_words_and_vectors(connection: sqlite3.Connection) -> None:
    rows = connection.execute(
        """SELECT chunk.id, digest, data, text FROM current.vector JOIN chunk ON chunk.id = chunk_id
           JOIN cue ON cue.transcript_id = chunk.transcript_id AND position = chunk.first"""
    ).fetchall()
    for chunk_id, digest, data, text in rows:
        (vector,) = unpack([data], CARD.dimension)
        connection.execute("INSERT INTO vector VALUES (?, ?, ?)", (chunk_id, digest, vector.astype("<f2").tobytes()))
        connection.execute("INSERT INTO lexicon (rowid, terms) VALUES (?, ?)", (chunk_id, " ".join(terms(text))))


def words(folder: Path) -> set[tuple[str, float, str, int]]:
    """Each resource's words: where the chunk begins, the term, and how often it's there."""
    with sqlite3.connect(folder / database.FILE) as stored:
        lists = stored.execute(f"SELECT term, data, {LISTS}").fetchall()
        query = "SELECT chunk.id, resource_id, start FROM chunk JOIN transcript ON transcript.id = transcript_id"
        places = {chunk_id: (resource_id, start) for chunk_id, resource_id, start in stored.execute(query)}
    stored.close()
    spans = ((term, [data], *map(np.atleast_1d, span)) for term, data, *span in lists)
    decoded = [(term, decode(blobs, *span)) for term, blobs, *span in spans]
    return {
        (*places[chunk_id], term, count)
        for term, found in decoded
        for chunk_id, count in zip(found.ids.tolist(), found.counts.tolist(), strict=True)
        if chunk_id in places
    }


def fill(writer: Writer, talks: Mapping[str, Sequence[str]]) -> None:
    """List the talks and commit each."""
    writer.register(SOURCE, [resource(talk, "Talks") for talk in talks])
    for talk, texts in talks.items():
        writer.commit(talk, [embedded(texts)], Details(title=f"Talk {talk}"), "made by hand")


def build(folder: Path, talks: Mapping[str, Sequence[str]] = TALKS) -> None:
    """Build a library and seal it."""
    with Writer.open(folder, CARD) as writer:
        fill(writer, talks)


def by_meaning(library: Library, question: str, filters: Filters | None = None) -> list[str]:
    """The resources whose chunks are anywhere near a question, nearest first."""
    _, vector = library.vectors.centred_question(ENCODER.question(question))
    near = [chunk for chunk, cosine in library.vectors.nearest(vector, 20, _kept(library, filters)) if cosine > 0.3]
    return _resources(library, near)


def by_words(library: Library, text: str, filters: Filters | None = None) -> list[str]:
    """The resources that share terms with a text, best first."""
    return _resources(library, [chunk for chunk, _ in library.lexicon.best(terms(text), 20, _kept(library, filters))])


def first(folder: Path, question: str) -> str | None:
    """The resource of the first moment that a newly opened library answers with."""
    moments = ask(question, folder, k=1, encoder=ENCODER).moments
    return moments[0].resource.id if moments else None


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Each file's size and time of change (nanoseconds), but the lock's."""
    stats = {path.name: path.stat() for path in sorted(folder.iterdir()) if path.name != "lock"}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()}


def run_script(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own, with the repository on its path."""
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{script}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)


def _kept(library: Library, filters: Filters | None) -> Ranges | None:
    return library.kept(filters) if filters else None


def chunk_ids(library: Library, filters: Filters) -> list[int]:
    """The chunks that a filter keeps."""
    kept = library.kept(filters)
    return [int(chunk_id) for chunk_id in (library.holdings.alive if kept is None else kept).ids()]


def _resources(library: Library, chunk_ids: Sequence[int]) -> list[str]:
    chunks = library.chunks(chunk_ids)
    return list(dict.fromkeys(chunks[i].resource_id for i in chunk_ids if i in chunks))
