"""Copying a library from a folder to a server and back, row by row; in a folder its chunks get new ids."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np

from seekpoint.index.address import ServerAddress
from seekpoint.index.embedded import database
from seekpoint.index.embedded.database import library_errors
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import LibraryError
from seekpoint.index.postgres import postgres_writer, schema, transcripts
from seekpoint.index.postgres.meaning import centres, embedding_rows, keep
from seekpoint.index.postgres.session import Session, connect
from seekpoint.index.postgres.transcripts import text_of
from seekpoint.index.sql import stored_rows, sums
from seekpoint.index.sql.int8 import unpack_int8
from seekpoint.index.sql.sums import means_of
from seekpoint.index.text.languages import primary
from seekpoint.index.types import ModelCard

_BATCH = 2048
# Tables whose rows are the same in both, with their columns.
_SAME = {
    "resource": "id, kind, url, state, reason, retry_after, inputs, details",
    "listing": "source, resource_id, position, path, title, named_by, listed",
    "playlist_entry": "playlist_id, position, resource_id, kind, url, title, fault",
    "name": "key, resource_id, terms",
    "term": "number, text",
    "translation": "source, word, target, alternatives",
    "setting": "name, value",
    "kept": stored_rows.KEPT_COLUMNS,
}
_BLOCKS = {"cue_block": "transcript_id, first, data", "piece_block": "transcript_id, start, data"}
_OWN_SETTINGS = (database.MODEL, database.HIGHEST_CHUNK)
_CHUNKS = """SELECT chunk.id, transcript_id, resource_id, language, first, stop, start, end, is_reference,
                    digest, data, chunk.terms
             FROM chunk JOIN vector ON chunk_id = chunk.id JOIN transcript ON transcript.id = transcript_id
             ORDER BY chunk.id"""


def to_server(
    folder: Path,
    address: ServerAddress,
    *,
    replacing_old: bool = False,
    progress: Callable[[int], None] = lambda chunks: None,
) -> int:
    """Copy the library in a folder to a server, all of it or nothing; `progress` is told of chunks.

    `replacing_old` allows replacing the library there. Returns how many moments that were kept in that one are kept on.
    Raises LibraryError.
    """
    moments: list[tuple[object, ...]] = []
    with (
        library_errors(folder),
        closing(database.connect(folder, writable=False)) as source,
        closing(connect(address)) as session,
        session.transaction(),
    ):
        source.execute("BEGIN")
        card = database.stored_model(source)
        if card is None:
            raise database.damaged(folder, "the model is lost", database.START_AGAIN)
        postgres_writer.lock(session, in_transaction=True)
        if schema.exists(session):
            if not replacing_old:
                raise LibraryError(
                    f"{address} holds a library already: add ?library=NAME to the address, or replace it with --replace"
                )
            moments = session.rows(f"SELECT {stored_rows.KEPT_COLUMNS} FROM kept")
            schema.discard(session)
            schema.replace_schema(session, card)
        else:
            schema.create(session, card)
            schema.drop_search_indexes(session)
        _copy_to_server(source, session, card, progress)
        session.run_many("DELETE FROM kept WHERE (resource_id, place) = (%s, %s)", [row[:2] for row in moments])
        session.copy(f"kept ({stored_rows.KEPT_COLUMNS})", moments)
        schema.create_search_indexes(session, card)
        schema.keep_size(session)
        session.run("ANALYZE")
    return len(moments)


def to_folder(address: ServerAddress, folder: Path) -> None:
    """Copy a library from a server to a folder, where there is none yet."""
    folder.mkdir()
    with closing(connect(address)) as session, closing(database.connect(folder, writable=True)) as target:
        session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        card = schema.check(session)
        with library_errors(folder):
            with database.transaction(target):
                database.set_stored_model(target, card)
                _copy_to_folder(session, target)
            Manifest(card).save(folder)


# To a server


def _copy_to_server(
    source: sqlite3.Connection, session: Session, card: ModelCard, progress: Callable[[int], None]
) -> None:
    for table, columns in _SAME.items():
        rows: Iterable[Sequence[object]] = source.execute(f"SELECT {columns} FROM {table}")
        if table == "listing":
            rows = ((*row[:-1], bool(row[-1])) for row in rows)
        elif table == "setting":
            rows = (row for row in rows if row[0] not in _OWN_SETTINGS)
        session.copy(f"{table} ({columns})", rows)
    transcript_rows = source.execute(
        """SELECT id, resource_id, language, language, origin, chunks, seconds, terms, chapters
           FROM transcript ORDER BY id"""
    ).fetchall()
    session.copy(
        "transcript (id, resource_id, language, spoken, origin, chunks, seconds, terms, chapters)",
        ((*row[:3], primary(row[3]), *row[4:]) for row in transcript_rows),
    )
    for table, columns in _BLOCKS.items():
        session.copy(f"{table} ({columns})", source.execute(f"SELECT {columns} FROM {table}"))
    lengths: Counter[str] = Counter()
    for row in transcript_rows:
        lengths[primary(row["language"])] += row["terms"]
    session.run_many(
        "INSERT INTO language VALUES (%s, %s, %s, %s, %s, %s)",
        [(*row, lengths[row["name"]]) for row in source.execute("SELECT * FROM language")],
    )
    # Vectors are centred by the means that the languages have now.
    stored = {name: totals for name, (totals, _) in transcripts.chunk_languages(session).items()}
    for language, mean in means_of(stored, card).chunks.items():
        keep(session, language, mean)
    numbers = dict(session.rows("SELECT id, number FROM resource"))
    counted: Counter[tuple[int, str]] = Counter()
    chunk_rows = source.execute(_CHUNKS)
    while batch := chunk_rows.fetchmany(_BATCH):
        _copy_chunks(session, batch, numbers, counted, card)
        progress(len(batch))
    transcripts.add_frequencies(session, counted)
    transcripts.fold_totals(session)
    session.rows(
        """SELECT setval('chunk_id', %s), setval('transcript_id', (SELECT max(id) FROM transcript)),
                  setval(pg_get_serial_sequence('term', 'number'), (SELECT max(number) FROM term))""",
        max(database.highest_chunk(source), 1),
    )


def _copy_chunks(
    session: Session,
    batch: Sequence[sqlite3.Row],
    numbers: dict[str, int],
    counted: Counter[tuple[int, str]],
    card: ModelCard,
) -> None:
    languages = [primary(row["language"]) for row in batch]
    said = sums.decode_counts([row["terms"] for row in batch])
    stops = np.cumsum(said.sizes)[:-1]
    terms = np.split(said.numbers, stops)
    repeated = [np.repeat(*pair) for pair in zip(terms, np.split(said.counts, stops), strict=True)]
    vectors = unpack_int8([row["data"] for row in batch], card.dimension)
    fixed = centres(session, dict.fromkeys(languages), card.dimension)
    embeddings = embedding_rows(vectors, np.stack([fixed[language] for language in languages]))
    session.copy(
        'chunk (id, transcript_id, first, stop, start, "end", is_reference, '
        "resource, language, length, embedding, terms)",
        (
            (*row[:2], *row[4:8], bool(row[8]), numbers[row[2]], language, *embedding, text_of(words.tolist()))
            for row, language, embedding, words in zip(batch, languages, embeddings, repeated, strict=True)
        ),
    )
    session.copy("body (chunk_id, digest, vector, terms)", ((row[0], *row[9:]) for row in batch))
    for language, words in zip(languages, terms, strict=True):
        counted.update((number, language) for number in words.tolist())


# To a folder


def _copy_to_folder(session: Session, target: sqlite3.Connection) -> None:
    for table, columns in _SAME.items():
        order = "ORDER BY number" if table in ("resource", "term") else ""
        _insert(target, f"{table} ({columns})", session.rows(f"SELECT {columns} FROM {table} {order}"))
    transcript_rows = session.rows(
        "SELECT id, resource_id, language, origin, chunks, seconds, terms, chapters FROM transcript ORDER BY id"
    )
    firsts, highest = dict[int, int](), 0
    for transcript_id, *_, chunks, _, _, _ in transcript_rows:
        firsts[transcript_id] = highest + 1
        highest += chunks
    _insert(
        target,
        "transcript (id, resource_id, language, origin, chunks, seconds, terms, chapters, first_chunk)",
        [(*row, firsts[row[0]]) for row in transcript_rows],
    )
    for transcript_id, first in firsts.items():
        for table, columns in _BLOCKS.items():
            rows = session.rows(f"SELECT {columns} FROM {table} WHERE transcript_id = %s", transcript_id)
            _insert(target, f"{table} ({columns})", rows)
        rows = session.rows(
            """SELECT transcript_id, first, stop, start, "end", is_reference::int, body.terms, digest, vector
               FROM chunk JOIN body ON chunk_id = id WHERE transcript_id = %s ORDER BY id""",
            transcript_id,
        )
        columns = "id, transcript_id, first, stop, start, end, is_reference, terms"
        _insert(target, f"chunk ({columns})", [(first + k, *row[:7]) for k, row in enumerate(rows)])
        _insert(target, "vector (chunk_id, digest, data)", [(first + k, *row[7:]) for k, row in enumerate(rows)])
    stored = transcripts.chunk_languages(session)
    languages = [(name, *transcripts.columns_of(totals)) for name, (totals, _) in stored.items()]
    _insert(target, "language (name, chunks, total, windows, window_total)", languages)
    database.set_highest_chunk(target, highest)


def _insert(target: sqlite3.Connection, columns: str, rows: Iterable[Sequence[object]]) -> None:
    """Insert rows, a bool as a number."""
    marks = ", ".join("?" * (columns.count(",") + 1))
    source = iter(rows)
    while batch := list(islice(source, _BATCH)):
        target.executemany(f"INSERT INTO {columns} VALUES ({marks})", batch)
