"""Settings of another's library: what is ill-formed in them stops no build."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from seekpoint.index.embedded import database
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.settings import NAMES, LibrarySettings
from seekpoint.index.sql.names import is_stale
from seekpoint.index.types import ModelCard
from seekpoint.indexer.pipeline.backoff import YouTubeBackoffs
from tests.fakes import TopicEncoder
from tests.indexer.builds import Workshop, webvtt

ILL_FORMED = (
    "{",
    "[]",
    "7",
    '{"a": 1}',
    '{"a": ["http://a.org/", "soon"]}',
    '{"a": ["http://a.org/", 1, 2]}',
    '{"a": [1e999, 1e999]}',
    '["v", "掩码", []]',
    "[" * 100_000,
)


def store(library: Path, name: str, text: str) -> None:
    """Store a text as another's library may."""
    with closing(database.connect(library, writable=True)) as connection, database.transaction(connection):
        connection.execute("REPLACE INTO setting VALUES (?, ?)", (name, text))
    Manifest.load(library).unsealed().save(library)


@pytest.mark.parametrize("text", ILL_FORMED, ids=range(len(ILL_FORMED)))
@pytest.mark.parametrize("name", ["aliases", "backoffs", "glossary", "translations"])
def test_an_ill_formed_setting_stops_no_build(workshop: Workshop, name: str, text: str) -> None:
    with open_writer(workshop.library, workshop.encoder.card):
        pass
    store(workshop.library, name, text)
    talk, glossary = workshop.write("talk.vtt", webvtt("the mask hides")), workshop.write("words.tsv", "mask\t掩码\n")
    assert workshop.build(talk, glossary=glossary if name == "translations" else None).updated == 1


@pytest.mark.parametrize(
    "text", [*ILL_FORMED, "null", '["model", 100.0, 5]', '["model", NaN, 5]', '["m", "v", 3]'], ids=repr
)
def test_an_ill_formed_setting_is_none(text: str) -> None:
    stored = dict.fromkeys(set(NAMES) - {"is_without_pieces", "aliases", "backoffs"}, text)
    assert LibrarySettings.read(stored.get) == LibrarySettings()


def test_another_models_settings_are_none() -> None:
    stored = {"cosine_scale": '["f", 0.9, 100]', "question_engine": '["f", "v"]'}
    settings, own = LibrarySettings.read(stored.get), ModelCard("模型", 8, "f")
    assert settings.scale_of(own) == ("f", 0.9, 100) and settings.engine_of(own) == ("f", "v", "", "", None)
    other = ModelCard("模型", 8, "other weights")
    assert (settings.scale_of(other), settings.engine_of(other)) == (None, None)


@pytest.mark.parametrize("pause", ["[NaN, 60]", "[50, NaN]", "[9e999, 60]", "[50, 9e999]"])
def test_a_pause_that_is_no_time_or_too_long_is_none(tmp_path: Path, pause: str) -> None:
    with open_writer(tmp_path, TopicEncoder().card):
        pass
    store(tmp_path, "backoffs", f'{{"direct": {pause}, "other": [50, 60]}}')
    with open_reader(tmp_path) as reader:
        backoffs = YouTubeBackoffs(reader, 0.0)
    assert (backoffs.of("direct"), backoffs.of("other")) == ((0.0, 0.0), (50.0, 60.0))


@pytest.mark.parametrize("stored", ['["v", NaN, 1, "en"]', '["v", 1, NaN, "en"]'])
def test_translations_for_no_number_of_chunks_are_chosen_again(stored: str) -> None:
    assert is_stale(stored, ["v", 1, 1, "en"])
    assert not is_stale('["v", 1, 1, "en"]', ["v", 1, 1, "en"])
