"""The mean vectors of languages in the bundled model, averaged over several libraries: a prior for small ones."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seekpoint.index.models.encoder import BUNDLED, STAND_IN

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

FILE = Path(__file__).with_name("background.json")
"""The mean vector of each language in the bundled model, by primary subtag, rounded to 4 places.

It is the mean of four libraries' means, each counted the same: lectures on deep learning (70 videos), courses on it
(180 videos), screencasts (76) and a podcast (320 episodes).
Libraries store pieces relative to these means (piece_vectors.py), so changing the file needs another format of pieces.
"""


@cache
def background(model: str) -> dict[str, Vectors]:
    """The known mean vectors of a model, by language; none for any model but the bundled one."""
    if model not in (BUNDLED, STAND_IN):
        return {}
    means = json.loads(FILE.read_text("utf-8"))
    return {language: np.array(mean, np.float32) for language, mean in means.items()}
