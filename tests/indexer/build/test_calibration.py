"""The scale of another model's cosines, measured on a library's own passages by the real bundled model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.index.embedded.writer import EmbeddedWriter
from seekpoint.index.models.cosine_scale import SETTING, from_setting, to_setting
from seekpoint.index.models.encoder import BUNDLED, LazyEncoder
from seekpoint.index.types import ModelCard
from seekpoint.indexer.build.calibration import calibrate
from seekpoint.query.search.confidence import ANY_CALIBRATION, BUNDLED_CALIBRATION
from seekpoint.query.search.profile import PROFILES, profile_of
from seekpoint.query.search.settings import TUNING
from tests.fakes import TopicEncoder
from tests.index.libraries import CARD, ENCODER, fill

TALKS = {
    "talk0000001": [f"The attention of layer {k} looks at position {k * k}, and the mask hides it" for k in range(30)],
    "talk0000002": [f"第{k}个掩码遮住后面的词元，训练时的注意力看不到位置{k}，" for k in range(30)],
    "talk0000003": [f"A cache of {k} keys saves training time, the softmax sums to one in row {k}" for k in range(30)],
}


def test_the_bundled_model_has_no_scale(tmp_path: Path) -> None:
    card = ModelCard(BUNDLED, CARD.dimension, CARD.fingerprint)
    with EmbeddedWriter.acquire(tmp_path, card) as writer:
        calibrate(writer, LazyEncoder(card, TopicEncoder()))
        assert writer.setting(SETTING) is None
        assert profile_of(writer) == (TUNING, BUNDLED_CALIBRATION)


def test_a_few_passages_say_nothing_of_a_scale(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        fill(writer, {"talk0000001": TALKS["talk0000001"]})
        calibrate(writer, LazyEncoder(CARD, ENCODER))
        assert writer.setting(SETTING) is None
        assert profile_of(writer) == (TUNING, ANY_CALIBRATION)


@pytest.mark.model
def test_it_is_measured_once_for_each_model(tmp_path: Path) -> None:
    encoder = TopicEncoder()
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        fill(writer, TALKS)
        calibrate(writer, LazyEncoder(CARD, encoder))
        known = from_setting(writer.setting(SETTING), CARD)
        assert known and known[0] != 1 and known[1] == 90
        asked = len(encoder.embedded)
        assert asked >= 24
        calibrate(writer, LazyEncoder(CARD, encoder))
        assert len(encoder.embedded) == asked
        writer.put_setting(SETTING, to_setting(0.5, ModelCard("another", 8, "weights"), 90))
        calibrate(writer, LazyEncoder(CARD, encoder))
        assert from_setting(writer.setting(SETTING), CARD) == known
    with EmbeddedReader.open(tmp_path) as reader:
        profile = profile_of(reader)
        assert profile == (replace(TUNING, own=0.4, scale=known[0]), BUNDLED_CALIBRATION)


def test_a_model_that_was_measured_has_its_own_profile(tmp_path: Path) -> None:
    for fingerprint, profile in PROFILES.items():
        with EmbeddedWriter.acquire(tmp_path / fingerprint, ModelCard("any name", 768, fingerprint)) as writer:
            assert profile_of(writer) == profile
