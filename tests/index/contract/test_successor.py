"""The contract of the door: embedding a library again for another model."""

from __future__ import annotations

from dataclasses import replace

from seekpoint.index.store import Writer
from seekpoint.index.types import CandidateQuery, Details, EmbeddedTranscript
from tests.index.contract.conftest import Backend
from tests.index.contract.talks import CARD, TALKS, transcript

OTHER = replace(CARD, name="another model", fingerprint="another")


def reversed_vectors(talk: str) -> EmbeddedTranscript:
    made = transcript(talk)
    return replace(made, vectors=made.vectors[:, ::-1].copy())


def embed(writer: Writer, talks: int) -> None:
    """Embed so many of the resources that are due, with the order of dimensions reversed."""
    with writer.successor(OTHER, print) as successor:
        for due in successor.due[:talks]:
            successor.writer.commit(due.resource.id, [reversed_vectors(due.resource.id)], Details(), due.edition)


def test_the_library_answers_as_before_until_its_successor_takes_over(backend: Backend) -> None:
    with backend.writer() as writer:
        with writer.successor(OTHER, print) as successor:
            assert {due.resource.id for due in successor.due} == set(TALKS)
            for due in successor.due:
                successor.writer.commit(due.resource.id, [reversed_vectors(due.resource.id)], Details(), due.edition)
        with writer.successor(OTHER, print) as successor:
            assert successor.due == []
            with backend.reader() as before:
                assert before.card == CARD
        writer.succeed(successor)
        assert writer.card == OTHER
        assert writer.unfinished_successor() is None
    with backend.reader() as reader:
        assert reader.card == OTHER
        assert reader.languages().keys() == {"en", "zh"}
        assert all(reader.transcripts(talk) == [transcript(talk).transcript] for talk in TALKS)
        vector = reversed_vectors("attention01").vectors[1]
        found = reader.evidence(reader.candidates(CandidateQuery(vector, {}, (), 1)), vector)
        assert "attention01" in {chunk.resource_id for chunk in found.chunks}
        reader.verify()


def test_a_successor_follows_what_becomes_of_the_library(backend: Backend) -> None:
    with backend.writer() as writer:
        embed(writer, len(TALKS))
        writer.remove(["position001"])
        writer.commit("attention01", [transcript("zhuyili0001")], Details(), "changed")
        with writer.successor(OTHER, print) as successor:
            assert [due.resource.id for due in successor.due] == ["attention01"]
            assert set(successor.writer.standings()) == set(TALKS) - {"position001"}


def test_what_was_embedded_survives_an_interruption_but_not_another_model_or_a_refusal(backend: Backend) -> None:
    with backend.writer() as writer:
        embed(writer, 2)
        assert writer.unfinished_successor() == OTHER
    said: list[str] = []
    third = replace(CARD, name="第三个模型", fingerprint="third")
    with backend.writer() as writer:
        with writer.successor(OTHER, said.append) as successor:
            assert len(successor.due) == len(TALKS) - 2
        with writer.successor(third, said.append) as successor:
            assert len(successor.due) == len(TALKS)
        for _ in range(2):
            writer.succeed(None)
            assert writer.unfinished_successor() is None
    assert said == ["what was embedded again for the model another model is dropped: 第三个模型 starts anew"]
    with backend.reader() as reader:
        assert reader.card == CARD
