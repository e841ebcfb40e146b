"""What the word index is made of: the chunks of transcripts with their stored terms."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

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
        chunks = list(islice(stored, span.stop - span.first))
        if len(chunks) < span.stop - span.first:
            raise ValueError("a transcript has fewer chunks than it should")
        yield from (Entry(chunk, span.first, span.language, terms) for chunk, terms in chunks)
        progress(len(chunks))
