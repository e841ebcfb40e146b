"""Resources, sections and transcripts of an open library, cached while it stays open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache

from seekpoint.index.store import Amounts, Reader
from seekpoint.index.text.chapters import chapters_of
from seekpoint.index.text.clean import clean
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import (
    Chapter,
    Details,
    KeptMoment,
    Resource,
    ResourceStatus,
    Section,
    Standing,
    State,
    Transcript,
)
from seekpoint.query.serving.example_questions import example_questions
from seekpoint.query.serving.suggestions import Suggestions, folded

# A six-hour lecture takes some megabytes.
_KEPT_TRANSCRIPTS = 64
# How many questions are shown as examples, and in how many recordings they are looked for.
_EXAMPLES, _LOOKED_THROUGH = 3, 24
# Of a long list, examples are looked for among so many resources from all over it, or up to twice as many.
_LOOKED_AT = 500


class ResourceCache:
    """The resources, sections and transcripts of an open library."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.transcripts = lru_cache(_KEPT_TRANSCRIPTS)(reader.transcripts)

    @cached_property
    def statuses(self) -> dict[str, ResourceStatus]:
        """Every resource's status by its id, in the lists' order; reads all of them."""
        return {status.resource.id: status for status in self.reader.statuses()}

    def status(self, resource_id: str) -> ResourceStatus | None:
        """The status of one resource."""
        self.prefetch([resource_id])
        return self._known.get(resource_id)

    def prefetch(self, ids: Iterable[str]) -> None:
        """Read the statuses and details of some resources together, unless they were read before."""
        wanted = list(ids)
        if missing := [key for key in wanted if key not in self._known] if "statuses" not in vars(self) else []:
            self._read_statuses.update((status.id, status) for status in self.reader.statuses(missing))
        if missing := [key for key in wanted if key not in self._read_details]:
            self._read_details.update(self.reader.details(missing))

    @property
    def _known(self) -> Mapping[str, ResourceStatus]:
        return self.statuses if "statuses" in vars(self) else self._read_statuses

    @cached_property
    def _read_statuses(self) -> dict[str, ResourceStatus]:
        return {}

    @cached_property
    def _read_details(self) -> dict[str, Details]:
        return {}

    @cached_property
    def order(self) -> list[str]:
        """Every resource's id, in the lists' order."""
        return self.reader.order()

    @cached_property
    def standings(self) -> dict[str, Standing]:
        """Every resource's standing by its id, in the order in which they were added."""
        return self.reader.standings()

    @cached_property
    def amounts(self) -> Amounts:
        return self.reader.amounts()

    @cached_property
    def sections(self) -> list[Section]:
        return self.reader.sections()

    @cached_property
    def headings(self) -> list[str]:
        """Every heading once, in the lists' order."""
        return _distinct(heading for section in self.sections for heading in section.path)

    @cached_property
    def suggestions(self) -> Suggestions:
        """What can be suggested of all that is indexed."""
        self.prefetch(self.statuses)
        titled = ((one.resource, one.chapters or self.details(one.id).chapters) for one in self._indexed())
        return Suggestions.of(self.headings, titled)

    def examples(self, language: str) -> list[str]:
        """Some questions that recordings from all over the lists ask, else titles of chapters and recordings.

        Those in the language with a primary subtag come first.
        """
        if language not in self._examples:
            self._examples[language] = self._find_examples(language)
        return self._examples[language]

    @cached_property
    def _examples(self) -> dict[str, list[str]]:
        return {}

    def _find_examples(self, language: str) -> list[str]:
        indexed = [key for key in self.order if self.standings[key].is_indexed]
        some = indexed[:: max(len(indexed) // _LOOKED_AT, 1)]
        self.prefetch(some)
        found = (self.status(key) for key in some)
        recordings = [status for status in found if status and status.chunks and status.resource.kind.plays]
        chosen = [
            status
            for is_own in (True, False)
            for status in _spread([one for one in recordings if (language in map(primary, one.languages)) is is_own])
        ]
        asked = example_questions((self._transcript(status.id, language) for status in chosen), _EXAMPLES)
        titles = [chapter.title for status in chosen for chapter in status.chapters]
        return _distinct([*asked, *map(clean, titles), *(clean(status.resource.title) for status in chosen)])[
            :_EXAMPLES
        ]

    def _transcript(self, resource_id: str, language: str) -> Transcript:
        """The first transcript in a language, else the first one."""
        transcripts = self.transcripts(resource_id)
        return next((one for one in transcripts if primary(one.language) == language), transcripts[0])

    @cached_property
    def folded_names(self) -> dict[str, str]:
        """Every resource's title and channel by its id, as they are compared with what is looked for."""
        self.prefetch(self.statuses)
        return {
            resource_id: folded(f"{clean(status.title)}\n{clean(self.details(resource_id).channel or '')}")
            for resource_id, status in self.statuses.items()
        }

    @cached_property
    def kept(self) -> list[KeptMoment]:
        return self.reader.kept()

    @cached_property
    def kept_here(self) -> set[str]:
        """The ids of the resources of kept moments that are still in the library."""
        ids = {moment.resource.id for moment in self.kept}
        self.prefetch(ids)
        return {key for key in ids if self.status(key)}

    def computed(self) -> dict[str, object]:
        """The properties that are cached already, by name; none of them uses the reader any more."""
        return {
            name: value for name, value in vars(self).items() if isinstance(vars(type(self)).get(name), cached_property)
        }

    def resource(self, resource_id: str) -> Resource | None:
        status = self.status(resource_id)
        return status.resource if status else None

    def details(self, resource_id: str) -> Details:
        self.prefetch([resource_id])
        return self._read_details.get(resource_id, Details())

    def chapters(self, resource_id: str, transcript: Transcript | None) -> tuple[Chapter, ...]:
        """A resource's chapters or headings: its own, else those that were made of one of its transcripts."""
        return chapters_of(self.details(resource_id), transcript)

    def duration(self, resource_id: str) -> float:
        """Seconds: as its source says, else up to the last word; 0 for what is read."""
        status = self.status(resource_id)
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


def _spread(recordings: Sequence[ResourceStatus]) -> Sequence[ResourceStatus]:
    """Some recordings from all over the lists, in their order."""
    return recordings[:: max(len(recordings) // _LOOKED_THROUGH, 1)]


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
