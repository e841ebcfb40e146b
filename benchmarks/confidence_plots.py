"""Plots of the confidence: what each kind of question gets, and how often the first moment is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scipy.stats import binomtest  # type: ignore[import-untyped]

from benchmarks.calibration import Asking, Judged
from benchmarks.plots import draw_panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS, RIGHT = "confidence-by-kind.svg", "right-by-confidence.svg"
_BINS = 10
_STEPS = 100
# Of Okabe and Ito's colours, and lines that differ without colours.
_LINES = {Asking.OFF: ("#D55E00", "--"), Asking.NEAR: ("#CC79A7", "-."), Asking.ANSWERABLE: ("#0072B2", "-")}


def draw(judged: Mapping[str, Judged], folder: Path) -> None:
    """Draw a panel for each set; the certainties are logits of the estimate."""
    draw_panels(judged, _kinds_panel, folder / KINDS)
    bins = {name: right_by_estimate([one]) for name, one in judged.items()}
    draw_panels(bins | {"all sets": right_by_estimate([*judged.values()])}, _right_panel, folder / RIGHT)


def estimate(logit: float) -> float:
    """The probability with this logit."""
    return 1 / (1 + exp(-logit))


def shares_below(estimates: Sequence[float], limits: Sequence[float]) -> list[float]:
    """The share of the estimates, one or more, that are less than each of the limits."""
    return [sum(one < limit for one in estimates) / len(estimates) for limit in limits]


class Bin(NamedTuple):
    """Answerable questions whose estimates lie in one tenth of the scale, and how many have a right first moment."""

    questions: int
    right: int


def right_by_estimate(judged: Sequence[Judged]) -> list[Bin]:
    """The answerable questions of these sets by tenths of the estimate, from the least one on."""
    bins: list[list[bool]] = [[] for _ in range(_BINS)]
    for row, logit in chain.from_iterable(one.rows for one in judged):
        if row.asking is Asking.ANSWERABLE:
            bins[min(int(estimate(logit) * _BINS), _BINS - 1)].append(row.is_right)
    return [Bin(len(one), sum(one)) for one in bins]


def _kinds_panel(axes: Axes, judged: Judged) -> None:
    low, high = estimate(judged.low), estimate(judged.high)
    for threshold, name in ((low, "low"), (high, "high")):
        axes.vlines(threshold, 0, 1, color="#555555", linewidth=0.8, linestyle=":")
        axes.text(threshold, 1.03, f"{name} from {threshold:.2f}", color="#555555", ha="center")
    limits = sorted({*(step / _STEPS for step in range(_STEPS + 1)), low, high})
    for asking, (colour, style) in _LINES.items():
        estimates = [estimate(logit) for row, logit in judged.rows if row.asking is asking]
        if estimates:
            label = f"{asking}, {len(estimates)}"
            axes.plot(limits, shares_below(estimates, limits), style, label=label, color=colour, linewidth=1.6)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.3)  # the thresholds are named above the curves, and the legend stands above both
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_xlabel("estimate")
    axes.set_ylabel("share of questions below")
    axes.legend(frameon=False, ncols=3, loc="upper center", columnspacing=1, handlelength=1.5)


def _right_panel(axes: Axes, bins: Sequence[Bin]) -> None:
    for place, (questions, right) in enumerate(bins):
        if questions:
            share, interval = right / questions, binomtest(right, questions).proportion_ci(method="wilson")
            error = [[share - interval.low], [interval.high - share]]
            axes.bar(
                (place + 0.5) / _BINS,
                share,
                0.8 / _BINS,
                color="#0072B2",
                yerr=error,
                error_kw={"linewidth": 0.7, "ecolor": "#333333"},
            )
        axes.text((place + 0.5) / _BINS, 1.05, f"{questions}", ha="center", color="#333333", size=7)
    axes.set_xlim(0, 1)
    axes.set_xticks([step / _BINS for step in range(0, _BINS + 1, 2)])
    axes.set_ylim(0, 1.15)  # the numbers of questions stand above the bars
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_xlabel("estimate; above the bars, answerable questions")
    axes.set_ylabel("right first")
