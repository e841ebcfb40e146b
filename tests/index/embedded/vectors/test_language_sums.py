"""What vectors add up to: the same bits however a library came to hold what it holds, and the means of that."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.models.centring import windows
from seekpoint.index.models.piece_vectors import quantised
from seekpoint.index.text.languages import primary
from seekpoint.index.types import Details, EmbeddedTranscript
from tests.index.libraries import CARD, chunks_of, embedded, resource

IDS = ("talk", "page", "讲座", "课程")
WORDS = {"en": "mask", "en-GB": "cache", "zh-TW": "掩码", "zh": "缓存", "de": "Maske"}


def _drawn(chance: random.Random, language: str) -> EmbeddedTranscript:
    """A transcript with vectors of no kind of order."""
    numbers = np.random.default_rng(chance.randrange(1 << 32))
    transcript = embedded([f"{WORDS[language]} {chance.random()}" for _ in range(chance.randint(1, 9))], language)
    rows = numbers.normal(size=(len(transcript.chunks), CARD.dimension))
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    pieces = [
        (piece, quantised(numbers.normal(size=CARD.dimension).astype(np.float32), chance.randint(1, 40)))
        for piece, _ in transcript.pieces[: chance.randint(0, 9)]
    ]
    return replace(transcript, vectors=vectors, pieces=pieces)


def _commit(writer: EmbeddedWriter, resource_id: str, transcripts: Sequence[EmbeddedTranscript]) -> None:
    writer.register(resource_id, [resource(resource_id)])
    writer.commit(resource_id, transcripts, Details(), "")


def _change(folder: Path, chance: random.Random, steps: int) -> dict[str, list[EmbeddedTranscript]]:
    """Commit, replace and remove at random, in several builds; returns what is held in the end."""
    held: dict[str, list[EmbeddedTranscript]] = {}
    while steps > 0:
        with EmbeddedWriter.acquire(folder, CARD) as writer:
            for _ in range(chance.randint(1, 6)):
                steps -= 1
                if held and chance.random() < 0.3:
                    gone = chance.sample(sorted(held), chance.randint(1, len(held)))
                    writer.remove(gone)
                    held = {one: transcripts for one, transcripts in held.items() if one not in gone}
                else:
                    one, languages = chance.choice(IDS), chance.sample(sorted(WORDS), chance.randint(1, 2))
                    held[one] = [_drawn(chance, language) for language in languages]
                    _commit(writer, one, held[one])
    return held


@pytest.mark.parametrize("seed", range(2))
def test_sums_and_means_are_those_of_a_fresh_library_to_the_bit(tmp_path: Path, seed: int) -> None:
    held = _change(tmp_path / "changed", random.Random(seed), 20)
    with EmbeddedWriter.acquire(tmp_path / "fresh", CARD) as writer:
        for one in sorted(held):
            _commit(writer, one, held[one])
    with EmbeddedReader.open(tmp_path / "changed") as changed, EmbeddedReader.open(tmp_path / "fresh") as fresh:
        languages = {primary(one.transcript.language) for transcripts in held.values() for one in transcripts}
        assert set(changed.means.chunks) == languages
        for found, expected in zip(changed.means, fresh.means, strict=True):
            assert found.keys() == expected.keys()
            assert all(mean.tobytes() == expected[name].tobytes() for name, mean in found.items())


def test_the_mean_of_a_languages_windows_is_that_of_its_pieces(tmp_path: Path) -> None:
    texts = ("attention 注意力", "the mask", "掩码遮住后面的词", "nothing", "position")
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        _commit(writer, "talk", [embedded(texts, "en-GB")])
    with EmbeddedReader.open(tmp_path) as library:
        [found, *_] = library.pieces([*chunks_of(library, range(9)).values()], 1e9).values()
        assert found.starts.tolist() == [0, 10, 20, 30, 40]
        assert found.tokens.tolist() == [3, 2, 2, 1, 2]
        expected = windows(found.starts, found.sums).sum(axis=0) / (len(texts) + 30)
        assert library.means.windows.keys() == {"en"}
        assert library.means.windows["en"] == pytest.approx(expected, abs=1e-4)


def test_tags_of_one_language_count_together_until_its_last_transcript_goes(tmp_path: Path) -> None:
    def counts() -> tuple[dict[str, int], list[str]]:
        with EmbeddedReader.open(tmp_path) as library:
            chunks = {name: language.chunks for name, language in library.languages().items()}
            assert library.means.chunks.keys() == chunks.keys()
            return chunks, [*library.means.windows]

    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        _commit(writer, "讲座", [embedded(["掩码", "缓存"], "zh-TW"), embedded(["位置"], "zh-Hans")])
        _commit(writer, "talk", [replace(embedded(["mask"], "en-GB"), pieces=())])
        assert counts() == ({"en": 1, "zh": 3}, ["zh"])
        writer.remove(["讲座"])
        assert counts() == ({"en": 1}, [])
        _commit(writer, "talk", [embedded(["掩码", "位置"])])
        _commit(writer, "talk", [embedded(["Maske"], "de")])
        assert counts() == ({"de": 1}, ["de"])
        writer.remove(["talk"])
        assert counts() == ({}, [])
