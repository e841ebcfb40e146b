"""What it costs as a library grows: building, space on disk, questions, recall and changes, at several sizes.

    python -m benchmarks.scale BASE_LIBRARY WORK [--sizes 10000 100000 1000000] [--questions FILE] [--runs 5]
        [--json FILE] [--docs FILE] [--plots DIR]

Makes a library of each size of what BASE_LIBRARY holds (see synthetic.py) in WORK, where it stays for the next run, and
measures it beside exact search and FTS5 over the same chunks. FILE keeps the sizes that were measured before.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import machine, plots
from benchmarks.question_sets import LECTURES, QUESTIONS
from benchmarks.scale_report import drawings, to_text
from seekpoint.index.models.encoder import bundled_folder
from tests.readme import replaced

_COLD_QUESTION = "Why is the dot product divided by the square root of the dimension?"
# Where there are more chunks, the plain script's list of texts alone takes a gigabyte to read.
_MOST_PLAIN = 100_000


def main() -> None:
    """Measure the sizes that were asked for."""
    options = parser().parse_args()
    if options.plots:
        plots.need_matplotlib(parser())
    found = json.loads(options.json.read_text("utf-8")) if options.json and options.json.exists() else {"sizes": {}}
    for chunks in options.sizes:
        figures = found["sizes"].setdefault(str(chunks), {}) | {"chunks": chunks}
        for name, figure in measured(options.base, options.work, chunks, options.questions, options.runs):
            figures[name] = figure
            found |= {"machine": machine.describe(), "sizes": found["sizes"] | {str(chunks): figures}}
            machine.save(options.json, found)
    text = to_text(found)
    print(text)
    if options.docs:
        options.docs.write_text(replaced(options.docs.read_text("utf-8"), "scale", text.rstrip()), "utf-8")
    if options.plots:
        for name, panels in drawings(found).items():
            plots.draw_growth(panels, options.plots / name)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__.splitlines()[0])
    options.add_argument("base", type=Path, help="a library of real transcripts; it isn't changed")
    options.add_argument("work", type=Path, help="a folder for the libraries that are made")
    options.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000], metavar="CHUNKS")
    options.add_argument("--questions", type=Path, default=QUESTIONS[LECTURES])
    options.add_argument("--runs", type=int, default=5, help="how often a question is asked as a process")
    options.add_argument("--json", type=Path)
    options.add_argument("--docs", type=Path, metavar="FILE", help="put the tables in this document's block `scale`")
    options.add_argument("--plots", type=Path, metavar="DIR", help="draw SVG files there")
    return options


def measured(base: Path, work: Path, chunks: int, questions: Path, runs: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """All that is measured at one size, a part after the other."""
    folder = work / str(chunks)
    library, changed = folder / "library", folder / "changed"
    yield "build", built(base, folder, chunks)
    yield "disk", part("disk", library)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        plain = Path(scratch) / "plain"
        if chunks <= _MOST_PLAIN:
            plain.mkdir()
        yield "flat", part("flat", library, questions, plain)
        yield "cold", cold(library, plain, runs)
    yield "warm", part("warm", library, questions)
    yield "recall", part("recall", library, questions)
    shutil.rmtree(changed, ignore_errors=True)
    shutil.copytree(library, changed)
    if hasattr(os, "sync"):
        os.sync()  # or the first addition would wait until the copy is on the disk
    yield "change", part("change", changed, base)
    shutil.rmtree(changed)
    yield "fts5", part("fts5", library, questions, base, folder / "fts5.db")


def built(base: Path, folder: Path, chunks: int) -> dict[str, Any]:
    """Make the library unless it's there; how long that took and the most memory it held."""
    done, library = folder / "build.json", folder / "library"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        is_resumed = library.exists()
        taken = machine.run([sys.executable, "-m", "benchmarks.synthetic", *map(str, (base, library, chunks))])
        about = {"megabytes": taken.megabytes, "is_resumed": is_resumed, "load": os.getloadavg()[0]}
        machine.save(done, json.loads(taken.output) | about)
    found: dict[str, Any] = json.loads(done.read_text("utf-8"))
    return found


def part(name: str, *arguments: Path) -> dict[str, Any]:
    """What a process of its own measures, see scale_measures.py."""
    taken = machine.run([sys.executable, "-m", "benchmarks.scale_measures", name, *map(str, arguments)])
    print(f"{arguments[0]}: {name} took {taken.wall:.0f} s", file=sys.stderr, flush=True)
    found: dict[str, Any] = json.loads(taken.output)
    return found


def cold(library: Path, plain: Path, runs: int) -> dict[str, Any]:
    """What a question takes as a process, and the plain script if it can be asked, in turn; first ones don't count."""
    seekpoint = str(Path(sys.executable).with_name("seekpoint"))
    commands = {"seekpoint": [seekpoint, "ask", _COLD_QUESTION, "--index", str(library)]}
    if plain.is_dir():
        script = Path(__file__).with_name("plain_ask.py")
        commands["plain"] = [sys.executable, *map(str, (script, plain, bundled_folder())), _COLD_QUESTION]
    taken = [{name: machine.run(command) for name, command in commands.items()} for _ in range(runs + 1)][1:]
    kinds = ("wall", "processor", "megabytes")
    found = {name: {kind: [getattr(one[name], kind) for one in taken] for kind in kinds} for name in commands}
    return found | {"load": os.getloadavg()[0]}


if __name__ == "__main__":
    main()
