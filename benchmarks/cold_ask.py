"""A cold question as a whole process: `seekpoint ask` and a plain sentence-transformers script, in turn.

usage: python -m benchmarks.cold_ask LIBRARY [--runs 7] [--question TEXT] [--json FILE]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import machine
from seekpoint.index.models.encoder import bundled_folder


def main() -> None:
    parser = machine.command_line("benchmarks.cold_ask", __doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--question", default="Why is the dot product divided by the square root of the dimension?")
    options = parser.parse_args()
    ours = [str(Path(sys.executable).with_name("seekpoint")), "ask", options.question, "--index", str(options.library)]
    with tempfile.TemporaryDirectory() as scratch:
        # In a process of its own: a child's peak counts what its parent holds when it is started.
        prepare = [sys.executable, "-m", "benchmarks.plain", str(options.library), scratch]
        chunks = int(subprocess.run(prepare, check=True, capture_output=True, text=True).stdout)
        plain = [
            sys.executable,
            str(Path(__file__).with_name("plain.py")),
            scratch,
            str(bundled_folder()),
            options.question,
        ]
        timings = measure({"seekpoint": ours, "plain": plain}, options.runs)
    report(timings, chunks, options.json)


def measure(commands: dict[str, list[str]], runs: int) -> dict[str, list[tuple[float, float]]]:
    """Wall seconds and peak megabytes of each command, run in turn, after one run of each that doesn't count."""
    timings: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for k in range(runs + 1):
        for name, command in commands.items():
            taken = machine.run(command)
            if k:
                timings[name].append((taken.wall, taken.megabytes))
    return timings


def report(timings: dict[str, list[tuple[float, float]]], chunks: int, path: Path | None) -> None:
    """Print what was measured, and the ratio of the pairs."""
    about = machine.describe()
    print(
        f"{about['processor']}, {about['cores']} cores, Python {about['python']}, "
        f"revision {about['revision']}; {chunks:,} chunks"
    )
    for name, values in timings.items():
        print(
            f"{name:10} {machine.spread([wall for wall, _ in values], 's')}   "
            f"peak {max(peak for _, peak in values):.0f} MB"
        )
    ratios = [plain / ours for (ours, _), (plain, _) in zip(timings["seekpoint"], timings["plain"], strict=True)]
    print(f"{'ratio':10} {machine.spread(ratios, 'times faster')}")
    machine.save(path, {"machine": about, "chunks": chunks, "timings": timings, "ratio": statistics.median(ratios)})


if __name__ == "__main__":
    main()
