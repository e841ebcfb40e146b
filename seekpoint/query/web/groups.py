"""The moments of an answer, grouped by resource, down to where scores fall. All pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seekpoint.query.answers import Moment
from seekpoint.query.search.settings import MOST_MOMENTS
from seekpoint.query.web.view_models import MomentView

# A moment is near with this share of the best one's score.
_LEAST_SHARE = 0.6
# So many moments are shown however far they are, and so many more are asked for at a time.
_FEWEST, _MORE = 3, 16


@dataclass(frozen=True, slots=True)
class MomentGroup:
    """The moments of a resource, best first; `more` is the number of near ones beside them, which aren't shown."""

    best: MomentView
    others: tuple[MomentView, ...]
    more: int

    @property
    def count(self) -> int:
        """How many moments there are beside the best one."""
        return len(self.others) + self.more


def near(moments: Sequence[Moment]) -> tuple[Moment, ...]:
    """The moments whose score is near that of the first one."""
    return tuple(moment for moment in moments if _is_near(moment, moments[0]))


def cut(moments: Sequence[Moment]) -> tuple[Moment, ...]:
    """The moments down to where scores fall, but the first few in any case."""
    return (*moments[:_FEWEST], *(moment for moment in moments[_FEWEST:] if _is_near(moment, moments[0])))


def following(asked: int, found: int, shown: int) -> int | None:
    """For how many moments "show more" asks, where some of those `found` are shown; `None` if there are no more."""
    if shown < found:
        return max(asked, found)
    return min(asked + _MORE, MOST_MOMENTS) if found >= asked and asked < MOST_MOMENTS else None


def grouped(views: Sequence[MomentView]) -> list[MomentGroup]:
    """The moments by resource, in the order of the best moment of each."""
    groups: dict[str, list[MomentView]] = {}
    for view in views:
        groups.setdefault(view.moment.resource.id, []).append(view)
    return [MomentGroup(best, tuple(others), best.moment.more) for best, *others in groups.values()]


def _is_near(moment: Moment, best: Moment) -> bool:
    return moment.score >= best.score * _LEAST_SHARE
