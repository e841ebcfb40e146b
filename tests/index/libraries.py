"""Small libraries for the tests: resources whose cues are ten seconds long and each a chunk."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from seekpoint import ask
from seekpoint.index.embedded import database, stored_transcripts
from seekpoint.index.embedded.chunk_ranges import Ranges, RangeScope
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.models.centring import centred, nearest_language
from seekpoint.index.models.piece_vectors import quantised
from seekpoint.index.store import Reader, Writer
from seekpoint.index.text import bm25
from seekpoint.index.text.terms import terms
from seekpoint.index.types import (
    Chunk,
    Cue,
    Details,
    EmbeddedTranscript,
    Filters,
    Kind,
    ModelCard,
    NamedBy,
    Origin,
    Piece,
    Resource,
    StoredChunk,
    Transcript,
)
from tests.fakes import TopicEncoder
from tests.paths import ROOT

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

ENCODER = TopicEncoder()
CARD: ModelCard = ENCODER.card
SOURCE = "talks.md"

TALKS = {
    "attention01": ("attention weighs the words", "the mask hides what comes later"),
    "position001": ("position tells the order",),
    "zhuyili0001": ("注意力给每个词一个权重", "掩码遮住后面的词"),
}


def resource(resource_id: str, *path: str, title: str = "", kind: Kind = Kind.VIDEO) -> Resource:
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


def stored_terms(folder: Path) -> set[tuple[str, float, str, int]]:
    """A chunk's resource and start, a term, and how often it is there: for all chunks and terms of a database."""
    with closing(sqlite3.connect(folder / database.FILE)) as stored:
        query = "SELECT chunk.id, resource_id, start FROM chunk JOIN transcript ON transcript.id = transcript_id"
        places = {chunk_id: (resource_id, start) for chunk_id, resource_id, start in stored.execute(query)}
        said = list(stored_transcripts.terms_of(stored, [(0, 1 << 40)]))
    return {(*places[chunk_id], term, count) for chunk_id, terms in said for term, count in Counter(terms).items()}


def listed(library: Reader) -> tuple[object, object]:
    """The sections and standings of a library, whoever named its lists."""
    sections = [section._replace(named_by=NamedBy.OWNER) for section in library.sections()]
    standings = {key: standing._replace(is_foreign=False) for key, standing in library.standings().items()}
    return sections, standings


def fill(writer: Writer, talks: Mapping[str, Sequence[str]]) -> None:
    writer.register(SOURCE, [resource(talk, "Talks") for talk in talks])
    for talk, texts in talks.items():
        writer.commit(talk, [embedded(texts)], Details(title=f"Talk {talk}"), "made by hand")


def build(folder: Path, talks: Mapping[str, Sequence[str]] = TALKS) -> None:
    """Build a library and seal it; a new one with the usual talks is a copy, which takes a tenth of the time."""
    if talks is TALKS and not folder.exists():
        shutil.copytree(Path(_usual().name) / "library", folder)
        return
    with EmbeddedWriter.acquire(folder, CARD) as writer:
        fill(writer, talks)


@cache
def _usual() -> TemporaryDirectory[str]:
    """A folder with a library of the usual talks, for as long as the process lives."""
    made = TemporaryDirectory(prefix="seekpoint-tests-")
    with EmbeddedWriter.acquire(Path(made.name) / "library", CARD) as writer:
        fill(writer, TALKS)
    return made


def by_meaning(library: EmbeddedReader, question: str, filters: Filters | None = None) -> list[str]:
    """The resources whose chunks are anywhere near a question, nearest first."""
    vector = centred_question(library, ENCODER.question(question))
    ids, cosines = library.vectors.nearest(vector, 20, ranges_of(library, filters or Filters()))
    return _resources(library, ids[cosines > 0.3].tolist())


def centred_question(library: Reader, vector: Vectors) -> Vectors:
    """A question's vector without the mean of the language that it is nearest to."""
    means = {name: language.mean for name, language in library.languages().items()}
    nearest = nearest_language(vector, means)
    return vector if nearest is None else centred(vector, means[nearest])


def by_words(library: EmbeddedReader, text: str, filters: Filters | None = None) -> list[str]:
    """The resources that share terms with a text, best first."""
    weights = weights_of(library, terms(text))
    ids = library.words.by_terms(weights, 20, ranges_of(library, filters or Filters()))
    return _resources(library, ids)


def weights_of(library: Reader, terms: Sequence[str]) -> dict[str, float]:
    """The inverse document frequencies of the terms that a library has."""
    total = sum(language.chunks for language in library.languages().values())
    return {term: bm25.idf(chunks, total) for term, chunks in library.frequencies(terms).terms.items()}


def first(folder: Path, question: str) -> str | None:
    """The resource of the first moment that a newly opened library answers with."""
    moments = ask(question, folder, k=1, encoder=ENCODER).moments
    return moments[0].resource.id if moments else None


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Each file's size and time of change (nanoseconds), but of locks."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("lock"))
    stats = {str(path.relative_to(folder)): path.stat() for path in paths}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"lock"}


def run_script(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own, with the repository on its path."""
    root = str(ROOT)
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{script}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)


def ranges_of(library: EmbeddedReader, filters: Filters) -> Ranges | None:
    scope = library.scope(filters)
    assert isinstance(scope, RangeScope)
    return scope.ranges


def chunk_ids(library: EmbeddedReader, filters: Filters) -> list[int]:
    ranges = ranges_of(library, filters)
    return [int(chunk_id) for chunk_id in (library.holdings.alive if ranges is None else ranges).ids()]


def chunks_of(library: Reader, ids: Sequence[int]) -> Mapping[int, StoredChunk]:
    found = library.evidence(ids, np.zeros(library.card.dimension, np.float32))
    return {chunk.id: chunk for chunk in found.chunks}


def _resources(library: EmbeddedReader, chunk_ids: Sequence[int]) -> list[str]:
    chunks = chunks_of(library, chunk_ids)
    return list(dict.fromkeys(chunks[i].resource_id for i in chunk_ids if i in chunks))
