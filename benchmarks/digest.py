"""Measures the digest: 320 episodes of a podcast come in ten steps, and 40 kept questions are asked after each.

    python -m benchmarks.digest WORK [--built]

Builds the library in WORK step by step, of 32 episodes each, and copies it after each step (`--built` takes the copies
that are there). Writes WORK/candidates.jsonl: for each step but the first, and each kept question, the three new
moments that rank first, with what is said there. benchmarks/questions/digest.jsonl has the judgements of readers who
saw these texts and the questions alone: `answers` is yes, partly or no. Prints which share of the moments that a digest
lists answer, and which share of the moments judged as answers it lists; beside it, the moments that rank first, those
of `high` answers, and all three.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import seekpoint
from benchmarks.question_sets import Remembering, lay_out
from seekpoint.index.address import parse_address
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.index.types import Filters
from seekpoint.query.answers import Confidence, Moment
from seekpoint.query.digest import digest
from seekpoint.query.search import pipeline
from seekpoint.query.search.settings import AskOptions

STEPS, EPISODES, SHOWN = 10, 32, 3
QUESTIONS, JUDGED = (Path(__file__).parent / "questions" / name for name in ("kept.txt", "digest.jsonl"))
# Seconds before and after a moment that a reader saw.
_BEFORE, _AFTER = 5.0, 100.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--built", action="store_true")
    arguments = parser.parse_args()
    if not arguments.built:
        build(arguments.work)
    questions = QUESTIONS.read_text("utf-8").splitlines()
    rows = [row for step in range(1, STEPS) for row in candidates(arguments.work / f"step{step}", step, questions)]
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    (arguments.work / "candidates.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    if JUDGED.exists():
        report(rows, [json.loads(line) for line in JUDGED.read_text("utf-8").splitlines()])


def build(work: Path) -> None:
    """Build the library step by step, in the order of the episodes, and copy it after each."""
    corpus, folder = lay_out("syntax", work), work / "library"
    lines = [line for line in corpus.reading_list.read_text("utf-8").splitlines() if line.startswith("- ")]
    lines.sort(key=lambda line: int(re.findall(r"syntax(\d+)", line)[-1]))
    for step in range(STEPS):
        (work / "steps.md").write_text("\n".join(lines[: EPISODES * (step + 1)]) + "\n", "utf-8")
        began = time.time()
        seekpoint.build(work / "steps.md", folder, captions=corpus.captions)
        shutil.copytree(folder, work / f"step{step}")
        (work / f"since{step}").write_text(str(began))


def candidates(library: Path, step: int, questions: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The first new moments of each question, with whether a digest lists them."""
    since = float((library.parent / f"since{step}").read_text())
    with open_reader(parse_address(str(library))) as reader:
        encoder = Remembering(LazyEncoder(reader.card).get())
        ask: Callable[..., Any] = partial(_ask, reader=reader, encoder=encoder)
        listed = digest(reader, ask, since, [*questions])
        for news in listed.questions:
            places = {(moment.resource.id, moment.start) for moment in news.moments}
            answer = ask(news.question, AskOptions(SHOWN, Filters(added=int(since)), 2))
            for moment in (*answer.moments, *(each for each in news.moments if each.rank > SHOWN)):
                yield {
                    "step": step, "question": news.question, "resource": moment.resource.id, "start": moment.start,
                    "rank": moment.rank, "score": moment.score, "high": answer.confidence is Confidence.HIGH,
                    "listed": (moment.resource.id, moment.start) in places, "title": moment.resource.title,
                    "text": said(moment, reader),
                }  # fmt: skip


def _ask(question: str, options: AskOptions, *, reader: Reader, encoder: Remembering) -> object:
    return pipeline.ask(question, reader, encoder, options)


def said(moment: Moment, reader: Reader) -> str:
    """What is said around a moment; it begins at `>>`."""
    start = moment.start or 0.0
    cues = reader.transcripts(moment.resource.id, moment.language)[0].cues
    near = [cue for cue in cues if start - _BEFORE <= cue.end and cue.start <= start + _AFTER]
    first = next((number for number, cue in enumerate(near) if cue.end > start), 0)
    return " ".join(f">> {cue.text}" if number == first else cue.text for number, cue in enumerate(near))


def report(rows: Iterable[Mapping[str, Any]], judged: Iterable[Mapping[str, Any]]) -> None:
    """Print the precision and the share of the answers found of each choice."""
    answers = {(row["step"], row["question"], row["resource"], row["start"]): row["answers"] for row in judged}
    seen = [(row, verdict) for row in rows if (verdict := answers.get(_key(row)))]
    right = sum(verdict == "yes" for _, verdict in seen)
    partly = sum(verdict == "partly" for _, verdict in seen)
    print(f"{len(seen)} moments judged: {right} answer, {partly} partly")
    choices: dict[str, Callable[[Mapping[str, Any]], bool]] = {
        "listed by the digest": lambda row: row["listed"],
        "first of a high answer": lambda row: row["high"] and row["rank"] == 1,
        "all three of a high answer": lambda row: row["high"],
        "first of any answer": lambda row: row["rank"] == 1,
        "all three": lambda row: True,
    }
    for name, chooses in choices.items():
        for half in ("all", "first half", "second half"):
            chosen = [verdict for row, verdict in seen if chooses(row) and _is_in(row, half)]
            of = [verdict for row, verdict in seen if _is_in(row, half)]
            yes, some = chosen.count("yes"), chosen.count("yes") + chosen.count("partly")
            found = yes / max(of.count("yes"), 1)
            share = f"answer {yes / max(len(chosen), 1):.2f}, partly too {some / max(len(chosen), 1):.2f}"
            print(f"{name:28} {half:12} {len(chosen):4} moments: {share}; {found:.2f} of the answers")


def _key(row: Mapping[str, Any]) -> tuple[Any, Any, Any, Any]:
    return row["step"], row["question"], row["resource"], row["start"]


def _is_in(row: Mapping[str, Any], half: str) -> bool:
    """Whether a row's question is in a half: those of even numbers were looked at for the rule, the others weren't."""
    number = QUESTIONS.read_text("utf-8").splitlines().index(row["question"])
    return half == "all" or (half == "first half") == (number % 2 == 0)


if __name__ == "__main__":
    main()
