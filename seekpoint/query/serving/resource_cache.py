"""Resources, sections and transcripts of an open library, cached while it stays open."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache

from seekpoint.index.kept import KeptMoment
from seekpoint.index.sections import Section
from seekpoint.index.store import Reader
from seekpoint.index.text.chapters import chapters_of
from seekpoint.index.text.clean import clean
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import Chapter, Details, Resource, ResourceStatus, State, Transcript
from seekpoint.query.output.status import totals
from seekpoint.query.serving.example_questions import example_questions
from seekpoint.query.serving.suggestions import Suggestions, folded

# A six-hour lecture takes some megabytes.
_KEPT_TRANSCRIPTS = 64
# How many questions are shown as examples, and in how many recordings they are looked for.
_EXAMPLES, _LOOKED_THROUGH = 3, 24


class ResourceCache:
    """The resources, sections and transcripts of an open library."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.transcripts = lru_cache(_KEPT_TRANSCRIPTS)(reader.transcripts)

    @cached_property
    def statuses(self) -> dict[str, ResourceStatus]:
        """Every resource's status by its id, in the lists' order."""
        return {status.resource.id: status for status in self.reader.statuses()}

    @cached_property
    def sections(self) -> list[Section]:
        return self.reader.sections()

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

    @cached_property
    def suggestions(self) -> Suggestions:
        """What can be suggested of all that is indexed."""
        titled = ((one.resource, one.chapters or self.details(one.id).chapters) for one in self._indexed())
        return Suggestions.of(self.headings, titled)

    @cached_property
    def examples(self) -> list[str]:
        """Some questions that recordings from all over the lists ask, else titles of chapters and recordings."""
        recordings = [status for status in self._indexed() if status.resource.kind.plays]
        chosen = recordings[:: max(len(recordings) // _LOOKED_THROUGH, 1)]
        asked = example_questions((self.transcripts(status.id)[0] for status in chosen), _EXAMPLES)
        titles = [chapter.title for status in chosen for chapter in status.chapters]
        return _distinct([*asked, *map(clean, titles), *(clean(status.resource.title) for status in chosen)])[
            :_EXAMPLES
        ]

    @cached_property
    def folded_names(self) -> dict[str, str]:
        """Every resource's title and channel by its id, as they are compared with what is looked for."""
        return {
            resource_id: folded(f"{clean(status.title)}\n{clean(self.details(resource_id).channel or '')}")
            for resource_id, status in self.statuses.items()
        }

    @cached_property
    def totals(self) -> dict[str, int | float]:
        """The number of resources, also by state, of chunks and of seconds."""
        return totals(list(self.statuses.values()))

    @cached_property
    def kept(self) -> list[KeptMoment]:
        return self.reader.kept()

    @cached_property
    def added(self) -> list[str]:
        """Every resource's id, in the order in which they were added."""
        return list(self.reader.standings())

    def computed(self) -> dict[str, object]:
        """The properties that are cached already, by name; none of them uses the reader any more."""
        return {
            name: value for name, value in vars(self).items() if isinstance(vars(type(self)).get(name), cached_property)
        }

    def resource(self, resource_id: str) -> Resource | None:
        status = self.statuses.get(resource_id)
        return status.resource if status else None

    def details(self, resource_id: str) -> Details:
        return self._details.get(resource_id, Details())

    def chapters(self, resource_id: str, transcript: Transcript | None) -> tuple[Chapter, ...]:
        """A resource's chapters or headings: its own, else those that were made of one of its transcripts."""
        return chapters_of(self.details(resource_id), transcript)

    @cached_property
    def _details(self) -> dict[str, Details]:
        return self.reader.details(list(self.statuses))

    def duration(self, resource_id: str) -> float:
        """Seconds: as its source says, else up to the last word; 0 for what is read."""
        status = self.statuses.get(resource_id)
        if status is None or not status.resource.kind.plays:
            return 0.0
        return max(self.details(resource_id).duration or 0.0, status.seconds)

    def _indexed(self) -> Iterable[ResourceStatus]:
        return (status for status in self.statuses.values() if status.state is State.INDEXED and status.chunks)


class ResourceCaches:
    """The cache of the reader that was used last; threads may share it."""

    def __init__(self) -> None:
        self._last: ResourceCache | None = None

    def of(self, reader: Reader) -> ResourceCache:
        """The cache of a reader, the same one while that stays open.

        A reader of the same revision takes over what was read, since a library on a server has one for each request.
        """
        last = self._last
        if last is None or last.reader is not reader:
            fresh = ResourceCache(reader)
            if last and (last.reader.address, last.reader.revision) == (reader.address, reader.revision):
                vars(fresh).update(last.computed())
            last = self._last = fresh
        return last


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
