"""Measures a large library on a server: how many of the nearest chunks are proposed, and what a question costs.

    python -m benchmarks.server_scale BASE_LIBRARY postgresql://HOST/DATABASE [--json FILE]

The library on the server is one that `benchmarks.synthetic` made of BASE_LIBRARY, and `seekpoint import` carried
there. The questions are those of the lectures. The server's processor time is that of its processes that serve this
database, so nothing else should ask it meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean, median, quantiles

import numpy as np
import psycopg

from benchmarks.base import Base
from benchmarks.machine import command_line, describe, save
from benchmarks.question_sets import LECTURES, QUESTIONS
from benchmarks.synthetic import embedded, planned, resource
from seekpoint.index.address import ServerAddress, parse_address
from seekpoint.index.models.centring import centre_rows, centred, nearest_language
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.postgres.meaning import ServerScope, nearest
from seekpoint.index.postgres.session import connect
from seekpoint.index.sql.stored_vectors import unpack_int8
from seekpoint.index.types import Details, Filters, Kind, Vectors
from seekpoint.query.evaluation.question_file import read_questions
from seekpoint.query.search import pipeline
from seekpoint.query.serving.live_library import SharedEncoder

FILTERS = {
    "none": Filters(),
    "a kind, one in ten": Filters(kind=Kind.RECORDING),
    "a heading, one in a hundred": Filters(section="one in a hundred"),
    "a heading, one in ten": Filters(section="one in ten"),
    "a heading, every second": Filters(section="every second"),
    "a language": Filters(language="zh"),
}
_QUESTIONS = 60
_LECTURES = 20
_CLIENTS = (1, 8, 32)
_PIDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"


def all_chunks(address: ServerAddress, dimension: int) -> tuple[list[str], list[int], Vectors]:
    """The languages, ids and vectors of all chunks."""
    rows = connect(address).rows("SELECT language, id, vector FROM chunk JOIN body ON chunk_id = id ORDER BY id")
    return (
        [row[0] for row in rows],
        [row[1] for row in rows],
        unpack_int8([row[2] for row in rows], dimension),
    )


def recall(address: ServerAddress, questions: Sequence[Vectors]) -> dict[str, dict[str, float]]:
    """The shares of the 10 and of the 100 nearest chunks that are among 120 proposed ones, for each filter."""
    found: dict[str, dict[str, float]] = {}
    with open_reader(address) as reader:
        means = {name: language.mean for name, language in reader.languages().items()}
        languages, ids, vectors = all_chunks(address, reader.card.dimension)
        vectors = centre_rows(languages, vectors, means)
        session = connect(address)
        places = {chunk_id: place for place, chunk_id in enumerate(ids)}
        for name, filters in FILTERS.items():
            scope = reader.scope(filters)
            assert isinstance(scope, ServerScope)
            rows = session.rows(
                "SELECT id FROM chunk WHERE (%s OR resource = ANY(%s::int[])) AND (%s::text IS NULL OR language = %s)",
                *scope.values,
            )
            kept = np.array(sorted(places[chunk_id] for (chunk_id,) in rows), np.int64)
            shares, times = [], []
            for question in questions:
                begun = time.perf_counter()
                with session.transaction():
                    proposed = nearest(session, question, 120, scope, means, [])
                times.append(time.perf_counter() - begun)
                order = kept[np.argsort(-(vectors[kept] @ question), kind="stable")[:100]]
                right = [places[chunk_id] for chunk_id in proposed]
                shares.append([np.isin(order[:most], right).mean() for most in (10, 100)])
            ten, hundred = (round(float(mean(column)), 4) for column in zip(*shares, strict=True))
            found[name] = {"chunks": len(scope), "recall@10": ten, "recall@100": hundred} | {
                "milliseconds": round(1000 * median(times), 1)
            }
            print(f"  {name}: {found[name]}", flush=True)
    return found


def asking(address: ServerAddress, texts: Sequence[str], encoder: SharedEncoder) -> dict[str, dict[str, float]]:
    """The time of a question, without embedding it, and the server's processor time, by the number of clients."""
    found: dict[str, dict[str, float]] = {}

    def ask(text: str) -> float:
        begun = time.perf_counter()
        with open_reader(address, lasting=True) as reader:
            pipeline.ask(text, reader, encoder)
        return time.perf_counter() - begun

    for clients in _CLIENTS:
        with ThreadPoolExecutor(clients) as threads:
            list(threads.map(ask, texts[:clients]))  # connections
            server, begun = server_seconds(address), time.perf_counter()
            times = list(threads.map(ask, texts))
            elapsed, used = time.perf_counter() - begun, server_seconds(address) - server
        cuts = quantiles(times, n=20)
        found[str(clients)] = {
            "questions a second": round(len(texts) / elapsed, 1),
            "p50 ms": round(1000 * cuts[9], 1),
            "p95 ms": round(1000 * cuts[18], 1),
            "server CPU ms": round(1000 * used / len(texts), 1),
        }
        print(f"  {clients} clients: {found[str(clients)]}", flush=True)
    return found


def server_seconds(address: ServerAddress) -> float:
    """The seconds of processor time of the processes that serve the database; 0 if they are on another machine."""
    with psycopg.connect(address.uri) as connection:
        rows = connection.execute(_PIDS).fetchall()
    ticks = 0
    for (pid,) in rows:
        path = Path(f"/proc/{pid}/stat")
        if path.exists():
            ticks += sum(map(int, path.read_text().rpartition(")")[2].split()[11:13]))
    return ticks / 100


def changing(address: ServerAddress, base: Base) -> dict[str, float]:
    """What storing lectures that are new takes, one by one, and removing them, and what a chunk takes on the disk.

    The log has a page whole when it is changed first after a checkpoint. So the first lectures write the most.
    """
    new_number = int(time.time())  # whose vectors are in no index yet
    outlines = [planned(base, 1000)[0]._replace(number=new_number + place) for place in range(_LECTURES)]
    taken: list[tuple[float, float, float]] = []
    removed: list[float] = []
    with psycopg.connect(address.uri, autocommit=True) as connection, open_writer(address) as writer:

        def log() -> int:
            return int(connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()[0])  # type: ignore[index]

        for outline in outlines:
            made, new = embedded(base, outline), resource(outline, "One more")
            writer.register("one more.md", [new])
            before = time.perf_counter(), server_seconds(address), log()
            writer.commit(new.id, [made], Details(), "benchmark")
            after = time.perf_counter(), server_seconds(address), log()
            taken.append((after[0] - before[0], after[1] - before[1], (after[2] - before[2]) / 1e6))
            print(
                f"  stored in {taken[-1][0]:.2f} s, {taken[-1][1]:.2f} of the server, {taken[-1][2]:.1f} MB", flush=True
            )
        for outline in outlines:
            begun_at = time.perf_counter()
            writer.remove([outline.id])
            removed.append(time.perf_counter() - begun_at)
        size, chunks = connection.execute(
            """SELECT sum(pg_total_relation_size(oid)), (SELECT count(*) FROM seekpoint.chunk) FROM pg_class
               WHERE relkind = 'r' AND relnamespace = 'seekpoint'::regnamespace"""
        ).fetchone()  # type: ignore[misc]
    seconds, used, written = zip(*taken, strict=True)
    return {
        "chunks": len(made.chunks),
        "store s": round(median(seconds), 2),
        "store server CPU s": round(median(used), 2),
        "store MB of log, first": round(written[0], 1),
        "store MB of log": round(median(written), 1),
        "remove s": round(median(removed), 2),
        "bytes a chunk": round(float(size) / chunks),
    }


def main() -> None:
    """Measure the library."""
    options = command_line("benchmarks.server_scale", __doc__)
    options.add_argument("base", type=Path)
    options.add_argument("address")
    arguments = options.parse_args()
    address = parse_address(arguments.address)
    assert isinstance(address, ServerAddress)
    stored = changing(address, Base.read(arguments.base))
    print(f"  {stored}", flush=True)
    texts = [question.text for question in read_questions(QUESTIONS[LECTURES])][:_QUESTIONS]
    with open_reader(address) as reader:
        means = {name: language.mean for name, language in reader.languages().items()}
        encoder = SharedEncoder(reader.card, LazyEncoder(reader.card).get(), cached=len(texts))
    vectors = []
    for text in texts:
        vector = encoder.question(text)
        vectors.append(centred(vector, means[nearest_language(vector, means) or "en"]))
    result = {"recall": recall(address, vectors), "asking": asking(address, texts, encoder), "stored": stored}
    save(arguments.json, {"machine": describe(), **result})


if __name__ == "__main__":
    main()
