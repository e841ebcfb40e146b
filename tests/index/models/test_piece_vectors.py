"""The vectors of pieces, quantised: how much is lost, and that the sums of their tokens come back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from seekpoint.index.models.centring import background
from seekpoint.index.models.encoder import BUNDLED
from seekpoint.index.models.piece_vectors import LEVELS, NO_DIRECTION, dequantised, directions_of, quantised
from seekpoint.index.types import ModelCard, PieceVector

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

BUNDLED_CARD, OTHER_CARD = ModelCard(BUNDLED, 384, ""), ModelCard("another", 384, "")


def summed(pieces: Sequence[PieceVector], card: ModelCard = OTHER_CARD) -> Vectors:
    """The sums of the tokens' vectors, a row a piece."""
    return dequantised(range(len(pieces)), pieces, card).sums


def test_a_piece_of_another_model_loses_half_a_step_at_most_but_for_a_number_far_out() -> None:
    total = np.random.default_rng(1).uniform(-1, 1, 384).astype(np.float32)
    kept = quantised(total, 7)
    assert (kept.tokens, len(kept.codes), kept.direction, kept.length) == (7, 384, NO_DIRECTION, 0.0)
    found = summed([kept])[0]
    assert np.abs(found - total).max() <= 7 * kept.scale * 0.501
    nothing = np.zeros(384, np.float32)
    assert summed([quantised(nothing, 0)]).tolist() == [nothing.tolist()]
    assert summed([quantised(nothing, 3, BUNDLED)], BUNDLED_CARD) == pytest.approx(np.zeros((1, 384)), abs=1e-6)
    mean = np.full(384, 0.01, np.float32)
    mean[7] = 3.0
    found = summed([quantised(mean, 1)])[0]
    assert abs(found[7]) < 1, "a number far out is clipped"
    assert found[8:] == pytest.approx(mean[8:], abs=0.02)


def test_pieces_of_the_bundled_model_lose_next_to_nothing_in_their_levels() -> None:
    chance = np.random.default_rng(4)
    languages = list(background(BUNDLED).values())
    means = np.stack([5 * languages[k % len(languages)] + chance.normal(0, 0.1, 384) for k in range(40)])
    kept = [quantised(mean.astype(np.float32) * 30, 30, BUNDLED) for mean in means]
    assert max(max(piece.codes) for piece in kept) < LEVELS
    found = summed(kept, BUNDLED_CARD) / 30
    rest, back = means - np.mean(languages, axis=0) * 5, found - np.mean(languages, axis=0) * 5
    cosines = (rest * back).sum(axis=1) / np.linalg.norm(rest, axis=1) / np.linalg.norm(back, axis=1)
    assert cosines.min() > 0.999


def test_what_a_language_has_in_common_is_kept_apart_from_the_codes() -> None:
    directions = directions_of(BUNDLED)
    assert np.linalg.norm(directions, axis=1) == pytest.approx(1.0, abs=1e-5)
    rest = np.random.default_rng(5).normal(0, 0.05, 384).astype(np.float32)
    for direction, common in enumerate(directions):
        kept = quantised(8 * (0.75 * common + rest), 8, BUNDLED)
        assert kept.direction == direction
        assert kept.length == pytest.approx(0.75 + rest @ common, abs=1e-3)
        assert quantised(8 * rest, 8, BUNDLED).scale == pytest.approx(kept.scale, rel=0.1), "finer steps than in all"
