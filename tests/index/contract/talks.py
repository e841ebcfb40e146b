"""The library of the contract: what is in it, and plain calculations of what a backend must say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from seekpoint.index.address import ServerAddress
from seekpoint.index.models.centring import centred
from seekpoint.index.open import open_writer
from seekpoint.index.store import Reader, Writer
from seekpoint.index.text.terms import terms
from seekpoint.index.types import CandidateQuery, Details, EmbeddedTranscript, Kind, ModelCard, Resource, Scope
from tests.fakes import TopicEncoder
from tests.index.libraries import embedded
from tests.postgres import TestServer

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

ENCODER = TopicEncoder()
CARD: ModelCard = ENCODER.card
SOURCE = "talks.md"

TALKS: Mapping[str, Sequence[str]] = {
    "attention01": ("attention weighs the words", "the mask hides what comes later", "attention and attention"),
    "position001": ("position tells the order of words", "a cache saves work"),
    "zhuyili0001": ("注意力给每个词一个权重", "掩码遮住后面的词"),
    "page0000001": ("training takes a week", "training needs attention"),
}
LANGUAGE = {talk: "zh" if talk == "zhuyili0001" else "en" for talk in TALKS}


def resource(talk: str) -> Resource:
    """Under the heading Videos or Pages, by its kind."""
    kind = Kind.PAGE if talk.startswith("page") else Kind.VIDEO
    heading = "Pages" if kind is Kind.PAGE else "Videos"
    return Resource(talk, kind, f"Talk on {talk}", f"https://example.org/{talk}", ((heading,),))


def transcript(talk: str) -> EmbeddedTranscript:
    """Each text is a cue, a piece and a chunk of ten seconds."""
    return embedded(TALKS[talk], LANGUAGE[talk])


def fill(writer: Writer, talks: Sequence[str] = tuple(TALKS)) -> None:
    """List the talks and commit each."""
    writer.register(SOURCE, [resource(talk) for talk in talks])
    for talk in talks:
        writer.commit(talk, [transcript(talk)], Details(title=f"Talk on {talk}", channel="频道"), "made by hand")


def on_a_server(server: TestServer) -> ServerAddress:
    """A new library with the talks in a database of its own."""
    address = server.library()
    with open_writer(address, CARD) as writer:
        fill(writer)
    return address


def question(reader: Reader, text: str, language: str = "en") -> Vectors:
    """A question's vector without the mean of its language."""
    return centred(ENCODER.question(text), reader.languages()[language].mean)


def chunks(reader: Reader, scope: Scope | None = None) -> dict[int, str]:
    """The text of every chunk in a scope, by id."""
    weights = {term: 1.0 for talk in TALKS.values() for text in talk for term in terms(text)}
    everything = CandidateQuery(question(reader, "attention"), weights, (), 100, scope)
    stored = reader.evidence(reader.candidates(everything), question(reader, "attention")).chunks
    return {chunk.id: TALKS[chunk.resource_id][chunk.first] for chunk in stored}


def cosine(reader: Reader, text: str, vector: Vectors) -> float:
    """The cosine of a text with a question, by the vector that the encoder gives it."""
    language = "en" if text.isascii() else "zh"
    return float(centred(ENCODER.question(text), reader.languages()[language].mean) @ vector)
