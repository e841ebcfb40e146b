"""The indexes of a server: `verify` compares them with the rows, and that of words is made anew when it has grown."""

from __future__ import annotations

from typing import LiteralString

import pytest

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.postgres.schema import tidy
from seekpoint.index.postgres.session import Session
from seekpoint.index.types import CandidateQuery
from tests.index.contract.talks import CARD, TALKS, fill, question

INDEXES = {
    "chunk_meaning": f"hnsw ((embedding::halfvec({CARD.dimension})) halfvec_ip_ops)",
    "chunk_words": "bm25 (terms) WITH (text_config = 'pg_catalog.simple')",
    "chunk_terms": "gin (string_to_array(terms, ' '))",
}


def fault(library: ServerAddress) -> str:
    with open_reader(library) as reader, pytest.raises(DamagedLibrary) as raised:
        reader.verify()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def verify(library: ServerAddress) -> None:
    with open_reader(library) as reader:
        reader.verify()


def test_rows_that_an_index_lacks_are_noticed(session: Session) -> None:
    for index in INDEXES:
        ready = f"UPDATE pg_index SET indisready = %s WHERE indexrelid = '{index}'::regclass"
        with open_writer(session.address) as writer:
            writer.remove(["zhuyili0001", "page0000001"])
        session.run(ready, False)
        with open_writer(session.address) as writer:
            fill(writer)
        session.run(ready, True)
        found = fault(session.address)
        remedy = f'REINDEX INDEX CONCURRENTLY "seekpoint".{index}'
        assert f"the index {index} isn't as the rows are" in found and found.endswith(remedy)
        session.run(remedy)
        verify(session.address)


def test_an_index_that_no_question_can_use_is_noticed(session: Session) -> None:
    for index, way in INDEXES.items():
        for is_partial in (True, False):
            session.run(f"DROP INDEX {index}")
            if is_partial:
                session.run(f"CREATE INDEX {index} ON chunk USING {way} WHERE language = 'en'")
            what, _, remedy = fault(session.address).partition(" in psql: ")
            assert f"the index {index} is missing" in what
            for statement in remedy.split("; "):
                session.run(statement)
            verify(session.address)
    with open_writer(session.address) as writer:
        writer.remove(list(TALKS))
    verify(session.address)


@pytest.mark.parametrize(
    "change",
    [
        r"UPDATE cue_block SET data = '\x00'",
        "DELETE FROM cue_block",
        "UPDATE piece_block SET start = start + 1",
        r"UPDATE body SET vector = '\x00'",
        r"UPDATE body SET terms = '\x01'",
        r"UPDATE body SET terms = '\x02001100'",  # as long as two terms, with one
        "DELETE FROM term",
        "DELETE FROM body",
        "UPDATE transcript SET chapters = '[7]'",
    ],
)
def test_rows_that_nothing_has_written_are_noticed(session: Session, change: LiteralString) -> None:
    session.run(change)
    assert " is damaged: " in fault(session.address)


def words(session: Session) -> object:
    """What changes when the index of words is made anew."""
    return session.rows("SELECT relfilenode::bigint FROM pg_class WHERE oid = to_regclass('chunk_words')")


def test_an_index_of_words_that_has_grown_is_made_anew_without_waiting_for_readers(session: Session) -> None:
    def proposed() -> list[int]:
        with open_reader(session.address) as reader:
            query = CandidateQuery(question(reader, "cache"), {"attent": 1.0, "掩码": 1.0}, (), 2)
            return list(reader.candidates(query))

    before, found = words(session), proposed()
    tidy(session)
    assert words(session) == before, "a small one may grow"
    with open_reader(session.address) as reader:
        assert len(reader.statuses()) == len(TALKS)
        tidy(session, least=0, wait_seconds=1)
        assert words(session) == before
        assert session.rows("SELECT to_regclass('chunk_words_ccnew') IS NOT NULL") == [(True,)]
    tidy(session, least=0)
    fresh = words(session)
    assert fresh != before
    assert session.rows("SELECT to_regclass('chunk_words_ccnew')::text") == [(None,)]
    tidy(session, least=0)
    session.run("UPDATE meta SET words_bytes = words_bytes / 2")
    tidy(session, least=0)
    assert words(session) == fresh, "a merge doubles it"
    session.run("UPDATE meta SET words_bytes = words_bytes / 1.5")
    tidy(session, least=0)
    assert words(session) != fresh
    assert proposed() == found
