"""Passages for a reader: what is said around each moment, with a mark where every ten seconds a sentence begins. Pure.

A reader is a language model, or an assistant: it chooses among the first moments by what is said there. For .95 of the
questions of `broad` one of the passages has the right place, for .54 the first moment.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, zip_longest
from math import inf, sqrt
from string import ascii_lowercase
from typing import NamedTuple, TypeAlias

from seekpoint.index.text.clean import clean
from seekpoint.index.text.transcript_text import CueText, attributed
from seekpoint.index.types import Cue, Kind, Transcript
from seekpoint.query.answers import Moment
from seekpoint.query.links import page_label
from seekpoint.query.token_budget import shortened, tokens

PASSAGES = 20
"""The passages that a reader is given at most, and the moments of which at least the beginning is shown. Without these
beginnings one of the passages has the right place for .79 of the questions of fastai, with them for .84."""

MOMENTS = 2
"""The moments for each passage, since those near each other share one."""

# Seconds before the best moment and from it on; for what is read, seconds of reading. Around the others there are
# fewer, by the square root of the rank: so .915 of the words of broad's answers are shown, with 15 and 70 s .885.
_LEAD, _TAIL = 25.0, 170.0
# Seconds between two marks, about.
_STEP = 10.0
# Seconds after a mark by which another one follows, within a sentence if need be.
_LONG = 15.0
# A second before a moment is left out as soon as this many after it.
_LEAD_COST = 2.0
# Cues that are read before a moment, and times as many after it: captions come every two to four seconds, words at
# most three in a second.
_CUES, _AHEAD = (15, 80), 7

Excerpts: TypeAlias = Callable[[str, str, int, int], Sequence[Transcript]]
"""The transcripts of a resource, by its id, in a language, each with its cues [first, stop)."""


class Mark(NamedTuple):
    """A place where a sentence begins, its label, and what is said from there up to the next mark.

    `number` is that of the cue in the transcript, `page` the name of its page, if it has one. What looks like a mark in
    `text`, such as [2], is ‹2›; it's as it is said in `cue`. `text` begins with the name of who speaks.
    """

    label: str
    cue: Cue
    number: int
    text: str
    page: str | None = None

    @property
    def shown(self) -> str:
        """The mark with its page or second."""
        return f"[{self.label} {self.page or int(self.start)}]"

    @property
    def start(self) -> float:
        """The second at which the sentence begins; for what is read, seconds of reading."""
        return self.cue.start


Show: TypeAlias = Callable[[Mark], str]
"""How a mark is written."""

_LIKE_A_MARK = re.compile(r"[\[【［(（]\s?([0-9]{1,2}\s?[A-Za-z]{0,2}(?:\s[^\])）】］]{1,9})?)\s?[\]】］)）]")


@dataclass(frozen=True, slots=True)
class MarkedPassage:
    """What is said around one moment, or several that are close to each other, best first; they begin at `starts`."""

    number: int
    moments: tuple[Moment, ...]
    starts: tuple[float, ...]
    marks: tuple[Mark, ...]

    @property
    def moment(self) -> Moment:
        """The best moment."""
        return self.moments[0]

    def text(self, show: Show) -> str:
        """The passage in one line."""
        return " ".join(f"{show(mark)} {mark.text}" for mark in self.marks)


def marked_passages(moments: Iterable[Moment], excerpts: Excerpts, most: int = PASSAGES) -> list[MarkedPassage]:
    """The first passages around moments, in their order; moments whose passages overlap share one."""
    groups: list[_Stretch] = []
    for moment in moments:
        stretch = _stretch(moment, excerpts)
        met = [group for group in groups if group.meets(stretch)]
        for group in met[1:]:
            met[0].join(group)
            groups.remove(group)
        if met:
            met[0].join(stretch)
        elif len(groups) < most:
            groups.append(stretch)
    return [_marked(number, group) for number, group in enumerate(groups, 1)]


@dataclass(eq=False)
class _Stretch:
    """Consecutive cues of a transcript by their numbers, and the moments and seconds that they surround."""

    moments: list[Moment]
    starts: list[float]
    cues: dict[int, Cue]

    def meets(self, other: _Stretch) -> bool:
        one, two = self.moments[0], other.moments[0]
        return (one.resource.id, one.language) == (two.resource.id, two.language) and bool(
            self.cues.keys() & other.cues.keys()
        )

    def join(self, other: _Stretch) -> None:
        self.moments += other.moments
        self.starts += other.starts
        self.cues |= other.cues


def _stretch(moment: Moment, excerpts: Excerpts) -> _Stretch:
    number = moment.cues[0]
    for many in _CUES:
        first = max(number - many, 0)
        excerpt = excerpts(moment.resource.id, moment.language, first, number + _AHEAD * many)
        cues = dict(enumerate(excerpt[0].cues, first)) if excerpt else {}
        if number not in cues:  # the library changed since
            start = moment.start or 0.0
            return _Stretch([moment], [start], {number: Cue(start, moment.end or start, moment.quote)})
        start = cues[number].start if moment.start is None else moment.start
        if cues[max(cues)].start - start > _TAIL:
            break
    return _Stretch(
        [moment], [start], {n: cue for n, cue in cues.items() if cue.end - start > -_LEAD and cue.start - start < _TAIL}
    )


def _marked(number: int, stretch: _Stretch) -> MarkedPassage:
    numbers = sorted(stretch.cues)
    kind = stretch.moments[0].resource.kind
    marks = marks_in([stretch.cues[each] for each in numbers], numbers, kind, stretch.starts, labels(number))
    return MarkedPassage(number, tuple(stretch.moments), tuple(stretch.starts), tuple(marks))


def labels(number: int) -> Iterator[str]:
    """The labels of the marks of a passage: its number with a to z, then aa to zz."""
    return (f"{number}{first}{second}" for first in ("", *ascii_lowercase) for second in ascii_lowercase)


def marks_in(
    cues: Sequence[Cue], numbers: Sequence[int], kind: Kind, starts: Sequence[float], labels: Iterable[str]
) -> list[Mark]:
    """The marks of consecutive cues, with `labels` in their order: where sentences begin, about every ten seconds.

    `numbers` are those of the cues in the transcript. There is a mark at each of the `starts`, in seconds.
    """
    text = CueText(cues)
    places = text.sentences(is_opening=True) if kind.plays else text.offsets
    seconds = [text.second_at(place) for place in places]
    chosen = sorted({places[k] for k in _nearest(seconds, starts)} | {0})
    if kind.plays:
        chosen = [*_divided(chosen, text)]
    marks = []
    for label, place, end in zip(labels, chosen, [*chosen[1:], len(text.text)], strict=False):
        position = text.cue_at(place)
        said_by = text.cues_from(place, end)
        said = clean(attributed(said_by, said_by[0].speaker))
        named = clean(attributed(said_by)) if said_by[0].speaker else said
        cue = said_by[0]._replace(text=said)
        page = None if cue.page is None else page_label(kind, cue.page)
        marks.append(Mark(label, cue, numbers[position], _LIKE_A_MARK.sub(r"‹\1›", named), page))
    return marks


def _divided(chosen: Sequence[int], text: CueText) -> Iterator[int]:
    """Yield the places and, where there is none for _LONG seconds, the beginnings of cues about every ten seconds."""
    for place, end in zip(chosen, [*chosen[1:], len(text.text)], strict=True):
        yield place
        start, stop = text.second_at(place), text.second_at(end)
        if stop - start <= _LONG:
            continue
        cues = text.offsets[bisect_right(text.offsets, place) : bisect_left(text.offsets, end)]
        inner = [cue for cue in cues if start + _STEP / 2 <= text.second_at(cue) <= stop - _STEP / 2]
        parts = max(int((stop - start) / _STEP), 2)
        targets = [start + (stop - start) * part / parts for part in range(1, parts)] if inner else []
        yield from sorted({min(inner, key=lambda cue: abs(text.second_at(cue) - each)) for each in targets})


def _nearest(seconds: Sequence[float], starts: Sequence[float]) -> set[int]:
    """The places to mark: where a moment begins, and from there in steps both ways, each at the nearest beginning."""
    chosen = {_at(seconds, start) for start in starts}
    first, last, origin = seconds[0], seconds[-1], starts[0]
    steps = range(int((first - origin) // _STEP), int((last - origin) // _STEP) + 2)
    for target in (origin + _STEP * step for step in steps):
        place = _at(seconds, target)
        if all(abs(seconds[place] - seconds[other]) >= _STEP / 2 for other in chosen):
            chosen.add(place)
    return chosen


def _at(seconds: Sequence[float], target: float) -> int:
    """The place whose second is nearest."""
    after = bisect_left(seconds, target)
    return min((k for k in (after - 1, after) if 0 <= k < len(seconds)), key=lambda k: abs(seconds[k] - target))


def fitted(
    passages: Sequence[MarkedPassage], most: float, beside: Callable[[MarkedPassage], float], show: Show
) -> list[MarkedPassage]:
    """The passages within `most` tokens, each with the tokens of `beside` besides its text.

    The beginnings of the first PASSAGES moments are shown. Then all that is said around the best moment, around the
    next one, and so on, as far as it fits: there are fewer moments shown whole rather than shorter texts.
    """
    kept, left = dict[int, dict[str, Mark]](), most
    for passage, wanted in _by_priority(passages):
        marks = kept.get(passage.number, {})
        around = tokens(_CUT) + (0 if marks else beside(passage))
        missing = [mark for mark in wanted if mark.label not in marks]
        window = _first(missing, most * _LARGEST - around, show)
        fits = _first(window, left - around, show)
        if fits:
            kept[passage.number] = marks | {mark.label: mark for mark in fits}
            left -= around + sum(_size(mark, show) for mark in fits)
        if len(fits) < len(window):
            break
    return [_with_cuts(passage, kept[passage.number]) for passage in passages if passage.number in kept]


_CUT = " …"
# The largest share of all tokens for the beginning of a moment; the rest of its window may take as much again.
_LARGEST = 1 / 5
# Tokens of the shortest text.
_LEAST = 60


def _by_priority(passages: Iterable[MarkedPassage]) -> Iterator[tuple[MarkedPassage, list[Mark]]]:
    """Yield marks in the order in which they get room: beginnings of moments, then the window of each, best first."""
    ranked = sorted(
        (
            (moment.rank, passage.number, start)
            for passage in passages
            for moment, start in zip(passage.moments, passage.starts, strict=True)
        ),
    )
    by_number = {passage.number: passage for passage in passages}
    for _, number, start in ranked[:PASSAGES]:
        yield by_number[number], _near(by_number[number], start, 0.0, _STEP)
    for rank, number, start in ranked:
        yield by_number[number], _near(by_number[number], start, _LEAD / sqrt(rank), _TAIL / sqrt(rank))


def _near(passage: MarkedPassage, start: float, before: float, after: float) -> list[Mark]:
    """The marks of what is said in the seconds before and after a start, the nearest first."""
    ends = [*(mark.start for mark in passage.marks[1:]), inf]
    marks = [
        mark
        for mark, end in zip(passage.marks, ends, strict=True)
        if start - before < end and mark.start < start + after
    ]
    return sorted(marks, key=lambda mark: max(mark.start - start, _LEAD_COST * (start - mark.start)))


def _first(marks: Sequence[Mark], most: float, show: Show) -> list[Mark]:
    """The first marks that fit into `most` tokens; the beginning of the first one, if it alone takes more."""
    count = sum(size <= most for size in accumulate(_size(mark, show) for mark in marks))
    if count or not marks or most < _LEAST:
        return list(marks[:count])
    return [marks[0]._replace(text=shortened(marks[0].text, most - tokens(f"{show(marks[0])}  ")))]


def _size(mark: Mark, show: Show) -> float:
    return tokens(f"{show(mark)} {json.dumps(mark.text, ensure_ascii=False)[1:-1]} ")


def _with_cuts(passage: MarkedPassage, kept: Mapping[str, Mark]) -> MarkedPassage:
    """The passage with these marks alone, and … where others were between them."""
    marks = []
    for mark, following in zip_longest(passage.marks, passage.marks[1:]):
        if shown := kept.get(mark.label):
            is_cut = following is not None and following.label not in kept
            marks.append(shown._replace(text=f"{shown.text.removesuffix(_CUT[1:])}{_CUT}") if is_cut else shown)
    return replace(passage, marks=tuple(marks))
