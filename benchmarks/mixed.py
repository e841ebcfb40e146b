"""Measures a library of lectures with an article, a paper and notes among them.

    python -m benchmarks.mixed WORK_DIR [--lectures LIBRARY]

Do the lectures answer as well as without them, and does the article or the paper come first, at the right heading or
page, for the questions that are about it? Builds the libraries in WORK_DIR; `--lectures` copies one of the 70 lectures
that is there already.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import seekpoint
from benchmarks.question_sets import LECTURES, QUESTIONS, Remembering, lay_out
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.index.types import Encoder
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.evaluation.metrics import DEPTH
from seekpoint.query.evaluation.question_file import read_questions
from seekpoint.query.evaluation.runs import Evaluation, compare, evaluate, to_json, to_text
from seekpoint.query.search import pipeline
from seekpoint.query.search.settings import AskOptions
from tests.paths import ROOT
from tests.shared import SHARED

TEXT_QUESTIONS = Path(__file__).parent / "questions" / "texts.jsonl"
_TEXTS = """\
- [The Illustrated Transformer]({resources}/illustrated-transformer.html)
- [Attention Is All You Need]({resources}/1706.03762.pdf)
- [Notes on quality]({root}/docs/quality.md)
- [Notes on Seekpoint]({root}/README.md)
"""


def is_right(moment: Moment, row: dict[str, Any]) -> bool:
    """Whether a moment lands at a heading or page where the question is answered."""
    if moment.page is not None:
        return moment.page in row.get("pages", ())
    anchor = urlsplit(moment.link).fragment.partition(":~:")[0]
    return bool(anchor) and anchor in row.get("anchors", ())


def rank_of(answer: Answer, row: dict[str, Any]) -> int | None:
    """At which rank the right place comes."""
    return next((moment.rank for moment in answer.moments if is_right(moment, row)), None)


def asking(library: Reader, encoder: Encoder) -> Callable[[str], Answer]:
    """How questions are put to a library."""
    return lambda text: pipeline.ask(text, library, encoder, AskOptions(DEPTH))


def lectures(folder: Path, encoder: Encoder) -> Evaluation:
    """The lectures' own questions, put to a library."""
    with open_reader(folder) as library:
        return evaluate(read_questions(QUESTIONS[LECTURES]), asking(library, encoder), lambda _: "")


def main() -> None:
    """Build what isn't there, ask, and print both."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.mixed", description=__doc__.splitlines()[0])
    options.add_argument("work", type=Path)
    options.add_argument("--lectures", type=Path, metavar="LIBRARY", help="a library of the 70 lectures")
    arguments = options.parse_args()
    alone, mixed = arguments.work / "alone", arguments.work / "mixed"
    if arguments.lectures and not alone.exists():
        shutil.copytree(arguments.lectures, alone)
    corpus = lay_out(LECTURES, arguments.work)
    seekpoint.build(corpus.reading_list, alone, captions=corpus.captions)
    shutil.rmtree(mixed, ignore_errors=True)
    shutil.copytree(alone, mixed)
    texts = arguments.work / "texts.md"
    texts.write_text(_TEXTS.format(resources=(SHARED / "resources").resolve(), root=ROOT), "utf-8")
    print(seekpoint.build(texts, mixed).states)

    with open_reader(mixed) as library:
        encoder = Remembering(LazyEncoder(library.card).get())
    before, after = lectures(alone, encoder), lectures(mixed, encoder)
    print(f"the lectures alone\n{to_text(before)}\n\nwith texts among them\n{to_text(after)}\n")
    for group, changes in compare(after, dict(to_json(before)), "alone").items():
        print(group, {field: round(change.mean, 4) for field, change in changes.items()})

    rows = [json.loads(line) for line in TEXT_QUESTIONS.read_text("utf-8").splitlines()]
    with open_reader(mixed) as library:
        ask = asking(library, encoder)
        for row in rows:
            answer = ask(row["question"])
            row["rank"] = rank_of(answer, row)
            first = answer.moments[0]
            print(f"{row['qid']}  rank {row['rank'] or '-':>2}  answered {answer.answered!s:5}  {first.link[-90:]}")
    for text in ("article", "paper"):
        ranks = [row["rank"] or DEPTH + 1 for row in rows if row["text"] == text]
        print(f"{text}: first in {ranks.count(1)} of {len(ranks)}, among five in {sum(rank <= 5 for rank in ranks)}")


if __name__ == "__main__":
    main()
