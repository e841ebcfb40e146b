"""Two runs compared question by question: the change of each metric, by direction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seekpoint.files import parsed_json, read_text
from seekpoint.index.errors import SourceError
from seekpoint.index.text.clean import clean
from seekpoint.query.evaluation.bootstrap import Difference, difference
from seekpoint.query.evaluation.metrics import Judgement
from seekpoint.query.evaluation.runner import ALL, Evaluation

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
        if all(_is_row(row) for row in run["questions"]):
            return dict(run)
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
    return {group: dict(_differences(members)) for group, members in sorted(pairs.items())}


def _differences(pairs: Sequence[tuple[Mapping[str, Any], Judgement]]) -> Iterator[tuple[str, Difference]]:
    for field in _COMPARED:
        before = [float(old[field]) for old, _ in pairs]
        after = [float(getattr(new, field)) for _, new in pairs]
        yield field, difference(before, after)


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
