"""What scale.py measures of a library, each part in a process of its own, so that none weighs on another's memory.

usage: python -m benchmarks.scale_measures PART LIBRARY ARGUMENT...    prints JSON
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from benchmarks.asking import (
    CANDIDATES,
    TOP,
    Times,
    questions_of,
    recall,
    remembering,
    some,
    stored_vectors,
    warm,
)
from benchmarks.base import Base, chunk_texts, connected
from benchmarks.machine import megabytes
from benchmarks.synthetic import LECTURE, Outline, details, embedded, resource, title
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.open import open_reader
from seekpoint.index.text.clean import text_digest
from seekpoint.index.text.languages import to_embed
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Kind

_ASKED_OF_FTS5 = 40
_ADDITIONS = 10
_FIRST_ADDED = 900_000


# Changes


def change(folder: Path, base_folder: Path) -> dict[str, Any]:
    """Seconds and bytes of adding a lecture, several times, of taking one out, and of opening and closing alone.

    The library is changed by it.
    """
    base = Base.read(base_folder)
    tags = sorted(base.languages)
    outlines = [Outline(_FIRST_ADDED + k, LECTURE, "added", Kind.VIDEO, tags[k % len(tags)]) for k in range(_ADDITIONS)]
    additions = [added(folder, base, outline) for outline in outlines]
    return {
        "added": additions,
        "removed": _timed(folder, lambda writer: writer.remove([outlines[0].id])),
        "unchanged": [_timed(folder, lambda writer: None) for _ in range(3)],
        "megabytes": megabytes(),
    }


def added(folder: Path, base: Base, outline: Outline) -> dict[str, float]:
    made = embedded(base, outline)
    said = details(base, outline, made.transcript)

    def add(writer: EmbeddedWriter) -> None:
        writer.register(f"{outline.id}.md", [resource(outline, title(base, outline))])
        writer.commit(outline.id, [made], said, "synthetic")

    return _timed(folder, add)


def _timed(folder: Path, change: Callable[[EmbeddedWriter], object]) -> dict[str, float]:
    before, times = written(), [time.perf_counter()]
    with EmbeddedWriter.acquire(folder) as writer:
        times.append(time.perf_counter())
        change(writer)
        times.append(time.perf_counter())
    times.append(time.perf_counter())
    parts = dict(zip(("open", "change", "close"), np.diff(times).tolist(), strict=True))
    wrote, counted = (after - earlier for after, earlier in zip(written(), before, strict=True))
    return parts | {"seconds": times[-1] - times[0], "bytes": wrote, "counted": counted}


def written() -> tuple[int, int]:
    """Bytes that this process has written, and what the system counts, which knows only whole runs of pages.

    0 where it doesn't tell.
    """
    try:
        lines = Path("/proc/self/io").read_text("ascii").splitlines()
    except OSError:
        return 0, 0
    found = dict(line.split(": ") for line in lines)
    return int(found["wchar"]), int(found["write_bytes"])


# What people use instead


def flat(folder: Path, file: Path, plain: Path) -> dict[str, Any]:
    """Exact search in a flat index of FAISS, on one thread; left in `plain` for plain.py, if that folder exists."""
    with open_reader(folder) as library:
        questions = questions_of(file)
        encoder = remembering(library, questions)
        index = faiss.IndexFlatIP(library.card.dimension)
        for _, rows in stored_vectors(folder, library.card.dimension):
            index.add(rows)
    times = Times()
    for question in questions:
        vector = encoder.question(to_embed(question))[None, :]
        times.take(partial(index.search, vector, TOP))
    if plain.is_dir():
        faiss.write_index(index, str(plain / "index.faiss"))
        with closing(connected(folder)) as connection:
            texts = json.dumps(list(chunk_texts(connection)), ensure_ascii=False)
        (plain / "chunks.json").write_text(texts, encoding="utf-8")
    return vars(times) | {"megabytes": megabytes()}


def fts5(folder: Path, file: Path, base_folder: Path, scratch: Path) -> dict[str, Any]:
    """Milliseconds of SQLite's FTS5 for the 200 best by bm25() over the same terms, without content."""
    words = {}
    for track in Base.read(base_folder).tracks:
        for first, stop in track.spans:
            text = " ".join(cue.text for cue in track.cues[first:stop])
            words[text_digest(text)] = " ".join(terms(text))
    scratch.unlink(missing_ok=True)
    with closing(sqlite3.connect(scratch)) as connection, closing(connected(folder)) as library:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(terms, content='', tokenize='ascii')")
        started = time.perf_counter()
        connection.executemany(
            "INSERT INTO words (rowid, terms) VALUES (?, ?)",
            ((key, words.get(digest, "")) for key, digest in library.execute("SELECT chunk_id, digest FROM vector")),
        )
        connection.commit()
        building = time.perf_counter() - started
        times = Times()
        for question in some(questions_of(file), _ASKED_OF_FTS5):
            times.take(partial(_ranked, connection, question))
    size = scratch.stat().st_size
    scratch.unlink()
    return vars(times) | {"seconds": building, "bytes": size}


def _ranked(connection: sqlite3.Connection, question: str) -> list[tuple[int, float]]:
    wanted = " OR ".join(f'"{term}"' for term in dict.fromkeys(terms(question)))
    query = "SELECT rowid, bm25(words) AS score FROM words WHERE words MATCH ? ORDER BY score LIMIT ?"
    return connection.execute(query, (wanted, CANDIDATES)).fetchall()


# Size


def disk(folder: Path) -> dict[str, Any]:
    """Bytes of each file, and of each part of the database."""
    with closing(connected(folder)) as connection:
        query = """SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name)
                   GROUP BY tbl_name ORDER BY 2 DESC"""
        tables = dict(connection.execute(query))
        (free,) = connection.execute(
            "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size"
        ).fetchone()
    files = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    return {"files": files, "tables": tables | {"free": free}}


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "warm": warm,
    "recall": recall,
    "change": change,
    "flat": flat,
    "fts5": fts5,
    "disk": disk,
}

if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](*map(Path, sys.argv[2:])) | {"load": os.getloadavg()[0]}))
