"""Large libraries made of small real ones: what was said in other orders, and its vectors moved a little by chance.

usage: python -m benchmarks.synthetic BASE_LIBRARY [BASE_LIBRARY ...] FOLDER CHUNKS

A resource is some runs of neighbouring chunks from transcripts of one language, so that terms are as rare as they are
there. A vector keeps a cosine of about .9 with the one it comes from, both without their language's mean. The same base
and number of chunks give the same library; what lies in FOLDER from a run that was ended is gone on with.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.base import Base, Track
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.models.piece_vectors import quantised
from seekpoint.index.text.languages import primary
from seekpoint.index.types import (
    Chunk,
    Cue,
    Details,
    Dictionaries,
    EmbeddedTranscript,
    Kind,
    Origin,
    Piece,
    Resource,
    Transcript,
    Vectors,
)
from seekpoint.indexer.vocabulary.dictionary import BilingualDictionaries

SOURCE = "synthetic.md"
SHARES = {"one in a thousand": 0.001, "one in a hundred": 0.01, "one in ten": 0.1, "every second": 0.5}
"""Sections, by the share of all chunks that they hold."""
KINDS = {Kind.DOCUMENT: 0.01, Kind.RECORDING: 0.1}
"""Kinds beside videos, by their share."""
LECTURE = 120
_SIZES = (80, 161)
_RUNS = (6, 25)
_COSINE = 0.9
_PAUSE = 1.0
_SEED = 7
_TELLING = 50


class Outline(NamedTuple):
    """What a resource is to be."""

    number: int
    chunks: int
    section: str
    kind: Kind
    language: str

    @property
    def id(self) -> str:
        """An id that a YouTube video could have."""
        return f"synth{self.number:06}"


def planned(base: Base, chunks: int) -> list[Outline]:
    """What a library of so many chunks consists of; sections, kinds and languages are spread over all of it."""
    chance = np.random.default_rng([_SEED, chunks])
    rest = "the others"
    sections: list[tuple[str, int]] = []
    for section, share in (SHARES | {rest: 1 - sum(SHARES.values())}).items():
        left = round(share * chunks)
        while left:
            size = min(left, int(chance.integers(*_SIZES)))
            sections.append((section, size))
            left -= size
    order = chance.permutation(len(sections))
    kinds = chance.choice([*KINDS, Kind.VIDEO], len(order), p=[*KINDS.values(), 1 - sum(KINDS.values())])
    tags = chance.choice([*base.languages], len(order), p=[*base.languages.values()])
    return [
        Outline(number, sections[place][1], sections[place][0], Kind(kind), str(tag))
        for number, (place, kind, tag) in enumerate(zip(order.tolist(), kinds, tags, strict=True))
    ]


def resource(outline: Outline, title: str) -> Resource:
    """The resource as a list names it."""
    address = f"https://www.youtube.com/watch?v={outline.id}"
    url = address if outline.kind is Kind.VIDEO else f"file:///synthetic/{outline.id}.{_SUFFIXES[outline.kind]}"
    return Resource(outline.id, outline.kind, title, url, ((outline.section,),))


_SUFFIXES = {Kind.RECORDING: "mp3", Kind.DOCUMENT: "txt"}


def title(base: Base, outline: Outline) -> str:
    """The beginning of one title and the end of another, of those in its language."""
    chance = np.random.default_rng([_SEED, outline.number, 1])
    tracks, _ = base.sources[outline.language]
    one, other = (tracks[place].title for place in chance.integers(len(tracks), size=2))
    return f"{one[: len(one) // 2].strip()} {other[len(other) // 2 :].strip()} {outline.number}"


def embedded(base: Base, outline: Outline) -> EmbeddedTranscript:
    """A transcript made of runs of others."""
    chance = np.random.default_rng([_SEED, outline.number])
    mixed = _Mixture(base, outline.language, chance)
    while len(mixed.chunks) < outline.chunks:
        mixed.add(outline.chunks - len(mixed.chunks))
    return mixed.embedded()


class _Mixture:
    """A transcript that grows by runs of chunks."""

    def __init__(self, base: Base, language: str, chance: np.random.Generator) -> None:
        self._base, self._language, self._chance = base, language, chance
        self._cues: list[Cue] = []
        self.chunks: list[Chunk] = []
        self._pieces: list[tuple[Piece, int]] = []
        self._vectors: list[Vectors] = []
        self._piece_vectors: list[Vectors] = []

    def add(self, most: int) -> None:
        """Go on with a run of at most so many chunks."""
        tracks, likely = self._base.sources[self._language]
        track = tracks[int(self._chance.choice(len(tracks), p=likely))]
        number = min(int(self._chance.integers(*_RUNS)), most, len(track.spans))
        begin = int(self._chance.integers(len(track.spans) - number + 1))
        spans = track.spans[begin : begin + number]
        first, stop = spans[0][0], max(stop for _, stop in spans)
        shift = len(self._cues) - first
        later = (self._cues[-1].end + _PAUSE if self._cues else 0.0) - track.cues[first].start
        cues = [
            cue._replace(start=_moved(cue.start, later), end=_moved(cue.end, later)) for cue in track.cues[first:stop]
        ]
        self._cues += cues
        for one, other in ((one + shift, other + shift) for one, other in spans):
            said = self._cues[one:other]
            text = " ".join(cue.text for cue in said)
            self.chunks.append(Chunk(one, other, said[0].start, max(cue.end for cue in said), text))
        self._vectors.append(track.vectors[begin : begin + number])
        self._add_pieces(track, first, stop, shift, later)

    def _add_pieces(self, track: Track, first: int, stop: int, shift: int, later: float) -> None:
        starts = np.array([start for start, _ in track.pieces])
        places = {cue.start: place for place, cue in enumerate(track.cues[:stop])}
        low, high = np.searchsorted(starts, [track.cues[first].start, track.cues[stop - 1].start + 1e-9])
        begins = [places[start] for start, _ in track.pieces[low:high]]
        ends = [*begins[1:], stop] if begins else []  # a long cue that was cut is several chunks of one piece
        for (start, tokens), one, other in zip(track.pieces[low:high], begins, ends, strict=True):
            text = " ".join(cue.text for cue in track.cues[one:other])
            self._pieces.append((Piece(one + shift, other + shift, _moved(start, later), text), tokens))
        self._piece_vectors.append(track.piece_vectors[low:high])

    def embedded(self) -> EmbeddedTranscript:
        """What there is, with the vectors moved."""
        chunk_mean, piece_mean = self._base.means[primary(self._language)]
        vectors = moved(np.concatenate(self._vectors), chunk_mean, self._chance)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        pieces = moved(np.concatenate(self._piece_vectors), piece_mean, self._chance)
        found = [
            (piece, quantised(vector * tokens, tokens, self._base.manifest.model.name))
            for (piece, tokens), vector in zip(self._pieces, pieces, strict=True)
        ]
        return EmbeddedTranscript(
            Transcript(self._language, Origin.LOCAL, tuple(self._cues)), self.chunks, vectors, found
        )


def _moved(seconds: float, later: float) -> float:
    """Whole milliseconds, as the times of captions are."""
    return round(seconds + later, 3)


def moved(rows: Vectors, mean: Vectors, chance: np.random.Generator) -> Vectors:
    """Rows that keep a cosine of about .9 with the given ones, all without the mean, and about their length."""
    centred = rows - mean
    noise = chance.standard_normal(rows.shape, np.float32)
    noise *= np.linalg.norm(centred, axis=1, keepdims=True) * ((1 / _COSINE**2 - 1) / rows.shape[1]) ** 0.5
    found: Vectors = (mean + _COSINE * (centred + noise)).astype(np.float32)
    return found


def details(base: Base, outline: Outline, transcript: Transcript) -> Details:
    """What a source would say of it."""
    return Details(title(base, outline), f"Channel {outline.number % 40}", transcript.cues[-1].end, "2026-01-01")


@dataclass
class Clock:
    """Seconds that a build took, and how many of them were the library's part of it."""

    seconds: float = 0.0
    storing: float = 0.0
    chunks: int = 0


def build(base: Base, folder: Path, chunks: int, translations: tuple[str, Dictionaries] | None = None) -> Clock:
    """Make a library, or go on with it; with translations it gets those that it can use too."""
    outlines, clock = planned(base, chunks), Clock()
    started = time.perf_counter()
    with EmbeddedWriter.acquire(folder, base.manifest.model) as writer:
        writer.register(SOURCE, [resource(outline, title(base, outline)) for outline in outlines])
        stored = {key for key, standing in writer.standings().items() if standing.is_indexed}
        for outline in outlines:
            if outline.id not in stored:
                commit(writer, base, outline, clock)
                if outline.number % _TELLING == 0:
                    share, rate = outline.number / len(outlines), clock.chunks / (time.perf_counter() - started)
                    print(f"{share:6.1%}  {clock.chunks:9,} chunks  {rate:6.0f} a second", file=sys.stderr, flush=True)
        sealing = time.perf_counter()
        if translations:
            writer.keep_translations(*translations)
    clock.storing += time.perf_counter() - sealing
    clock.seconds = time.perf_counter() - started
    return clock


def commit(writer: EmbeddedWriter, base: Base, outline: Outline, clock: Clock | None = None) -> None:
    """Store a resource; the clock tells how long."""
    made = embedded(base, outline)
    said = details(base, outline, made.transcript)
    started = time.perf_counter()
    writer.commit(outline.id, [made], said, "synthetic")
    if clock:
        clock.storing += time.perf_counter() - started
        clock.chunks += len(made.chunks)


if __name__ == "__main__":
    *bases, folder, size = sys.argv[1:]
    dictionaries = BilingualDictionaries()
    translations = dictionaries.version, dictionaries.into
    made = build(Base.read(*map(Path, bases)), Path(folder), int(size), translations)
    print(json.dumps(asdict(made)))
