"""From answers and transcripts to what the templates show. All pure.

Templates escape every text; what stands here in attributes that browsers act on, the addresses, is checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import quote, urlencode

from seekpoint.index.text.clean import clean, printable
from seekpoint.index.types import Cue, Kind, Resource
from seekpoint.query.answers import Moment
from seekpoint.query.links.timestamps import timestamp
from seekpoint.query.web.media import content_type
from seekpoint.query.web.transcripts import Around, Said

BAR = 1000
"""The length of a bar in its own units."""

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_WEB = ("https://", "http://")


class Segment(NamedTuple):
    """A part of a quote: whether it matches the question, and whether it's in the cue that answers."""

    text: str
    is_match: bool
    is_answer: bool


class Tick(NamedTuple):
    """A moment on a bar; `place` is from 0 to BAR."""

    place: int
    href: str
    label: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class Player:
    """How a resource plays in the page: `youtube`, `audio` or `video`, and what by."""

    how: str
    source: str
    mime: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A moment as the page has it.

    `href` leads to the place in the resource itself and `here` to it on the resource's page; they're the same where
    the resource isn't on the web. `share` is what a copied link holds.
    """

    moment: Moment
    title: str
    href: str
    here: str
    player: Player | None
    time: str | None
    quote: tuple[Segment, ...]
    around: Around | None
    ticks: tuple[Tick, ...]
    end: str | None

    @property
    def is_outside(self) -> bool:
        return self.href != self.here

    @property
    def sections(self) -> list[str]:
        return [" › ".join(clean(heading) for heading in path) for path in self.moment.resource.sections]


def shown(moment: Moment, place: Around | None, siblings: Iterable[Moment], duration: float) -> Shown:
    """A moment beside the others of its answer that lie in the same resource."""
    here = resource_href(moment.resource, moment.start, moment.language, place.quoted[0] if place else None)
    player = player_of(moment.resource)
    return Shown(
        moment=moment,
        title=clean(moment.resource.title) or moment.resource.id,
        href=moment.link if is_web(moment.link) else here,
        here=here,
        player=player,
        time=timestamp(moment.start),
        quote=segments(moment, place.quoted[0].cue if place else None),
        around=place,
        ticks=ticks(siblings, duration, moment),
        end=timestamp(duration) if duration else None,
    )


def is_web(address: str) -> bool:
    """Whether a link may lead there: a library may hold any address, even one that browsers would run."""
    return address.lower().startswith(_WEB)


def player_of(resource: Resource) -> Player | None:
    """How a resource plays in the page; `None` where it doesn't."""
    if resource.kind is Kind.VIDEO and _VIDEO_ID.fullmatch(resource.id):
        return Player("youtube", resource.id)
    mime = content_type(resource)
    return Player(mime.partition("/")[0], media_href(resource), mime) if mime else None


def media_href(resource: Resource) -> str:
    """The address of a recording's file."""
    return f"/media/{quote(resource.id, safe='')}"


def resource_href(
    resource: Resource, start: float | None = None, language: str | None = None, said: Said | None = None
) -> str:
    """The address of a resource's page, at a second or at a cue."""
    given = {"language": language, "t": None if start is None else f"{start:.3f}".rstrip("0").rstrip(".")}
    query = urlencode({name: value for name, value in given.items() if value is not None})
    fragment = f"#c{said.position}" if said else ""
    return f"/resource/{quote(resource.id, safe='')}{'?' if query else ''}{query}{fragment}"


def segments(moment: Moment, answer: Cue | None) -> tuple[Segment, ...]:
    """The quote cut where marks and the cue that answers begin and end; where that is all of it, it isn't set apart."""
    quote_text = moment.quote
    is_part = answer is not None and quote_text.startswith(answer.text) and answer.text != quote_text
    answers = len(answer.text) if answer and is_part else 0
    edges = {0, len(quote_text), answers, *(edge for span in moment.marks for edge in span)}
    return tuple(
        Segment(
            printable(quote_text[start:stop]),
            any(first <= start and stop <= last for first, last in moment.marks),
            stop <= answers,
        )
        for start, stop in pairwise(sorted(edge for edge in edges if 0 <= edge <= len(quote_text)))
    )


def ticks(moments: Iterable[Moment], duration: float, own: Moment | None = None) -> tuple[Tick, ...]:
    """Where moments lie on the bar of the resource that they're in, by the second."""
    if not duration:
        return ()
    found = [
        Tick(
            round(min(moment.start / duration, 1.0) * BAR),
            resource_href(moment.resource, moment.start, moment.language),
            timestamp(moment.start) or "",
            own is None or moment is own,
        )
        for moment in moments
        if moment.start is not None
    ]
    return tuple(sorted(found))


def by_resource(moments: Sequence[Moment]) -> dict[str, list[Moment]]:
    """The moments of each resource, by its id."""
    found: dict[str, list[Moment]] = {}
    for moment in moments:
        found.setdefault(moment.resource.id, []).append(moment)
    return found


def question_href(question: str, **limits: str | None) -> str:
    """The address that asks a question again, within the same limits."""
    given = {"q": question} | {name: value for name, value in limits.items() if value}
    return f"/?{urlencode(given)}"
