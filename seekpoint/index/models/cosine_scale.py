"""The scale that brings the cosines of any model to those of the bundled one, for which the ranking's weights are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seekpoint.files import parsed_json
from seekpoint.index.models.centring import centred

if TYPE_CHECKING:
    from seekpoint.index.types import ModelCard, Vectors

SETTING = "cosine scale"
"""The name of the setting that holds the scale of a library's model."""

# The cosine that one in a hundred pairs of unrelated passages exceeds: higher ones depend on a few pairs.
_QUANTILE = 0.99
# Scales beyond these say that the two models see nothing alike.
_LEAST, _MOST = 0.25, 4.0


def cosine_scale(own: Vectors, reference: Vectors, languages: Sequence[str]) -> float:
    """How many times as spread the bundled model's cosines are, between passages of one language.

    `own` and `reference` are the vectors of the same passages by a model and by the bundled one, a row each.
    """
    spread, reference_spread = (_spread(vectors, languages) for vectors in (own, reference))
    return float(np.clip(reference_spread / max(spread, 1e-6), _LEAST, _MOST))


def to_setting(scale: float, card: ModelCard, chunks: int) -> str:
    """The setting for a model, measured when the library had that many chunks."""
    return json.dumps({"model": card.fingerprint, "scale": scale, "chunks": chunks})


def from_setting(text: str | None, card: ModelCard) -> tuple[float, int] | None:
    """The scale of a model and the chunks it was measured with; `None` if it is another model's or ill-formed."""
    try:
        stored = parsed_json(text or "{}")
        if stored.get("model") != card.fingerprint:
            return None
        scale, chunks = float(stored["scale"]), int(stored["chunks"])
        return (scale, chunks) if _LEAST <= scale <= _MOST else None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None


def _spread(vectors: Vectors, languages: Sequence[str]) -> float:
    labels = np.asarray(languages)
    cosines = []
    for language in dict.fromkeys(languages):
        rows = vectors[labels == language]
        rows = centred(rows, rows.mean(axis=0))
        cosines.append((rows @ rows.T)[np.triu_indices(len(rows), 1)])
    return float(np.quantile(np.concatenate(cosines), _QUANTILE))
