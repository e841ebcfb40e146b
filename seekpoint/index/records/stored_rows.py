"""Resources out of rows: what the lists call them, and their states."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from math import inf, isfinite
from types import TracebackType
from typing import Any, LiteralString, NamedTuple, Protocol

import regex

from seekpoint.files import parsed_json
from seekpoint.index.reasons import Reason
from seekpoint.index.store import Amounts, Due, Reader, Translations, Writer
from seekpoint.index.text.language_tags import primary
from seekpoint.index.text.scripts import simplified
from seekpoint.index.text.terms import joined, located_terms, terms
from seekpoint.index.types import (
    Alternatives,
    Chapter,
    Details,
    KeptMoment,
    Kind,
    NamedBy,
    Origin,
    Resource,
    ResourceStatus,
    Section,
    Standing,
    State,
)

LATEST = 253402300799
"""The Unix time at which Python's dates end, with the year 9999."""


class Row(Protocol):
    """A row whose values are found by the names of columns."""

    def __getitem__(self, key: str, /) -> Any: ...  # noqa: ANN401 - of the type of its column


class Listing(NamedTuple):
    """A resource's title on the reading lists, and the heading paths it is listed under."""

    title: str
    sections: tuple[tuple[str, ...], ...]


# In both dialects of SQL.
_STATES = "SELECT state, count(*) FROM resource GROUP BY state"
_CHUNKS = "SELECT coalesce(sum(chunks), 0) FROM transcript"
_SECONDS = """
    SELECT coalesce(sum(longest), 0) FROM (
      SELECT max(seconds) AS longest FROM transcript JOIN resource ON resource.id = resource_id
      WHERE kind IN ('video', 'recording') GROUP BY resource_id) AS talks"""
STANDINGS = f"""
    SELECT id, state, inputs, retry_after,
           EXISTS (SELECT 1 FROM listing WHERE resource_id = id)
             AND NOT EXISTS (SELECT 1 FROM listing WHERE resource_id = id AND named_by <> '{NamedBy.IMPORT}')
             AS is_foreign
    FROM resource"""
"""The standings of all resources, in both dialects of SQL."""
_SPOKEN = """
    SELECT DISTINCT kind, language FROM transcript JOIN resource ON resource.id = resource_id
    WHERE state = 'indexed' AND transcript.chunks > 0"""


def amounts_of(rows: Callable[[LiteralString], Sequence[Sequence[Any]]]) -> Amounts:
    """How much there is, by what gives the rows of a query."""
    states = dict.fromkeys(State, 0) | {State(state): number for state, number in rows(_STATES)}
    [(chunks,)], [(seconds,)], spoken = rows(_CHUNKS), rows(_SECONDS), rows(_SPOKEN)
    kinds = {kind for kind, _ in spoken}
    languages = {primary(language) for _, language in spoken}
    return Amounts(states, int(chunks), float(seconds), [kind for kind in Kind if kind in kinds], sorted(languages))


def listings_of(rows: Iterable[Row]) -> dict[str, Listing]:
    """The listing of each resource, from rows with resource_id, title and path, in the order of the lists."""
    listings: dict[str, Listing] = {}
    for row in rows:
        title, sections = listings.get(row["resource_id"], Listing("", ()))
        path = tuple(parsed_json(row["path"]))
        listings[row["resource_id"]] = Listing(
            title or row["title"], sections if path in sections or not path else (*sections, path)
        )
    return listings


def sections_of(rows: Iterable[Row]) -> list[Section]:
    """Sections, from rows with source, path, named_by, resource_id and state, in their order."""
    sections: dict[tuple[str, str], Section] = {}
    for row in rows:
        key = source, path = row["source"], row["path"]
        if key not in sections:
            sections[key] = Section(source, tuple(parsed_json(path)), {}, NamedBy(row["named_by"]))
        sections[key].entries[row["resource_id"]] = State(row["state"])
    return list(sections.values())


def standings_of(rows: Iterable[Row]) -> dict[str, Standing]:
    """The standing of each resource, from the rows of STANDINGS."""
    return {
        row["id"]: Standing(
            State(row["state"]), row["inputs"], time_of(row["retry_after"]), is_foreign=bool(row["is_foreign"])
        )
        for row in rows
    }


def resource_of(row: Row, listing: Listing) -> Resource:
    """A resource, from a row with id, kind, url and details."""
    title = listing.title or details_of(row["details"]).title or row["url"]
    return Resource(row["id"], Kind(row["kind"]), title, row["url"], listing.sections)


def status_of(row: Row, listing: Listing) -> ResourceStatus:
    """A resource's status, from its row and what its transcripts are together; `languages` are joined by commas."""
    resource = resource_of(row, listing)
    return ResourceStatus(
        resource=resource,
        state=State(row["state"]),
        reason=Reason.stored(row["reason"]) if row["reason"] else None,
        retry_after=time_of(row["retry_after"]),
        languages=tuple(sorted(row["languages"].split(","))) if row["languages"] else (),
        transcript=Origin(row["origin"]) if row["origin"] else None,
        chunks=row["chunks"],
        seconds=row["seconds"],
        chapters=_chapters_of(row) if resource.kind.plays else (),
    )


def _chapters_of(row: Row) -> tuple[Chapter, ...]:
    return details_of(row["details"]).chapters or decode_chapters(row["chapters"] or "[]")


def time_of(seconds: float | None) -> float | None:
    """A Unix time; raises ValueError if Python has no date for it."""
    if seconds is not None and not 0 <= seconds <= LATEST:
        raise ValueError("a time is out of range")
    return seconds


def details_of(text: str) -> Details:
    """Details out of their JSON."""
    values = parsed_json(text)
    chapters = tuple(Chapter(**chapter) for chapter in values.pop("chapters", ()))
    return Details(**values, chapters=chapters)


def check_details(stored: Iterable[str], longest: float) -> None:
    """Read details; raises ValueError for some that `details_text` can't have written, or times beyond `longest`."""
    for text in stored:
        try:
            details = details_of(text)
            texts = (details.title, details.channel, details.published)
            are_valid = (
                all(isinstance(value, str | None) for value in texts)
                and (details.duration is None or _is_second(details.duration, longest))
                and all(_is_chapter(chapter, longest) for chapter in details.chapters)
            )
        except (TypeError, AttributeError, ValueError, OverflowError):
            are_valid = False
        if not are_valid:
            raise ValueError("a resource has details that make no sense")


def _is_chapter(chapter: Chapter, longest: float) -> bool:
    is_plain = isinstance(chapter.title, str) and isinstance(chapter.generated, bool)
    return is_plain and _is_second(chapter.start, longest)


def _is_second(value: object, longest: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= longest and isfinite(value)


def details_text(details: Details) -> str:
    """Details as JSON."""
    return json.dumps(asdict(details), ensure_ascii=False)


KEPT_COLUMNS = """resource_id, place, kind, title, url, language, start, page, anchor, quote, link, question,
             added, note, collection"""
"""The columns of a row, as SQL names them."""


def values_of(moment: KeptMoment) -> tuple[object, ...]:
    """The values of a moment's row, in the order of COLUMNS."""
    resource = moment.resource
    return (
        *(resource.id, moment.place, resource.kind.value, resource.title, resource.url, moment.language),
        *(moment.start, moment.page, moment.anchor, moment.quote, moment.link, moment.question),
        *(moment.added, moment.note, moment.collection),
    )


def moment_of(row: Row) -> KeptMoment:
    """A moment, from its row; raises ValueError."""
    return KeptMoment(
        resource=Resource(row["resource_id"], Kind(row["kind"]), row["title"], row["url"]),
        **{name: row[name] for name in ("language", "start", "page", "anchor", "quote", "link", "question")},
        **{name: row[name] for name in ("note", "collection", "added")},
    )


# The names of a title, by which a question may name the resource.
#
# A title has several names: the whole of it, and each part between separators such as ` - ` or `|`.

_MARKS = regex.compile(r"\s[-–—]+\s|[|:：/()（）\[\]【】「」『』《》〈〉“”\"]")
# Separates the terms of a name in the database. A space won't do: some characters fold to several words.
_BETWEEN = "\n"
# A single term is too common a word to name a resource, and nobody says a title of more than 40 terms.
_FEWEST_TERMS, _MOST_TERMS = 2, 40

Name = tuple[str, ...]


def title_names(title: str) -> set[Name]:
    """The names of a title: its terms, and those of each part of it between separators."""
    names = (tuple(terms(part)) for part in {title, *_MARKS.split(title)})
    return {name for name in names if _FEWEST_TERMS <= len(name) <= _MOST_TERMS}


def lookup_term(name: Name) -> str:
    """The term under which a name is indexed: the longest; of several, the one nearest to the middle.

    A question that names the resource may leave out words at either end, such as articles. Those are short.
    """
    middle = (len(name) - 1) / 2
    return max(enumerate(name), key=lambda item: (len(item[1]), -abs(item[0] - middle)))[1]


def keyed_names(titles: Iterable[str | None]) -> list[tuple[str, str]]:
    """The names of a resource's titles as they are stored: (the term it is found by, all its terms)."""
    names = {name for title in titles if title for name in title_names(title)}
    return [(lookup_term(name), _BETWEEN.join(name)) for name in sorted(names)]


def stored_name(text: str) -> Name:
    """The terms of a stored name."""
    return tuple(text.split(_BETWEEN))


def encode_chapters(chapters: Iterable[Chapter]) -> str:
    """Pairs of a start in seconds and a title, as JSON."""
    return json.dumps([(chapter.start, chapter.title) for chapter in chapters], ensure_ascii=False)


def decode_chapters(text: str) -> tuple[Chapter, ...]:
    """The chapters that `encode` stored; raises ValueError."""
    return tuple(Chapter(_second(start), str(title), generated=True) for start, title in parsed_json(text))


def check_chapters(stored: Iterable[str], longest: float = inf) -> None:
    """Read the chapters of transcripts.

    Raises ValueError for some that `encode` can't have written, or that begin beyond `longest` seconds.
    """
    for text in stored:
        try:
            if any(chapter.start > longest for chapter in decode_chapters(text)):
                raise ValueError(text)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError("a transcript has chapters that make no sense") from error


def _second(start: float) -> float:
    if not isfinite(start) or start < 0:
        raise ValueError("a chapter starts at no second")
    return float(start)


# Translations of words, as they are stored: the entries of the dictionaries that a library can use.
#
# A word is stored under the key that `joined` makes of its terms, and each translation as the terms that passages are
# indexed by. Entries whose translations occur nowhere in the library are left out, so little of a dictionary is stored.

SETTING = "translations"
"""The name of the setting that says what the stored translations were chosen for."""

# The share of new chunks above which the translations are chosen again. Reading the dictionaries takes seconds, and a
# few more passages bring few words that a large library doesn't have yet.
_MOST_UNREAD = 0.02


class TranslationRow(NamedTuple):
    """A word with its translations; `alternatives` is JSON."""

    source: str
    word: str
    target: str
    alternatives: str


def is_stale(stored: str | None, now: Sequence[Any]) -> bool:
    """Whether the translations have to be chosen again: the dictionaries, the languages or too many chunks are new.

    `stored` is the setting, the JSON of an earlier `now`: the dictionaries' version, the number of chunks, a number
    that grows with every change by that of new chunks, and the languages.
    """
    if stored is None:
        return True
    now_version, now_chunks, now_last, *now_languages = now
    try:
        version, chunks, last, *languages = parsed_json(stored)
        is_same = (version, languages) == (now_version, now_languages)
        unread = abs(now_chunks - chunks), now_last - last
        return not (is_same and all(number <= _MOST_UNREAD * chunks for number in unread))
    except (ValueError, TypeError):
        return True


def usable(dictionaries: Translations, languages: Iterable[str], vocabulary: set[str]) -> Iterator[TranslationRow]:
    """The translations that a library with these languages and terms can use."""
    normal = cache(_normal)
    for target in languages:
        for source in dictionaries.sources(target):
            words = _usable(dictionaries.entries(source, target), vocabulary, normal)
            for word, alternatives in words.items():
                yield TranslationRow(source, word, target, _as_json(alternatives))


def merged(rows: Iterable[tuple[str, str, str]]) -> dict[str, dict[str, Alternatives]]:
    """The translations by target language and word, from rows of (target, word, alternatives)."""
    translations: dict[str, dict[str, Alternatives]] = {}
    for target, word, alternatives in rows:
        words_of_target = translations.setdefault(target, {})
        both = (*words_of_target.get(word, ()), *map(tuple, parsed_json(alternatives)))
        words_of_target[word] = tuple(dict.fromkeys(both))
    return translations


class _Normal(NamedTuple):
    key: str
    terms: tuple[str, ...]


def _normal(text: str) -> _Normal:
    text = simplified(text)
    located = list(located_terms(text))
    return _Normal(joined(text, located) if located else "", tuple(term.text for term in located))


def _usable(
    entries: Iterable[tuple[str, Sequence[str]]], vocabulary: set[str], normal: Callable[[str], _Normal]
) -> dict[str, dict[tuple[str, ...], None]]:
    """The words by key, each with the translations whose terms are in the vocabulary, in the dictionary's order.

    `normal` is called with single words, so that its cache spares stemming: dictionaries repeat their words.
    """
    usable: dict[str, dict[tuple[str, ...], None]] = {}
    for word, translations in entries:
        split = (tuple(term for part in text.split() for term in normal(part).terms) for text in translations)
        alternatives = {terms: None for terms in split if terms and vocabulary.issuperset(terms)}
        key = " ".join(filter(None, (normal(part).key for part in word.split()))) if alternatives else ""
        if key:
            usable.setdefault(key, {}).update(alternatives)
    return usable


def _as_json(alternatives: Iterable[Iterable[str]]) -> str:
    return json.dumps([list(terms) for terms in alternatives], ensure_ascii=False, separators=(",", ":"))


# A library's successor: its transcripts, being embedded again for another model.
#
# It is a library of its own beside the first. It survives interruptions, and follows changes of the library.

_SOURCE = "the library"


class SuccessorLibrary:
    """The transcripts that are already embedded with the new model; a context manager.

    `editions` gives the current edition of each resource's transcripts in the library.
    """

    def __init__(self, library: Reader, editions: Callable[[], Mapping[str, str]], writer: Writer) -> None:
        self._library = library
        self._editions = editions
        self.writer = writer

    def __enter__(self) -> SuccessorLibrary:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.__exit__(kind, error, trace)

    def due(self) -> list[Due]:
        """The resources still to embed, after removing from the successor what the library no longer has."""
        editions = self._editions()
        done = {resource_id: standing.inputs for resource_id, standing in self.writer.standings().items()}
        self.writer.remove([resource_id for resource_id in done if resource_id not in editions])
        resources = self._library.resources(list(editions))
        self.writer.register(_SOURCE, [resources[resource_id] for resource_id in editions])
        return [Due(resources[key], edition) for key, edition in editions.items() if done.get(key) != edition]
