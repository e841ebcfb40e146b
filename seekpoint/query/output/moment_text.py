"""What several formats show of a moment: its position, its headings, and its quote cut at the matches. All pure."""

from __future__ import annotations

from collections.abc import Iterator

from seekpoint.index.text.clean import clean
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.links.timestamps import timestamp


def no_answer(answer: Answer) -> str:
    """The line above the moments of an answer with `answered` false."""
    return f"Nothing here answers that{'; nearest:' if answer.moments else '.'}"


def positions(moment: Moment) -> Iterator[str]:
    """The moment's time (`12:34`) or page (`p. 7`); nothing for a place on a web page."""
    if moment.start is not None:
        yield timestamp(moment.start) or ""
    if moment.page is not None:
        yield f"p. {moment.page}"


def heading_path(path: tuple[str, ...]) -> str:
    """A heading path in one line."""
    return " › ".join(map(clean, path))


def quote_parts(moment: Moment) -> Iterator[tuple[str, bool]]:
    """The quote in parts, each with whether it matches the question; a part may be empty."""
    offset = 0
    for start, stop in moment.marks:
        yield moment.quote[offset:start], False
        yield moment.quote[start:stop], True
        offset = stop
    yield moment.quote[offset:], False
