"""The scale of another model's cosines."""

from __future__ import annotations

import numpy as np
import pytest

from seekpoint.index.models.centring import cosine_scale
from seekpoint.index.types import ModelCard

CARD = ModelCard("模型", 8, "fingerprint")
RNG = np.random.default_rng(0)
# Vectors of two languages in two corners, as of a model that tells languages apart first of all.
CORNERS = np.repeat(10 * np.eye(2, 64), 40, axis=0)
VECTORS = (CORNERS + RNG.normal(size=(80, 64))).astype(np.float32)
LANGUAGES = ["en"] * 40 + ["zh"] * 40


def test_a_model_has_its_own_scale() -> None:
    assert cosine_scale(VECTORS, VECTORS, LANGUAGES) == 1
    narrow = VECTORS * np.array([1.0] * 4 + [0.01] * 60, np.float32)  # of four dimensions: its cosines are far apart
    assert cosine_scale(narrow, VECTORS, LANGUAGES) < 0.5
    assert cosine_scale(VECTORS, narrow, LANGUAGES) > 2


def test_the_distance_of_languages_is_no_spread() -> None:
    together = (VECTORS - CORNERS).astype(np.float32)
    assert cosine_scale(VECTORS, together, LANGUAGES) == pytest.approx(1, abs=0.05)
    assert cosine_scale(VECTORS, together, ["en"] * 80) < 0.6
