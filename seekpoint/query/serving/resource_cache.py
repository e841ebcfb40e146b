"""Resources, sections and transcripts of an open library, cached while it stays open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from urllib.parse import urlsplit

from seekpoint.index.store import Reader
from seekpoint.index.text.clean import clean
from seekpoint.index.text.languages import primary
from seekpoint.index.text.stretches import stretch_id
from seekpoint.index.text.transcript_text import chapters_of, columns
from seekpoint.index.types import (
    Amounts,
    Chapter,
    Details,
    KeptMoment,
    NamedBy,
    Resource,
    ResourceStatus,
    Section,
    Standing,
    State,
    Transcript,
)
from seekpoint.query.serving.suggestions import Suggestions, example_questions, folded

# A six-hour lecture takes some megabytes.
_KEPT_TRANSCRIPTS = 64
# Examples that are shown, and resources in which they are looked for.
_EXAMPLES, _LOOKED_THROUGH = 3, 24
# Resources from all over a long list among which examples are looked for; up to twice as many.
_LOOKED_AT = 500
# The stretches of a resource in which a noted question is looked for, and the columns of one that is short.
_LOOKED_IN, _SHORT = (0, 1, 2), 56


class ResourceCache:
    """The resources, sections and transcripts of an open library."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.transcripts = lru_cache(_KEPT_TRANSCRIPTS)(reader.transcripts)
        self._read_statuses: dict[str, ResourceStatus] = {}
        self._examples: dict[str, list[str]] = {}

    @cached_property
    def statuses(self) -> dict[str, ResourceStatus]:
        """Every resource's status by its id, in the lists' order; reads all of them."""
        self._read_statuses = {status.id: status for status in self.reader.statuses()}
        return self._read_statuses

    def status(self, resource_id: str) -> ResourceStatus | None:
        """The status of one resource."""
        self.prefetch([resource_id])
        return self._read_statuses.get(resource_id)

    def prefetch(self, ids: Iterable[str]) -> None:
        """Read the statuses of some resources together, unless they were read before."""
        if "statuses" not in vars(self) and (missing := [key for key in ids if key not in self._read_statuses]):
            self._read_statuses.update((status.id, status) for status in self.reader.statuses(missing))

    @cached_property
    def order(self) -> list[str]:
        """Every resource's id, in the lists' order."""
        return _distinct(resource_id for section in self.sections for resource_id in section.entries)

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
    def own_episodes(self) -> set[str]:
        """The ids of the episodes on the servers of the feeds that the owner names, which may be private ones."""
        named = {key for section in self.sections if section.named_by is NamedBy.OWNER for key in section.entries}
        feeds = {key: playlist for key, playlist in self.reader.playlists().items() if key in named}
        self.prefetch(feeds)
        servers = {key: urlsplit(feed.url).netloc for key in feeds if (feed := self.resource(key))}
        return {
            entry.resource.id
            for key, server in servers.items()
            for entry in feeds[key].entries
            if urlsplit(entry.resource.url).netloc == server
        }

    @cached_property
    def headings(self) -> list[str]:
        """Every heading once, in the lists' order."""
        return _distinct(heading for section in self.sections for heading in section.path)

    @cached_property
    def suggestions(self) -> Suggestions:
        """The suggestions from all that is indexed."""
        indexed = (status for status in self.statuses.values() if status.state is State.INDEXED and status.chunks)
        resources = ((status.resource, _written_chapters(status)) for status in indexed)
        read = self.reader.stretches() if self.amounts.stretches else []
        noted = ((self.statuses.get(each.resource_id), each.questions) for each in read)
        questions = ((status.resource, question) for status, asked in noted if status for question in asked)
        return Suggestions(self.headings, resources, questions)

    def examples(self, language: str) -> list[str]:
        """Some short questions that were noted in the language with a primary subtag, from all over the lists.

        Where there are too few, titles, chapters and headings; those of resources in the language come first.
        """
        if language not in self._examples:
            indexed = [key for key in self.order if self.standings[key].is_indexed]
            some = indexed[:: max(len(indexed) // _LOOKED_AT, 1)]
            self.prefetch(some)
            statuses = [status for key in some if (status := self.status(key)) and status.chunks]
            statuses.sort(key=lambda status: language not in map(primary, status.languages))
            spread = statuses[:: max(len(statuses) // _LOOKED_THROUGH, 1)]
            names = ([*(each.title for each in _written_chapters(status)), status.resource.title] for status in spread)
            asked = self._short_questions(spread, language)
            self._examples[language] = example_questions(chain(asked, names), _EXAMPLES)
        return self._examples[language]

    def _short_questions(self, statuses: Sequence[ResourceStatus], language: str) -> Iterator[list[str]]:
        """The short questions that were noted early in each resource, in an order in which the first are far apart."""
        if not self.amounts.stretches:
            return
        step = max(len(statuses) // _EXAMPLES, 1)
        for status in (status for first in range(step) for status in statuses[first::step]):
            noted = self.reader.stretches([stretch_id(status.id, number) for number in _LOOKED_IN], language)
            asked = (question for stretch in noted for question in stretch.questions if question.language == language)
            yield [text for each in asked if columns(text := each.text) <= _SHORT and text.endswith(("?", "？"))]

    @cached_property
    def folded_names(self) -> dict[str, str]:
        """Every resource's titles, authors, channel and container by its id, as what is looked for is compared."""
        said = {
            key: (status.title, known.channel or "", *known.aliases, *known.authors, known.container or "")
            for key, status in self.statuses.items()
            for known in [status.details]
        }
        return {key: folded("\n".join(map(clean, names))) for key, names in said.items()}

    @cached_property
    def kept(self) -> list[KeptMoment]:
        return self.reader.kept()

    @cached_property
    def questions(self) -> list[str]:
        """The kept questions."""
        return [text for text, _ in self.reader.settings.questions]

    @cached_property
    def kept_here(self) -> set[str]:
        """The ids of the resources of kept moments that are still in the library."""
        ids = {moment.resource.id for moment in self.kept}
        self.prefetch(ids)
        return {key for key in ids if self.status(key)}

    def resource(self, resource_id: str) -> Resource | None:
        status = self.status(resource_id)
        return status.resource if status else None

    def details(self, resource_id: str) -> Details:
        status = self.status(resource_id)
        return status.details if status else Details()

    def chapters(self, resource_id: str, transcript: Transcript | None) -> tuple[Chapter, ...]:
        """A resource's chapters or headings: its own, else those that were made of one of its transcripts."""
        return chapters_of(self.details(resource_id), transcript)

    def duration(self, resource_id: str) -> float:
        """Seconds: as its source says, else up to the last word; 0 for what is read."""
        status = self.status(resource_id)
        if status is None or not status.resource.kind.plays:
            return 0.0
        return max(self.details(resource_id).duration or 0.0, status.seconds)


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
                vars(fresh).update({name: value for name, value in vars(last).items() if name not in vars(fresh)})
                fresh._read_statuses, fresh._examples = last._read_statuses, last._examples
            last = self._last = fresh
        return last


def _written_chapters(status: ResourceStatus) -> list[Chapter]:
    """The chapters or headings that its source gives, none that was made of what is said."""
    return [chapter for chapter in status.chapters or status.details.chapters if not chapter.generated]


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
