"""Chooses the ranking's weights without one source of recordings, and tests them on the questions of that source.

    python -m benchmarks.leave_one_out WORK_DIR [--keep] [--json FILE] [--docs FILE]

WORK_DIR is that of benchmarks.quality: libraries that lie there are brought up to date and asked, and its answers
of the prototype, `hybrid`, are taken from there. What each variant finds is written to WORK_DIR/leave_one_out.jsonl;
with --keep what an earlier run of the same code wrote there isn't asked again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from benchmarks.machine import command_line, describe, save
from benchmarks.quality import replayed
from benchmarks.question_sets import Remembering, built, questions_of
from seekpoint import index, query
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader
from seekpoint.query.answers import Answer
from seekpoint.query.evaluation.metrics import Difference, difference
from seekpoint.query.evaluation.question_file import Question
from seekpoint.query.evaluation.runs import evaluate
from seekpoint.query.search import pipeline
from seekpoint.query.search.settings import TUNING, AskOptions, Tuning
from tests.readme import write_block
from tests.shared import SHARED

SETS = ("broad", "dev", "lectures", "fastai", "broad-short", "dev-short", "lectures-short")
SOURCES = ("hungyi", "hf-course", "fastai", "3b1b", "broad")
PROTOTYPE = "hybrid"
_MOMENTS = 5
START = Tuning(dense_share=0.5, stand_in=0.5, translated=0.0, reach=20.0)
"""Where the search begins: not at the weights that were chosen with all sources."""

_PAIRS = ((0.3, 0.3), (0.35, 0.35), (0.4, 0.4), (0.4, 0.3), (0.4, 0.2), (0.5, 0.2), (0.5, 0.0))
AXES: tuple[tuple[dict[str, float], ...], ...] = (
    tuple({"dense_share": share} for share in (0.4, 0.5, 0.55, 0.6)),
    tuple({"stand_in": stand_in, "translated": translated} for stand_in, translated in _PAIRS),
    tuple({"reach": seconds} for seconds in (10.0, 20.0, 30.0)),
)
"""What is chosen, one after the other, and from what."""


class Asked(NamedTuple):
    """A question's set and direction, and the source that it is left out with."""

    group: str
    source: str


class Right(NamedTuple):
    """Whether the first moment was right, and whether one of five was."""

    moment1: bool
    moment5: bool


Found = Callable[[Tuning], Sequence[Right]]
"""What a variant finds for each question, in the order of the questions."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is right of a source's questions with weights chosen without it, with the shipped ones, and by another."""

    source: str
    tuning: Tuning | None
    chosen: tuple[Right, ...]
    shipped: tuple[Right, ...]
    prototype: tuple[Right, ...] | None

    def gain(self, field: str) -> Difference | None:
        """By how much the chosen weights are right more often than the prototype."""
        if self.prototype is None:
            return None
        before, after = ([float(getattr(right, field)) for right in found] for found in (self.prototype, self.chosen))
        return difference(before, after)


def source_of_videos(transcripts: Path, sources: Iterable[str] = SOURCES) -> dict[str, str]:
    """The source of each video that is in one of these."""
    found: dict[str, str] = {}
    for source in sources:
        with gzip.open(transcripts / f"{source}.jsonl.gz", "rt", encoding="utf-8") as rows:
            found |= {json.loads(row)["video_id"]: source for row in rows}
    return found


def answerable(name: str) -> list[Question]:
    """The questions of a set that have an answer."""
    return [question for question in questions_of(name) if question.spans]


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
    library = stack.enter_context(open_reader(built(name, work)))
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
            found += judged(questions_of(name), replayed(file))
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


def leave_out(source: str, asked: Sequence[Asked], found: Found, prototype: Sequence[Right | None]) -> LeftOut:
    """Choose without a source, and take what is found for its questions."""
    tuning = choose(lambda tuning: worth(asked, found(tuning), without=source))
    members = [position for position, member in enumerate(asked) if member.source == source]
    chosen, shipped = found(tuning), found(TUNING)
    before = tuple(right for right in (prototype[k] for k in members) if right is not None)
    return LeftOut(
        source,
        tuning,
        tuple(chosen[k] for k in members),
        tuple(shipped[k] for k in members),
        before if len(before) == len(members) else None,
    )


def choose(score: Callable[[Tuning], float], start: Tuning = START) -> Tuning:
    """Go to the best value of one axis after the other until none is better; what is no better isn't gone to."""
    best = start
    for values in AXES:
        best = max((best, *(replace(best, **value) for value in values)), key=score)
    return best if best == start else choose(score, best)


def worth(asked: Sequence[Asked], found: Sequence[Right], without: str) -> float:
    """moment@1 and half of moment@5 over the other sources' questions: the mean of the groups' means.

    Each set and direction counts the same, or else 373 headings in one set would outvote the others' questions.
    """
    groups: dict[str, list[float]] = {}
    for member, right in zip(asked, found, strict=True):
        if member.source != without:
            groups.setdefault(member.group, []).append(right.moment1 + right.moment5 / 2)
    return fmean(map(fmean, groups.values()))


def together(results: Sequence[LeftOut]) -> LeftOut:
    """All sources' questions, each answered with the weights that were chosen without it."""
    before = [result.prototype for result in results]
    return LeftOut(
        "all of them",
        None,
        tuple(right for result in results for right in result.chosen),
        tuple(right for result in results for right in result.shipped),
        None if None in before else tuple(right for found in before for right in found or ()),
    )


def to_markdown(results: Sequence[LeftOut]) -> str:
    """A row for each source, and one for all."""
    lines = [
        "| left out | n | dense share; stand-in, translated; reach | chosen | shipped | hybrid "
        "| moment@1 over hybrid | moment@5 over hybrid |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in (*results, together(results)):
        cells, weights = [result.source, str(len(result.chosen)), ""], result.tuning
        if weights:
            shares = f"{weights.dense_share:g}; {weights.stand_in:g}, {weights.translated:g}"
            cells[2] = f"{shares}; {weights.reach:g} s"
        for found in (result.chosen, result.shipped, result.prototype):
            cells.append("–" if found is None else " / ".join(f"{share:.3f}" for share in _means(found)))
        for gain in map(result.gain, Right._fields):
            interval = gain and f"({gain.interval.low:+.3f} to {gain.interval.high:+.3f})"
            cells.append(f"{gain.mean:+.3f} {interval}" if gain else "–")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _means(found: Sequence[Right]) -> tuple[float, float]:
    return fmean(right.moment1 for right in found), fmean(right.moment5 for right in found)


def to_json(results: Sequence[LeftOut]) -> dict[str, dict[str, object]]:
    """The same figures by source."""
    figures: dict[str, dict[str, object]] = {}
    for result in (*results, together(results)):
        found = {"chosen": result.chosen, "shipped": result.shipped, "hybrid": result.prototype}
        gains = {field: result.gain(field) for field in Right._fields}
        figures[result.source] = {
            "n": len(result.chosen),
            "tuning": asdict(result.tuning) if result.tuning else None,
            **{
                name: rights and dict(zip(Right._fields, _means(rights), strict=True)) for name, rights in found.items()
            },
            "gain": {field: gain._asdict() if gain else None for field, gain in gains.items()},
        }
    return figures


def main() -> None:
    """Leave out one source after the other."""
    options = command_line("benchmarks.leave_one_out", __doc__, "left-out")
    options.add_argument("work", type=Path)
    options.add_argument("--keep", action="store_true", help="take what an earlier run found")
    arguments = options.parse_args()
    results = measure(arguments.work, arguments.keep)
    text = to_markdown(results)
    print(text)
    save(arguments.json, {"machine": describe(), "left_out": to_json(results)})
    write_block(arguments.docs, "left-out", text)


if __name__ == "__main__":
    main()
