"""One answer of those to several wordings of a question: what is found by more than one of them gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from seekpoint.index.text.languages import UNKNOWN
from seekpoint.index.types import Language
from seekpoint.query.answers import Answer, Moment, is_same_place

MOST_WORDINGS = 4
"""The most wordings beside the question: each costs as much time as the question."""

AGREED = 0.2
"""The share of the score by another wording that a moment gains which that one finds, too. With translations by a
language model, over five sets, moment@1 rises from .466 to .503 without it, to .520 with .1, to .529 with .2 and to
.518 with .4; moment@5 from .747 to .821, .804, .800 and .800 (benchmarks/RESULTS.md)."""


@dataclass(slots=True)
class _Place:
    """A moment by the wording with the highest score, the wordings that find it, and what it gains for the others."""

    moment: Moment
    wordings: set[int] = field(default_factory=set)
    gain: float = 0.0

    @property
    def score(self) -> float:
        return min(self.moment.score + self.gain, 1.0)


def spoken(languages: Mapping[str, Language]) -> list[str]:
    """The languages of a library with the most passages, in which a question can be put."""
    return sorted(languages.keys() - {UNKNOWN}, key=lambda tag: -languages[tag].chunks)[: MOST_WORDINGS + 1]


def merged(answers: Sequence[Answer], k: int) -> Answer:
    """The answer to the first of these questions, with the `k` best moments of all.

    The confidence is that of the wording by which the first moment was found first. Words that nothing mentions, or
    that are read as others, are only those of the question itself.
    """
    places = list[_Place]()
    found = [(moment, wording) for wording, answer in enumerate(answers) for moment in answer.moments]
    for moment, wording in sorted(found, key=lambda each: -each[0].score):
        same = next((place for place in places if is_same_place(place.moment, moment)), None)
        if same is None:
            places.append(_Place(moment, {wording}))
        elif wording not in same.wordings:
            same.wordings.add(wording)
            same.gain += AGREED * moment.score
    places.sort(key=lambda place: -place.score)
    first = [place.moment for place in places[:1]]
    leading = next((answer for answer in answers if [*answer.moments[:1]] == first), answers[0])
    if leading is not answers[0]:
        leading = replace(leading, question=answers[0].question, unknown=(), respelled=())
    return replace(leading, moments=tuple(_ranked(place, rank) for rank, place in enumerate(places[:k], 1)))


def _ranked(place: _Place, rank: int) -> Moment:
    moment, why = place.moment, place.moment.explanation
    gained = round(place.score - moment.score, 4)
    explanation = replace(why, reworded=gained) if why and gained else why
    return replace(moment, rank=rank, score=place.score, explanation=explanation)
