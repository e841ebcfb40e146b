"""Passages for a reader: what is said around each moment, with a mark where every ten seconds a sentence begins. Pure.

A reader is a language model, or an assistant: it chooses among the first moments by what is said there. For .95 of the
questions of `broad` one of the passages has the right place, for .54 the first moment.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from math import inf
from string import ascii_lowercase
from typing import NamedTuple, TypeAlias

from seekpoint.index.text.clean import clean
from seekpoint.index.text.transcript_text import CueText, attributed
from seekpoint.index.types import Cue, Transcript
from seekpoint.query.answers import Moment
from seekpoint.query.links import page_label
from seekpoint.query.token_budget import shortened, tokens

PASSAGES = 20
"""The moments around which a reader is given what is said. With 12 a passage has the right place for .90, .74 and .78
of the questions of dev, lectures and fastai, with 20 for .94, .79 and .84, in as many tokens."""

MOMENTS = 2
"""The moments for each passage, since those near each other share one. With it a passage of 4,500 tokens in all has the
right place for .96 of the questions of broad, without it for .95."""

# Seconds before a moment and from it on; for what is read, seconds of reading. With 10 s before, a mark is near the
# start of the answer for .01 fewer.
_LEAD, _TAIL = 15.0, 55.0
# Seconds between two marks, about.
_STEP = 10.0
# A second before a moment is left out as soon as this many after it.
_LEAD_COST = 2.0
# Cues that are read around a moment; captions come every two to four seconds, words at most three in a second.
_CUES_BEFORE, _CUES_AFTER = 40, 160

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
    first, stop = moment.cues
    low = max(first - _CUES_BEFORE, 0)
    found = excerpts(moment.resource.id, moment.language, low, stop + _CUES_AFTER)
    cues = dict(enumerate(found[0].cues, low)) if found else {}
    if first not in cues:  # the library changed since
        start = moment.start or 0.0
        return _Stretch([moment], [start], {first: Cue(start, moment.end or start, moment.quote)})
    start = cues[first].start if moment.start is None else moment.start
    near = {n: cue for n, cue in cues.items() if start - _LEAD < cue.end and cue.start < start + _TAIL}
    return _Stretch([moment], [start], near)


def _marked(number: int, stretch: _Stretch) -> MarkedPassage:
    numbers = sorted(stretch.cues)
    text = CueText([stretch.cues[each] for each in numbers])
    kind = stretch.moments[0].resource.kind
    places = text.sentences(is_opening=True) if kind.plays else text.offsets
    seconds = [text.second_at(place) for place in places]
    chosen = sorted({places[k] for k in _nearest(seconds, stretch.starts)} | {0})
    marks = []
    for label, place, end in zip(_labels(number), chosen, [*chosen[1:], len(text.text)], strict=False):
        position = text.cue_at(place)
        cues = text.cues_from(place, end)
        said, named = (clean(attributed(cues, before)) for before in (cues[0].speaker, None))
        cue = cues[0]._replace(text=said)
        page = None if cue.page is None else page_label(kind, cue.page)
        marks.append(Mark(label, cue, numbers[position], _LIKE_A_MARK.sub(r"‹\1›", named), page))
    return MarkedPassage(number, tuple(stretch.moments), tuple(stretch.starts), tuple(marks))


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


def _labels(number: int) -> Iterator[str]:
    """3a to 3z, then 3aa to 3zz."""
    for first in ("", *ascii_lowercase):
        for second in ascii_lowercase:
            yield f"{number}{first}{second}"


def fitted(
    passages: Sequence[MarkedPassage], most: float, beside: Callable[[MarkedPassage], float], show: Show
) -> list[MarkedPassage]:
    """The passages within `most` tokens, each with the tokens of `beside` besides its text.

    All get shorter before any goes: first goes what is furthest from its moment, and said around later moments.
    """
    kept = list(passages)
    while len(kept) > 1 and sum(map(beside, kept)) + _LEAST * len(kept) > most:
        kept.pop()
    left = most - sum(beside(passage) + len(passage.starts) * tokens(_CUT) for passage in kept)
    even, is_over = left / max(len(kept), 1), False
    fitting = set[str]()
    for distance, mark in sorted(
        ((_distance(mark, passage), mark) for passage in kept for mark in passage.marks),
        key=lambda each: each[0],
    ):
        left -= _size(mark, show)
        if left < 0 and distance:
            break
        is_over = left < 0  # where moments begin takes too much: each passage has as much as the others
        fitting.add(mark.label)
    return [_shortened(passage, fitting, even if is_over else inf, show) for passage in kept]


_CUT = " …"
# Tokens of the shortest passage's text.
_LEAST = 60


def _distance(mark: Mark, passage: MarkedPassage) -> float:
    """Seconds from a moment of the passage to a mark; they count more before the moment and in later passages.

    Without the square, or without the number, a passage has the right place for .01 to .02 fewer.
    """
    distances = (mark.start - start for start in passage.starts)
    nearest = min(distance if distance >= 0 else -_LEAD_COST * distance for distance in distances)
    return nearest * (1 + passage.number) ** 2


def _size(mark: Mark, show: Show) -> float:
    return tokens(f"{show(mark)} {json.dumps(mark.text, ensure_ascii=False)[1:-1]} ")


def _shortened(passage: MarkedPassage, labels: Set[str], most: float, show: Show) -> MarkedPassage:
    """The passage with these marks alone, and … for others between them; texts are cut to `most` tokens in all."""
    kept, count = list[Mark](), sum(mark.label in labels for mark in passage.marks)
    for mark, following in zip(passage.marks, [*passage.marks[1:], None], strict=True):
        if mark.label in labels:
            said = shortened(mark.text, most / count - tokens(f"{show(mark)}  "))
            most, count = most - _size(mark._replace(text=said), show), count - 1
            kept.append(mark._replace(text=said if not following or following.label in labels else said + _CUT))
    return replace(passage, marks=tuple(kept))
