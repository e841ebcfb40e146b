"""Compares the answers of one library in a folder and on a server, to the questions of the sets.

    python -m benchmarks.backends WORK_DIR postgresql://HOST/ [--sets dev fastai lectures] [--json FILE]

WORK_DIR is that of `benchmarks.quality`, after it ran. Each set's library is copied to a database of its name on
the server, where an older copy is replaced.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import psycopg

from benchmarks.machine import command_line, describe, save
from benchmarks.question_sets import QUESTIONS
from seekpoint.index.address import Address, ServerAddress, parse_address
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader
from seekpoint.index.transfer.server import to_server
from seekpoint.query.answers import Answer
from seekpoint.query.evaluation.metrics import DEPTH
from seekpoint.query.evaluation.question_file import Question, read_questions
from seekpoint.query.evaluation.runs import ALL, evaluate
from seekpoint.query.search import pipeline
from seekpoint.query.search.settings import AskOptions
from seekpoint.query.serving.live_library import SharedEncoder


class Measured(NamedTuple):
    """The figures of one backend on a set, its answers, and the seconds that a question took in the median."""

    figures: dict[str, float]
    answers: list[tuple[tuple[str, float | None], ...]]
    seconds: float


def measure(address: Address, questions: list[Question], encoder: SharedEncoder) -> Measured:
    """Ask all questions of one library."""
    answers: list[Answer] = []
    times: list[float] = []
    with open_reader(address, lasting=True) as library:

        def ask(text: str) -> Answer:
            encoder.question(text)
            begun = time.perf_counter()
            answers.append(pipeline.ask(text, library, encoder, AskOptions(DEPTH)))
            times.append(time.perf_counter() - begun)
            return answers[-1]

        evaluation = evaluate(questions, ask, lambda _: "")
    found = evaluation.groups[ALL]
    figures = {name: round(getattr(found, name), 4) for name in ("moment1", "moment5", "sharp1")}
    moments = [tuple((one.resource.id, one.start) for one in answer.moments) for answer in answers]
    return Measured(figures, moments, sorted(times)[len(times) // 2])


def copied(folder: Path, server: str, name: str) -> ServerAddress:
    """Copy a library to the database of a name."""
    with psycopg.connect(f"{server}postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            connection.execute(f"CREATE DATABASE {name}".encode())
    address = parse_address(f"{server}{name}")
    assert isinstance(address, ServerAddress)
    to_server(folder, address, replacing_old=True)
    return address


def main() -> None:
    """Compare the sets that were asked for."""
    options = command_line("benchmarks.backends", __doc__)
    options.add_argument("work", type=Path)
    options.add_argument("server")
    options.add_argument("--sets", nargs="+", choices=QUESTIONS, default=["lectures", "dev", "fastai"])
    arguments = options.parse_args()
    results: dict[str, object] = {}
    for name in arguments.sets:
        folder = arguments.work / name / "library"
        questions = read_questions(QUESTIONS[name])
        with open_reader(folder) as library:
            encoder = SharedEncoder(library.card, LazyEncoder(library.card).get(), cached=len(questions))
        embedded = measure(folder, questions, encoder)
        server = measure(copied(folder, arguments.server, name), questions, encoder)
        same = sum(one[:1] == other[:1] for one, other in zip(embedded.answers, server.answers, strict=True))
        print(f"{name}: {len(questions)} questions, {same} with the same first moment")
        for backend, of in (("folder", embedded), ("server", server)):
            print(f"  {backend}: {of.figures}, {of.seconds * 1000:.1f} ms a question in the median, without its vector")
        results[name] = {"same first": same, "folder": embedded.figures, "server": server.figures}
    save(arguments.json, {"machine": describe(), "sets": results})


if __name__ == "__main__":
    main()
