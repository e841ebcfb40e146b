"""A run of an evaluation: questions asked, answers judged and summarised by language, and two runs compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seekpoint.files import parsed_json, read_text
from seekpoint.index.errors import SourceError, UsageError
from seekpoint.index.text.clean import clean
from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.evaluation.metrics import (
    Abstention,
    Difference,
    Judgement,
    Metrics,
    difference,
    judge,
    mean_metrics,
    measure_abstention,
)
from seekpoint.query.evaluation.question_file import Question

ALL = "all"


@dataclass(frozen=True, slots=True)
class EvaluatedQuestion:
    """A question and its judgement, which is `None` for a question that has no answer in the library."""

    id: str
    question: str
    direction: str
    answered: bool
    judgement: Judgement | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The metrics of a run: over all questions and by direction, such as `zh->en` (Chinese question, English video)."""

    rows: tuple[EvaluatedQuestion, ...]
    groups: dict[str, Metrics]
    abstention: Abstention | None


def evaluate(
    questions: Iterable[Question], answer: Callable[[str], Answer], language_of: Callable[[str], str]
) -> Evaluation:
    """Ask the questions and judge the answers.

    `language_of` gives the language of a video by its id, for questions whose file doesn't say it.
    """
    rows = []
    judgements: dict[str, list[Judgement]] = {}
    for question in questions:
        try:
            given = answer(question.text)
        except UsageError:  # an empty question counts as unanswered, as in `ask -`
            given = Answer(question.text, Confidence.NONE, ())
        direction, judgement = f"{question.language or '?'}->", None
        if question.spans:
            direction += question.video_language or language_of(question.spans[0].video_id) or "?"
            judgement = judge(question, given.moments)
            for group in (ALL, direction):
                judgements.setdefault(group, []).append(judgement)
        rows.append(EvaluatedQuestion(question.id, question.text, direction, given.answered, judgement))
    return Evaluation(
        rows=tuple(rows),
        groups={group: mean_metrics(members) for group, members in sorted(judgements.items())},
        abstention=measure_abstention(
            [row.answered for row in rows if row.judgement is None], [row.answered for row in rows if row.judgement]
        ),
    )


def to_json(
    evaluation: Evaluation, differences: Mapping[str, Mapping[str, Difference]] | None = None
) -> dict[str, object]:
    """The form of `eval --json`, which `--compare` reads."""
    changes = {
        group: {field: change._asdict() for field, change in fields.items()}
        for group, fields in (differences or {}).items()
    }
    return {
        **({"changes": changes} if differences else {}),
        "groups": {group: asdict(metrics) for group, metrics in evaluation.groups.items()},
        "abstention": asdict(evaluation.abstention) if evaluation.abstention else None,
        "questions": [asdict(row) for row in evaluation.rows],
    }


def to_text(evaluation: Evaluation) -> str:
    """A table with a line for each direction, and a line for the questions that have no answer."""
    lines = [f"{'':8} {'n':>5} video@1 {'moment@1':>22} moment@5 MRR@10 sharp@1  error"]
    for group, metrics in evaluation.groups.items():
        moment = "{:.3f} ({:.3f}-{:.3f})".format(metrics.moment1, *metrics.moment1_interval)
        error = "" if metrics.error_median is None else f"{metrics.error_median:.1f} s, 90th {metrics.error_p90:.1f} s"
        lines.append(
            f"{group:8} {metrics.n:>5} {metrics.video1:>7.3f} {moment:>22} {metrics.moment5:>8.3f} "
            f"{metrics.mrr10:>6.3f} {metrics.sharp1:>7.3f}  {error}"
        )
    if abstention := evaluation.abstention:
        precision = "none was called so" if abstention.precision is None else f"precision {abstention.precision:.3f}"
        lines.append(
            f"{abstention.n} without an answer here: recall {abstention.recall:.3f}, {precision}, "
            f"{abstention.lost_answers} answers lost by it"
        )
    return "\n".join(lines)


# The fields of a judgement that are compared, and their names in the text.
_COMPARED = {
    "video1": "video@1",
    "moment1": "moment@1",
    "moment5": "moment@5",
    "reciprocal_rank": "MRR@10",
    "sharp1": "sharp@1",
}


def read_run(path: Path) -> dict[str, Any]:
    """Read the output of `eval --json`; raises SourceError."""
    try:
        run = parsed_json(read_text(path))
        judgements = [row["judgement"] for row in run["questions"] if row["judgement"] is not None]
        are_named = all(isinstance(row["id"], str) for row in run["questions"])
        if are_named and all(float(judgement[field]) >= 0 for judgement in judgements for field in _COMPARED):
            return dict(run)
    except OSError as error:
        raise SourceError(f"can't read {path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError):
        pass
    raise SourceError(f"{clean(str(path))} isn't what `seekpoint eval --json` prints")


def compare(evaluation: Evaluation, earlier: Mapping[str, Any], name: str) -> dict[str, dict[str, Difference]]:
    """The change of each metric since an earlier run, by direction; raises SourceError.

    `name` is the earlier run's file, for the error that it has none of these questions.
    """
    judgements = {row["id"]: row["judgement"] for row in earlier["questions"]}
    pairs: dict[str, list[tuple[Mapping[str, Any], Judgement]]] = {}
    for row in evaluation.rows:
        before = judgements.get(row.id)
        if row.judgement and before:
            for group in (ALL, row.direction):
                pairs.setdefault(group, []).append((before, row.judgement))
    if not pairs:
        raise SourceError(f"{name} has none of these questions: compare runs of the same file")
    return {
        group: {
            field: difference([float(old[field]) for old, _ in members], [getattr(new, field) for _, new in members])
            for field in _COMPARED
        }
        for group, members in sorted(pairs.items())
    }


def comparison_text(differences: Mapping[str, Mapping[str, Difference]]) -> str:
    """A line for each direction; `~` marks a change that may be chance."""
    lines = []
    for group, changes in differences.items():
        columns = (
            f"{_COMPARED[field]} {change.mean:+.3f} ({change.interval.low:+.3f} to {change.interval.high:+.3f})"
            f"{'' if change.is_resolved else ' ~'}"
            for field, change in changes.items()
        )
        lines.append(f"{group:10} " + "  ".join(columns))
    return "\n".join(lines)
