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
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks import machine, plots
from benchmarks.plots import Panel
from benchmarks.question_sets import LECTURES, QUESTIONS
from seekpoint.index.models.encoder import bundled_folder
from tests.readme import write_block

_COLD_QUESTION = "Why is the dot product divided by the square root of the dimension?"
# Where there are more chunks, the plain script's list of texts alone takes a gigabyte to read.
_MOST_PLAIN = 100_000
_MEGA = 1e6

Result = Mapping[str, Any]
Row = tuple[str, str, Callable[[Result], str]]


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
    write_block(options.docs, "scale", text)
    if options.plots:
        for name, panels in drawings(found).items():
            plots.draw_growth(panels, options.plots / name)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = machine.command_line("benchmarks.scale", __doc__, "scale")
    options.add_argument("base", type=Path, help="a library of real transcripts; it isn't changed")
    options.add_argument("work", type=Path, help="a folder for the libraries that are made")
    options.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000], metavar="CHUNKS")
    options.add_argument("--questions", type=Path, default=QUESTIONS[LECTURES])
    options.add_argument("--runs", type=int, default=5, help="how often a question is asked as a process")
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
        script = Path(__file__).with_name("plain.py")
        commands["plain"] = [sys.executable, *map(str, (script, plain, bundled_folder())), _COLD_QUESTION]
    taken = [{name: machine.run(command) for name, command in commands.items()} for _ in range(runs + 1)][1:]
    kinds = ("wall", "processor", "megabytes")
    found = {name: {kind: [getattr(one[name], kind) for one in taken] for kind in kinds} for name in commands}
    return found | {"load": os.getloadavg()[0]}


# Tables and plots


def to_text(found: Mapping[str, Any]) -> str:
    """All tables, as Markdown."""
    sizes = {int(chunks): result for chunks, result in found["sizes"].items()}
    ordered = dict(sorted(sizes.items()))
    about = found["machine"]
    loads = [result["disk"]["load"] for result in ordered.values()]
    return "\n\n".join(
        [
            f"{about['processor']}, {about['cores']} cores, Python {about['python']}, revision {about['revision']}; "
            f"{min(loads):.1f} to {max(loads):.1f} processes at work.",
            _table("", ordered, ROWS),
            "### A warm question, by stage",
            _table("median / 95th percentile, ms of the processor", ordered, stage_rows(ordered)),
            "### Recall under filters",
            _table("recall@10; median ms of the processor", ordered, filter_rows(ordered)),
            "### What takes the space",
            _table("bytes a chunk", ordered, space_rows(ordered)),
        ]
    )


def _table(head: str, sizes: Mapping[int, Result], rows: Sequence[Row]) -> str:
    lines = [[head, *(f"{chunks:,} chunks" for chunks in sizes), "due"], ["---"] * (len(sizes) + 2)]
    lines += [[name, *(_cell(write, result) for result in sizes.values()), due] for name, due, write in rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def _cell(write: Callable[[Result], str], result: Result) -> str:
    """What is written of a result, nothing where that part wasn't measured."""
    try:
        return write(result)
    except KeyError:
        return ""


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share of them isn't above."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _spread(times: Result) -> str:
    """Median and 95th percentile of the time on the wall, and of the processor's."""
    return f"{_both(times['wall'])} ({_both(times['processor'])})"


def _both(values: Sequence[float]) -> str:
    return " / ".join(f"{percentile(values, share):.1f}" for share in (0.5, 0.95))


def _cold(result: Result, name: str) -> str:
    if name not in result["cold"]:
        return ""
    wall, processor, peak = (result["cold"][name][kind] for kind in ("wall", "processor", "megabytes"))
    return f"{min(wall):.2f} / {statistics.median(wall):.2f} s ({min(processor):.2f}), {max(peak):.0f} MB"


def _ratio(result: Result) -> str:
    if "plain" not in result["cold"]:
        return ""
    plain, ours = (result["cold"][name]["wall"] for name in ("plain", "seekpoint"))
    return f"{min(plain) / min(ours):.0f}"


def _added(result: Result, name: str) -> list[float]:
    return [addition[name] for addition in result["change"]["added"]]


def _adding(result: Result) -> str:
    seconds = _added(result, "seconds")
    return f"{min(seconds):.2f} / {statistics.median(seconds):.2f} / {max(seconds):.2f} s"


def _writing(result: Result) -> str:
    wrote, counted = ([size / _MEGA for size in _added(result, kind)] for kind in ("bytes", "counted"))
    return " ".join(
        form.format(f"{min(sizes):.1f} / {statistics.median(sizes):.1f} / {max(sizes):.1f}")
        for form, sizes in (("{} MB", wrote), ("({})", counted))
    )


def _size(result: Result) -> float:
    return float(sum(result["disk"]["files"].values())) / _MEGA


def _recall(result: Result, name: str) -> str:
    return f"{result['recall'][name]['recall']:.3f}"


_RAREST = "section: one in a thousand"

ROWS: Sequence[Row] = (
    (
        "`ask` as a process: least / median on the wall (least of the processor), peak",
        "≤ 0.6 s, ≤ 400 MB (1M)",
        lambda one: _cold(one, "seekpoint"),
    ),
    ("plain script: the same", "", lambda one: _cold(one, "plain")),
    ("how many times ours (least to least)", "", _ratio),
    (
        "warm question: median / 95th, ms on the wall (of the processor)",
        "≤ 10 / 20 (100k), ≤ 40 / 100 (1M)",
        lambda one: _spread(one["warm"]["all"]),
    ),
    ("FAISS flat alone, exact: the same", "", lambda one: _spread(one["flat"])),
    ("FTS5 alone, bm25(): the same", "", lambda one: _spread(one["fts5"])),
    ("memory of answering warm", "", lambda one: f"{one['warm']['megabytes']:.0f} MB"),
    ("recall@10", "≥ .97 (1M)", lambda one: _recall(one, "all")),
    ("recall@10 where a filter keeps 0.1 %", "≥ .95 (1M)", lambda one: _recall(one, _RAREST)),
    ("adding a lecture of 120 chunks: least / median / most", "≤ 1 s (1M)", _adding),
    ("written by that: the same (as the system counts it)", "≤ 5 MB (1M)", _writing),
    ("taking one out", "", lambda one: f"{one['change']['removed']['seconds']:.2f} s"),
    (
        "opening for changes and closing",
        "",
        lambda one: f"{min(unchanged['seconds'] for unchanged in one['change']['unchanged']):.3f} s",
    ),
    (
        "building without embedding: time, peak",
        "",
        lambda one: f"{one['build']['storing']:,.0f} s, {one['build']['megabytes']:,.0f} MB",
    ),
    ("on disk, all of it", "≤ 2,000 MB (1M)", lambda one: f"{_size(one):,.0f} MB"),
)


def stage_rows(sizes: Mapping[int, Result]) -> Sequence[Row]:
    """A row a stage."""
    stages = list(next(iter(sizes.values()))["warm"]["stages"])
    return [
        (stage, "", lambda one, stage=stage: _both(one["warm"]["stages"][stage]))  # type: ignore[misc]
        for stage in stages
    ]


def filter_rows(sizes: Mapping[int, Result]) -> Sequence[Row]:
    """A row a filter, with how many chunks it keeps."""
    names = dict.fromkeys(name for result in sizes.values() for name in result["recall"] if name != "load")
    return [(name, "", lambda one, name=name: _under(one, name)) for name in names]  # type: ignore[misc]


def _under(result: Result, name: str) -> str:
    found = result["recall"].get(name)
    if not found:
        return ""
    return f"{found['recall']:.3f}; {statistics.median(found['processor']):.1f} ({found['chunks']:,} chunks)"


def space_rows(sizes: Mapping[int, Result]) -> Sequence[Row]:
    """A row a part of the database, and one for the vector files."""
    tables = list(next(iter(sizes.values()))["disk"]["tables"])

    def share(result: Result, table: str) -> str:
        return f"{result['disk']['tables'].get(table, 0) / result['chunks']:,.0f}"

    def vectors(result: Result) -> str:
        files = result["disk"]["files"]
        size = sum(size for name, size in files.items() if name.endswith(".faiss"))
        return f"{size / result['chunks']:,.0f}"

    large = [name for name in tables if any(float(share(one, name).replace(",", "")) >= 1 for one in sizes.values())]
    return [
        ("vector files", "", vectors),
        *((f"`{name}`", "", lambda one, name=name: share(one, name)) for name in large),
        ("all", "≤ 2,000", lambda one: f"{_size(one) * _MEGA / one['chunks']:,.0f}"),
    ]


def drawings(found: Mapping[str, Any]) -> dict[str, Sequence[Panel]]:
    """The plots, by file name."""
    sizes = {int(chunks): result for chunks, result in sorted(found["sizes"].items(), key=lambda item: int(item[0]))}

    def line(value: Callable[[Result], float]) -> dict[int, float]:
        points = {}
        for chunks, result in sizes.items():
            with suppress(KeyError):  # where a part wasn't measured
                points[chunks] = value(result)
        return points

    def times(value: Callable[[Result], Result]) -> dict[int, float]:
        return line(lambda one: percentile(value(one)["wall"], 0.5))

    stages = {
        stage: line(lambda one, stage=stage: percentile(one["warm"]["stages"][stage], 0.5))  # type: ignore[misc]
        for stage in ("nearest", "words", "windows", "scores", "moments", "translations")
    }
    plain = {chunks: min(one["cold"]["plain"]["wall"]) for chunks, one in sizes.items() if "plain" in one["cold"]}
    warm = {
        "seekpoint, all of it": times(lambda one: one["warm"]["all"]),
        "FAISS flat alone": times(lambda one: one["flat"]),
        "FTS5 alone": times(lambda one: one["fts5"]),
    }
    cold = {"seekpoint ask": line(lambda one: min(one["cold"]["seekpoint"]["wall"])), "plain script": plain}
    memory = {
        "seekpoint ask": line(lambda one: max(one["cold"]["seekpoint"]["megabytes"])),
        "answering warm": line(lambda one: one["warm"]["megabytes"]),
        "FAISS flat": line(lambda one: one["flat"]["megabytes"]),
        "building": line(lambda one: one["build"]["megabytes"]),
    }
    adding = {"median": line(lambda one: statistics.median(_added(one, "seconds")))}
    writing = {"median": line(lambda one: statistics.median(_added(one, "bytes")) / _MEGA)}
    return {
        "questions.svg": [
            Panel("A warm question", "ms on the wall, median", warm, {100_000: 10, 1_000_000: 40}),
            Panel("A warm question by stage", "ms of the processor, median", stages),
            Panel("A question as a process", "seconds, least", cold, {1_000_000: 0.6}),
            Panel("Memory", "MB at most", memory, {1_000_000: 400}),
        ],
        "changes.svg": [
            Panel("Adding a lecture of 120 chunks", "seconds", adding, {1_000_000: 1}),
            Panel("Written by that", "MB", writing, {1_000_000: 5}),
            Panel("Building, without embedding", "seconds", {"all": line(lambda one: float(one["build"]["storing"]))}),
            Panel("On disk", "MB", {"all": line(_size)}, {1_000_000: 2000}),
        ],
    }


if __name__ == "__main__":
    main()
