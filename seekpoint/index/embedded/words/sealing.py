"""Bringing the word index up to date: a new folder without removed transcripts and with added ones.

The manifest names the new folder afterwards, so a kill leaves either the old index or the new one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from seekpoint.index.embedded.holdings import Holdings, TranscriptSpan
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.embedded.words import index_folder, stored_terms
from seekpoint.index.embedded.words.word_index import Entry, update


def seal(
    folder: Path,
    connection: sqlite3.Connection,
    manifest: Manifest,
    holdings: Holdings,
    progress: Callable[[int], None] = lambda chunks: None,
) -> Manifest:
    """Write a word index unless the current one has just the library's transcripts; returns the manifest that names it.

    Old folders aren't deleted. `progress` is told how many chunks were added since it was called last. Raises
    ValueError if the stored terms are damaged, OSError if the disk fails.
    """
    wanted = holdings.first_chunks
    former = folder / manifest.words.folder if manifest.words else None
    indexed = index_folder.transcripts_in(former) if former else wanted[:0]
    if former and np.array_equal(wanted, indexed):
        return manifest
    target = index_folder.unused(folder)
    removed, added = np.setdiff1d(indexed, wanted).tolist(), set(np.setdiff1d(wanted, indexed).tolist())
    spans = [span for span in holdings.transcripts if span.first in added]
    total = update(index_folder.create(target, former), removed, entries(connection, spans, progress))
    if total != len(holdings.alive):  # the former index wasn't what its list says
        total = update(index_folder.create(target, None), (), entries(connection, holdings.transcripts))
    assert total == len(holdings.alive)
    return replace(manifest, words=index_folder.finish(target, wanted, manifest.words))


def entries(
    connection: sqlite3.Connection,
    spans: Sequence[TranscriptSpan],
    progress: Callable[[int], None] = lambda chunks: None,
) -> Iterator[Entry]:
    """The chunks of some transcripts, to be indexed; raises ValueError if their stored terms are damaged."""
    texts = stored_terms.texts(connection, [(span.first, span.stop) for span in spans])
    for span in spans:
        for _ in range(span.first, span.stop):
            chunk, said = next(texts)
            yield Entry(chunk, span.first, span.language, said)
        progress(span.stop - span.first)
