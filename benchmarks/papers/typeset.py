"""Typesets the papers: python -m benchmarks.papers.typeset WORK_DIR."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]

from benchmarks.papers import latex, typst_source
from benchmarks.papers.content import BY_ROWS, Paper, papers

# Debian's folder of the Chinese fonts that xelatex uses too.
_FONTS = "/usr/share/texlive/texmf-dist/fonts/opentype/public/fandol"


def typeset(paper: Paper, folder: Path) -> None:
    """Write the PDF of a paper, and the pages that its sentences begin on."""
    made = folder / f"{paper.name}.pdf"
    if paper.name.endswith(BY_ROWS):
        drawn_by_rows(folder / f"{paper.name.removesuffix(BY_ROWS)}.pdf", made)
        pages = (folder / f"{paper.name.removesuffix(BY_ROWS)}.json").read_text()
    elif paper.program == "typst":
        typst: Any = importlib.import_module("typst")
        file = folder / f"{paper.name}.typ"
        file.write_text(typst_source.source(paper), "utf-8")
        typst.compile(str(file), output=str(made), font_paths=[_FONTS])
        pages = typst.query(str(file), "<places>", field="value", one=True, font_paths=[_FONTS])
    else:
        if shutil.which(paper.program) is None:
            sys.exit(f"{paper.program} is missing: install LaTeX, as benchmarks/papers/__main__.py says")
        file = folder / f"{paper.name}.tex"
        file.write_text(latex.source(paper), "utf-8")
        for _ in range(2):  # the second time knows the numbers of the headings
            command = [paper.program, "-interaction=batchmode", "-halt-on-error", file.name]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        lines = made.with_suffix(".places").read_text().splitlines()
        pages = json.dumps([list(map(int, line.split())) for line in lines])
    made.with_suffix(".json").write_text(pages)


def drawn_by_rows(file: Path, made: Path) -> None:
    """Write the same PDF with its texts drawn from the top of each page to its bottom, across all columns."""
    with closing(pypdfium2.PdfDocument(file)) as document:
        for page in document:
            objects = list(page.get_objects(max_depth=1))
            objects.sort(key=lambda each: (-round(each.get_matrix().f), each.get_bounds()[0]))
            for each in objects:
                page.remove_obj(each)
            for each in objects:
                page.insert_obj(each)
            page.gen_content()
        document.save(made)


if __name__ == "__main__":
    for each in papers():
        typeset(each, Path(sys.argv[1]))
