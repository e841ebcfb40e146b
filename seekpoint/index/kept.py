"""What people keep of a library: moments, each with a note and in a collection."""

from __future__ import annotations

from dataclasses import dataclass

from seekpoint.index.text.clean import clean, text_digest
from seekpoint.index.types import Resource


@dataclass(frozen=True, slots=True)
class KeptMoment:
    """A moment as it was when it was kept; it stays so when its resource is built anew or removed.

    `start` is in seconds, `None` for a text; `page` is that of a PDF, from 1, `anchor` the id of the heading above.
    `question` is what was asked. `collection` is empty for a moment that is in none. `added` is in Unix seconds.
    """

    resource: Resource
    language: str
    start: float | None
    page: int | None
    anchor: str | None
    quote: str
    link: str
    question: str = ""
    note: str = ""
    collection: str = ""
    added: float = 0.0

    @property
    def place(self) -> str:
        """Identifies the moment within its resource: the second, or the page or heading and the quote."""
        return place_of(self.start, self.page, self.anchor, self.quote)


def place_of(start: float | None, page: int | None, anchor: str | None, quote: str) -> str:
    """The `place` of a moment; printable ASCII, whatever the texts are."""
    if start is not None:
        return f"t{int(start)}"
    digest = text_digest(clean(f"{anchor or ''} {quote}")).hex()
    return f"a-{digest}" if page is None else f"p{page}-{digest}"
