"""Milliseconds a question in an open library takes, but for embedding it: all of a file's, in several rounds.

usage: python -m benchmarks.warm_ask LIBRARY QUESTIONS [--rounds 3] [--json FILE]

QUESTIONS has one a line. The first round tells what a question takes that wasn't asked before.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.remembering import Remembering
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.index.types import Encoder
from seekpoint.query.search import pipeline
from seekpoint.query.serving.question_encoder import to_embed

# So many questions open what is opened once: the vector file, the dictionaries, imported modules.
_WARM_UP = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("library", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    questions = [line for line in options.questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    with open_reader(options.library) as library:
        encoder = Remembering(LazyEncoder(library.card).get())
        for question in questions:
            encoder.question(to_embed(question))
        measure(questions[:_WARM_UP], library, encoder)
        rounds = [measure(questions, library, encoder) for _ in range(options.rounds)]
    report(rounds, options.json)


def measure(questions: Sequence[str], library: Reader, encoder: Encoder) -> list[float]:
    """Milliseconds of each question."""
    taken = []
    for question in questions:
        started = time.perf_counter()
        pipeline.ask(question, library, encoder)
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def report(rounds: Sequence[Sequence[float]], path: Path | None) -> None:
    """Print what was measured, each round."""
    about = machine.describe()
    print(f"{about['processor']}, {about['cores']} cores, revision {about['revision']}; {len(rounds[0])} questions")
    for k, taken in enumerate(rounds, 1):
        p95 = statistics.quantiles(taken, n=20)[-1]
        print(f"round {k}  min {min(taken):.1f}  median {statistics.median(taken):.1f}  95th percentile {p95:.1f} ms")
    machine.save(path, {"machine": about, "milliseconds": rounds})


if __name__ == "__main__":
    main()
