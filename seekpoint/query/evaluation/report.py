"""The metrics of a run as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from seekpoint.query.evaluation.bootstrap import Difference
from seekpoint.query.evaluation.metrics import Metrics
from seekpoint.query.evaluation.runner import Evaluation


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
    header = f"{'':8} {'n':>5} video@1 {'moment@1':>22} moment@5 MRR@10 sharp@1  error"
    lines = [header, *(_row(group, metrics) for group, metrics in evaluation.groups.items())]
    if abstention := evaluation.abstention:
        precision = "none was called so" if abstention.precision is None else f"precision {abstention.precision:.3f}"
        lines.append(
            f"{abstention.n} without an answer here: recall {abstention.recall:.3f}, {precision}, "
            f"{abstention.lost_answers} answers lost by it"
        )
    return "\n".join(lines)


def _row(group: str, metrics: Metrics) -> str:
    moment = "{:.3f} ({:.3f}-{:.3f})".format(metrics.moment1, *metrics.moment1_interval)
    error = "" if metrics.error_median is None else f"{metrics.error_median:.1f} s, 90th {metrics.error_p90:.1f} s"
    return (
        f"{group:8} {metrics.n:>5} {metrics.video1:>7.3f} {moment:>22} {metrics.moment5:>8.3f} {metrics.mrr10:>6.3f} "
        f"{metrics.sharp1:>7.3f}  {error}"
    )
