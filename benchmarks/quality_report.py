"""What the quality benchmark found, as Markdown, as JSON and as plots."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.plots import COLOURS, OUR_COLOUR, draw_panels
from seekpoint.query.evaluation.metrics import SHARP, Difference, Metrics, difference
from seekpoint.query.evaluation.runs import ALL, Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OURS = "seekpoint"
ERRORS, DIRECTIONS = "timestamp-error.svg", "moment-by-direction.svg"
_SECONDS = range(121)


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
            [
                float(row.judgement.moment1)
                for row in self.systems[name].rows
                if row.judgement and group in (ALL, row.direction)
            ]
            for name in (self.best_other, OURS)
        )
        return difference(before, after)


def to_markdown(results: Sequence[Result]) -> str:
    """A table for each set."""
    tables = []
    for result in results:
        lines = [
            f"### {result.name}\n",
            "| system | questions | n | video@1 | moment@1 | moment@5 | MRR@10 | sharp@1 | error, median / 90th |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        gains = []
        for group in result.groups:
            for system, evaluation in result.systems.items():
                lines.append(f"| {system} | {group} | {_cells(evaluation.groups[group])} |")
            mean, (low, high) = result.gain(group)
            gains.append(f"{group} {mean:+.3f} ({low:+.3f} to {high:+.3f})")
        lines.append(f"\nmoment@1 over {result.best_other}, question by question: {'; '.join(gains)}.")
        if said := _abstention(result.systems[OURS]):
            lines.append(f"\n{said}")
        tables.append("\n".join(lines))
    return "\n\n".join(tables) + "\n"


def _cells(found: Metrics) -> str:
    low, high = found.moment1_interval
    shares = (f"{share:.3f}" for share in (found.moment5, found.mrr10, found.sharp1))
    error = "" if found.error_median is None else f"{found.error_median:.0f} / {found.error_p90:.0f} s"
    moment1 = f"{found.moment1:.3f} ({low:.3f} to {high:.3f})"
    return " | ".join([str(found.n), f"{found.video1:.3f}", moment1, *shares, error])


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
    return {
        result.name: {
            name: {
                "groups": {group: asdict(one) for group, one in found.groups.items()},
                "abstention": asdict(found.abstention) if found.abstention else None,
            }
            for name, found in result.systems.items()
        }
        for result in results
    }


def draw(results: Sequence[Result], folder: Path) -> None:
    """Draw the timestamp errors and the shares by direction of each set."""
    draw_panels({result.name: result for result in results}, _errors_panel, folder / ERRORS)
    draw_panels({result.name: result for result in results}, _directions_panel, folder / DIRECTIONS)


def _errors_panel(axes: Axes, result: Result) -> None:
    axes.axvline(SHARP, color="#999999", linewidth=0.8, linestyle=":")
    for system, colour in _coloured(result.systems):
        errors = right_errors(result.systems[system])
        if errors:
            axes.plot(
                _SECONDS,
                shares_within(errors, _SECONDS),
                label=f"{system}, {len(errors)} right",
                color=colour,
                linewidth=2.2 if system == OURS else 1,
            )
    axes.set_xlim(_SECONDS[0], _SECONDS[-1])
    axes.set_ylim(0, 1)
    axes.set_xlabel("|start − span start|, seconds")
    axes.set_ylabel("share of the right answers")
    axes.legend(frameon=False, loc="lower right")


def right_errors(evaluation: Evaluation) -> list[float]:
    """How far the first moments that are right start from the answer, in seconds."""
    return [row.judgement.error for row in evaluation.rows if row.judgement and row.judgement.error is not None]


def shares_within(errors: Sequence[float], seconds: Iterable[int]) -> list[float]:
    """The share of the errors, one or more, that are no greater than each of the limits."""
    ordered = sorted(errors)
    return [bisect_right(ordered, limit) / len(ordered) for limit in seconds]


def _directions_panel(axes: Axes, result: Result) -> None:
    width = 0.8 / len(result.systems)
    for place, (system, colour) in enumerate(_coloured(result.systems)):
        found = [result.systems[system].groups[direction] for direction in result.directions]
        heights = [figures.moment1 for figures in found]
        below = [figures.moment1 - figures.moment1_interval.low for figures in found]
        above = [figures.moment1_interval.high - figures.moment1 for figures in found]
        axes.bar(
            [group + width * place for group in range(len(found))],
            heights,
            width,
            align="edge",
            label=system,
            color=colour,
            yerr=[below, above],
            error_kw={"linewidth": 0.7, "ecolor": "#333333"},
        )
    counted = [f"{name}\n{result.systems[OURS].groups[name].n} questions" for name in result.directions]
    axes.set_xticks([group + 0.4 for group in range(len(counted))], counted)
    axes.set_ylim(0, 1.25)  # the legend stands above the highest bar
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_ylabel("moment@1")
    axes.legend(frameon=False, ncols=3, loc="upper center")


def _coloured(systems: Iterable[str]) -> list[tuple[str, str]]:
    """Each system with its colour, ours first and always in the same one."""
    others = [system for system in systems if system != OURS]
    return [(OURS, OUR_COLOUR), *zip(others, COLOURS, strict=False)]
