"""A library put to the test: questions asked, answers judged, figures by language, and two runs compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seekpoint.index.errors import SourceError, UsageError
from seekpoint.index.text.clean import clean
from seekpoint.query.answers import Answer
from seekpoint.query.evaluation.bootstrap import Difference, difference
from seekpoint.query.evaluation.metrics import Abstention, Figures, Judgement, abstention, figures, judge
from seekpoint.query.evaluation.question_file import Question

ALL = "all"
# Judgements that two runs are compared by, and what they are called.
_COMPARED = {
    "video1": "video@1",
    "moment1": "moment@1",
    "moment5": "moment@5",
    "reciprocal_rank": "MRR@10",
    "sharp1": "sharp@1",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A question and what became of it; `judgement` is `None` where it has no answer in the library."""

    id: str
    question: str
    direction: str
    answered: bool
    judgement: Judgement | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a library's answers are worth, in all and by direction, such as `zh->en` for a Chinese question."""

    rows: tuple[Row, ...]
    groups: dict[str, Figures]
    abstention: Abstention | None


def evaluate(
    questions: Iterable[Question], answer: Callable[[str], Answer], language_of: Callable[[str], str]
) -> Evaluation:
    """Ask and judge. `language_of` gives the language of a video, for questions that don't say it."""
    rows = tuple(_row(question, _asked(question.text, answer), language_of) for question in questions)
    judged: dict[str, list[Judgement]] = {}
    for row in rows:
        if row.judgement:
            for group in (ALL, row.direction):
                judged.setdefault(group, []).append(row.judgement)
    return Evaluation(
        rows=rows,
        groups={group: figures(judgements) for group, judgements in sorted(judged.items())},
        abstention=abstention(
            [row.answered for row in rows if row.judgement is None], [row.answered for row in rows if row.judgement]
        ),
    )


def _asked(text: str, answer: Callable[[str], Answer]) -> Answer:
    """The answer; a question that asks nothing has none, as in a stream of questions."""
    try:
        return answer(text)
    except UsageError:
        return Answer(text, False, ())


def _row(question: Question, answer: Answer, language_of: Callable[[str], str]) -> Row:
    if not question.spans:
        return Row(question.id, question.text, f"{question.language or '?'}->", answer.answered, None)
    spoken = question.video_language or language_of(question.spans[0].video_id)
    direction = f"{question.language or '?'}->{spoken or '?'}"
    return Row(question.id, question.text, direction, answer.answered, judge(question, answer.moments))


def to_json(
    evaluation: Evaluation, differences: Mapping[str, Mapping[str, Difference]] | None = None
) -> dict[str, object]:
    """The form of `eval --json`, which `--compare` reads."""
    changes = {
        group: {field: change._asdict() for field, change in found.items()}
        for group, found in (differences or {}).items()
    }
    return {
        **({"changes": changes} if differences else {}),
        "groups": {group: asdict(found) for group, found in evaluation.groups.items()},
        "abstention": asdict(evaluation.abstention) if evaluation.abstention else None,
        "questions": [asdict(row) for row in evaluation.rows],
    }


def to_text(evaluation: Evaluation) -> str:
    """A line for each direction, and one for the questions that have no answer."""
    head = f"{'':8} {'n':>5} video@1 {'moment@1':>22} moment@5 MRR@10 sharp@1  error"
    lines = [head, *(_line(group, found) for group, found in evaluation.groups.items())]
    if said := evaluation.abstention:
        precision = "none was called so" if said.precision is None else f"precision {said.precision:.3f}"
        lines.append(
            f"{said.n} without an answer here: recall {said.recall:.3f}, {precision}, "
            f"{said.lost_answers} answers lost by it"
        )
    return "\n".join(lines)


def _line(group: str, found: Figures) -> str:
    moment = "{:.3f} ({:.3f}-{:.3f})".format(found.moment1, *found.moment1_interval)
    error = "" if found.error_median is None else f"{found.error_median:.1f} s, 90th {found.error_p90:.1f} s"
    return (
        f"{group:8} {found.n:>5} {found.video1:>7.3f} {moment:>22} {found.moment5:>8.3f} {found.mrr10:>6.3f} "
        f"{found.sharp1:>7.3f}  {error}"
    )


def compared(evaluation: Evaluation, other: Mapping[str, Any], name: str) -> dict[str, dict[str, Difference]]:
    """How this run differs from an earlier one, called `name`, by direction and figure; raises SourceError."""
    before = {row["id"]: row["judgement"] for row in other["questions"]}
    pairs: dict[str, list[tuple[Mapping[str, Any], Judgement]]] = {}
    for row in evaluation.rows:
        earlier = before.get(row.id)
        if row.judgement and earlier:
            for group in (ALL, row.direction):
                pairs.setdefault(group, []).append((earlier, row.judgement))
    if not pairs:
        raise SourceError(f"{name} has none of these questions: compare runs of the same file")
    return {group: dict(_differences(members)) for group, members in sorted(pairs.items())}


def _differences(pairs: Sequence[tuple[Mapping[str, Any], Judgement]]) -> Iterator[tuple[str, Difference]]:
    for field in _COMPARED:
        yield (
            field,
            difference([float(old[field]) for old, _ in pairs], [float(getattr(new, field)) for _, new in pairs]),
        )


def read_other(path: Path) -> dict[str, Any]:
    """Read what `eval --json` printed; raises SourceError."""
    try:
        other = json.loads(path.read_text(encoding="utf-8-sig"))
        if all(_is_row(row) for row in other["questions"]):
            return dict(other)
    except OSError as error:
        raise SourceError(f"can't read {path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError):
        pass
    raise SourceError(f"{clean(str(path))} isn't what `seekpoint eval --json` prints")


def _is_row(row: Mapping[str, Any]) -> bool:
    judgement = row["judgement"]
    return isinstance(row["id"], str) and (
        judgement is None or all(float(judgement[field]) >= 0 for field in _COMPARED)
    )


def comparison_text(differences: Mapping[str, Mapping[str, Difference]]) -> str:
    """What changed, direction by direction; `~` marks what may be chance."""
    lines = []
    for group, found in differences.items():
        changes = (
            f"{_COMPARED[field]} {change.mean:+.3f} ({change.interval.low:+.3f} to {change.interval.high:+.3f})"
            f"{'' if change.is_resolved else ' ~'}"
            for field, change in found.items()
        )
        lines.append(f"{group:10} " + "  ".join(changes))
    return "\n".join(lines)
