"""The names of a title, by which a question may name the resource.

A title has several names: the whole of it, and each part between separators such as ` - ` or `|`.
"""

from __future__ import annotations

from collections.abc import Iterable

import regex

from seekpoint.index.text.terms import terms

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
