"""Parameters of requests, validated; an invalid one raises HTTPException with one line that says what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from starlette.exceptions import HTTPException

from seekpoint.index.types import Filters, Kind
from seekpoint.query.search.settings import LONGEST_QUESTION, MOST_MOMENTS

USUAL_MOMENTS = 5
LONGEST_SECTION = 300
LONGEST_LANGUAGE = 35
"""RFC 5646, section 4.4.1: the longest tag that programs should expect has 35 characters."""
LONGEST_ID = 100


@dataclass(frozen=True, slots=True)
class AskParameters:
    """A question, the number of moments and the filters."""

    question: str
    k: int
    filters: Filters
    explained: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is set."""
        return self.filters != Filters()


def parse_ask(query: Mapping[str, str], k: int = USUAL_MOMENTS) -> AskParameters:
    """Parse the parameters of a question; `k` is the number of moments if the request doesn't give one."""
    kind = query.get("kind") or None
    if kind and kind not in list(Kind):
        raise HTTPException(400, f"kind must be one of {', '.join(Kind)}, not {kind[:40]!r}")
    return AskParameters(
        text(query, "q", LONGEST_QUESTION),
        _count(query.get("k") or str(k)),
        Filters(
            Kind(kind) if kind else None,
            text(query, "section", LONGEST_SECTION) or None,
            text(query, "language", LONGEST_LANGUAGE) or None,
            text(query, "resource", LONGEST_ID) or None,
        ),
        _is_set(query.get("explain", "")),
    )


def text(query: Mapping[str, str], name: str, longest: int) -> str:
    """A text parameter, empty if it isn't given."""
    value = query.get(name, "")
    if len(value) > longest:
        raise HTTPException(400, f"{name} has {len(value):,} characters: {longest:,} are the most")
    return value.strip()


def seconds(query: Mapping[str, str], name: str) -> float | None:
    """A time parameter, in seconds from the start; `None` if it isn't given."""
    value = query.get(name, "")
    if not value:
        return None
    try:
        time = float(value[:30])
    except ValueError:
        time = -1.0
    if not isfinite(time) or time < 0:
        raise HTTPException(400, f"{name} must be a number of seconds from 0 on, not {value[:30]!r}")
    return time


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10 and 1 <= int(value) <= MOST_MOMENTS):
        raise HTTPException(400, f"k must be a whole number from 1 to {MOST_MOMENTS}, not {value[:30]!r}")
    return int(value)


def _is_set(value: str) -> bool:
    if value.lower() not in ("", "0", "false", "1", "true"):
        raise HTTPException(400, f"explain must be true or false, not {value[:30]!r}")
    return value.lower() in ("1", "true")
