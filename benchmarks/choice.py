"""Weights chosen by some questions and tested on others. All pure; what a variant finds comes from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import NamedTuple

from seekpoint.query.evaluation.bootstrap import Difference, difference
from seekpoint.query.search.settings import TUNING, Tuning

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
    return "\n".join(_lines(results))


def _lines(results: Sequence[LeftOut]) -> Iterator[str]:
    yield (
        "| left out | n | dense share; stand-in, translated; reach | chosen | shipped | hybrid "
        "| moment@1 over hybrid | moment@5 over hybrid |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for result in (*results, together(results)):
        shares = (_shares(found) for found in (result.chosen, result.shipped, result.prototype))
        gains = (_gain(result.gain(field)) for field in Right._fields)
        cells = [result.source, str(len(result.chosen)), _weights(result.tuning), *shares, *gains]
        yield f"| {' | '.join(cells)} |"


def _weights(tuning: Tuning | None) -> str:
    if not tuning:
        return ""
    return f"{tuning.dense_share:g}; {tuning.stand_in:g}, {tuning.translated:g}; {tuning.reach:g} s"


def _shares(found: Sequence[Right] | None) -> str:
    return "–" if found is None else " / ".join(f"{share:.3f}" for share in _means(found))


def _means(found: Sequence[Right]) -> tuple[float, float]:
    return fmean(right.moment1 for right in found), fmean(right.moment5 for right in found)


def _gain(gain: Difference | None) -> str:
    return "–" if gain is None else f"{gain.mean:+.3f} ({gain.interval.low:+.3f} to {gain.interval.high:+.3f})"


def to_json(results: Sequence[LeftOut]) -> dict[str, dict[str, object]]:
    """The same figures by source."""
    return {result.source: _figures(result) for result in (*results, together(results))}


def _figures(result: LeftOut) -> dict[str, object]:
    found = {"chosen": result.chosen, "shipped": result.shipped, "hybrid": result.prototype}
    gains = {field: result.gain(field) for field in Right._fields}
    return {
        "n": len(result.chosen),
        "tuning": asdict(result.tuning) if result.tuning else None,
        **{
            name: None if rights is None else dict(zip(Right._fields, _means(rights), strict=True))
            for name, rights in found.items()
        },
        "gain": {field: gain._asdict() if gain else None for field, gain in gains.items()},
    }
