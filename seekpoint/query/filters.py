"""The filters of a search: their dates, whether a language is one, whether the library has it, and what passes."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime

from seekpoint.index.errors import UsageError
from seekpoint.index.store import Reader
from seekpoint.index.text.clean import clean
from seekpoint.index.text.languages import UNKNOWN, is_tag, primary
from seekpoint.index.types import HOLDING_MOMENTS, Filters, Kind, Transcript

FILTERS = tuple(each.name for each in fields(Filters))
"""The names of the filters of a question, at every door."""

_SHOWN = 40
_DATE, _AGO = re.compile(r"\d{4}(-\d\d(-\d\d)?)?", re.ASCII), re.compile(r"(\d{1,4})([hdw])", re.ASCII)
_HOURS = {"h": 1, "d": 24, "w": 168}


def filters_of(
    kind: Kind | str | None = None,
    section: str | None = None,
    language: str | None = None,
    resource: str | None = None,
    speaker: str | None = None,
    after: str | None = None,
    before: str | None = None,
    added: str | None = None,
) -> Filters:
    """The filters as people name them; raises UsageError for a date that is none, or a kind without moments."""
    if kind and kind not in HOLDING_MOMENTS:
        held = ", ".join(HOLDING_MOMENTS)
        raise UsageError(f"no moment is in a {clean(str(kind))[:_SHOWN]!r}: the kinds that hold some are {held}")
    since = None if not added else seconds_since(added)
    first, stop = (_date(text) if text else None for text in (after, before))
    if first and stop and f"{first}-01-01"[:10] >= f"{stop}-01-01"[:10]:
        raise UsageError(
            f"no day is after {first} and before {stop}: `after` is the first that counts, `before` doesn't"
        )
    return Filters(Kind(kind) if kind else None, section, language, resource, speaker, first, stop, since)


def _date(text: str) -> str:
    """The date that a text is, without spaces around it; raises UsageError."""
    date = text.strip()
    try:
        if _DATE.fullmatch(date):
            datetime.fromisoformat(f"{date}-01-01"[:10])
            return date
    except ValueError:
        pass
    raise UsageError(f"{clean(text)[:_SHOWN]!r} is no date: give one such as 2026, 2026-03 or 2026-03-15")


def seconds_since(text: str) -> float:
    """The Unix second at which a date begins here, or some hours, days or weeks ago; raises UsageError."""
    if ago := _AGO.fullmatch(text.strip()):
        return max(time.time() - 3600 * int(ago[1]) * _HOURS[ago[2]], 0.0)
    try:
        return max(datetime.fromisoformat(f"{_date(text)}-01-01"[:10]).timestamp(), 0.0)
    except (ValueError, OverflowError, OSError, UsageError):
        raise UsageError(
            f"{clean(text)[:_SHOWN]!r} is no time to begin at: give a date such as 2026-03-15, or 7d for seven days ago"
        ) from None


def check_language(tag: str, known: Collection[str]) -> None:
    """Raise UsageError unless the tag begins like that of a language; the library has `known` primary subtags."""
    if primary(tag) not in known and not is_tag(primary(tag)):
        raise UsageError(
            f"{clean(tag)[:_SHOWN]!r} is no language tag: give one such as en, zh or zh-Hant; {_held(known)}"
        )


def check_resource(name: str, library: Reader) -> None:
    """Raise UsageError unless the library has a resource with this id."""
    if not library.statuses([name]):
        shown = clean(name)[:_SHOWN]
        raise UsageError(f"nothing in the library is called {shown}: `seekpoint status --json` lists the ids")


def lacking(tag: str | None, known: Collection[str]) -> str | None:
    """The line that says which languages the library has instead of this one; `None` if it has it."""
    if not tag or primary(tag) in known:
        return None
    return f"nothing here is in {clean(tag)[:_SHOWN]}: {_held(known)}"


def left_nothing(filters: Filters, known: Collection[str], status: str) -> str:
    """The line that says why an answer has no moments, where the question excludes nothing; `status` says more."""
    if lack := lacking(filters.language, known) or unheard(filters.speaker):
        return lack
    why = "nothing is indexed yet" if filters == Filters() else "nothing that is indexed passes these filters"
    return f"{why}: {status} says what there is"


def unheard(speaker: str | None) -> str | None:
    """The line that says that a filter's speaker says nothing; `None` without one."""
    if not speaker:
        return None
    return (
        f"nobody whose name has “{clean(speaker)[:_SHOWN]}” speaks here: transcripts show who does, where that is known"
    )


def _held(known: Collection[str]) -> str:
    if not known:
        return "nothing is indexed yet"
    named = [clean(tag) for tag in sorted(known) if tag != UNKNOWN]
    return f"the library has {', '.join([*named, *(['captions without a language'] if UNKNOWN in known else [])])}"


_SCRIPT = re.compile(r"-([a-z]{4})(?=-|$)")
# Tags of Chinese often name a region instead of the script that is written there.
_CHINESE_SCRIPTS = {"tw": "hant", "hk": "hant", "mo": "hant", "cn": "hans", "sg": "hans", "my": "hans"}


def in_language(transcripts: Sequence[Transcript], language: str | None) -> Transcript | None:
    """The transcript that suits a BCP 47 tag best; the first without a tag, `None` where no language is the same.

    Languages are the same if their primary subtags are. Among several, an equal tag comes first, then one with the same
    script (zh-HK: zh-TW rather than zh-CN), then a more general one (en-GB: en rather than en-US), then the first.
    """
    if not language:
        return next(iter(transcripts), None)
    wanted = _normalised(language)
    related = [each for each in transcripts if primary(each.language) == primary(language)]

    def likeness(transcript: Transcript) -> tuple[bool, bool, bool]:
        tag = _normalised(transcript.language)
        return tag == wanted, _script(tag) == _script(wanted), wanted.startswith(f"{tag}-")

    return max(related, key=likeness, default=None)


def _script(tag: str) -> str:
    """The script that a tag names or, in Chinese, implies by its region; empty if it does neither."""
    if match := _SCRIPT.search(tag):
        return match[1]
    return _CHINESE_SCRIPTS.get(tag.rsplit("-", 1)[-1], "") if primary(tag) == "zh" else ""


def _normalised(tag: str) -> str:
    return tag.replace("_", "-").lower()
