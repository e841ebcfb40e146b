"""Resources, sections and transcripts of an open library, cached while it stays open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import regex

from seekpoint.index.store import Reader
from seekpoint.index.text.clean import SENTENCE_END, clean
from seekpoint.index.text.languages import primary, simplified
from seekpoint.index.text.terms import content_terms, fold, has_content, is_whole_word
from seekpoint.index.text.transcript_text import chapters_of, columns
from seekpoint.index.types import (
    Amounts,
    Chapter,
    Cue,
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

# A six-hour lecture takes some megabytes.
_KEPT_TRANSCRIPTS = 64
# Questions that are shown as examples, and recordings in which they are looked for.
_EXAMPLES, _LOOKED_THROUGH = 3, 24
# Resources from all over a long list among which examples are looked for; up to twice as many.
_LOOKED_AT = 500


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
        return {status.resource.id: status for status in self.reader.statuses()}

    def status(self, resource_id: str) -> ResourceStatus | None:
        """The status of one resource."""
        self.prefetch([resource_id])
        return self._known.get(resource_id)

    def prefetch(self, ids: Iterable[str]) -> None:
        """Read the statuses of some resources together, unless they were read before."""
        if "statuses" not in vars(self) and (missing := [key for key in ids if key not in self._known]):
            self._read_statuses.update((status.id, status) for status in self.reader.statuses(missing))

    @property
    def _known(self) -> Mapping[str, ResourceStatus]:
        return self.statuses if "statuses" in vars(self) else self._read_statuses

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
        indexed = (one for one in self.statuses.values() if one.state is State.INDEXED and one.chunks)
        return Suggestions(self.headings, ((one.resource, one.chapters or one.details.chapters) for one in indexed))

    def examples(self, language: str) -> list[str]:
        """Some questions that recordings from all over the lists ask, else titles of chapters and recordings.

        Those in the language with a primary subtag come first.
        """
        if language in self._examples:
            return self._examples[language]
        indexed = [key for key in self.order if self.standings[key].is_indexed]
        some = indexed[:: max(len(indexed) // _LOOKED_AT, 1)]
        self.prefetch(some)
        found = (self.status(key) for key in some)
        recordings = [status for status in found if status and status.chunks and status.resource.kind.plays]
        chosen: list[ResourceStatus] = []
        for is_own in (True, False):
            these = [one for one in recordings if (language in map(primary, one.languages)) is is_own]
            chosen += these[:: max(len(these) // _LOOKED_THROUGH, 1)]
        read = (self.transcripts(status.id) for status in chosen)
        in_it = (next((one for one in each if primary(one.language) == language), each[0]) for each in read)
        texts = example_questions(in_it, _EXAMPLES)
        texts += [clean(chapter.title) for status in chosen for chapter in status.chapters]
        texts += [clean(status.resource.title) for status in chosen]
        self._examples[language] = _distinct(texts)[:_EXAMPLES]
        return self._examples[language]

    @cached_property
    def folded_names(self) -> dict[str, str]:
        """Every resource's titles and channel by its id, as they are compared with what is looked for."""
        return {
            resource_id: folded("\n".join(map(clean, _names(status)))) for resource_id, status in self.statuses.items()
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


def _names(status: ResourceStatus) -> Iterable[str]:
    return (status.title, status.details.channel or "", *status.details.aliases)


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


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


MOST_SUGGESTIONS = 8
_WORD_START = regex.compile(r"\b")


class Suggests(StrEnum):
    """The target of a suggestion."""

    RESOURCE = "resource"
    HEADING = "heading"
    CHAPTER = "chapter"


class Suggestion(NamedTuple):
    """A text of the library, with the resource and the second that it leads to; neither for a heading."""

    kind: Suggests
    text: str
    resource: Resource | None = None
    start: float | None = None


class Suggestions:
    """All that can be suggested, in the order of the reading lists: headings, and resources with their chapters."""

    def __init__(self, headings: Iterable[str], resources: Iterable[tuple[Resource, Iterable[Chapter]]]) -> None:
        suggestions = [Suggestion(Suggests.HEADING, clean(heading)) for heading in headings]
        for resource, chapters in resources:
            suggestions.append(Suggestion(Suggests.RESOURCE, clean(resource.title), resource))
            suggestions += [Suggestion(Suggests.CHAPTER, clean(each.title), resource, each.start) for each in chapters]
        self._entries = [(folded(one.text), one) for one in suggestions if one.text]

    def matching(self, typed: str, limit: int = MOST_SUGGESTIONS) -> list[Suggestion]:
        """The suggestions that say all parts of what is typed. Chinese without spaces is one part.

        Those that begin with the first part come first, then those with a word that does; of these resources before
        headings before chapters.
        """
        parts = folded(typed).split()
        if not parts:
            return []
        kinds = list(Suggests)

        def order(entry: tuple[str, Suggestion]) -> tuple[bool, bool, int]:
            text, suggestion = entry
            begins = text.startswith(parts[0])
            has_word = begins or any(text.startswith(parts[0], found.start()) for found in _WORD_START.finditer(text))
            return not begins, not has_word, kinds.index(suggestion.kind)

        found = [entry for entry in self._entries if all(part in entry[0] for part in parts)]
        return [suggestion for _, suggestion in sorted(found, key=order)[:limit]]


def folded(text: str) -> str:
    """A text as it is compared: without regard to case, accents and the Chinese script."""
    return simplified(fold(text)).strip()


# Columns: shorter questions lean on what was said before, longer ones don't fit on a line.
_SHORTEST, _LONGEST = 20, 84
# Content words: questions with fewer could be about anything. A pair of Chinese characters is half a word.
_FEWEST_WORDS = 2.0
_MOST_WORDS = 6.0
_ASKS_CHINESE = "(?:为什么|為什麼|怎么|怎麼|如何|什么是|什麼是)"
_ASKS = regex.compile(
    rf"^(?:why|how|what(?:'s| is| are| does| do| happens)|when|where)\b|^{_ASKS_CHINESE}", regex.IGNORECASE
)
_ENDS = regex.compile(rf"(?:{SENTENCE_END})\s*")
# A question that leans on its neighbours: "what is this?", "why did he do that?".
_LEANS = regex.compile(
    r"\b(?:this|that|these|those|he|she|they|him|her|them|here|it|its|there|i|my|you|your)\b|这|這|那|他|她|它|你|我",
    regex.IGNORECASE,
)
# Words that lead to a question: "so,", "现在来讲第二个问题，".
_OPENING = regex.compile(
    rf"^(?:(?:so|and|but|now|okay|well|then),?\s+|(?!{_ASKS_CHINESE}).*?[，、：;；]\s*(?={_ASKS_CHINESE}))",
    regex.IGNORECASE,
)
# Words that ask for agreement instead: "right?", "对吧？".
_TAG = regex.compile(r"(?:\b(?:right|okay|yeah|no)|对吧|對吧|对不对|對不對|是吧|好吗|好嗎)\W*$", regex.IGNORECASE)


def example_questions(transcripts: Iterable[Transcript], count: int) -> list[str]:
    """At most `count` questions, each the best of a transcript, in the order of the transcripts."""
    found = []
    for transcript in transcripts:
        best = max(_questions(transcript.cues), key=_telling, default=None)
        if best is not None and _telling(best) >= _FEWEST_WORDS:
            found.append(best)
        if len(found) == count:
            break
    return found


def _questions(cues: Sequence[Cue]) -> Iterator[str]:
    """The sentences that ask something by themselves."""
    text = "".join(f"{cue.text} " for cue in cues)
    start = 0
    for end in _ENDS.finditer(text):
        sentence, start = text[start : end.start() + 1].strip(), end.end()
        question = clean(_OPENING.sub("", sentence))
        stands_alone = _ASKS.search(question) and not _LEANS.search(question) and not _TAG.search(question)
        if question.endswith(("?", "？")) and stands_alone and _SHORTEST <= columns(question) <= _LONGEST:
            yield question[:1].upper() + question[1:]


def _telling(question: str) -> float:
    """How many content words a question has."""
    words = {term.text for term in content_terms(question)} if has_content(question) else set[str]()
    return min(sum(1.0 if is_whole_word(word) else 0.5 for word in words), _MOST_WORDS)
