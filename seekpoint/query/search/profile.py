"""How the cosines of a library's model are weighed: with weights chosen for it, or with the bundled model's."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from seekpoint.index.models.cosine_scale import SETTING, from_setting
from seekpoint.index.models.encoder import BUNDLED, STAND_IN
from seekpoint.index.store import Reader
from seekpoint.query.search.confidence import ANY_CALIBRATION, BUNDLED_CALIBRATION, Calibration
from seekpoint.query.search.settings import TUNING, Tuning


class Profile(NamedTuple):
    """The weights of the ranking, and the constants of the confidence."""

    tuning: Tuning
    calibration: Calibration


def profile_of(reader: Reader) -> Profile:
    """The profile of a library's model.

    Another model's cosines are scaled to the bundled one's. Where the scale is unknown, they say nothing of whether a
    question is answered.
    """
    if reader.card.name in (BUNDLED, STAND_IN):
        return Profile(TUNING, BUNDLED_CALIBRATION)
    known = from_setting(reader.setting(SETTING), reader.card)
    if not known:
        return Profile(TUNING, ANY_CALIBRATION)
    return Profile(replace(TUNING, scale=known[0]), BUNDLED_CALIBRATION)
