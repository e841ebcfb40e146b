"""Measures how often the confidence is right, each set judged with constants that were fitted without it.

    python -m tests.benchmarks.confidence WORK_DIR [--built] [--json FILE] [--plots DIR] [--docs FILE]

WORK_DIR is that of tests.benchmarks.quality: libraries that lie there are brought up to date, or with --built taken as
they are. Each is asked its own questions and those of questions/off-topic.jsonl, which no library here answers: half of
these are fitted with, the others tested with. Prints the constants that are fitted with all sets, too. Plots show the
estimate alone.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

import seekpoint
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Encoder, Filters
from seekpoint.query.evaluation.metrics import judge
from seekpoint.query.evaluation.question_file import Question, read_questions
from seekpoint.query.search import confidence, pipeline
from seekpoint.query.search.confidence import Calibration, Features
from seekpoint.query.search.settings import AskOptions
from tests.benchmarks import confidence_plots
from tests.benchmarks.calibration import Asking, Judge, Judged, Row, fit, thresholds
from tests.benchmarks.machine import describe, save
from tests.benchmarks.plots import need_matplotlib
from tests.benchmarks.question_sets import QUESTIONS, lay_out
from tests.benchmarks.remembering import Remembering
from tests.readme import replaced

OFF_TOPIC = Path(__file__).parent / "questions" / "off-topic.jsonl"
SETS = ("broad", "lectures", "dev", "fastai", "tutorialvqa")
# Recordings of a set that are asked alone, and how many of its questions about.
_ALONE, _ASKED_ALONE = 3, 100
_STATES = ("none", "high")
Fitted = Callable[[Sequence[Row]], tuple[Judge, float, float]]
"""Gives the certainty and its two thresholds, fitted with some rows."""


def asked(name: str, folder: Path) -> Iterator[Row]:
    """Put a set's questions and the off-topic ones to its library, and to a few of its recordings alone."""
    questions = read_questions(QUESTIONS[name])
    with open_reader(folder) as library:
        encoder = Remembering(LazyEncoder(library.card).get())
        yield from _rows(name, questions, library, encoder)
        recordings = sorted({span.video_id for question in questions for span in question.spans})
        for recording in recordings[:: max(len(recordings) // _ALONE, 1)][:_ALONE]:
            yield from _rows(name, questions[:: len(questions) // _ASKED_ALONE + 1], library, encoder, recording)


def _rows(
    name: str, questions: Sequence[Question], library: Reader, encoder: Encoder, recording: str | None = None
) -> Iterator[Row]:
    held_out = {row["qid"] for row in _lines(OFF_TOPIC) if row["half"] == "test"}
    off_topic = read_questions(OFF_TOPIC)
    for question in (*questions, *off_topic):
        if not terms(question.text):
            continue
        answer = pipeline.ask(
            question.text, library, encoder, AskOptions(1, Filters(resource=recording), explained=True)
        )
        if not answer.estimate:
            continue
        spans = [span for span in question.spans if recording in (None, span.video_id)]
        estimate = answer.estimate
        yield Row(
            name,
            Asking.OFF if question in off_topic else Asking.ANSWERABLE if spans else Asking.NEAR,
            Features(estimate.meaning, estimate.unsaid, estimate.unknown, estimate.size),
            answer.moments[0].score,
            is_right=bool(spans) and judge(question, answer.moments).moment1,
            held_out=question.id in held_out,
            alone=recording is not None,
        )


def _lines(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def by_our_estimate(rows: Sequence[Row]) -> tuple[Judge, float, float]:
    """The estimate, fitted with these rows."""
    calibration = fit(rows)
    return lambda row: calibration.logit(row.features), calibration.low, calibration.high


def by(value: Judge) -> Fitted:
    """A threshold on one value, chosen with these rows."""
    return lambda rows: (value, *thresholds([row for row in rows if not row.held_out], value))


SYSTEMS: Mapping[str, Fitted] = {
    "estimate": by_our_estimate,
    "score alone": by(lambda row: row.score),
    "meaning alone": by(lambda row: row.features.meaning),
}


def judged_without(rows: Sequence[Row], fitted: Fitted) -> dict[str, Judged]:
    """By set: its questions, judged by what was fitted without the set."""
    found = {}
    for name in dict.fromkeys(row.set for row in rows):
        certainty, low, high = fitted([row for row in rows if row.set != name])
        found[name] = Judged([(row, certainty(row)) for row in rows if row.set == name and is_tested(row)], low, high)
    return found


def is_tested(row: Row) -> bool:
    """Whether shares count the question: it was put to the whole library, and if off-topic, isn't fitted with."""
    return not row.alone and (row.asking is not Asking.OFF or row.held_out)


def left_out(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, float]]]:
    """By system and set: the shares of each kind of question with each confidence, fitted without the set."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for system, fitted in SYSTEMS.items():
        found[system] = {name: _shares(judged) for name, judged in judged_without(rows, fitted).items()}
        keys = dict.fromkeys(key for shares in found[system].values() for key in shares)
        found[system]["mean"] = {
            key: fmean(shares[key] for shares in found[system].values() if key in shares) for key in keys
        }
    return found


def _shares(judged: Judged) -> dict[str, float]:
    groups: dict[str, list[float]] = {}
    for row, certainty in judged.rows:
        groups.setdefault(row.asking, []).append(certainty)
        if row.is_right:
            groups.setdefault("right", []).append(certainty)
    shares = {}
    for group, values in groups.items():
        shares[f"{group} none"] = fmean(value < judged.low for value in values)
        shares[f"{group} high"] = fmean(value >= judged.high for value in values)
    return shares


def to_markdown(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """A row for each system and set."""
    columns = [f"{group} {state}" for group in (Asking.OFF, Asking.NEAR, Asking.ANSWERABLE) for state in _STATES]
    columns.insert(5, "right none")
    lines = [f"| constants without | set | {' | '.join(columns)} |", "|---|---|" + "---|" * len(columns)]
    for system, sets in found.items():
        for name, shares in sets.items():
            cells = [f"{shares[column]:.3f}" if column in shares else "" for column in columns]
            lines.append(f"| {system} | {name} | {' | '.join(cells)} |")
    return "\n".join(lines).replace("constants without", "by")


def as_code(calibration: Calibration) -> str:
    """The constants as they stand in seekpoint/query/search/confidence.py."""
    weights = ", ".join(f"{name}={value:.2f}" for name, value in calibration.weights._asdict().items())
    return (
        f"Calibration({calibration.bias:.2f}, Features({weights}), "
        f"low={calibration.low:.2f}, high={calibration.high:.2f})"
    )


def measure(work: Path, built: bool) -> list[Row]:
    """Build what isn't there, and ask."""
    rows: list[Row] = []
    for name in SETS:
        folder = work / name / "library"
        if not built:
            corpus = lay_out(name, work)
            seekpoint.build(corpus.reading_list, folder, captions=corpus.captions)
        rows += asked(name, folder)
    return rows


def main() -> None:
    """Measure, and print both."""
    options = argparse.ArgumentParser(prog="python -m tests.benchmarks.confidence", description=__doc__.splitlines()[0])
    options.add_argument("work", type=Path)
    options.add_argument("--built", action="store_true", help="take the libraries as they are")
    options.add_argument("--json", type=Path)
    options.add_argument("--plots", type=Path, metavar="DIR", help="draw SVG files there")
    options.add_argument("--docs", type=Path, metavar="FILE", help="put the table in its block `confidence`")
    arguments = options.parse_args()
    if arguments.plots:
        need_matplotlib(options)
    rows = measure(arguments.work, arguments.built)
    found = left_out(rows)
    text = to_markdown(found)
    shipped = confidence.BUNDLED_CALIBRATION
    print(text)
    print("\nfitted with all sets:", as_code(fit(rows)))
    print("without the meaning:", as_code(fit(rows, (False, True, True, True))))
    own = [(row, shipped.logit(row.features)) for row in rows if is_tested(row)]
    shares = _shares(Judged(own, shipped.low, shipped.high))
    print("shipped, on all sets together:", {group: round(share, 3) for group, share in shares.items()})
    save(arguments.json, {"machine": describe(), "confidence": found})
    if arguments.plots:
        confidence_plots.draw(judged_without(rows, by_our_estimate), arguments.plots)
    if arguments.docs:
        arguments.docs.write_text(replaced(arguments.docs.read_text("utf-8"), "confidence", text), "utf-8")


if __name__ == "__main__":
    main()
