"""Settings that builds store, those of another's library, and the scale of cosines."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.embedded import database
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.models.encoder import BUNDLED, LazyEncoder, bundled_folder
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.settings import NAMES, LibrarySettings
from seekpoint.index.sql.names import is_stale
from seekpoint.index.types import Details, ModelCard
from seekpoint.indexer.pipeline.model_settings import calibrate
from seekpoint.indexer.pipeline.youtube_gate import stored_backoffs
from seekpoint.query.search.confidence import ANY_CALIBRATION, BUNDLED_CALIBRATION, PROFILES, profile_of
from seekpoint.query.search.settings import TUNING
from tests.fakes import TopicEncoder
from tests.index.libraries import CARD, ENCODER, embedded, fill, resource
from tests.indexer.builds import Workshop, webvtt

ILL_FORMED = ("{", "7", '{"a": ["http://a.org/", "soon"]}', '{"a": [1e999, 1e999]}', '["v", "掩码", []]', "[" * 100_000)


def store(library: Path, name: str, text: str) -> None:
    """Store a text as another's library may."""
    with closing(database.connect(library, writable=True)) as connection, database.transaction(connection):
        connection.execute("REPLACE INTO setting VALUES (?, ?)", (name, text))
    Manifest.load(library).unsealed().save(library)


@pytest.mark.slow
def test_ill_formed_settings_are_none_and_stop_no_build(workshop: Workshop) -> None:
    talk, words = workshop.write("talk.vtt", webvtt("the mask hides")), workshop.write("words.tsv", "mask\t掩码\n")
    for n, text in enumerate(ILL_FORMED):
        workshop.library = workshop.folder / str(n)
        with open_writer(workshop.library, workshop.encoder.card):
            pass
        for name in ("aliases", "backoffs", "glossary", "translations"):
            store(workshop.library, name, text)
        assert workshop.build(talk).updated == 1
        assert is_stale(text, ["v", 1, 1, "en"])
    for name in ("glossary", "translations"):
        store(workshop.library, name, '["v", "掩码", []]')
    workshop.build(talk, glossary=words)
    for pause in ("[NaN, 60]", "[50, 9e999]"):
        store(workshop.library, "backoffs", f'{{"direct": {pause}, "other": [50, 60]}}')
        with open_reader(workshop.library) as reader:
            assert stored_backoffs(reader, 0.0) == {"other": (50.0, 60.0)}
    assert is_stale('["v", NaN, 1, "en"]', ["v", 1, 1, "en"]) and not is_stale('["v", 1, 1, "en"]', ["v", 1, 1, "en"])
    for text in (*ILL_FORMED, "null", '["model", 100.0, 5]', '["model", NaN, 5]', '["m", "v", 3]'):
        stored = dict.fromkeys(set(NAMES) - {"is_without_pieces", "aliases", "backoffs"}, text)
        assert LibrarySettings.read(stored.get) == LibrarySettings(), text[:20]


def test_another_models_settings_are_none() -> None:
    stored = {"cosine_scale": '["f", 0.9, 100]', "question_engine": '["f", "v"]'}
    settings, own = LibrarySettings.read(stored.get), ModelCard("模型", 8, "f")
    assert settings.scale_of(own) == ("f", 0.9, 100) and settings.engine_of(own) == ("f", "v", "", "", None)
    other = ModelCard("模型", 8, "other weights")
    assert (settings.scale_of(other), settings.engine_of(other)) == (None, None)


TALKS = {
    "talk0000001": [f"attention {k}, mask {k * k}" for k in range(30)],
    "talk0000002": [f"第{k}个掩码遮住词元{k}，" for k in range(30)],
    "talk0000003": [f"cache of {k} keys, softmax" for k in range(30)],
}


def test_the_bundled_model_few_passages_and_the_only_one_of_a_language_say_nothing_of_a_scale(tmp_path: Path) -> None:
    bundled = ModelCard(BUNDLED, CARD.dimension, CARD.fingerprint)
    few = {"talk0000001": TALKS["talk0000001"]}
    for card, talks, calibration in ((bundled, {}, BUNDLED_CALIBRATION), (CARD, few, ANY_CALIBRATION)):
        with EmbeddedWriter.acquire(tmp_path / card.name, card) as writer:
            fill(writer, talks)
            calibrate(writer, LazyEncoder(card, ENCODER))
            assert writer.settings.scale_of(writer.card) is None
            assert profile_of(writer) == (TUNING, calibration)
    for fingerprint, profile in PROFILES.items():
        with EmbeddedWriter.acquire(tmp_path / fingerprint, ModelCard("any name", 768, fingerprint)) as writer:
            assert profile_of(writer) == profile, "that of a model that was measured"
    for languages in (["en"] * 23 + ["zh"], [f"x{chr(97 + k)}" for k in range(26)]):
        encoder = TopicEncoder()
        with EmbeddedWriter.acquire(tmp_path / languages[0], CARD) as writer:
            writer.register("list", [resource(f"talk{k:07}") for k in range(len(languages))])
            for k, language in enumerate(languages):
                talk = embedded([TALKS["talk0000002" if language == "zh" else "talk0000001"][k]], language)
                writer.commit(f"talk{k:07}", [talk], Details(), "made by hand")
            calibrate(writer, LazyEncoder(CARD, encoder))
            assert (writer.settings.scale_of(writer.card), encoder.embedded) == (None, [])


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


@pytest.mark.model
def test_a_build_with_another_model_measures_it(tmp_path: Path) -> None:
    for k, lines in enumerate(TALKS.values()):
        (tmp_path / f"talk {k} [talk000000{k}].{'zh' if k == 1 else 'en'}.vtt").write_text(webvtt(*lines), "utf-8")
    model = str(bundled_folder())
    seekpoint.build(tmp_path, tmp_path / "library", model=model, translate=False)
    with EmbeddedReader.open(tmp_path / "library") as reader:
        assert reader.card.name == model
        tuning, calibration = profile_of(reader)
        assert tuning.scale == pytest.approx(1, abs=0.02)  # they are the bundled model's weights
        assert calibration == BUNDLED_CALIBRATION
