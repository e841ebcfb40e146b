"""A library of all shared transcripts whose vectors are drawn from another one's: the base of `scale`.

    python -m benchmarks.drawn LIBRARY WORK BASE

Embedding 340 hours takes an hour, and a benchmark of storage and search needs no vector to go with its text. The texts,
cues, chunks and pieces are those that a real build makes; LIBRARY is one that was embedded.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import seekpoint
from benchmarks.base import Base
from benchmarks.question_sets import lay_out
from seekpoint.index.text.scripts import language_of
from seekpoint.index.types import ModelCard, Parts

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

SETS = ("lectures", "dev", "tutorialvqa", "syntax")
# As many characters as a token has, on the whole.
_CHARACTERS = {"zh": 1.5, "en": 4.0}


class Drawn:
    """Gives passages, and questions, the vectors of others in their language, by chance."""

    def __init__(self, base: Base) -> None:
        self._card = base.manifest.model
        self._chance = np.random.default_rng(1)
        self._chunks, self._pieces = (
            {
                name: np.concatenate([getattr(track, kind) for track in base.tracks if track.language[:2] == name])
                for name in _CHARACTERS
            }
            for kind in ("vectors", "piece_vectors")
        )

    @property
    def card(self) -> ModelCard:
        return self._card

    def passages(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._drawn(self._chunks, text) for text in texts])

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts:
        sums, tokens = [], []
        for text, stops in zip(texts, ends, strict=True):
            lengths = np.diff([0, *stops]) / _CHARACTERS[_language(text)]
            counts = np.maximum(lengths.astype(int), 1)
            sums.append(np.stack([self._drawn(self._pieces, text) * count for count in counts]))
            tokens.append(counts.tolist())
        return Parts(self.passages(texts), sums, tokens)

    def question(self, text: str) -> Vectors:
        return self._drawn(self._chunks, text)

    def _drawn(self, rows: dict[str, Vectors], text: str) -> Vectors:
        there = rows[_language(text)]
        found: Vectors = there[self._chance.integers(len(there))]
        return found


def _language(text: str) -> str:
    return "zh" if language_of(text, "en") == "zh" else "en"


def main() -> None:
    """Lay the transcripts out and build the library of them."""
    library, work, base = map(Path, sys.argv[1:])
    encoder = Drawn(Base.read(library))
    for name in SETS:
        corpus = lay_out(name, work)
        seekpoint.build(corpus.reading_list, base, captions=corpus.captions, encoder=encoder, translate=False)


if __name__ == "__main__":
    main()
