"""What passages of a language have in common whatever they are about, for libraries too small to tell."""

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
"""The mean vector of a language in the bundled model, by primary subtag; tests/benchmarks/background.py writes it.

Libraries hold pieces by what they differ from these (pieces.py), so other means need another form of a piece.
"""


@cache
def background(model: str) -> dict[str, Vectors]:
    """The mean of each language that is known for a model of that name; none for any but the bundled one."""
    if model not in (BUNDLED, STAND_IN):
        return {}
    means = json.loads(FILE.read_text("utf-8"))
    return {language: np.array(mean, np.float32) for language, mean in means.items()}
