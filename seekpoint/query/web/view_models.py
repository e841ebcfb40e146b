"""Answers as the templates show them. Those escape every text; addresses, on which browsers act, are validated here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from seekpoint.file_formats import MEDIA_TYPES
from seekpoint.hosts import is_private
from seekpoint.index.text.clean import clean, printable
from seekpoint.index.text.languages import UNKNOWN, language_of
from seekpoint.index.text.transcript_text import names_before
from seekpoint.index.types import Chapter, Details, Kind, Resource, Transcript, shown_url
from seekpoint.query.answers import Moment
from seekpoint.query.filters import FILTERS
from seekpoint.query.links import timestamp
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.transcript_paragraphs import PositionedCue
from seekpoint.query.web.parameters import READING, AskParameters, PageParameters
from seekpoint.safe_links import is_web, local_file

BAR = 1000
"""The length of a bar in its own units."""

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_YOUTUBE_PICTURES = "https://i.ytimg.com/vi"
_ASKED = ("q", *FILTERS, "like", "at", "said")
# The page of a transcript names its own address thousands of times.
_PAGES = 256


class TextSegment(NamedTuple):
    """A part of a quote: whether it matches the question, and whether it is in the cue that answers."""

    text: str
    is_match: bool
    is_answer: bool


class Tick(NamedTuple):
    """A moment or a chapter on the bar of its resource; `offset` is from 0 to BAR."""

    offset: int
    href: str
    label: str
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Player:
    """How a resource plays in the page, or shows its pages (`pdf`), which are counted as seconds are.

    `source` is a video's id for `youtube`, else the address of a file.
    """

    kind: Literal["youtube", "audio", "video", "pdf"]
    source: str
    mime: str = ""

    def elsewhere(self, start: float | None) -> str | None:
        """The address at YouTube from a second on, or of a PDF at a page; `None` for another file."""
        if self.kind == "pdf":
            return f"{self.source}#page={int(start or 1)}"
        address = f"https://www.youtube.com/watch?v={self.source}&t={int(start or 0)}s"
        return address if self.kind == "youtube" else None

    @property
    def is_from_web(self) -> bool:
        """Whether the browser asks another server for it, which it does when someone presses play."""
        return is_web(self.source)


@dataclass(frozen=True)
class MomentView:
    """A moment on the page; `context` are the cues of its quote and around it.

    The `siblings` are all moments of the answer in the same resource.
    """

    moment: Moment
    context: Sequence[PositionedCue]
    siblings: Sequence[Moment]
    chapters: tuple[Chapter, ...]
    duration: float
    player: Player | None = None

    @property
    def title(self) -> str:
        return clean(self.moment.resource.title) or self.moment.resource.id

    @cached_property
    def quoted(self) -> Sequence[PositionedCue]:
        """The cues of the quote."""
        first, stop = self.moment.cues
        return [each for each in self.context if first <= each.position < stop]

    @property
    def here(self) -> str:
        """The address of the place on the resource's page in Seekpoint."""
        return place_href(self.moment)

    @property
    def href(self) -> str:
        """The address of the place in the resource itself; `here` if that is neither on the web nor served."""
        return opens_at(self.moment.resource, self.moment.link, self.moment.page) or self.here

    @property
    def is_outside(self) -> bool:
        return self.href != self.here

    @property
    def quote(self) -> tuple[TextSegment, ...]:
        """The quote, split at the bounds of its marks and of the cue that answers, unless that is the whole quote."""
        text, quoted = self.moment.quote, self.quoted
        names = names_before([each.cue for each in quoted], quoted[0].cue.speaker) if quoted else []
        following = sum(len(name) + len(each.cue.text) + 1 for name, each in zip(names[1:], quoted[1:], strict=True))
        answer_end = len(text) - following if following else 0
        bounds = {0, len(text), answer_end, *(bound for span in self.moment.marks for bound in span)}
        return tuple(
            TextSegment(
                printable(text[start:stop]),
                any(first <= start and stop <= last for first, last in self.moment.marks),
                stop <= answer_end,
            )
            for start, stop in pairwise(sorted(bound for bound in bounds if 0 <= bound <= len(text)))
        )

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The ticks on the bar of the resource, of which this moment's is highlighted."""
        return ticks(self.siblings, self.duration, self.moment)

    @property
    def chapter_ticks(self) -> tuple[Tick, ...]:
        return chapter_ticks(self.moment.resource, self.chapters, self.duration, self.moment.language)


def entry_name(resource: Resource) -> str:
    """The name of an entry of the list: its title, else its file's name or its address."""
    if resource.title not in ("", resource.url):
        return clean(resource.title) or resource.id
    file = local_file(resource.url)
    return clean(file.name if file else shown_url(resource)) or resource.id


def summary_language(transcripts: Iterable[Transcript]) -> str:
    """The tag of the summary's language: its transcript's, or, if that is unknown, the one that a script tells."""
    told = next((each for each in transcripts if each.summary), None)
    if told and told.language == UNKNOWN:
        return language_of(told.summary, "")
    return told.language if told else ""


def opens_at(resource: Resource, link: str, page: int | None) -> str | None:
    """The address that opens a link to a resource: itself on the web, or a PDF on this machine at its page."""
    if is_web(link) and shown_url(resource) == resource.url:
        return link
    path = local_pdf(resource)
    at_page = f"#page={page}" if page else ""
    return f"{_media(resource)}{at_page}" if path and path.is_file() else None


def picture_of(resource: Resource, details: Details) -> str | None:
    """The address of the picture of a video or an episode; that of a video of YouTube follows from its id."""
    if resource.is_on_youtube and resource.kind is Kind.VIDEO:
        return f"{_YOUTUBE_PICTURES}/{quote(resource.id, safe='')}/mqdefault.jpg"
    return details.thumbnail


def local_pdf(resource: Resource) -> Path | None:
    """The file of a PDF on this machine."""
    path = local_file(resource.url) if resource.kind is Kind.PAPER else None
    return path if path and path.suffix.lower() == ".pdf" else None


def _media(resource: Resource) -> str:
    return f"/media/{quote(resource.id, safe='')}"


def player_of(resource: Resource, cache: ResourceCache, *, draws: bool = False) -> Player | None:
    """The player for a resource; `None` if it doesn't play, and is no PDF on this machine while this server `draws`.

    Nor does an episode in a private network: a browser would ask there for whoever wrote the feed. Nor does one whose
    address holds a password, which the page would show.
    """
    if resource.kind is Kind.VIDEO and _VIDEO_ID.fullmatch(resource.id):
        return Player("youtube", resource.id)
    mime, source = content_type(resource), _media(resource)
    if draws and (path := local_pdf(resource)) and path.is_file():
        return Player("pdf", source)
    if resource.kind is Kind.RECORDING and is_web(resource.url):
        if is_private(resource.url) and resource.id not in cache.own_episodes:
            return None
        if shown_url(resource) != resource.url:
            return None
        suffix = PurePosixPath(urlsplit(resource.url).path).suffix.lower()
        mime, source = MEDIA_TYPES.get(suffix, "audio/mpeg"), resource.url
    if mime is None:
        return None
    return Player("audio" if mime.startswith("audio/") else "video", source, mime)


def resource_href(
    resource: Resource, start: float | None = None, language: str | None = None, cue: int | None = None
) -> str:
    """The address of a resource's page in Seekpoint, at a second and at the cue with a position."""
    page = _page(resource.id, language)
    return f"{page if start is None else at_second(page, start)}{'' if cue is None else f'#c{cue}'}"


def place_href(moment: Moment) -> str:
    """The address of a moment's place on the page of its resource in Seekpoint."""
    return resource_href(moment.resource, moment.start, moment.language, moment.cues[0])


@lru_cache(_PAGES)
def _page(resource_id: str, language: str | None) -> str:
    query = "" if language is None else f"?{urlencode({'language': language})}"
    return f"/resource/{quote(resource_id, safe='')}{query}"


def at_second(page: str, start: float) -> str:
    """The address of a resource's page at a second."""
    return f"{page}{'&' if '?' in page else '?'}t={f'{start:.3f}'.rstrip('0').rstrip('.')}"


def ticks(moments: Iterable[Moment], duration: float, own: Moment | None = None) -> tuple[Tick, ...]:
    """The ticks of moments on the bar of their resource, in order of time; `own` is highlighted, else all of them."""
    marks = (
        _tick(place_href(moment), moment.start, duration, is_own=own is None or moment is own)
        for moment in moments
        if duration and moment.start is not None
    )
    return tuple(sorted(marks))


def chapter_ticks(
    resource: Resource, chapters: Iterable[Chapter], duration: float, language: str | None
) -> tuple[Tick, ...]:
    """The ticks of the chapters of a recording, in order of time; none at its very beginning."""
    return tuple(
        _tick(resource_href(resource, chapter.start, language), chapter.start, duration, f" {clean(chapter.title)}")
        for chapter in chapters
        if duration and chapter.start > 0
    )


def _tick(href: str, start: float, duration: float, name: str = "", *, is_own: bool = False) -> Tick:
    return Tick(round(min(start / duration, 1.0) * BAR), href, f"{timestamp(start)}{name}", is_own)


def by_resource(moments: Sequence[Moment]) -> dict[str, list[Moment]]:
    """The moments by the id of their resource."""
    groups: dict[str, list[Moment]] = {}
    for moment in moments:
        groups.setdefault(moment.resource.id, []).append(moment)
    return groups


def question_href(parameters: PageParameters, **changed: object) -> str:
    """The address that asks the same question with the same filters, but for what is `changed`."""
    kept = {name: getattr(parameters, name) for name in _ASKED}
    return f"/?{urlencode({name: value for name, value in (kept | changed).items() if value not in (None, '')})}"


def reading_href(parameters: AskParameters) -> str:
    """The address of the reading of an answer to these parameters."""
    given = parameters.model_dump(include=set(AskParameters.model_fields) - {"explain"}, exclude_none=True)
    return f"{READING}?{urlencode(given)}"


def content_type(resource: Resource) -> str | None:
    """The media type of a recording's file; `None` if the resource isn't a recording in a local file."""
    path = local_file(resource.url) if resource.kind is Kind.RECORDING else None
    return MEDIA_TYPES.get(path.suffix.lower()) if path else None
