"""Plots of what benchmarks found, as SVG. Drawn with matplotlib, which nothing else needs."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 2
# Okabe and Ito's colours, which most people with a colour vision deficiency can tell apart.
OUR_COLOUR = "#D55E00"
COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
# The same results give the same file: ids come from a fixed salt, and text stays text.
_STYLE: dict[Any, Any] = {"svg.hashsalt": "seekpoint", "svg.fonttype": "none", "font.size": 8, "axes.titlesize": 9}
_NO_DATE = {"Date": None, "Creator": None}
Shown = TypeVar("Shown")


def need_matplotlib(options: argparse.ArgumentParser) -> None:
    """End the program with a line that says what to install, where matplotlib is missing."""
    if not importlib.util.find_spec("matplotlib"):
        options.exit(2, "--plots draws with matplotlib, which isn't here: pip install matplotlib\n")


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
    colours = (OUR_COLOUR, *COLOURS)
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
