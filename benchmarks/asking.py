"""What a question takes in an open library, all told and by stage, and which of the nearest chunks it finds."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.base import connected
from benchmarks.machine import megabytes
from benchmarks.question_sets import Remembering
from benchmarks.synthetic import SHARES
from seekpoint.index.embedded.chunk_ranges import RangeScope
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.models import centring
from seekpoint.index.models.centring import centre_rows
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader
from seekpoint.index.sql import term_counts
from seekpoint.index.sql.stored_vectors import unpack_int8
from seekpoint.index.store import Reader
from seekpoint.index.text.languages import to_embed
from seekpoint.index.types import Encoder, Filters, Kind, Vectors
from seekpoint.query.evaluation.question_file import read_questions
from seekpoint.query.search import pipeline, question, ranking
from seekpoint.query.search.question import parse
from seekpoint.query.search.settings import AskOptions

WARM_UP = 5
"""So many questions open what is opened once, and aren't counted."""
CANDIDATES, TOP = 200, 10
_OPENINGS = 3
_BLOCK_ROWS = 8192
_ASKED_FOR_RECALL, _ASKED_UNDER_FILTERS = 100, 60
# A cosine is found if it's as high as the exact search's but for rounding.
_ROUNDING = 1e-5
STAGES = ("words", "translations", "names", "nearest", "scores", "chunks", "windows", "moments")


def questions_of(file: Path) -> list[str]:
    """The questions of a file, all different."""
    return list(dict.fromkeys(question.text for question in read_questions(file)))


def remembering(library: Reader, questions: Sequence[str]) -> Encoder:
    """An encoder that knows the questions already."""
    encoder = Remembering(LazyEncoder(library.card).get())
    for text in questions:
        encoder.question(to_embed(text))
    return encoder


# Warm questions


class Times:
    """Milliseconds of some calls: on the wall, and of the processor, which others on the machine disturb less."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.processor: list[float] = []

    def take(self, call: Callable[[], object]) -> None:
        """Call, and note how long that took."""
        started = time.perf_counter(), time.process_time()
        call()
        self.wall.append(1000 * (time.perf_counter() - started[0]))
        self.processor.append(1000 * (time.process_time() - started[1]))


def warm(folder: Path, file: Path) -> dict[str, Any]:
    """What each question takes in an open library when it's first asked: all told, under filters, and by stage.

    The library is opened three times, and the least of a question's times counts: others are at work on the machine.
    """
    questions = questions_of(file)
    with open_reader(folder) as library:
        encoder = remembering(library, questions)
        taken = [asked(questions, library, encoder)]
        found: dict[str, Any] = {"megabytes": megabytes()}
    while len(taken) < _OPENINGS:
        with open_reader(folder) as library:
            taken.append(asked(questions, library, encoder))
    found["all"] = {kind: list(map(min, *(vars(times)[kind] for times in taken))) for kind in vars(taken[0])}
    found["filtered"] = {}
    for section in SHARES:
        with open_reader(folder) as library:
            times = asked(some(questions, _ASKED_UNDER_FILTERS), library, encoder, Filters(section=section))
        found["filtered"][section] = vars(times)
    with EmbeddedReader.open(folder) as library:
        return found | {"stages": by_stage(questions, library, encoder)}


def some(questions: Sequence[str], number: int) -> Sequence[str]:
    return questions[:: max(len(questions) // number, 1)]


def asked(questions: Sequence[str], library: Reader, encoder: Encoder, filters: Filters | None = None) -> Times:
    """Ask each question, some before the others are timed."""
    times = Times()
    for number, text in enumerate(questions):
        if number < WARM_UP:
            pipeline.ask(text, library, encoder, AskOptions(filters=filters or Filters()))
        else:
            times.take(partial(pipeline.ask, text, library, encoder, AskOptions(filters=filters or Filters())))
    return times


def by_stage(questions: Sequence[str], library: EmbeddedReader, encoder: Encoder) -> dict[str, list[float]]:
    """Milliseconds of the processor for each question by stage, and what is left as `rest`."""
    watch, times = Stopwatch(), Times()
    taken: dict[str, list[float]] = {stage: [] for stage in (*STAGES, "rest")}
    asked(questions[:WARM_UP], library, encoder)
    with watch.watching(_watched(library)):
        for question in questions[WARM_UP:]:
            watch.seconds.clear()
            times.take(partial(pipeline.ask, question, library, encoder))
            for stage in STAGES:
                taken[stage].append(1000 * watch.seconds[stage])
            taken["rest"].append(times.processor[-1] - 1000 * sum(watch.seconds.values()))
    return taken


def _watched(library: EmbeddedReader) -> Iterator[tuple[object, str, str]]:
    """What is called in each stage: where it is, its name, and the stage."""
    yield from ((library.words, name, "words") for name in ("frequencies", "by_terms"))
    yield from ((library.words, name, "translations") for name in ("group_frequencies", "by_groups"))
    yield library, "translations", "translations"
    yield from ((question, name, "translations") for name in ("translated_words", "weigh"))
    yield library, "titles", "names"
    yield from ((library.vectors, "nearest", "nearest"), (centring, "cosines", "scores"))
    yield from ((ranking, name, "scores") for name in ("term_scores", "group_scores"))
    yield from ((term_counts, "term_matrix", "chunks"), (library, "evidence", "chunks"))
    yield from ((library, "pieces", "windows"), (ranking, "windows", "windows"))
    yield pipeline, "moments", "moments"


class Stopwatch:
    """Adds up a thread's seconds in functions, by stage; those of one that another calls count for its own stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._called = local()

    @contextmanager
    def watching(self, functions: Iterable[tuple[object, str, str]]) -> Iterator[None]:
        """Watch functions, by where they are, their names and stages."""
        with ExitStack() as undo:
            for place, name, stage in functions:
                function, is_own = getattr(place, name), name in vars(place)
                setattr(place, name, self._timed(function, stage))
                undo.callback(setattr, place, name, function) if is_own else undo.callback(delattr, place, name)
            yield

    def _timed(self, function: Callable[..., object], stage: str) -> Callable[..., object]:
        def timed(*arguments: object, **options: object) -> object:
            before: float = getattr(self._called, "seconds", 0.0)
            self._called.seconds, started = 0.0, time.thread_time()
            try:
                found = function(*arguments, **options)
                return list(found) if isinstance(found, Iterator) else found
            finally:
                taken = time.thread_time() - started
                self.seconds[stage] += taken - self._called.seconds
                self._called.seconds = before + taken

        return timed


# Recall


def recall(folder: Path, file: Path) -> dict[str, Any]:
    """How many of the ten nearest are found among the candidates, without a filter and with each; and how fast."""
    with EmbeddedReader.open(folder) as library:
        questions = some(questions_of(file), _ASKED_FOR_RECALL)
        encoder = remembering(library, questions)
        centred = np.stack([parse(question, encoder, library.languages()).vector for question in questions])
        return recalled(folder, library, centred)


def recalled(folder: Path, library: EmbeddedReader, questions: Vectors) -> dict[str, dict[str, Any]]:
    """The recall of centred questions by filter."""
    scopes = {name: scope_of(library, filters) for name, filters in filters_of(library).items()}
    scopes = {name: scope for name, scope in scopes.items() if len(scope)}
    exact = exactly(folder, library, questions, scopes)
    return {
        name: _recall(library, questions, scope, exact[name]) | {"chunks": len(scope)} for name, scope in scopes.items()
    }


def filters_of(library: EmbeddedReader) -> dict[str, Filters]:
    """Filters of several kinds, by what they keep; none to begin with."""
    found = {"all": Filters()} | {f"section: {name}": Filters(section=name) for name in SHARES}
    found |= {f"kind: {kind}": Filters(kind=kind) for kind in (Kind.DOCUMENT, Kind.RECORDING)}
    found |= {f"language: {name}": Filters(language=name) for name in library.languages()}
    return found | {"one resource": Filters(resource=library.holdings.transcripts[0].resource_id)}


def scope_of(library: EmbeddedReader, filters: Filters) -> RangeScope:
    """The chunks that a filter keeps."""
    scope = library.scope(filters)
    assert isinstance(scope, RangeScope)
    return scope


def _recall(library: EmbeddedReader, questions: Vectors, scope: RangeScope, exact: Vectors) -> dict[str, Any]:
    shares, times = [], Times()
    for vector, best in zip(questions, exact, strict=True):
        found: list[float] = []

        def ask(vector: Vectors = vector, found: list[float] = found) -> None:
            ids = library.vectors.nearest(vector, CANDIDATES, scope.ranges).chunks.tolist()
            found += sorted(library.evidence(ids, vector).cosines, reverse=True)

        times.take(ask)
        due = best[np.isfinite(best)]
        shares.append(float((np.array(found[: len(due)]) >= due.min() - _ROUNDING).sum()) / len(due))
    return {"recall": float(np.mean(shares))} | vars(times)


def exactly(
    folder: Path, library: EmbeddedReader, questions: Vectors, scopes: Mapping[str, RangeScope]
) -> dict[str, Vectors]:
    """The ten highest cosines of each question under each filter, by comparing all vectors."""
    best = {name: np.full((len(questions), TOP), -np.inf, np.float32) for name in scopes}
    for ids, rows in stored_vectors(folder, library.card.dimension):
        cosines = questions @ centre_rows(library.holdings.languages_of(ids), rows, library.means.chunks).T
        for name, scope in scopes.items():
            here = cosines if scope.ranges is None else cosines[:, scope.ranges.contains(ids)]
            both = np.concatenate([best[name], here], axis=1)
            best[name] = np.partition(both, -TOP, axis=1)[:, -TOP:]
    return best


def stored_vectors(folder: Path, dimension: int) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
    """All vectors as they were embedded, some thousand at a time, with the chunks' ids."""
    with closing(connected(folder)) as connection:
        cursor = connection.execute("SELECT chunk_id, data FROM vector ORDER BY chunk_id")
        while rows := cursor.fetchmany(_BLOCK_ROWS):
            yield np.array([row[0] for row in rows], np.int64), unpack_int8([row[1] for row in rows], dimension)
