"""Keeping moments on the pages: the forms, and what a page with moments shows of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from seekpoint.index.text.clean import clean, printable
from seekpoint.index.types import KeptMoment, Resource, place_of
from seekpoint.query.answers import Moment
from seekpoint.query.output.kept_exports import by_collection
from seekpoint.query.search.settings import LONGEST_QUESTION
from seekpoint.query.serving.parameters import LONGEST_ID, LONGEST_LANGUAGE, OrNone
from seekpoint.query.web.editing import Editing, Form, Line
from seekpoint.query.web.parameters import LONGEST_COLLECTION

if TYPE_CHECKING:
    from seekpoint.query.serving.resource_cache import ResourceCache

_LONGEST_TEXT = 8000
_MOST_PAGES = 1_000_000


def _in_lines(text: str) -> str:
    return "\n".join(printable(line).rstrip() for line in text.splitlines()).strip()


class KeepForm(Form):
    """A moment to keep, as the page shows it."""

    resource: Annotated[str, Field(max_length=LONGEST_ID)]
    language: Annotated[Line, Field(max_length=LONGEST_LANGUAGE)]
    start: Annotated[Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None, OrNone] = None
    page: Annotated[Annotated[int, Field(ge=1, le=_MOST_PAGES)] | None, OrNone] = None
    anchor: Annotated[Annotated[Line, Field(max_length=_LONGEST_TEXT)] | None, OrNone] = None
    quote: Annotated[Line, Field(max_length=_LONGEST_TEXT)]
    link: Annotated[Line, Field(max_length=_LONGEST_TEXT)]
    question: Annotated[Line, Field(max_length=LONGEST_QUESTION)] = ""

    def moment(self, resource: Resource, added: float) -> KeptMoment:
        """The moment in a resource of the library; `added` in Unix seconds."""
        values = self.model_dump(exclude={"resource", "back"})
        title = clean(resource.title) or resource.id
        return KeptMoment(resource=replace(resource, title=title, sections=()), added=added, **values)


class PlaceForm(Form):
    """A kept moment, by its resource and its place there."""

    resource: Annotated[str, Field(max_length=LONGEST_ID)]
    place: Annotated[str, Field(max_length=LONGEST_ID)]


class NoteForm(Form):
    """The note and the collection of a kept moment."""

    resource: Annotated[str, Field(max_length=LONGEST_ID)]
    place: Annotated[str, Field(max_length=LONGEST_ID)]
    note: Annotated[str, Field(max_length=_LONGEST_TEXT), AfterValidator(_in_lines)] = ""
    collection: Annotated[Line, Field(max_length=LONGEST_COLLECTION)] = ""


class Keeping:
    """What a page with moments needs to keep them: the secret of its forms, where they lead, what is kept already."""

    def __init__(self, editing: Editing, cache: ResourceCache, back: str) -> None:
        self.secret = editing.secret
        self.back = back
        self.collections = [name for name in by_collection(cache.kept) if name]
        self._kept = {(moment.resource.id, moment.place): moment for moment in cache.kept}

    def of(self, moment: Moment, anchor: str | None) -> KeptMoment | None:
        """The kept moment at the place of one on the page."""
        return self._kept.get((moment.resource.id, place_of(moment.start, moment.page, anchor, moment.quote)))
