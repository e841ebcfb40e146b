"""The means by which vectors in the index are centred are fixed when a language has enough chunks."""

from __future__ import annotations

import numpy as np
import pytest

from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.postgres.meaning import centres, settle
from seekpoint.index.postgres.session import Session
from seekpoint.index.types import CandidateQuery
from tests.index.contract.talks import CARD, ENCODER, TALKS, fill, question, transcript


def indexed(session: Session, talk: str) -> list[list[float]]:
    """The vectors of a talk in the index, with their lengths."""
    rows = session.rows(
        """SELECT length, embedding::text FROM chunk JOIN resource ON resource = number
           WHERE resource.id = %s ORDER BY chunk.id""",
        talk,
    )
    return [(length * np.array(text.strip("[]").split(","), np.float32)).tolist() for length, text in rows]


def test_vectors_are_centred_again_when_a_mean_is_fixed_which_stays_so(session: Session) -> None:
    with open_reader(session.address) as reader:
        languages, vector = reader.languages(), question(reader, "attention")
        before = reader.candidates(CandidateQuery(vector, {}, (), 2))
    settle(session, languages, CARD, enough=3)
    fixed = centres(session, ["en", "zh"], CARD.dimension)
    assert fixed["en"] == pytest.approx(languages["en"].mean) and not fixed["zh"].any()
    for talk in ("attention01", "zhuyili0001"):
        raw = transcript(talk).vectors
        expected = raw - fixed["zh" if talk.startswith("z") else "en"]
        assert np.array(indexed(session, talk)) == pytest.approx(expected, abs=5e-3)
    with open_reader(session.address) as reader:
        assert reader.candidates(CandidateQuery(vector, {}, (), 2)) == before
        reader.verify()
    with open_writer(session.address) as writer:
        writer.remove(["attention01"])
        fill(writer, [talk for talk in TALKS if talk != "zhuyili0001"])
        settle(session, writer.languages(), CARD, enough=3)
    assert centres(session, ["en"], CARD.dimension)["en"] == pytest.approx(fixed["en"])
    expected = np.stack([ENCODER.question(text) for text in TALKS["position001"]]) - fixed["en"]
    assert np.array(indexed(session, "position001")) == pytest.approx(expected, abs=5e-3)
