"""What the word index is made of: the chunks of transcripts with their stored terms."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence

from seekpoint.index.embedded.holdings import TranscriptSpan
from seekpoint.index.embedded.words import stored_terms
from seekpoint.index.embedded.words.word_index import Entry


def entries(
    connection: sqlite3.Connection,
    spans: Sequence[TranscriptSpan],
    progress: Callable[[int], None] = lambda chunks: None,
) -> Iterator[Entry]:
    """The chunks of some transcripts, to be indexed; raises ValueError if their stored terms are damaged.

    `progress` is told how many chunks were taken since it was called last.
    """
    stored = stored_terms.terms_of(connection, [(span.first, span.stop) for span in spans])
    for span in spans:
        for _ in range(span.first, span.stop):
            chunk, terms = next(stored)
            yield Entry(chunk, span.first, span.language, terms)
        progress(span.stop - span.first)
