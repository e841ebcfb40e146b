"""How the cosines of a library's model are weighed: with weights chosen for it, or with the bundled model's."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from seekpoint.index.models.cosine_scale import SETTING, from_setting
from seekpoint.index.models.encoder import BUNDLED, STAND_IN
from seekpoint.index.store import Reader
from seekpoint.query.search.confidence import ANY_CALIBRATION, BUNDLED_CALIBRATION, Calibration, Features
from seekpoint.query.search.settings import TUNING, Tuning

# The share of a passage's own cosine with other models than the bundled one. From .3 to .5 moment@1 is .01 to .03 above
# that with 0 for EmbeddingGemma on broad and dev, and level or better for all-MiniLM-L6-v2 on broad and tutorialvqa.
_OWN = 0.4


class Profile(NamedTuple):
    """The weights of the ranking, and the constants of the confidence."""

    tuning: Tuning
    calibration: Calibration


_EMBEDDINGGEMMA = Profile(
    replace(TUNING, own=_OWN),
    Calibration(-3.11, Features(meaning=14.78, unsaid=-4.97, unknown=-2.36, size=0.0), low=-0.8, high=0.9),
)
PROFILES = {"0d2cae2b4ec697c6276c635a350f4a6cc1dd966a1bd94a1bd0a11b153bcd2fdc": _EMBEDDINGGEMMA}
"""The profiles of other models, by the fingerprints of their weights. EmbeddingGemma-300M's constants were fitted by
`benchmarks/confidence.py` on broad and dev; docs/own-models.md has the figures."""


def profile_of(reader: Reader) -> Profile:
    """The profile of a library's model.

    A model that isn't known has the bundled model's weights, its cosines being scaled to the bundled one's. Where the
    scale is unknown, they say nothing of whether a question is answered.
    """
    if reader.card.name in (BUNDLED, STAND_IN):
        return Profile(TUNING, BUNDLED_CALIBRATION)
    if reader.card.fingerprint in PROFILES:
        return PROFILES[reader.card.fingerprint]
    known = from_setting(reader.setting(SETTING), reader.card)
    if not known:
        return Profile(TUNING, ANY_CALIBRATION)
    return Profile(replace(TUNING, own=_OWN, scale=known[0]), BUNDLED_CALIBRATION)
