"""Titles, authors, dates and chapters that documents and recordings state, without those that programs fill in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Chapter

_NO_TITLE = re.compile(
    r"(?:untitled|microsoft (?:word|powerpoint)\b|document|(?:powerpoint )?presentation|slide|title|paper|main"
    r"|table of contents).{0,3}|(?:无标题|未命名|文档|演示文稿).*|microsoft \w+ - .*"
    r"|.*\.(?:docx?|pdf|tex|dvi|pptx?|rtf|odt|ps|indd|qxd|wpd|html?)|\S*\d\S*",
    re.IGNORECASE,
)
_NO_AUTHOR = re.compile(
    r"(?:administrator|admin|user|owner|author|anonymous|unknown|python-(?:docx|pptx)|\w*\d\w*)?", re.IGNORECASE
)
_DATE = re.compile(r"(?:D:)?(\d{4})-?(\d\d)?-?(\d\d)?")
_FIRST_YEAR = 1985
# More than any table of contents has. Chapter titles are indexed, and more would outweigh the spoken words.
_MOST_CHAPTERS = 1000
_LONGEST_TITLE = 200


def stated_title(text: str) -> str | None:
    """The title, unless it is the name of a file or of a program."""
    title = clean(text)
    return title if sum(map(str.isalpha, title)) > 1 and not _NO_TITLE.fullmatch(title) else None


def stated_author(text: str) -> str | None:
    """The author, unless it is a role or an account."""
    author = clean(text)
    return None if _NO_AUTHOR.fullmatch(author) else author


def stated_date(text: str, first_year: int = _FIRST_YEAR) -> str | None:
    """A date such as `2024-05-01` or `D:20240501`, as YYYY-MM-DD; none before the first year."""
    match = _DATE.match(text)
    if not match or int(match[1]) < first_year:
        return None
    with suppress(ValueError):
        return date(int(match[1]), int(match[2] or 1), int(match[3] or 1)).isoformat()
    return None


def stated_chapters(marks: Iterable[tuple[float | None, object]], duration: float | None = None) -> tuple[Chapter, ...]:
    """Chapters in order of time, of starts and titles; those without either or after the end are left out."""
    titles: dict[float, str] = {}
    for start, title in marks:
        named = clean(title)[:_LONGEST_TITLE].rstrip() if isinstance(title, str) else ""
        if named and start is not None and (duration is None or start < duration):
            titles.setdefault(start, named)
    return tuple(Chapter(start, titles[start]) for start in sorted(titles)[:_MOST_CHAPTERS])
