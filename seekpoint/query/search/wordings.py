"""One answer of those to several wordings of a question: what is found by more than one of them gains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from seekpoint.index.errors import UsageError
from seekpoint.index.settings import MOST_WORDINGS as MOST_WORDINGS
from seekpoint.index.text.languages import UNKNOWN
from seekpoint.index.types import Language
from seekpoint.query.answers import Answer, Confidence, Moment, is_same_place
from seekpoint.query.search.literal import read_syntax
from seekpoint.query.search.ranking import mixed
from seekpoint.query.search.settings import TUNING, AskOptions

AGREED = 0.2
"""The share of the score by another wording that a moment gains which that one finds, too. With translations by a
language model, the mean of moment@1 over five sets rises from .466 to .503 with none, .520 with .1, .529 with .2 and
.518 with .4; that of moment@5 from .747 to .821, .804, .800 and .800 (benchmarks/RESULTS.md)."""


def check_wordings(question: str, also: Sequence[str]) -> None:
    """Raise UsageError for too many other wordings of a question, or any beside a phrase or a minus."""
    if len(also) > MOST_WORDINGS:
        raise UsageError(f"{len(also)} other wordings of the question: give {MOST_WORDINGS} at most")
    if also and read_syntax(question).is_strict:
        raise UsageError('a question with a "phrase" or a minus is asked in its own words: omit the other wordings')


@dataclass(slots=True)
class _Place:
    """A moment of the wording that ranks it highest, its `key` there, and its `gain` for the other `wordings`."""

    moment: Moment
    key: float
    wordings: set[int]
    gain: float = 0.0

    is_reference = False

    @property
    def score(self) -> float:
        return min(self.key + self.gain, 1.0)

    @property
    def resource_id(self) -> str:
        return self.moment.resource.id


def spoken(languages: Mapping[str, Language]) -> list[str]:
    """The languages of a library with the most passages, in which a question can be put."""
    return sorted(languages.keys() - {UNKNOWN}, key=lambda tag: -languages[tag].chunks)[: MOST_WORDINGS + 1]


def merged(answers: Sequence[Answer], options: AskOptions) -> Answer:
    """The answer to the first of these questions, with the best moments of all.

    The confidence is that of the wording that finds the first moment first, or the lowest where none does. The words
    that nothing mentions, or that are read as others, are told where that is the question itself.
    """
    places = list[_Place]()
    for key, moment, wording in sorted(_keyed(answers), key=lambda each: -each[0]):
        same = next((place for place in places if is_same_place(place.moment, moment)), None)
        if same is None:
            places.append(_Place(moment, key, {wording}))
        elif wording not in same.wordings:
            same.wordings.add(wording)
            same.gain += AGREED * key
    places.sort(key=lambda place: -place.score)
    shown, further = mixed(places, options.k, options.per_resource, (options.tuning or TUNING).nearly)
    first = [place.moment for place in shown[:1]]
    leading = next(
        (answer for answer in answers if [*answer.moments[:1]] == first),
        min(answers, key=lambda answer: _RISING.index(answer.confidence)),
    )
    if leading is not answers[0]:
        leading = replace(leading, question=answers[0].question, unknown=(), respelled=())
    also = tuple(answer.question for answer in answers[1:])
    return replace(
        leading, also=also, moments=tuple(_ranked(place, rank, further) for rank, place in enumerate(shown, 1))
    )


_RISING = [Confidence.NONE, Confidence.LOW, Confidence.HIGH]


def _keyed(answers: Sequence[Answer]) -> Iterator[tuple[float, Moment, int]]:
    """Each moment with its key and the number of its wording; a key is the least score up to there.

    So the order of each wording's ranking is kept, also where it isn't that of the scores, as for *what is X?*.
    """
    for wording, answer in enumerate(answers):
        keys = accumulate((moment.score for moment in answer.moments), min)
        yield from ((key, moment, wording) for key, moment in zip(keys, answer.moments, strict=True))


def _ranked(place: _Place, rank: int, further: Mapping[str, int]) -> Moment:
    moment, why = place.moment, place.moment.explanation
    score = min(moment.score + place.gain, 1.0)
    gained = round(score - moment.score, 4)
    explanation = replace(why, reworded=gained) if why and gained else why
    more = max(moment.more, further[place.resource_id])
    return replace(moment, rank=rank, score=score, more=more, explanation=explanation)
