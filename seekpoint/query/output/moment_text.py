"""What several formats show of a moment: its position, its headings, and its quote cut at the matches. All pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seekpoint.index.text.clean import clean
from seekpoint.index.text.language_tags import UNKNOWN, primary
from seekpoint.query.answers import Answer, Confidence, Moment
from seekpoint.query.links import timestamp

_VERDICTS = {Confidence.NONE: "Nothing here answers that", Confidence.LOW: "This may not answer it"}


def verdict(answer: Answer) -> str:
    """The line above the moments: what of the question isn't there, and whether the first one answers; or nothing."""
    return " ".join(_sentences(answer))


def _sentences(answer: Answer) -> Iterator[str]:
    for word, meant in answer.respelled:
        yield f"Nothing here mentions {clean(word)}; searched for {clean(meant)}."
    if answer.unknown:
        yield f"Nothing here mentions {clean(', '.join(answer.unknown))}."
    if answer.missing:
        yield f"No passage has {quoted_list(answer.missing)}."
    if answer.nearer:
        yield "Nearer passages lack what is in quotation marks: leave these away."
    if answer.excluded and not answer.moments:
        yield f"All that is near has {quoted_list(answer.excluded, 'or')}."
    if doubt := _VERDICTS.get(answer.confidence):
        yield f"{doubt}{'; nearest:' if answer.moments else '.'}"


def quoted_list(texts: Sequence[str], last: str = "and") -> str:
    """Texts of the question in quotation marks: “a”, “b” and “c”."""
    shown = [f"“{clean(text)}”" for text in texts]
    return f" {last} ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def positions(moment: Moment) -> Iterator[str]:
    """The moment's time (`12:34`) or page (`p. 7`); nothing for a place on a web page."""
    if moment.start is not None:
        yield timestamp(moment.start) or ""
    if moment.page is not None:
        yield f"p. {moment.page}"


def known_language(moment: Moment) -> Iterator[str]:
    """The tag of the moment's language; nothing where that isn't known."""
    if primary(moment.language) != UNKNOWN:
        yield moment.language


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
