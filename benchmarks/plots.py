"""Plots of what benchmarks found, as SVG. Drawn with matplotlib, which nothing else needs."""

from __future__ import annotations

import argparse
import importlib.util
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from benchmarks.quality_report import OURS, Result
from seekpoint.query.evaluation.metrics import SHARP
from seekpoint.query.evaluation.runner import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ERRORS, DIRECTIONS = "timestamp-error.svg", "moment-by-direction.svg"
_SECONDS = range(121)
_COLUMNS = 2
# Okabe and Ito's colours, which most people with a colour vision deficiency can tell apart.
_OUR_COLOUR = "#D55E00"
_COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
# The same results give the same file: ids come from a fixed salt, and text stays text.
_STYLE: dict[Any, Any] = {"svg.hashsalt": "seekpoint", "svg.fonttype": "none", "font.size": 8, "axes.titlesize": 9}
_NO_DATE = {"Date": None, "Creator": None}
Shown = TypeVar("Shown")


def need_matplotlib(options: argparse.ArgumentParser) -> None:
    """End the program with a line that says what to install, where matplotlib is missing."""
    if not importlib.util.find_spec("matplotlib"):
        options.exit(2, "--plots draws with matplotlib, which isn't here: pip install matplotlib\n")


def draw(results: Sequence[Result], folder: Path) -> None:
    """Draw the timestamp errors and the shares by direction of each set."""
    draw_panels({result.name: result for result in results}, _errors_panel, folder / ERRORS)
    draw_panels({result.name: result for result in results}, _directions_panel, folder / DIRECTIONS)


def draw_panels(shown: Mapping[str, Shown], panel: Callable[[Axes, Shown], None], path: Path) -> None:
    """Draw a panel for each title, two in a row."""
    from matplotlib import rc_context

    path.parent.mkdir(parents=True, exist_ok=True)
    with rc_context(_STYLE):
        figure, axes = _grid(len(shown))
        for place, (title, one) in zip(axes, shown.items(), strict=True):
            place.set_title(title)
            place.spines[["top", "right"]].set_visible(False)
            panel(place, one)
        figure.savefig(path, format="svg", metadata=_NO_DATE, facecolor="white")


def _grid(panels: int) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    columns = min(panels, _COLUMNS)
    rows = -(-panels // columns)
    figure = Figure(figsize=(4.2 * columns, 2.9 * rows), layout="constrained")
    return figure, [figure.add_subplot(rows, columns, place) for place in range(1, panels + 1)]


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
    return [(OURS, _OUR_COLOUR), *zip(others, _COLOURS, strict=False)]


class Panel(NamedTuple):
    """Costs by the number of chunks: of each line its points, ours first; `due` are the targets by number of chunks."""

    title: str
    unit: str
    lines: Mapping[str, Mapping[int, float]]
    due: Mapping[int, float] = {}


def draw_growth(panels: Sequence[Panel], path: Path) -> None:
    """Draw how costs grow, on axes that show the same factor as the same distance."""
    draw_panels({panel.title: panel for panel in panels}, _growth_panel, path)


def _write_plainly(axes: Axes, chunks: Sequence[int]) -> None:
    """Numbers beside logarithmic axes as they are, not as powers."""
    from matplotlib.ticker import LogLocator, NullLocator

    axes.set_xticks(chunks, [f"{number:,}" for number in chunks])
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())


def _growth_panel(axes: Axes, panel: Panel) -> None:
    colours = (_OUR_COLOUR, *_COLOURS)
    for number, ((label, points), colour) in enumerate(zip(panel.lines.items(), colours, strict=False)):
        width = 1 if number else 2.2
        axes.plot([*points], [*points.values()], marker="o", markersize=3, label=label, color=colour, linewidth=width)
    if panel.due:
        axes.plot([*panel.due], [*panel.due.values()], "_", markersize=12, color="#333333", label="due, at most")
    axes.set_xscale("log")
    axes.set_yscale("log")
    _write_plainly(axes, sorted({chunks for points in (*panel.lines.values(), panel.due) for chunks in points}))
    axes.set_xlabel("chunks")
    axes.set_ylabel(panel.unit)
    axes.legend(frameon=False)
