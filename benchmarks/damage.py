"""Damages a library in many ways, as a failing disk does, and sees what commands make of it.

    python -m benchmarks.damage FOLDER [--rounds 500] [--seed 0] [--talks 6]
    python -m benchmarks.damage FOLDER --index LIBRARY --list LIST --captions DIR

The library is a small one with an encoder of the tests, made in FOLDER, or a copy of LIBRARY, which `build LIST` with
its own model wouldn't change. Each round damages one file and keeps its time, then runs `status --check`, `remove` of
another resource, `--check`, `build`, `--check` and `ask`; and each command by itself. Prints how many damages were
laundered (a check passes while the contents are others), ended in a traceback, took two builds (the first one fails
where the second doesn't), and were mended, with and without reading a source again. Ends with exit code 1 if any was
laundered, ended in a traceback or took two builds.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from benchmarks.machine import describe
from seekpoint.index.models.encoder import load_encoder
from seekpoint.index.open import open_reader
from tests.damage_rounds import Bench, small, tally


def main() -> int:
    """Damage a library and print what came of it."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.damage", description=__doc__.splitlines()[0])
    options.add_argument("folder", type=Path, help="a folder to work in, which is emptied")
    options.add_argument("--rounds", type=int, default=500)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--talks", type=int, default=6, help="how many the library of the tests' encoder has")
    options.add_argument("--index", type=Path, help="a library to copy")
    options.add_argument("--list", type=Path, help="the list that it was built from")
    options.add_argument("--captions", type=Path, help="the captions that it was built from")
    arguments = options.parse_args()
    if arguments.index:
        with open_reader(arguments.index) as reader:
            encoder = load_encoder(reader.card.name)
        bench = Bench(arguments.index, arguments.list, arguments.captions, arguments.folder, encoder)
    else:
        bench = small(arguments.folder, arguments.talks)
    print(", ".join(f"{name} {value}" for name, value in describe().items()))
    started = time.monotonic()
    found = tally(bench, arguments.rounds, arguments.seed)
    print("\n".join([*found.laundered, *found.tracebacks, *found.unmended, *found.twice]))
    print(f"{found.text}\n{time.monotonic() - started:.0f} s")
    return 1 if found.laundered or found.tracebacks or found.twice else 0


if __name__ == "__main__":
    sys.exit(main())
