"""Titles, authors, dates, chapters and states that sources state, without titles and names that programs fill in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from typing import Any, TypeAlias

import regex

from seekpoint.hosts import is_private
from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.types import FAMILY, Chapter, Details, State
from seekpoint.indexer.fetch.retries import DAY
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.transcript.cues import MOST_SECONDS

_NO_TITLE = re.compile(
    r"(?:untitled|microsoft (?:word|powerpoint)\b|document|(?:powerpoint )?presentation|slide|title|paper|main"
    r"|table of contents).{0,3}|(?:无标题|未命名|文档|演示文稿).*|microsoft \w+ - .*"
    r"|.*\.(?:docx?|pdf|tex|dvi|pptx?|rtf|odt|ps|indd|qxd|wpd|html?)|\S*\d\S*",
    re.IGNORECASE,
)
_NO_AUTHOR = re.compile(
    r"(?:administrator|admin|user|owner|author|anonymous|unknown|python-(?:docx|pptx)|\w*\d\w*)?", re.IGNORECASE
)
_DATE = re.compile(r"(?:D:)?(\d{4})(?:[-/.年]?(\d\d?)(?:[-/.月]?(\d\d?))?)?", re.ASCII)
_FIRST_YEAR = 1985
_NUMBER = re.compile(r"\d{1,12}(?:\.\d*)?", re.ASCII)
# More than the HTML standard has headings (2,200). A page shows all of them, and their titles are indexed.
_MOST_CHAPTERS = 5_000
_LONGEST_TITLE, _LONGEST_ADDRESS = 500, 2_000
_MOST_AUTHORS = 100
_YEAR = re.compile(r"(?<!\d)[12]\d{3}(?:\d{4}|(?:[-/.年月]\d\d?){0,2})(?!\d)", re.ASCII)
DOI = re.compile(r"10\.[0-9]{4,9}/[^\s{}]{1,300}")
_ISBN = re.compile(r"(?<!\w)(?:97[89](?:[- ]?\d){10}|\d(?:[- ]?\d){8}[- ]?[\dXx])(?!\w)", re.ASCII)
_KEY = re.compile(r"[^\s,{}()\[\];@\"'#%~=\\]{1,200}")
_SUFFIX = re.compile(r"(?:jr|sr|i{2,3}|iv|ph\.? ?d|esq|inc|ltd|llc|gmbh|corp|plc)\.?", re.IGNORECASE)
_Texts: TypeAlias = Iterable[str]
WIDE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")
"""Letters of languages that say the name of the family first."""
_BETWEEN_NAMES, _AND = re.compile(r"[;；、|]"), re.compile(r",|，| and | & ", re.IGNORECASE)
MOST_ENTRIES = 5_000
"""The entries that are read of a playlist without a limit of the user's: as many as one of YouTube may have."""
# These extractors of yt-dlp number the videos of a page, also an only one.
_NUMBERING, _FIRST = ("Generic", "HTML5MediaEmbed"), re.compile(r" \(1\)\Z")
_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
# The reasons for recordings that aren't whole yet, by yt-dlp's names of their states.
_LIVE = {"is_live": "live_now", "is_upcoming": "not_begun"}


def stated_text(value: object) -> str:
    """A title or name in one line, of 500 characters at most; empty for what is no text."""
    text = clean(value) if isinstance(value, str) else ""
    return text if len(text) <= _LONGEST_TITLE else f"{text[: _LONGEST_TITLE - 1].rstrip()}…"


def stated_address(value: object) -> str:
    """An address or an id, whole; empty for what is no text and for more than 2,000 characters."""
    text = clean(value) if isinstance(value, str) else ""
    return text if len(text) <= _LONGEST_ADDRESS else ""


def check_length(entries: int, limit: int | None) -> None:
    """Raise Unfetched for a playlist of more than MOST_ENTRIES, unless the user gave a limit."""
    if limit is None and entries > MOST_ENTRIES:
        raise Unfetched(State.UNAVAILABLE, Reason("playlist_too_long", most=f"{MOST_ENTRIES:,}"))


def check_not_live(status: object) -> None:
    """Raise Unfetched for a recording that is live or hasn't begun, by yt-dlp's `live_status`."""
    if code := _LIVE.get(str(status)):
        raise Unfetched(State.DEFERRED, Reason(code), DAY)


def stated_title(text: str) -> str | None:
    """The title, unless it is the name of a file or of a program."""
    title = clean(text)
    return title if sum(map(str.isalpha, title)) > 1 and not _NO_TITLE.fullmatch(title) else None


def stated_author(text: str) -> str | None:
    """The author, unless it is a role or an account."""
    author = clean(text)
    return None if _NO_AUTHOR.fullmatch(author) else author


def stated_date(text: str, first_year: int = _FIRST_YEAR) -> str | None:
    """A date such as `2024-05-01`, `2024/5`, `2024` or `D:20240501`, as far as it is known; none before that year."""
    match = _DATE.match(text)
    parts = [int(part) for part in match.groups() if part] if match else []
    with suppress(ValueError):
        if parts and date(*parts, *[1] * (3 - len(parts))).year >= first_year:
            return "-".join(f"{part:02d}" for part in parts)
    return None


def stated_names(names: Iterable[object]) -> tuple[str, ...]:
    """Names of authors, each once, the first of too many; a no-break space may stand before that of the family."""
    parts = (map(stated_text, name.split(FAMILY)) if isinstance(name, str) else () for name in names)
    return tuple(dict.fromkeys(filter(None, map(FAMILY.join, parts))))[:_MOST_AUTHORS]


def full_name(given: str, family: str) -> str:
    """The two parts of a name in the order in which they are said."""
    given, family = stated_text(given), stated_text(family)
    return f"{family}{given}" if WIDE.search(family) else FAMILY.join(filter(None, (given, family)))


def person(name: str) -> str:
    """A name as `First Last`, of `Last, First`, `Last, Jr, First` or `Last, First, Jr`; `Apple, Inc.` stays so."""
    *family, given = parts = [clean(part) for part in name.split(",")]
    if _SUFFIX.fullmatch(given):
        family, given = [parts[0], given], " ".join(parts[1:-1])
    return full_name(given, " ".join(family)) if given and family else clean(name).rstrip(" ,")


def stated_authors(text: str) -> tuple[str, ...]:
    """The authors in a text that may name several, without roles and accounts; `Ada Lovelace, PhD` stays as it is."""
    text = clean(text)
    names = _BETWEEN_NAMES.split(text[: _MOST_AUTHORS * _LONGEST_TITLE])
    several = [part.strip() for part in _AND.split(text)] if len(names) == 1 else []
    if several and all(" " in part or WIDE.search(part) for part in several):
        names = several
    elif len(several) > 2 or (several and " " in several[0]):
        return stated_names([text])
    return stated_names(person(name) for name in names if stated_author(name))


def stated_isbn(text: str) -> str | None:
    """The first ISBN in a text, without dashes; none whose check digit is wrong."""
    for match in _ISBN.finditer(text):
        digits = re.sub(r"[- ]", "", match[0]).upper()
        weights, modulus = ((1, 3) * 7, 10) if len(digits) == 13 else (range(10, 0, -1), 11)
        if sum(n * "0123456789X".index(each) for n, each in zip(weights, digits, strict=False)) % modulus == 0:
            return digits
    return None


def citation(authors: _Texts, dates: _Texts, containers: _Texts, numbers: _Texts, key: str = "") -> Details:
    """The facts by which a source is cited, of each the first that is one; `numbers` may hold a DOI and an ISBN."""
    days, numbers, key = filter(None, map(_YEAR.search, dates)), [*numbers], stated_text(key).removeprefix("@")
    return Details(
        published=next(filter(None, (stated_date(part, 1000) for day in days for part in (day[0], day[0][:4]))), None),
        authors=stated_names(authors),
        container=next(filter(None, map(stated_text, containers)), None),
        doi=next((match[0].rstrip(".,;") for match in map(DOI.search, numbers) if match), None),
        isbn=next(filter(None, map(stated_isbn, numbers)), None),
        key=key if _KEY.fullmatch(key) else None,
    )


def stated_seconds(value: object, per_second: float = 1) -> float | None:
    """The seconds of a number, or of `3661`, `61:01` or `1:01:01`; `None` for others and beyond MOST_SECONDS."""
    if isinstance(value, str):
        parts = value.strip().split(":")
        if len(parts) > 3 or not all(map(_NUMBER.fullmatch, parts)):
            return None
        value = sum(float(part) * 60**place for place, part in enumerate(reversed(parts)))
    if not isinstance(value, int | float) or not 0 <= value <= MOST_SECONDS * per_second:
        return None
    return value / per_second


def stated_chapters(marks: Iterable[tuple[float | None, object]], duration: float | None = None) -> tuple[Chapter, ...]:
    """Chapters or headings in order of time, of starts and titles, the first of too many.

    Those without either, or after the end, are left out.
    """
    titles: dict[float, str] = {}
    for start, title in marks:
        if start is None or not 0 <= start <= MOST_SECONDS or (duration is not None and start >= duration):
            continue
        if named := stated_text(title):
            titles.setdefault(start, named)
    return tuple(Chapter(start, titles[start]) for start in sorted(titles)[:_MOST_CHAPTERS])


def stated_picture(url: str) -> str | None:
    """The address of a picture by TLS, since a page that was opened by TLS shows no others; `None` if `url` is none.

    Pictures in a private network are none: a browser would ask there for whoever wrote the address.
    """
    picture = resource_of(url)
    return None if picture is None or is_private(picture.url) else f"https://{picture.url.partition('://')[2]}"


def stated_details(info: Mapping[str, Any]) -> Details:
    """The details of a video as yt-dlp describes it; what is missing or ill-formed stays empty.

    So does the picture of a video of YouTube, which follows from its id.
    """
    title = stated_text(info.get("title"))
    if info.get("extractor_key") in _NUMBERING:
        title = _FIRST.sub("", title)
    duration = stated_seconds(info.get("duration")) or None
    published = _DAY.fullmatch(str(info.get("upload_date")))
    listed = info.get("chapters")
    marks = [mark for mark in listed if isinstance(mark, dict)] if isinstance(listed, list) else []
    return Details(
        title or None,
        stated_text(info.get("channel") or info.get("uploader")) or None,
        duration,
        "-".join(published.groups()) if published else None,
        stated_chapters(((stated_seconds(mark.get("start_time")), mark.get("title")) for mark in marks), duration),
        thumbnail=None
        if info.get("extractor_key") == "Youtube"
        else stated_picture(stated_address(info.get("thumbnail"))),
    )
