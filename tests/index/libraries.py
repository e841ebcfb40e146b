"""Small libraries for the tests: resources whose cues are ten seconds long and each a chunk."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seekpoint import ask
from seekpoint.index.embedded import database
from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.index.embedded.words.posting_lists import decode
from seekpoint.index.embedded.writer import EmbeddedWriter
from seekpoint.index.models.piece_vectors import quantised
from seekpoint.index.text.terms import terms
from seekpoint.index.types import (
    Chunk,
    Cue,
    Details,
    EmbeddedTranscript,
    Filters,
    Kind,
    ModelCard,
    Origin,
    Piece,
    Resource,
    Transcript,
)
from tests.fakes import TopicEncoder
from tests.paths import ROOT

ENCODER = TopicEncoder()
CARD: ModelCard = ENCODER.card
SOURCE = "talks.md"
LISTS = "posting.chunks, first, stop FROM posting JOIN posting_segment ON id = segment"

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


def fill(writer: EmbeddedWriter, talks: Mapping[str, Sequence[str]]) -> None:
    """List the talks and commit each."""
    writer.register(SOURCE, [resource(talk, "Talks") for talk in talks])
    for talk, texts in talks.items():
        writer.commit(talk, [embedded(texts)], Details(title=f"Talk {talk}"), "made by hand")


def build(folder: Path, talks: Mapping[str, Sequence[str]] = TALKS) -> None:
    """Build a library and seal it."""
    with EmbeddedWriter.acquire(folder, CARD) as writer:
        fill(writer, talks)


def by_meaning(library: EmbeddedReader, question: str, filters: Filters | None = None) -> list[str]:
    """The resources whose chunks are anywhere near a question, nearest first."""
    _, vector = library.vectors.centred_question(ENCODER.question(question))
    near = [chunk for chunk, cosine in library.vectors.nearest(vector, 20, _kept(library, filters)) if cosine > 0.3]
    return _resources(library, near)


def by_words(library: EmbeddedReader, text: str, filters: Filters | None = None) -> list[str]:
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
    root = str(ROOT)
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{script}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)


def _kept(library: EmbeddedReader, filters: Filters | None) -> Ranges | None:
    return library.kept(filters) if filters else None


def chunk_ids(library: EmbeddedReader, filters: Filters) -> list[int]:
    """The chunks that a filter keeps."""
    kept = library.kept(filters)
    return [int(chunk_id) for chunk_id in (library.holdings.alive if kept is None else kept).ids()]


def _resources(library: EmbeddedReader, chunk_ids: Sequence[int]) -> list[str]:
    chunks = library.chunks(chunk_ids)
    return list(dict.fromkeys(chunks[i].resource_id for i in chunk_ids if i in chunks))
