"""More like this: the moments that are near in meaning to another moment."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from seekpoint.query.answers import Answer, Moment
from seekpoint.query.search.literal import without_marks
from seekpoint.query.web.parameters import PageParameters

SPARE = 3
"""How many moments more to ask for, since some are at the place itself."""

# Seconds around a moment that count as the same place: the moment is its own best answer.
_SAME = 60.0


class SimilarTo(NamedTuple):
    """The moment that others are like: the id of its resource, its second, and what is said there."""

    resource: str
    start: float
    said: str

    @classmethod
    def of(cls, parameters: PageParameters) -> SimilarTo | None:
        """The moment of the parameters `like`, `at` and `said`; `None` if they aren't given."""
        if not parameters.like or not parameters.said:
            return None
        # What is said may be in quotation marks, which would ask for it literally.
        return cls(parameters.like, parameters.at or 0.0, without_marks(parameters.said))

    def others(self, answer: Answer, count: int) -> Answer:
        """The answer without the moments at the same place, at most `count` of them."""
        moments = tuple(moment for moment in answer.moments if not self._is_same(moment))
        return replace(answer, moments=moments[:count])

    def _is_same(self, moment: Moment) -> bool:
        is_near = moment.start is None or abs(moment.start - self.start) < _SAME
        return moment.resource.id == self.resource and is_near
