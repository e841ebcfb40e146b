"""Milliseconds to embed a question with the bundled model, by how OpenMP's threads wait and where they run.

usage: python -m benchmarks.question_threads QUESTIONS [--rounds 2] [--json FILE]

QUESTIONS has one a line. Each way is a process of its own, alone and beside others that keep processors busy; between
two questions it pauses, as a reader does.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import machine

_ROAMING, _SLEEPING = {"OMP_PROC_BIND": "false"}, {"GOMP_SPINCOUNT": "0"}
_WAYS: Mapping[str, Mapping[str, str]] = {
    "as it is": {},
    "bound, asleep at once": _SLEEPING,
    "not bound": _ROAMING,
    "not bound, asleep at once": {**_ROAMING, **_SLEEPING},
    "not bound, spinning": {**_ROAMING, "OMP_WAIT_POLICY": "active", "GOMP_SPINCOUNT": "INFINITY"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
_BUSY = (0, 1, 2, 4)
_MEASURE = """
import json, sys, time
from seekpoint.index.models.encoder import BundledEncoder

encoder, taken = BundledEncoder(), []
questions = json.load(sys.stdin)
for question in [*questions[:5], *questions]:
    time.sleep(0.05)
    started = time.perf_counter()
    encoder.question(question)
    taken.append(1000 * (time.perf_counter() - started))
print(json.dumps(taken[5:]))
"""
_BUSYWORK = "while True: pass"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    questions = [line for line in options.questions.read_text("utf-8").splitlines() if line.strip()]
    about, found = machine.describe(), dict[str, dict[str, list[float]]]()
    print(f"{about['processor']}, {about['cores']} cores, revision {about['revision']}; {len(questions)} questions")
    for count in _BUSY:
        with busy(count):
            taken = measured(questions, options.rounds)
        print(f"beside {count} busy processes:")
        for way, times in taken.items():
            middle, high = statistics.median(times), statistics.quantiles(times, n=20)[-1]
            print(f"  {way:26} median {middle:6.1f}  95th percentile {high:6.1f} ms")
        found[str(count)] = taken
    machine.save(options.json, {"machine": about, "taken": found})


def measured(questions: Sequence[str], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each question in each way, in turns."""
    taken: dict[str, list[float]] = {way: [] for way in _WAYS}
    for _ in range(rounds):
        for way, settings in _WAYS.items():
            finished = subprocess.run(
                [sys.executable, "-c", _MEASURE],
                input=json.dumps(questions),
                env={**os.environ, **settings},
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            taken[way] += json.loads(finished.stdout)
    return taken


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Run so many processes that do nothing but take time."""
    processes = [subprocess.Popen([sys.executable, "-c", _BUSYWORK]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
