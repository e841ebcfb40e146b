"""Embedding in builds: chunks and pieces in one pass, each only once."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import pytest

import seekpoint
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.types import Cue, Filters, Kind, Parts, Pieces, Resource
from seekpoint.indexer.fetch.fetcher import PoliteFetcher
from seekpoint.indexer.pipeline.acquisition import FILES_AHEAD
from seekpoint.indexer.pipeline.build import Report
from seekpoint.indexer.sources.documents import DocumentReader
from seekpoint.indexer.sources.provenance import FetchResult
from seekpoint.indexer.transcript.cues import pieces
from tests.fakes import TopicEncoder, WideEncoder
from tests.index.libraries import chunk_ids, chunks_of
from tests.indexer.builds import RecordedEvents, Workshop, webvtt

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

EN, ZH = "english0001", "zhongwen001"
ATTENTION = ("attention weighs the words", "the mask hides what comes later", "position tells the order", "cache")
COUNT = FILES_AHEAD + 8
TRADITIONAL = ("注意力給每個詞一個權重", "掩碼遮住後面的詞", "為什麼需要緩存")


def build(workshop: Workshop, encoder: TopicEncoder | None = None) -> Report:
    """Build from captions of an English talk and one in traditional Chinese."""
    workshop.write(f"captions/T [{EN}].en.vtt", webvtt(*ATTENTION))
    workshop.write(f"captions/講座 [{ZH}].zh-TW.vtt", webvtt(*TRADITIONAL))
    listed = workshop.write("list.txt", f"https://youtu.be/{EN}\nhttps://youtu.be/{ZH}\n")
    return workshop.build(listed, captions=workshop.folder / "captions", encoder=encoder)


def stored(workshop: Workshop, video_id: str) -> Pieces:
    """The stored pieces of a video."""
    with EmbeddedReader.open(workshop.library) as library:
        chunks = chunks_of(library, chunk_ids(library, Filters(kind=Kind.VIDEO)))
        one = next(chunk for chunk in chunks.values() if chunk.resource_id == video_id)
        return library.pieces([one], 1e9)[one.id]


@pytest.mark.parametrize(
    ("starts", "expected"),
    (
        ([], []),
        ([0.0, 4.0, 9.9, 10.0, 19.0, 20.0], [(0, 3), (3, 5), (5, 6)]),
        ([3.0, 90.0, 95.0, 101.0], [(0, 1), (1, 3), (3, 4)]),
        ([0.0, 0.0, 0.0], [(0, 3)]),
    ),
)
def test_a_piece_takes_cues_until_ten_seconds_have_passed(starts: list[float], expected: list[tuple[int, int]]) -> None:
    cut = pieces([Cue(start, start + 3, f"字 {k}") for k, start in enumerate(starts)])
    assert [(piece.first, piece.stop) for piece in cut] == expected
    assert [piece.start for piece in cut] == [starts[first] for first, _ in expected]
    assert [piece.text for piece in cut] == [" ".join(f"字 {k}" for k in range(*span)) for span in expected]


def test_pieces_have_the_vectors_of_their_words_and_chinese_is_quoted_in_the_original(workshop: Workshop) -> None:
    build(workshop)
    english, chinese = stored(workshop, EN), stored(workshop, ZH)
    assert english.starts.tolist() == [0, 10, 20, 30]
    assert english.sums.argmax(axis=1).tolist() == [0, 1, 2, 5]
    assert chinese.sums.argmax(axis=1).tolist() == [0, 1, 5]
    assert workshop.encoder.embedded[1:] == ["注意力给每个词一个权重 掩码遮住后面的词 为什么需要缓存"]
    with EmbeddedReader.open(workshop.library) as library:
        (transcript,) = library.transcripts(ZH)
    assert tuple(cue.text for cue in transcript.cues) == TRADITIONAL


class PositionEncoder(TopicEncoder):
    """Gives each cue one token, whose vector is the cue's distance from the middle of its passage."""

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts:
        dimension = self.card.dimension
        places = [[abs(k - (len(stops) - 1) / 2) for k in range(len(stops))] for stops in ends]
        sums = [np.repeat(np.array(row, np.float32)[:, None], dimension, axis=1) for row in places]
        return Parts(self.passages(texts), sums, [[1] * len(stops) for stops in ends])


def test_a_cue_uses_the_chunk_in_which_it_is_most_central(workshop: Workshop) -> None:
    lines = [f"attention {k}" for k in range(14)]
    captions = workshop.write(f"captions/T [{EN}].en.vtt", webvtt(*lines, seconds=7.5)).parent
    workshop.build(f"https://youtu.be/{EN}", captions=captions, encoder=PositionEncoder())
    # A piece has two cues, a chunk six, of which the next one shares two: 2.5 and 1.5 off here, 1.5 and 2.5 there.
    assert stored(workshop, EN).sums[:, 0] == pytest.approx([4, 1, 3, 1, 3, 1, 4], abs=0.05)


def test_a_changed_transcript_embeds_only_new_pieces_and_the_chunks_around_them(workshop: Workshop) -> None:
    lines = [f"{ATTENTION[k % 3]} {k}" for k in range(40)]
    captions = workshop.write(f"captions/T [{EN}].en.vtt", webvtt(*lines))
    workshop.build(f"https://youtu.be/{EN}", captions=captions.parent)
    before = stored(workshop, EN)
    captions.write_text(webvtt(*lines[:20], "softmax 歸一化", *lines[21:]), "utf-8")
    workshop.build(f"https://youtu.be/{EN}", captions=captions.parent)
    after = stored(workshop, EN)
    assert np.flatnonzero((abs(before.sums - after.sums) > 0.3).any(axis=1)).tolist() == [20]
    assert after.sums[20].argmax() == 6


def test_a_model_without_parts_makes_no_pieces_and_is_tried_once(workshop: Workshop) -> None:
    encoder = WideEncoder("bare", gives_parts=False)
    build(workshop, encoder)
    assert len(stored(workshop, EN).starts) == 0
    before = workshop.content()
    assert build(workshop, encoder).embedded == 0
    assert (workshop.content(), workshop.events.lines) == (before, [])
    assert seekpoint.ask("mask", workshop.library, encoder=encoder).moments[0].resource.id == EN


class BatchCountingEncoder(TopicEncoder):
    """Records the size of each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def passages(self, texts: Sequence[str]) -> Vectors:
        self.sizes.append(len(texts))
        return super().passages(texts)


class CountingReader(DocumentReader):
    """Says when a build has begun to read the last file that it may read while the first one is embedded."""

    def __init__(self, fetcher: PoliteFetcher) -> None:
        super().__init__(fetcher)
        self.is_ahead = Event()
        self._read = 0

    def read(self, resource: Resource) -> FetchResult:
        self._read += 1
        if self._read == FILES_AHEAD + 1:
            self.is_ahead.set()
        return super().read(resource)


class WaitingEvents(RecordedEvents):
    """Lets the embedding begin once all files are read that a build may read ahead."""

    def __init__(self, reader: CountingReader) -> None:
        super().__init__()
        self._reader = reader

    def embed(self, done: int, total: int) -> None:
        assert self._reader.is_ahead.wait(60)


def notes_in(workshop: Workshop, count: int) -> Path:
    """A folder of short notes in English and Chinese."""
    for k in range(count):
        workshop.write(f"notes/{k:03d}.md", f"attention {k} mask" if k % 2 else f"注意力 {k} 掩码")
    return workshop.folder / "notes"


def rows(workshop: Workshop, query: str) -> list[tuple[str | bytes, ...]]:
    with closing(sqlite3.connect(workshop.library / "library.db")) as connection:
        return connection.execute(query).fetchall()


def test_short_notes_share_a_batch_and_are_stored_in_order(workshop: Workshop) -> None:
    reader = CountingReader(PoliteFetcher(workshop.fake.web(), pace=0))
    encoder = BatchCountingEncoder()
    folder, events = notes_in(workshop, COUNT), WaitingEvents(reader)
    report = workshop.build(folder, encoder=encoder, documents=reader, events=events)
    assert (report.updated, report.embedded, len(encoder.embedded)) == (COUNT, COUNT, COUNT)
    assert encoder.sizes[0] >= FILES_AHEAD and len(encoder.sizes) <= COUNT - FILES_AHEAD
    query = "SELECT url FROM transcript JOIN resource ON resource.id = resource_id ORDER BY transcript.id"
    urls = rows(workshop, query)
    assert urls == sorted(urls) and len(urls) == COUNT


@pytest.mark.slow
def test_passages_that_fill_a_batch_get_their_own_vectors(workshop: Workshop) -> None:
    query = """SELECT resource_id, digest, data FROM vector JOIN chunk ON chunk.id = chunk_id
               JOIN transcript ON transcript.id = transcript_id"""
    folder = notes_in(workshop, 6)
    workshop.build(folder)
    together = rows(workshop, query)
    workshop.library = workshop.folder / "one by one"
    for path in sorted(folder.iterdir()):
        workshop.build(workshop.write("one.md", f"[one](notes/{path.name})"))
    assert len(together) == 6 and sorted(together) == sorted(rows(workshop, query))


def test_a_batch_is_filled_but_not_exceeded(workshop: Workshop) -> None:
    lines = [f"attention {k}" for k in range(80)]
    captions = workshop.write(f"captions/T [{EN}].en.vtt", webvtt(*lines, seconds=30)).parent
    workshop.write(f"captions/講座 [{ZH}].zh-TW.vtt", webvtt(*(f"注意力 {k}" for k in range(80)), seconds=30))
    encoder = BatchCountingEncoder()
    listed = workshop.write("list.txt", f"https://youtu.be/{EN}\nhttps://youtu.be/{ZH}\n")
    report = workshop.build(listed, captions=captions, encoder=encoder)
    assert max(encoder.sizes) == 64 and sum(encoder.sizes) == report.embedded == len(set(encoder.embedded))
