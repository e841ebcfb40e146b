"""Texts from outside reach the server as they are, whatever they hold; but for the character that it can't store."""

from __future__ import annotations

from dataclasses import replace

from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.types import Cue, Details, Kind, Resource
from tests.index.contract.talks import CARD, SOURCE, transcript
from tests.postgres import TestServer

HOSTILE = (
    *("\\N", "\\.", "a\tb\nc\\td", "'; DROP TABLE resource; --", "%s %% {x}", '"},{"', "$1", "\\"),
    "👩‍🔬 掩码\u202e",
)


def test_texts_come_back_as_they_were(postgres: TestServer) -> None:
    address, made = postgres.library(), transcript("attention01")
    resources = {
        text: Resource(f"hostile{number:04}", Kind.VIDEO, text, f"https://example.org/{text}", ((text,),))
        for number, text in enumerate(HOSTILE)
    }
    said = {text: replace(made.transcript, cues=(Cue(0.0, 9.0, text), *made.transcript.cues[1:])) for text in resources}
    with open_writer(address, CARD) as writer:
        writer.register(SOURCE, list(resources.values()))
        for text, one in resources.items():
            details = Details(title=text, channel=text)
            writer.commit(one.id, [replace(made, transcript=said[text])], details, text)
        writer.put_settings(glossary=[(text, text) for text in resources])
    with open_reader(address) as reader:
        assert reader.settings.glossary == tuple((text, text) for text in resources)
        assert {section.path for section in reader.sections()} == {(text,) for text in resources}
        for text, one in resources.items():
            [status] = reader.statuses([one.id])
            assert (status.resource, status.details) == (one, Details(title=text, channel=text))
            assert reader.transcripts(one.id) == [said[text]]
            assert reader.standings()[one.id].inputs == text


def test_a_nul_becomes_the_replacement_character(postgres: TestServer) -> None:
    with open_writer(postgres.library(), CARD) as writer:
        writer.register("a\0b.md", [Resource("attention01", Kind.VIDEO, "mask\0掩码", "https://example.org/\0")])
        [status] = writer.statuses()
        assert (status.title, status.url) == ("mask\ufffd掩码", "https://example.org/\ufffd")
