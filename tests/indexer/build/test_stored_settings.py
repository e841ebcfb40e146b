"""Settings of another's library: what is ill-formed in them stops no build."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seekpoint.index.open import open_writer
from seekpoint.index.sql.stored_rows import is_stale
from seekpoint.index.store import Reader, Writer
from seekpoint.indexer.pipeline.backoff import YouTubeBackoffs
from seekpoint.indexer.pipeline.settings import stored_setting
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


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with open_writer(tmp_path / "library", TopicEncoder().card) as writer:
        yield writer


@pytest.mark.parametrize("text", ILL_FORMED, ids=range(len(ILL_FORMED)))
@pytest.mark.parametrize("name", ["aliases", "youtube_coolings", "translations"])
def test_an_ill_formed_setting_stops_no_build(workshop: Workshop, name: str, text: str) -> None:
    with open_writer(workshop.library, workshop.encoder.card) as writer:
        writer.put_setting(name, text)
    talk, glossary = workshop.write("talk.vtt", webvtt("the mask hides")), workshop.write("words.tsv", "mask\t掩码\n")
    assert workshop.build(talk, glossary=glossary if name == "translations" else None).updated == 1


@pytest.mark.parametrize("text", ILL_FORMED, ids=range(len(ILL_FORMED)))
def test_an_ill_formed_glossary_is_none(writer: Writer, text: str) -> None:
    writer.put_setting("glossary", text)
    assert not pairs(writer)


def test_well_formed_ones_are_read(writer: Writer) -> None:
    writer.put_setting("glossary", '[["mask", "掩码"]]')
    assert pairs(writer) == [("mask", "掩码")]
    writer.put_setting("youtube_coolings", '{"direct": [50, 60]}')
    assert YouTubeBackoffs(writer, 0.0).of("direct") == (50.0, 60.0)


@pytest.mark.parametrize("pause", ["[NaN, 60]", "[50, NaN]", "[9e999, 60]", "[50, 9e999]"])
def test_a_pause_that_is_no_time_or_too_long_is_none(writer: Writer, pause: str) -> None:
    writer.put_setting("youtube_coolings", f'{{"direct": {pause}}}')
    assert YouTubeBackoffs(writer, 0.0).of("direct") == (0.0, 0.0)


@pytest.mark.parametrize("stored", ['["v", NaN, 1, "en"]', '["v", 1, NaN, "en"]'])
def test_translations_for_no_number_of_chunks_are_chosen_again(stored: str) -> None:
    assert is_stale(stored, ["v", 1, 1, "en"])
    assert not is_stale('["v", 1, 1, "en"]', ["v", 1, 1, "en"])


def pairs(library: Reader) -> list[tuple[str, str]] | None:
    return stored_setting(library, "glossary", lambda rows: [(str(term), str(meaning)) for term, meaning in rows])
