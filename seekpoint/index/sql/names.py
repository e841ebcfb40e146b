"""The titles of resources and the translations of words, each found by a term, in the SQL of both backends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import regex

from seekpoint.files import parsed_json
from seekpoint.index.sql.port import Database
from seekpoint.index.sql.stored_rows import details_of
from seekpoint.index.text.languages import primary, simplified
from seekpoint.index.text.terms import joined, located_terms, terms
from seekpoint.index.types import ANY_LANGUAGE, Alternatives, Dictionaries, State

# Separators of a title's parts, such as ` - ` or `|`.
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


def update_titles(db: Database, resource_ids: Iterable[str]) -> None:
    """Index again the titles, authors and dates of resources on the lists and in their own details.

    Within the caller's transaction.
    """
    for resource_id in resource_ids:
        of_it = "FROM listing WHERE resource_id = ? ORDER BY listed DESC, source"
        listed = db.rows(f"SELECT title, details, source, listed {of_it}", resource_id)
        own = db.rows("SELECT details FROM resource WHERE id = ?", resource_id)
        current = [row for row in listed if row[-1] == listed[0][-1]]
        texts = [text for _, text, source, _ in current if may_state(source, current[0][2])]
        stored = [details_of(text) for text in (*texts, *(text for (text,) in own))]
        stated = [title for details in stored for title in (details.title, *details.aliases, *details.authors)]
        titles = {*stated, *(title for title, *_ in listed)}
        published = next((details.published for details in stored if details.published), None)
        db.run("UPDATE resource SET published = ? WHERE id = ?", published, resource_id)
        names = sorted({name for title in titles if title for name in title_names(title)})
        rows = [(lookup_term(name), resource_id, _BETWEEN.join(name)) for name in names]
        db.run("DELETE FROM name WHERE resource_id = ?", resource_id)
        db.run_many("INSERT INTO name VALUES (?, ?, ?)", rows)


def may_state(source: str, first: str) -> bool:
    """Whether a list gives the title and the details of a resource that `first` lists first: no other's on the web."""
    return source == first or "://" not in source


def title_candidates(db: Database, question_terms: Collection[str]) -> list[tuple[str, Name]]:
    """The indexed resources that a question may name, as (resource id, name): those whose lookup term it contains."""
    rows = db.rows(
        """SELECT resource_id, terms FROM name JOIN resource ON resource.id = resource_id
           WHERE key IN ?* AND state = ? ORDER BY resource_id, terms""",
        list(question_terms),
        State.INDEXED.value,
    )
    return [(resource_id, tuple(name.split(_BETWEEN))) for resource_id, name in rows]


def terms_beginning_with(db: Database, prefixes: Collection[str]) -> dict[str, bool]:
    """The terms that begin with one of the prefixes, each with whether a title or a list's heading has it."""
    ranges = " OR ".join(["text >= ? AND text < ?"] * len(prefixes)) or "false"
    bounds = [bound for prefix in prefixes for bound in (prefix, f"{prefix}{chr(sys.maxunicode)}")]
    spoken = [text for (text,) in db.rows(f"SELECT text FROM term WHERE {ranges} ORDER BY text", *bounds)]
    titles = [name.split(_BETWEEN) for (name,) in db.rows("SELECT DISTINCT terms FROM name")]
    paths = [parsed_json(path) for (path,) in db.rows("SELECT DISTINCT path FROM listing")]
    headings = [terms(heading) for path in paths for heading in path]
    starts = tuple(prefixes)
    return dict.fromkeys(spoken, False) | {
        term: True for name in (*titles, *headings) for term in name if term.startswith(starts)
    }


# Translations are stored under the key that `joined` makes of a word's terms, each as the terms of passages. Those that
# occur nowhere in the library are left out, so little of a dictionary is stored.

SETTING = "translations"
"""The name of the setting that says what the stored translations were chosen for."""

# The share of new chunks above which the translations are chosen again. Reading the dictionaries takes seconds, and a
# few more passages bring few words that a large library doesn't have yet.
_MOST_UNREAD = 0.02


def refresh_translations(
    db: Database, version: str, dictionaries: Dictionaries, change: Callable[[], AbstractContextManager[None]]
) -> None:
    """Choose the translations again in a block of `change`, unless the stored ones are still up to date.

    The basis of the choice is stored: the version of the dictionaries, the number of chunks, their highest id, which
    grows with each new one, and the languages.
    """
    languages = sorted({primary(tag) for (tag,) in db.rows("SELECT DISTINCT language FROM transcript")})
    [(chunks,)] = db.rows("SELECT coalesce(sum(chunks), 0) FROM transcript")
    [(last,)] = db.rows("SELECT coalesce(max(id), 0) FROM chunk")
    now = (version, int(chunks), last, *languages)
    stored = [text for (text,) in db.rows("SELECT value FROM setting WHERE name = ?", SETTING)]
    if stored and not is_stale(stored[0], now):
        return
    with change():
        vocabulary = {term for (term,) in db.rows("SELECT text FROM term")}
        db.run("DELETE FROM translation")
        rows = usable(dictionaries, languages, vocabulary)
        db.add("translation (source, word, target, alternatives)", rows)
        db.run("DELETE FROM setting WHERE name = ?", SETTING)
        db.run("INSERT INTO setting VALUES (?, ?)", SETTING, json.dumps(now))


def lookup_translations(db: Database, source: str, words: Collection[str]) -> dict[str, dict[str, Alternatives]]:
    """The translations of words, by target language and word; words without any are left out."""
    rows = db.rows(
        """SELECT target, word, alternatives FROM translation
           WHERE source IN ?* AND target <> ? AND word IN ?* ORDER BY source""",
        *([ANY_LANGUAGE, source], source, list(words)),
    )
    translations: dict[str, dict[str, Alternatives]] = {}
    for target, word, alternatives in rows:
        words_of_target = translations.setdefault(target, {})
        both = (*words_of_target.get(word, ()), *map(tuple, parsed_json(alternatives)))
        words_of_target[word] = tuple(dict.fromkeys(both))
    return translations


def is_stale(stored: str, now: Sequence[Any]) -> bool:
    """Whether the dictionaries, the languages or too many chunks are new; `stored` is the JSON of an earlier `now`."""
    now_version, now_chunks, now_last, *now_languages = now
    try:
        version, chunks, last, *languages = parsed_json(stored)
        is_same = (version, languages) == (now_version, now_languages)
        unread = abs(now_chunks - chunks), abs(now_last - last)
        return not (is_same and all(number <= _MOST_UNREAD * chunks for number in unread))
    except (ValueError, TypeError):
        return True


def usable(
    dictionaries: Dictionaries, languages: Iterable[str], vocabulary: set[str]
) -> Iterator[tuple[str, str, str, str]]:
    """The translations that a library with these languages and terms can use, as rows of the table `translation`."""
    terms_of, key_of = _terms_among(vocabulary), cache(_key)
    for target in languages:
        for source, entries in dictionaries(target):
            words: dict[str, dict[tuple[str, ...], None]] = {}
            for word, translations in entries:
                alternatives = dict.fromkeys(filter(None, map(terms_of, translations)))
                key = " ".join(filter(None, map(key_of, word.split()))) if alternatives else ""
                if key:
                    words.setdefault(key, {}).update(alternatives)
            for key, alternatives in words.items():
                yield source, key, target, json.dumps(list(alternatives), ensure_ascii=False, separators=(",", ":"))


def _key(word: str) -> str:
    text = simplified(word)
    located = list(located_terms(text))
    return joined(text, located) if located else ""


def _terms_among(vocabulary: set[str]) -> Callable[[str], tuple[str, ...]]:
    """A function that gives the terms of a text, or none where the vocabulary lacks one."""

    @cache  # dictionaries repeat their words
    def of_word(word: str) -> tuple[str, ...] | None:
        split = terms(word)
        return tuple(split) if vocabulary.issuperset(split) else None

    def of_text(text: str) -> tuple[str, ...]:
        split = list[str]()
        for word in text.split():
            if (known := of_word(word)) is None:
                return ()
            split += known
        return tuple(split)

    return of_text
