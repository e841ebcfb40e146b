"""What pages and assistants need of an open library beside answers, read once for as long as it stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache

from seekpoint.index.embedded.catalogue import Section
from seekpoint.index.embedded.library import Library
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import Details, Resource, ResourceStatus, State

# A six-hour lecture takes some megabytes.
_KEPT_TRANSCRIPTS = 64


class Shelf:
    """An open library's resources, sections and transcripts."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.transcripts = lru_cache(_KEPT_TRANSCRIPTS)(library.transcripts)

    @cached_property
    def statuses(self) -> dict[str, ResourceStatus]:
        """Every resource's status by its id, in the lists' order."""
        return {status.resource.id: status for status in self.library.statuses()}

    @cached_property
    def sections(self) -> list[Section]:
        return self.library.sections()

    @cached_property
    def headings(self) -> list[str]:
        """Every heading once, in the lists' order."""
        return _distinct(heading for section in self.sections for heading in section.path)

    @cached_property
    def kinds(self) -> list[str]:
        """The kinds of what is indexed."""
        return _distinct(status.resource.kind for status in self._indexed())

    @cached_property
    def languages(self) -> list[str]:
        """The primary subtags of what is indexed."""
        return _distinct(primary(language) for status in self._indexed() for language in status.languages)

    def resource(self, resource_id: str) -> Resource | None:
        status = self.statuses.get(resource_id)
        return status.resource if status else None

    def details(self, resource_id: str) -> Details:
        return self._details.get(resource_id, Details())

    @cached_property
    def _details(self) -> dict[str, Details]:
        return self.library.details_by_id(list(self.statuses))

    def duration(self, resource_id: str) -> float:
        """Seconds: as its source says, else up to the last word; 0 for what is read."""
        status = self.statuses.get(resource_id)
        if status is None or not status.resource.kind.plays:
            return 0.0
        return max(self.details(resource_id).duration or 0.0, status.seconds)

    def _indexed(self) -> Iterable[ResourceStatus]:
        return (status for status in self.statuses.values() if status.state is State.INDEXED and status.chunks)


class Shelves:
    """The shelf of the library that was used last; safe to use from threads."""

    def __init__(self) -> None:
        self._last: Shelf | None = None

    def of(self, library: Library) -> Shelf:
        """The shelf of a library, the same one while that stays open."""
        last = self._last
        if last is None or last.library is not library:
            last = self._last = Shelf(library)
        return last


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
