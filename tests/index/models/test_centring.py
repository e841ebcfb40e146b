"""Centring by the means of languages, and the scale of a model's cosines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from seekpoint.index.models.centring import (
    background,
    centre_rows,
    centred,
    cosine_scale,
    nearest_language,
    tempered,
    windows,
)
from seekpoint.index.models.encoder import BUNDLED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.types import Vectors

ENGLISH = np.array([1, 0, 0], dtype=np.float32)
CHINESE = np.array([0, 1, 0], dtype=np.float32)
TOPIC = np.array([0, 0, 0.2], dtype=np.float32)


def _unit(rows: NDArray[np.floating]) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), dtype=np.float32)


def language_means(languages: Sequence[str], rows: Vectors, background: Mapping[str, Vectors]) -> dict[str, Vectors]:
    """Tempered means of rows, each with its language."""
    by_language = {name: rows[np.array(languages) == name] for name in dict.fromkeys(languages)}
    return tempered(
        {name: (len(found), found.sum(axis=0, dtype=np.float64)) for name, found in by_language.items()}, background
    )


def test_the_same_meaning_in_two_languages_comes_together() -> None:
    languages = ["en", "zh"] * 200
    topics = np.repeat(np.where(np.arange(200) % 2, 1, -1), 2)[:, None] * TOPIC
    rows = _unit(np.tile([ENGLISH, CHINESE], (200, 1)) + topics)
    moved = centre_rows(languages, rows, language_means(languages, rows, {}))
    assert rows[0] @ rows[1] < rows[0] @ rows[2]
    assert moved[0] @ moved[1] > 0.9 > 0 > moved[0] @ moved[2]
    assert np.linalg.norm(moved, axis=1) == pytest.approx(np.ones(400), abs=1e-5)


def test_a_mean_never_wipes_out_the_only_vector_and_nothing_fails_where_there_is_nothing() -> None:
    for copies in (1, 500):
        rows = np.tile(ENGLISH, (copies, 1))
        moved = centre_rows(["en"] * copies, rows, language_means(["en"] * copies, rows, {}))
        assert moved == pytest.approx(rows, abs=1e-4)
    assert tempered({}, {}) == {}
    assert centre_rows([], np.empty((0, 3), np.float32), {}).shape == (0, 3)
    assert np.isfinite(centred(ENGLISH, ENGLISH)).all()
    assert nearest_language(ENGLISH, {}) is None


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_small_library_is_centred_as_its_language_is_elsewhere(language: str) -> None:
    few = _unit(np.tile(ENGLISH, (3, 1)) + TOPIC)
    (tempered,) = language_means([language] * 3, few, {"en": ENGLISH}).values()
    (own,) = language_means([language] * 3, few, {}).values()
    assert np.linalg.norm(tempered - ENGLISH) < 0.1 < np.linalg.norm(own - ENGLISH)
    many = np.tile(_unit(ENGLISH + TOPIC), (5000, 1))
    (mean,) = language_means(["en"] * 5000, many, {"en": ENGLISH}).values()
    assert mean == pytest.approx(many[0], abs=0.02), "a large library has its own mean"


def test_the_bundled_models_languages_are_known_and_no_other_models() -> None:
    known = background(BUNDLED)
    assert {"en", "zh"} <= known.keys()
    assert all(mean.shape == (384,) and 0.8 < np.linalg.norm(mean) < 1 for mean in known.values())
    assert background("some/other-model") == {}


def test_a_window_is_what_begins_within_half_a_minute() -> None:
    found = windows(np.array([0.0, 12.0, 29.0, 42.0]), np.eye(4, dtype=np.float32))
    assert found == pytest.approx(
        np.array([[1, 1, 1, 0], [0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]]) / np.sqrt([[3], [2], [2], [1]])
    )


def test_a_vector_is_of_the_language_whose_mean_points_the_same_way() -> None:
    means = {"en": 5 * ENGLISH + TOPIC, "zh": CHINESE}
    assert nearest_language(ENGLISH + 0.9 * CHINESE, means) == "en"
    assert nearest_language(0.9 * ENGLISH + CHINESE, means) == "zh", "whatever the means' lengths"


RNG = np.random.default_rng(0)
# Vectors of two languages in two corners, as of a model that tells languages apart first of all.
CORNERS = np.repeat(10 * np.eye(2, 64), 40, axis=0)
VECTORS = (CORNERS + RNG.normal(size=(80, 64))).astype(np.float32)
LANGUAGES = ["en"] * 40 + ["zh"] * 40


def test_a_model_has_its_own_scale_and_the_distance_of_languages_is_no_spread() -> None:
    assert cosine_scale(VECTORS, VECTORS, LANGUAGES) == 1
    narrow = VECTORS * np.array([1.0] * 4 + [0.01] * 60, np.float32)  # of four dimensions: its cosines are far apart
    assert cosine_scale(narrow, VECTORS, LANGUAGES) < 0.5
    assert cosine_scale(VECTORS, narrow, LANGUAGES) > 2
    together = (VECTORS - CORNERS).astype(np.float32)
    assert cosine_scale(VECTORS, together, LANGUAGES) == pytest.approx(1, abs=0.05)
    assert cosine_scale(VECTORS, together, ["en"] * 80) < 0.6
