"""Measures parsers of PDFs on eight papers that are typeset here, so that what they say is known.

    python -m benchmarks.papers WORK_DIR [--parsers seekpoint oxide …]

It needs LaTeX (Debian: lmodern texlive-fonts-recommended texlive-lang-chinese texlive-latex-recommended
texlive-publishers texlive-xetex) and `pip install docling-parse pdf_oxide typst`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.papers.content import Paper, papers
from benchmarks.papers.measures import Scores, score
from benchmarks.papers.parsers import PARSERS
from seekpoint.indexer.transcript.text_timeline import Block, Role

_PAIRS = ("sentences", "ordered", "paged", "asides", "rows", "headings", "references")


def measure(parser: str, paper: Paper, folder: Path) -> tuple[Scores, float, float]:
    """The scores, the seconds of the processor, and the peak of memory in megabytes."""
    command = [sys.executable, "-m", "benchmarks.papers.parsers", parser, str(folder / f"{paper.name}.pdf")]
    run = machine.run(command)
    answer = json.loads(run.output)
    blocks = [Block(text, Role(role), page=page) for text, role, page in answer["blocks"]]
    pages = dict(json.loads((folder / f"{paper.name}.json").read_text()))
    return score(paper, pages, blocks), answer["seconds"], run.megabytes


def row(name: str, scores: Sequence[Scores], seconds: float, megabytes: float) -> str:
    """A row of the table: what is right of how many, and what is wrong."""
    cells = [name]
    for field in Scores._fields:
        values = [getattr(each, field) for each in scores]
        is_pair = field in _PAIRS
        cells.append("/".join(map(str, map(sum, zip(*values, strict=True)))) if is_pair else str(sum(values)))
    return f"| {' | '.join(cells)} | {seconds * 1000:.0f} | {megabytes:.0f} |"


def main() -> None:
    """Typeset, parse, compare."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.papers", description=__doc__.splitlines()[0])
    options.add_argument("work", type=Path)
    options.add_argument("--parsers", nargs="+", choices=PARSERS, default=list(PARSERS))
    arguments = options.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    # In a process of its own, since the peak of a child counts what its parent holds.
    subprocess.run([sys.executable, "-m", "benchmarks.papers.typeset", str(arguments.work)], check=True)
    print(f"| paper | parser | {' | '.join(Scores._fields)} | ms | MB |")
    totals = []
    for parser in arguments.parsers:
        results = [(paper, *measure(parser, paper, arguments.work)) for paper in papers()]
        for paper, scores, seconds, megabytes in results:
            print(row(f"{paper.name} | {parser}", [scores], seconds, megabytes))
        _, scored, times, peaks = zip(*results, strict=True)
        totals.append(row(f"all | {parser}", scored, sum(times), max(peaks)))
    print("\n".join(totals))


if __name__ == "__main__":
    main()
