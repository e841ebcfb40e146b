"""Searching by meaning over vector files: what comes out is what comparing with each stored vector gives."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.types import CandidateQuery, Details, EmbeddedTranscript
from tests.index.libraries import CARD as NARROW
from tests.index.libraries import embedded, resource

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

CARD = replace(NARROW, dimension=64)
K = 15
# Segments go by two bits a number and the means of their day, so that a few more candidates have the best.
_SPARE, _ABOUT = 50, 0.3


def _drawn(numbers: np.random.Generator, chunks: int, language: str) -> EmbeddedTranscript:
    """A transcript with vectors in every direction, those of a language a little to one side."""
    rows = numbers.normal(size=(chunks, CARD.dimension)) + (1 if language == "zh" else -1) * np.eye(CARD.dimension)[0]
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return replace(embedded(["掩码" if language == "zh" else "mask"] * chunks, language), vectors=vectors, pieces=())


def _commit(writer: EmbeddedWriter, talk: str, transcripts: Sequence[EmbeddedTranscript]) -> None:
    writer.register(talk, [resource(talk)])
    writer.commit(talk, transcripts, Details(), "")


def _change(writer: EmbeddedWriter, seed: int) -> None:
    """Add, replace and remove."""
    numbers, chance = np.random.default_rng(seed), random.Random(seed)
    for made in range(3 * seed, 3 * seed + 3):
        transcripts = [_drawn(numbers, chance.randint(5, 40), chance.choice(["en", "zh"]))]
        _commit(writer, f"讲座{made}" if made % 2 else f"talk{made}", transcripts)
    if seed:
        writer.remove([f"talk{chance.randrange(0, 3 * seed, 2)}"])
        _commit(writer, "talk1", [_drawn(numbers, 3, "en"), _drawn(numbers, 9, "zh")])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library whose segments are partly gone."""
    folder = tmp_path_factory.mktemp("built") / "library"
    for build in range(5):
        with EmbeddedWriter.acquire(folder, CARD) as writer:
            _change(writer, build)
    return folder


@pytest.fixture
def partly_dead(built: Path, tmp_path: Path) -> Path:
    return shutil.copytree(built, tmp_path / "library")


@pytest.fixture
def question() -> Vectors:
    drawn = np.random.default_rng(8).normal(size=CARD.dimension).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn), np.float32)


def _scores(library: EmbeddedReader, question: Vectors, ids: Sequence[int]) -> dict[int, float]:
    found = library.evidence(ids, question)
    return {chunk.id: near for chunk, near in zip(found.chunks, found.cosines, strict=True)}


def _check_nearest(library: EmbeddedReader, question: Vectors, keep: Ranges | None, k: int) -> None:
    """See that the nearest of what is kept are among some candidates, but for one: rows by chance are all far off."""
    ids = (library.holdings.alive if keep is None else keep).ids().tolist()
    exact = _scores(library, question, ids)
    assert [*exact] == ids
    depth = k + _SPARE
    nearest = library.vectors.nearest(question, depth, keep)
    candidates: dict[int, float] = dict(zip(nearest.chunks.tolist(), nearest.cosines.tolist(), strict=True))
    assert len(candidates) == min(depth, len(exact))
    assert list(candidates.values()) == sorted(candidates.values(), reverse=True)
    assert candidates == pytest.approx({chunk: exact[chunk] for chunk in candidates}, abs=_ABOUT)
    assert len(set(sorted(exact, key=lambda chunk: -exact[chunk])[:K]) - candidates.keys()) <= 1


def _keeps(library: EmbeddedReader) -> list[Ranges | None]:
    """Nothing kept out; then one language, one resource, every other transcript, a chunk, none."""
    holdings = library.holdings
    return [
        None,
        holdings.alive,
        holdings.spoken["zh"],
        holdings.where(lambda span: span.resource_id == "talk1"),
        Ranges.of((one.first, one.stop) for one in holdings.transcripts[::2]),
        Ranges.of([(int(holdings.alive.starts[-1]), int(holdings.alive.starts[-1]) + 1)]),
        Ranges.of([]),
    ]


def test_what_is_found_is_what_comparing_each_vector_gives(partly_dead: Path, question: Vectors) -> None:
    with EmbeddedWriter.acquire(partly_dead) as writer:
        for build in (None, 5):
            if build:
                _change(writer, build)
            with EmbeddedReader.open(partly_dead) as library:
                manifest, alive = Manifest.load(partly_dead), library.holdings.alive
                assert len(manifest.segments) > 1
                assert any(0 < len(alive.within(file.first, file.stop)) < file.count for file in manifest.segments)
                for keep in _keeps(library):
                    for k in (1, K, 1000):
                        _check_nearest(library, question, keep, k)


def test_readers_whose_segments_were_merged_find_what_they_found(tmp_path: Path) -> None:
    numbers = np.random.default_rng(6)
    for k in range(7):
        with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
            _commit(writer, f"讲座{k}", [_drawn(numbers, 10, "zh"), _drawn(numbers, 10, "en")])
            _commit(writer, f"talk{k}", [_drawn(numbers, 10, "en")])
    before = {path.name for path in tmp_path.glob("*.faiss")}
    question = np.eye(CARD.dimension, dtype=np.float32)[2]
    with EmbeddedReader.open(tmp_path) as searched, EmbeddedReader.open(tmp_path) as fresh:
        searched.vectors.nearest(question, K)
        with EmbeddedWriter.acquire(tmp_path) as writer:
            _commit(writer, "new", [_drawn(numbers, 30, "zh")])
            writer.remove(["talk1"])
        assert not before & {path.name for path in tmp_path.glob("*.faiss")}
        for reader in (searched, fresh):
            holdings = reader.holdings
            some = holdings.where(lambda span: span.resource_id in ("talk1", "讲座5"))
            for keep in (None, holdings.spoken["zh"], some):
                _check_nearest(reader, question, keep, K)
    with EmbeddedReader.open(tmp_path) as reader:
        _check_nearest(reader, question, None, K)


def test_a_file_that_vanished_is_done_without_and_one_that_changed_is_damage(
    partly_dead: Path, question: Vectors
) -> None:
    path, other, *_ = sorted(partly_dead.glob("*.faiss"))
    with EmbeddedReader.open(partly_dead) as library:
        whole = path.read_bytes()
        path.unlink()
        for keep in _keeps(library):
            _check_nearest(library, question, keep, K)
        path.write_bytes(whole)
    for content, told in ((bytes(len(whole)), "isn't as it was written"), (other.read_bytes(), "holds other vectors")):
        with EmbeddedReader.open(partly_dead) as library:
            path.write_bytes(content)
            with pytest.raises(DamagedLibrary, match=rf"{path.name} {told}"):
                library.vectors.nearest(question, K)
            path.write_bytes(whole)


@pytest.mark.parametrize("dimension", [383, 384])
def test_two_bits_a_number_tell_about_the_cosine(tmp_path: Path, dimension: int) -> None:
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(2500, dimension)) * np.linspace(0.5, 2, dimension)
    rows[1:] += rows[:1] * np.linspace(0, 1, 2499)[:, None]
    rows[-10:] = rows[:1]  # all alike
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    with EmbeddedWriter.acquire(tmp_path, replace(CARD, dimension=dimension)) as writer:
        _commit(writer, "talk", [replace(embedded(["mask"] * 2500), vectors=vectors, pieces=())])
    [file] = tmp_path.glob("*.faiss")
    assert file.stat().st_size < 2500 * (dimension / 4 + 9) + 30_000
    with EmbeddedReader.open(tmp_path) as library:
        for question in vectors[::250]:
            nearest = library.vectors.nearest(question, 2500)
            scores = _scores(library, question, nearest.chunks.tolist())
            assert len(scores) == 2500
            missed = nearest.cosines - np.array([scores[chunk] for chunk in nearest.chunks.tolist()])
            assert (abs(float(missed.mean())) < 0.01, float(missed.std()) < 0.03) == (True, True)


def test_many_kept_chunks_of_a_large_segment_are_found_by_its_index(tmp_path: Path, question: Vectors) -> None:
    numbers = np.random.default_rng(9)
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        _commit(writer, "talk", [_drawn(numbers, 4500, "en")])
        _commit(writer, "讲座", [_drawn(numbers, 1500, "zh")])
    (segment, *_) = Manifest.load(tmp_path).segments
    assert segment.count >= 4500
    with EmbeddedReader.open(tmp_path) as library:
        parts = [Ranges.of([(101, 4400)]), Ranges.of([(1, 2500), (2600, 5000)])]
        for keep in (None, library.holdings.spoken["en"], *parts):
            _check_nearest(library, question, keep, 100)
        query = CandidateQuery(question, {}, (), 20)
        assert len(library.candidates(query)) == 30, "half more, since segments only approximate"
        assert len(library.candidates(query._replace(excluded=["mask"]))) == 90
