"""Measures what a reading is worth: libraries of which somebody noted, once, which questions are answered where.

    python -m benchmarks.read_once WORK_DIR [--sets broad dev fastai tutorialvqa] [--built] [--json FILE] [--docs FILE]

WORK_DIR is that of benchmarks.quality. The readings of broad and of every second talk of dev are in readings/, written
by language models that saw the transcripts alone; those of fastai and tutorialvqa in $SEEKPOINT_SHARED/readings. A line
has `v`, a resource's id, `t`, a second, and a question in `en` and `zh`, or a `title`. Asks without, with the reading,
and with worse ones: half of the talks, every second question, seconds that are off, and a third of the questions
moved to another talk, as they are and after the check of seekpoint/query/reading/noting.py.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from benchmarks.machine import command_line, describe, save
from benchmarks.question_sets import SETS, Remembering, built, library_of, questions_of
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_keeper, open_reader
from seekpoint.index.store import Reader
from seekpoint.index.text.languages import to_embed
from seekpoint.index.text.stretches import Stretch, number_at, stretches
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Chapter, Encoder, NotedQuestion, ReadStretch
from seekpoint.query.answers import Confidence
from seekpoint.query.evaluation.metrics import DEPTH, judge
from seekpoint.query.evaluation.question_file import Question
from seekpoint.query.reading.noting import is_answered
from seekpoint.query.reading.unread_stretches import UnreadStretch
from seekpoint.query.search import pipeline
from seekpoint.query.search.settings import AskOptions
from tests.readme import write_block
from tests.shared import SHARED

READINGS = {
    "broad": Path(__file__).parent / "readings" / "broad.jsonl",
    "dev": Path(__file__).parent / "readings" / "dev.jsonl",
    "fastai": SHARED / "readings" / "fastai.jsonl",
    "tutorialvqa": SHARED / "readings" / "tutorialvqa.jsonl",
}
_LANGUAGES = ("en", "zh")
_OFF = 20.0

Row = Mapping[str, Any]
"""A line of a reading."""


class Figures(NamedTuple):
    """How many are answered right: by the first moment, by one of five, within 15 s; and where the confidence is high.

    `near` is the share of the questions that nothing there answers with high confidence.
    """

    moment1: float
    moment5: float
    sharp1: float
    high: float
    right: float
    near: float


def worse(rows: Sequence[Row], how: str) -> list[Row]:
    """A worse reading."""
    rng, videos = random.Random(5), sorted({row["v"] for row in rows})
    if how == "half of the talks":
        return [row for row in rows if row["v"] in videos[::2]]
    if how == "every second question":
        return list(rows[::2])
    if how == f"{_OFF:.0f} s off":
        return [{**row, "t": max(row["t"] + rng.choice((-_OFF, _OFF)), 0.0)} for row in rows]
    if how == "a third from elsewhere":
        places = [(row["v"], row["t"]) for row in rows]
        moved = (rng.choice(places) if rng.random() < 1 / 3 else (row["v"], row["t"]) for row in rows)
        return [{**row, "v": video, "t": second} for row, (video, second) in zip(rows, moved, strict=True)]
    return list(rows)


def note(library: Path, rows: Iterable[Row], encoder: Encoder, *, checked: bool = False) -> int:
    """Keep a reading, or with `checked` what passes the check of meaning; returns the number of questions."""
    by_video: dict[str, list[Row]] = {}
    for row in rows:
        by_video.setdefault(row["v"], []).append(row)
    count = 0
    with open_reader(library) as reader, open_keeper(library) as keeper:
        held = {status.id: status for status in reader.statuses() if status.chunks}
        for video, noted in by_video.items():
            if video in held:
                transcript = reader.transcripts(video)[0]
                for stretch in stretches(transcript.cues):
                    unread = UnreadStretch(held[video].resource, transcript.language, stretch, "", _LANGUAGES)
                    own = [row for row in noted if number_at(row["t"]) == stretch.number]
                    kept = _read(unread, stretch, own, reader, encoder, checked=checked)
                    count += len(kept.questions)
                    keeper.keep(kept)
    return count


def _read(
    unread: UnreadStretch, stretch: Stretch, rows: Sequence[Row], reader: Reader, encoder: Encoder, *, checked: bool
) -> ReadStretch:
    pairs = []
    for row, language in ((row, language) for row in rows for language in _LANGUAGES if language in row):
        vector = encoder.question(to_embed(row[language]))
        if not checked or is_answered(vector, language, unread, reader):
            pairs.append((NotedQuestion(float(row["t"]), language, row[language]), vector))
    titles = tuple(Chapter(float(row["t"]), row["title"], generated=True) for row in rows if "title" in row)
    return ReadStretch(
        unread.resource.id, stretch.number, unread.language, stretch.digest, "a careful reader",
        tuple(question for question, _ in pairs), titles, np.array([vector for _, vector in pairs]) if pairs else None,
    )  # fmt: skip


def figures(library: Path, questions: Sequence[Question], encoder: Encoder) -> Figures:
    """Ask all questions that have words."""
    with open_reader(library) as reader:
        asked = [question for question in questions if terms(question.text)]
        answers = [pipeline.ask(question.text, reader, encoder, AskOptions(DEPTH)) for question in asked]
    judged = [
        (judge(question, answer.moments), answer.confidence is Confidence.HIGH)
        for question, answer in zip(asked, answers, strict=True)
        if question.spans
    ]
    near = [
        answer.confidence is Confidence.HIGH
        for question, answer in zip(asked, answers, strict=True)
        if not question.spans
    ]
    claimed = [each.moment1 for each, is_high in judged if is_high]
    return Figures(
        fmean(each.moment1 for each, _ in judged),
        fmean(each.moment5 for each, _ in judged),
        fmean(each.sharp1 for each, _ in judged),
        fmean(is_high for _, is_high in judged),
        fmean(claimed or [0.0]),
        fmean(near or [0.0]),
    )


WORSE = ("half of the talks", "every second question", f"{_OFF:.0f} s off", "a third from elsewhere")


def measure(name: str, folder: Path) -> dict[str, dict[str, Figures]]:
    """The figures of each set of a library, by reading."""
    rows = [json.loads(line) for line in READINGS[name].read_text("utf-8").splitlines()]
    variants: dict[str, tuple[Sequence[Row], bool]] = {"without": ((), False), "with": (rows, False)}
    variants |= {how: (worse(rows, how), False) for how in WORSE}
    variants["the same, checked"] = (variants[WORSE[-1]][0], True)
    found: dict[str, dict[str, Figures]] = {}
    with open_reader(folder) as library:
        encoder = Remembering(LazyEncoder(library.card).get())
    for how, (reading, checked) in variants.items():
        copy = folder.parent / "read" / "library"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        count = note(copy, reading, encoder, checked=checked) if reading else 0
        for each in (each for each in SETS if library_of(each) == name):
            label = f"{how} ({count:,})" if count else how
            found.setdefault(each, {})[label] = figures(copy, questions_of(each), encoder)
    return found


def to_markdown(found: Mapping[str, Mapping[str, Figures]]) -> str:
    """A row for each set and reading; behind a reading is its number of questions."""
    lines = ["| set | reading | right first | among five | sharp | high | right where high | near the topic, high |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for name, by_reading in found.items():
        for how, row in by_reading.items():
            lines.append(f"| {name} | {how} | {' | '.join(f'{value:.3f}' for value in row)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print."""
    options = command_line("benchmarks.read_once", __doc__, "read-once")
    options.add_argument("work", type=Path)
    options.add_argument("--sets", nargs="+", choices=READINGS, default=list(READINGS))
    options.add_argument("--built", action="store_true", help="take the libraries as they are")
    arguments = options.parse_args()
    found: dict[str, dict[str, Figures]] = {}
    for name in arguments.sets:
        folder = arguments.work / name / "library" if arguments.built else built(name, arguments.work)
        found |= measure(name, folder)
    text = to_markdown(found)
    print(text)
    save(arguments.json, {"machine": describe(), "sets": {name: dict(rows) for name, rows in found.items()}})
    write_block(arguments.docs, "read-once", text)


if __name__ == "__main__":
    main()
