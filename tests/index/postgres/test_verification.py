"""`verify` compares what the indexes propose with what the rows say."""

from __future__ import annotations

import pytest

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.open import open_reader, open_writer
from tests.index.contract.talks import CARD, TALKS, fill
from tests.postgres import TestServer


def run(server: TestServer, library: ServerAddress, *statements: str) -> None:
    server.sql(library.uri.rpartition("/")[2], "SET search_path = seekpoint, public", *statements)


def fault(library: ServerAddress) -> str:
    with open_reader(library) as reader, pytest.raises(DamagedLibrary) as raised:
        reader.verify()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def verify(library: ServerAddress) -> None:
    with open_reader(library) as reader:
        reader.verify()


@pytest.mark.parametrize("index", ["chunk_meaning", "chunk_words", "chunk_terms"])
def test_rows_that_an_index_lacks_are_noticed(postgres: TestServer, library: ServerAddress, index: str) -> None:
    ready = f"UPDATE pg_index SET indisready = %s WHERE indexrelid = 'seekpoint.{index}'::regclass"
    with open_writer(library) as writer:
        writer.remove(["zhuyili0001", "page0000001"])
    run(postgres, library, ready % "false")
    with open_writer(library) as writer:
        fill(writer)
    run(postgres, library, ready % "true")
    found = fault(library)
    remedy = f'REINDEX INDEX CONCURRENTLY "seekpoint".{index}'
    assert f"the index {index} isn't as the rows are" in found and found.endswith(remedy)
    run(postgres, library, remedy)
    verify(library)


@pytest.mark.parametrize("index", ["chunk_meaning", "chunk_words", "chunk_terms"])
@pytest.mark.parametrize("is_partial", [True, False])
def test_an_index_that_no_question_can_use_is_noticed(
    postgres: TestServer, library: ServerAddress, index: str, is_partial: bool
) -> None:
    ways = {
        "chunk_meaning": f"hnsw ((embedding::halfvec({CARD.dimension})) halfvec_ip_ops)",
        "chunk_words": "bm25 (terms) WITH (text_config = 'pg_catalog.simple')",
        "chunk_terms": "gin (string_to_array(terms, ' '))",
    }
    run(postgres, library, f"DROP INDEX {index}")
    if is_partial:
        run(postgres, library, f"CREATE INDEX {index} ON chunk USING {ways[index]} WHERE language = 'en'")
    found = fault(library)
    what, _, remedy = found.partition(" in psql: ")
    assert f"the index {index} is missing" in what
    run(postgres, library, *remedy.split("; "))
    verify(library)
    with open_writer(library) as writer:
        writer.remove(list(TALKS))
    verify(library)
