"""Chooses the ranking's weights without one source of recordings, and tests them on the questions of that source.

    python -m tests.benchmarks.leave_one_out WORK_DIR [--keep] [--json FILE] [--docs FILE]

WORK_DIR is that of tests.benchmarks.quality: libraries that lie there are brought up to date and asked, and its answers
of the prototype, `hybrid`, are taken from there. What each variant finds is written to WORK_DIR/leave_one_out.jsonl;
with --keep what an earlier run of the same code wrote there isn't asked again.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import seekpoint
from seekpoint import index, query
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader
from seekpoint.query.answers import Answer
from seekpoint.query.evaluation.evaluate import evaluate
from seekpoint.query.evaluation.question_file import Question, read_questions
from seekpoint.query.search import pipeline
from seekpoint.query.search.settings import AskOptions, Tuning
from tests.benchmarks.choice import Asked, LeftOut, Right, leave_out, to_json, to_markdown
from tests.benchmarks.machine import describe, save
from tests.benchmarks.quality import replayed
from tests.benchmarks.question_sets import QUESTIONS, lay_out
from tests.benchmarks.remembering import Remembering
from tests.readme import replaced
from tests.shared import SHARED

SETS = ("broad", "dev", "lectures", "fastai")
SOURCES = ("hungyi", "hf-course", "fastai", "3b1b", "broad")
PROTOTYPE = "hybrid"
_MOMENTS = 5


def source_of_videos(transcripts: Path, sources: Iterable[str] = SOURCES) -> dict[str, str]:
    """The source of each video that is in one of these."""
    found: dict[str, str] = {}
    for source in sources:
        with gzip.open(transcripts / f"{source}.jsonl.gz", "rt", encoding="utf-8") as rows:
            found |= {json.loads(row)["video_id"]: source for row in rows}
    return found


def answerable(name: str) -> list[Question]:
    """The questions of a set that have an answer."""
    return [question for question in read_questions(QUESTIONS[name]) if question.spans]


def as_asked(name: str, questions: Iterable[Question], source_of: Mapping[str, str]) -> Iterator[Asked]:
    """Sort questions by set and direction, and by the source of the first video that answers."""
    for question in questions:
        group = f"{name} {question.language}->{question.video_language}"
        yield Asked(group, source_of.get(question.spans[0].video_id, ""))


def judged(questions: Iterable[Question], answer: Callable[[str], Answer]) -> list[Right]:
    """Ask the questions, and judge those that have an answer."""
    rows = evaluate(questions, answer, lambda _: "").rows
    return [Right(row.judgement.moment1, row.judgement.moment5) for row in rows if row.judgement]


def ranking_code() -> str:
    """A digest of the code that ranks and of its data: figures of two versions don't belong in one table."""
    digest = hashlib.sha256()
    for package in (index, query):
        files = (path for path in Path(package.__path__[0]).rglob("*") if path.is_file())
        for path in sorted(path for path in files if path.parent.name != "__pycache__"):
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Variants:
    """What each variant finds: asked once, and written down at once with the version of the code that found it."""

    def __init__(self, ask: Callable[[Tuning], list[Right]], file: Path, code: str) -> None:
        self._ask = ask
        self._file = file
        self._code = code
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        rows = (row for row in map(json.loads, lines) if row["code"] == code)
        self._found = {Tuning(**row["tuning"]): [Right(*right) for right in row["found"]] for row in rows}

    def __call__(self, tuning: Tuning) -> list[Right]:
        if tuning not in self._found:
            self._found[tuning] = self._ask(tuning)
            row = {"code": self._code, "tuning": asdict(tuning), "found": self._found[tuning]}
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        return self._found[tuning]


def opened(name: str, work: Path, stack: ExitStack) -> Callable[[Tuning], list[Right]]:
    """Build a set's library; what comes back asks it the set's questions."""
    corpus = lay_out(name, work)
    folder = corpus.folder / "library"
    seekpoint.build(corpus.reading_list, folder, captions=corpus.captions)
    library = stack.enter_context(open_reader(folder))
    encoder = Remembering(LazyEncoder(library.card).get())
    questions = answerable(name)
    return lambda tuning: judged(
        questions, lambda text: pipeline.ask(text, library, encoder, AskOptions(_MOMENTS, tuning=tuning))
    )


def prototype(work: Path) -> list[Right | None]:
    """What the prototype finds for each question; `None` where the quality benchmark hasn't asked it."""
    found: list[Right | None] = []
    for name in SETS:
        file = work / name / "baselines" / f"{PROTOTYPE}.jsonl"
        if file.exists():
            found += judged(read_questions(QUESTIONS[name]), replayed(file))
        else:
            found += [None] * len(answerable(name))
    return found


def measure(work: Path, keep: bool) -> list[LeftOut]:
    """Leave out each source."""
    code = ranking_code()
    source_of = source_of_videos(SHARED / "transcripts")
    asked = [member for name in SETS for member in as_asked(name, answerable(name), source_of)]
    file = work / "leave_one_out.jsonl"
    if not keep:
        file.unlink(missing_ok=True)
    with ExitStack() as stack:
        sets = [opened(name, work, stack) for name in SETS]
        variants = Variants(lambda tuning: [right for ask in sets for right in ask(tuning)], file, code)
        return [leave_out(source, asked, variants, prototype(work)) for source in SOURCES]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m tests.benchmarks.leave_one_out", description=_summary())
    options.add_argument("work", type=Path)
    options.add_argument("--keep", action="store_true", help="take what an earlier run found")
    options.add_argument("--json", type=Path)
    options.add_argument("--docs", type=Path, metavar="FILE", help="put the table in this document's block `left-out`")
    return options


def _summary() -> str:
    return (__doc__ or "").splitlines()[0]


def main() -> None:
    """Leave out one source after the other."""
    arguments = parser().parse_args()
    results = measure(arguments.work, arguments.keep)
    text = to_markdown(results)
    print(text)
    save(arguments.json, {"machine": describe(), "left_out": to_json(results)})
    if arguments.docs:
        arguments.docs.write_text(replaced(arguments.docs.read_text("utf-8"), "left-out", text), "utf-8")


if __name__ == "__main__":
    main()
