"""The scale of another model's cosines, measured on a library's own passages by the real bundled model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.index.embedded.writer import EmbeddedWriter
from seekpoint.index.models.encoder import BUNDLED, LazyEncoder, bundled_folder
from seekpoint.index.types import Details, ModelCard
from seekpoint.indexer.pipeline.settings import calibrate
from seekpoint.query.search.confidence import ANY_CALIBRATION, BUNDLED_CALIBRATION, PROFILES, profile_of
from seekpoint.query.search.settings import TUNING
from tests.fakes import TopicEncoder
from tests.index.libraries import CARD, ENCODER, embedded, fill, resource
from tests.indexer.builds import webvtt

TALKS = {
    "talk0000001": [f"The attention of layer {k} looks at position {k * k}, and the mask hides it" for k in range(30)],
    "talk0000002": [f"第{k}个掩码遮住后面的词元，训练时的注意力看不到位置{k}，" for k in range(30)],
    "talk0000003": [f"A cache of {k} keys saves training time, the softmax sums to one in row {k}" for k in range(30)],
}


def test_the_bundled_model_has_no_scale(tmp_path: Path) -> None:
    card = ModelCard(BUNDLED, CARD.dimension, CARD.fingerprint)
    with EmbeddedWriter.acquire(tmp_path, card) as writer:
        calibrate(writer, LazyEncoder(card, TopicEncoder()))
        assert writer.settings.cosine_scale is None
        assert profile_of(writer) == (TUNING, BUNDLED_CALIBRATION)


def test_a_few_passages_say_nothing_of_a_scale(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        fill(writer, {"talk0000001": TALKS["talk0000001"]})
        calibrate(writer, LazyEncoder(CARD, ENCODER))
        assert writer.settings.cosine_scale is None
        assert profile_of(writer) == (TUNING, ANY_CALIBRATION)


@pytest.mark.parametrize("languages", [["en"] * 23 + ["zh"], [f"x{chr(97 + k)}" for k in range(26)]])
def test_the_only_passage_of_a_language_says_nothing_of_a_scale(tmp_path: Path, languages: list[str]) -> None:
    encoder = TopicEncoder()
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list", [resource(f"talk{k:07}") for k in range(len(languages))])
        for k, language in enumerate(languages):
            talk = embedded([TALKS["talk0000002" if language == "zh" else "talk0000001"][k]], language)
            writer.commit(f"talk{k:07}", [talk], Details(), "made by hand")
        calibrate(writer, LazyEncoder(CARD, encoder))
        assert (writer.settings.cosine_scale, encoder.embedded) == (None, [])


@pytest.mark.model
def test_it_is_measured_once_and_again_when_the_library_has_grown(tmp_path: Path) -> None:
    encoder = TopicEncoder()
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        fill(writer, TALKS)
        calibrate(writer, LazyEncoder(CARD, encoder))
        known = writer.settings.scale_of(CARD)
        assert known and known.scale != 1 and known.chunks == 90
        asked = len(encoder.embedded)
        assert asked >= 24
        calibrate(writer, LazyEncoder(CARD, encoder))
        assert len(encoder.embedded) == asked
        fill(writer, {f"later{k:06}": lines for k, lines in enumerate([*TALKS.values()] * 5)})
        calibrate(writer, LazyEncoder(CARD, encoder))
        known = writer.settings.scale_of(CARD)
        assert known and known.chunks == 540  # more than four times the 128 passages that it is measured on
    with EmbeddedReader.open(tmp_path) as reader:
        profile = profile_of(reader)
        assert profile == (replace(TUNING, own=0.4, scale=known.scale), BUNDLED_CALIBRATION)


def test_a_model_that_was_measured_has_its_own_profile(tmp_path: Path) -> None:
    for fingerprint, profile in PROFILES.items():
        with EmbeddedWriter.acquire(tmp_path / fingerprint, ModelCard("any name", 768, fingerprint)) as writer:
            assert profile_of(writer) == profile


@pytest.mark.model
def test_a_build_with_another_model_measures_it(tmp_path: Path) -> None:
    for k, lines in enumerate(TALKS.values()):
        (tmp_path / f"talk {k} [talk000000{k}].{'zh' if k == 1 else 'en'}.vtt").write_text(webvtt(*lines), "utf-8")
    model = str(bundled_folder())
    seekpoint.build(tmp_path, tmp_path / "library", model=model, translate=False)
    with EmbeddedReader.open(tmp_path / "library") as reader:
        assert reader.card.name == model
        assert profile_of(reader).tuning.scale == pytest.approx(1, abs=0.02)  # they are the bundled model's weights
        assert profile_of(reader).calibration == BUNDLED_CALIBRATION
