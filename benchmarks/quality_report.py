"""What the quality benchmark found, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from seekpoint.query.evaluation.bootstrap import Difference, difference
from seekpoint.query.evaluation.metrics import Metrics
from seekpoint.query.evaluation.runner import ALL, EvaluatedQuestion, Evaluation

OURS = "seekpoint"


@dataclass(frozen=True, slots=True)
class Result:
    """What each system's answers to one set are worth, and how ours differs from the best other one at moment@1."""

    name: str
    systems: dict[str, Evaluation]

    @property
    def groups(self) -> list[str]:
        """What is reported: all, and each direction where there are several."""
        directions = self.directions
        return directions if len(directions) == 1 else [ALL, *directions]

    @property
    def directions(self) -> list[str]:
        """Language of the question and of the video, such as `zh->en`, of the questions that have an answer."""
        return [group for group in self.systems[OURS].groups if group != ALL]

    @property
    def best_other(self) -> str:
        """The plain system that is right most often."""
        others = {name: found for name, found in self.systems.items() if name != OURS}
        return max(others, key=lambda name: others[name].groups[ALL].moment1)

    def gain(self, group: str) -> Difference:
        """By how much ours is right more often than the best other one."""
        before, after = (
            [float(row.judgement.moment1) for row in self.systems[name].rows if row.judgement and _is_in(row, group)]
            for name in (self.best_other, OURS)
        )
        return difference(before, after)


def _is_in(row: EvaluatedQuestion, group: str) -> bool:
    return group in (ALL, row.direction)


def to_markdown(results: Sequence[Result]) -> str:
    """A table for each set."""
    return "\n\n".join("\n".join(_section(result)) for result in results) + "\n"


def _section(result: Result) -> Iterator[str]:
    yield f"### {result.name}\n"
    yield "| system | questions | n | video@1 | moment@1 | moment@5 | MRR@10 | sharp@1 | error, median / 90th |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for group in result.groups:
        for system, evaluation in result.systems.items():
            yield f"| {system} | {group} | {_cells(evaluation.groups[group])} |"
    yield f"\nmoment@1 over {result.best_other}, question by question: " + "; ".join(_gains(result)) + "."
    if said := _abstention(result.systems[OURS]):
        yield f"\n{said}"


def _cells(found: Metrics) -> str:
    low, high = found.moment1_interval
    shares = (f"{share:.3f}" for share in (found.moment5, found.mrr10, found.sharp1))
    error = "" if found.error_median is None else f"{found.error_median:.0f} / {found.error_p90:.0f} s"
    moment1 = f"{found.moment1:.3f} ({low:.3f} to {high:.3f})"
    return " | ".join([str(found.n), f"{found.video1:.3f}", moment1, *shares, error])


def _gains(result: Result) -> Iterator[str]:
    for group in result.groups:
        mean, (low, high) = result.gain(group)
        yield f"{group} {mean:+.3f} ({low:+.3f} to {high:+.3f})"


def _abstention(evaluation: Evaluation) -> str:
    """How well ours says no, or nothing where every question has an answer."""
    said = evaluation.abstention
    if not said:
        return ""
    precision = "" if said.precision is None else f", precision {said.precision:.2f}"
    right = sum(row.judgement.moment1 for row in evaluation.rows if row.judgement and not row.answered)
    return (
        f"{said.n} questions without an answer: recall {said.recall:.2f}{precision}; "
        f"{said.lost_answers} with one were taken for such, {right} of them with the right moment first."
    )


def to_json(results: Sequence[Result]) -> dict[str, dict[str, object]]:
    """Each set's figures by system, in the form of `eval --json` without its questions."""
    return {result.name: {name: _figures(found) for name, found in result.systems.items()} for result in results}


def _figures(evaluation: Evaluation) -> dict[str, object]:
    return {
        "groups": {group: asdict(found) for group, found in evaluation.groups.items()},
        "abstention": asdict(evaluation.abstention) if evaluation.abstention else None,
    }
