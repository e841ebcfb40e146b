"""The index of words is made anew when it has grown, and proposes the same chunks as before."""

from __future__ import annotations

from seekpoint.index.address import ServerAddress
from seekpoint.index.open import open_reader
from seekpoint.index.postgres.schema import tidy
from seekpoint.index.postgres.session import Session
from seekpoint.index.types import CandidateQuery
from tests.index.contract.talks import TALKS, question


def index(session: Session) -> object:
    """What changes when the index is made anew."""
    return session.rows("SELECT relfilenode::bigint FROM pg_class WHERE oid = to_regclass('chunk_words')")


def proposed(address: ServerAddress) -> list[int]:
    with open_reader(address) as reader:
        query = CandidateQuery(question(reader, "cache"), {"attent": 1.0, "掩码": 1.0}, (), 2)
        return list(reader.candidates(query))


def test_an_index_that_has_grown_is_made_anew(session: Session) -> None:
    before, found = index(session), proposed(session.address)
    tidy(session)
    assert index(session) == before, "a small one may grow"
    tidy(session, least=0)
    fresh = index(session)
    assert fresh != before
    tidy(session, least=0)
    assert index(session) == fresh
    session.run("UPDATE meta SET words_bytes = words_bytes / 2")
    tidy(session, least=0)
    assert index(session) == fresh, "a merge doubles it"
    session.run("UPDATE meta SET words_bytes = words_bytes / 1.5")
    tidy(session, least=0)
    assert index(session) != fresh
    assert proposed(session.address) == found


def test_a_reader_that_stays_open_is_not_waited_for(session: Session) -> None:
    before = index(session)
    with open_reader(session.address) as reader:
        assert len(reader.statuses()) == len(TALKS)
        tidy(session, least=0, wait_seconds=1)
        assert index(session) == before
        assert session.rows("SELECT to_regclass('chunk_words_ccnew') IS NOT NULL") == [(True,)]
    tidy(session, least=0)
    assert index(session) != before
    assert session.rows("SELECT to_regclass('chunk_words_ccnew')::text") == [(None,)]
