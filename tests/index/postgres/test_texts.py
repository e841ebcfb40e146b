"""Texts from outside reach the server as they are, whatever they hold; but for the character that it can't store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.types import Cue, Details, Kind, Resource
from tests.index.contract.talks import CARD, SOURCE, transcript
from tests.postgres import TestServer

HOSTILE = (
    *("\\N", "\\.", "a\tb\nc\\td", "'; DROP TABLE resource; --", "%s %% {x}", '"},{"', "$1", "\\"),
    "👩‍🔬 掩码\u202e",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_comes_back_as_it_was(postgres: TestServer, text: str) -> None:
    address, made = postgres.library(), transcript("attention01")
    said = replace(made, transcript=replace(made.transcript, cues=(Cue(0.0, 9.0, text), *made.transcript.cues[1:])))
    resource = Resource("attention01", Kind.VIDEO, text, f"https://example.org/{text}", ((text,),))
    with open_writer(address, CARD) as writer:
        writer.register(SOURCE, [resource])
        writer.commit("attention01", [said], Details(title=text, channel=text), text)
        writer.put_settings(glossary=[(text, text)])
    with open_reader(address) as reader:
        [status] = reader.statuses()
        assert (status.resource, status.details) == (resource, Details(title=text, channel=text))
        assert reader.transcripts("attention01") == [said.transcript]
        assert reader.settings.glossary == ((text, text),)
        assert reader.standings()["attention01"].inputs == text
        assert [section.path for section in reader.sections()] == [(text,)]


def test_a_nul_becomes_the_replacement_character(postgres: TestServer) -> None:
    with open_writer(postgres.library(), CARD) as writer:
        writer.register("a\0b.md", [Resource("attention01", Kind.VIDEO, "mask\0掩码", "https://example.org/\0")])
        [status] = writer.statuses()
        assert (status.title, status.url) == ("mask\ufffd掩码", "https://example.org/\ufffd")
