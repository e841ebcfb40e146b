"""What goes wrong with a server is told in one line, with what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import LibraryError, UnreleasedLibrary
from seekpoint.index.open import create_library, open_keeper, open_reader, open_writer
from seekpoint.index.postgres import postgres_port
from seekpoint.index.postgres.session import Session
from seekpoint.index.types import State
from tests.index.contract.talks import CARD, TALKS, fill
from tests.index.contract.test_kept import MASK
from tests.postgres import TestServer


def told(action: Callable[[], object]) -> str:
    with pytest.raises(LibraryError) as raised:
        action()
    line = str(raised.value)
    assert "\n" not in line and ": " in line
    return line


def of_database(server: TestServer, library: ServerAddress, user: str = "postgres") -> ServerAddress:
    return replace(library, uri=server.uri(library.uri.rpartition("/")[2], user))


def test_a_layout_that_no_release_wrote(postgres: TestServer, library: ServerAddress) -> None:
    name = library.uri.rpartition("/")[2]
    postgres.sql(name, f"ALTER TABLE {library.library}.listing DROP COLUMN named_by")
    with open_reader(library) as reader, pytest.raises(UnreleasedLibrary, match=r"unreleased version.*build it again"):
        reader.sections()


def test_roles_may_do_what_they_were_given(postgres: TestServer, library: ServerAddress) -> None:
    postgres.sql("postgres", *(f"DROP ROLE IF EXISTS {role}" for role in ("asks", "builds", "nobody")))
    postgres.sql("postgres", *(f"CREATE ROLE {role} LOGIN" for role in ("asks", "builds", "nobody")))
    create_library(library, CARD, readers=["asks"], builders=["builds"])
    with open_writer(of_database(postgres, library, "builds")) as writer:
        fill(writer, ["zhuyili0001"])
        writer.remove(["page0000001"])
    with open_reader(of_database(postgres, library, "asks")) as reader:
        assert len(reader.statuses()) == len(TALKS) - 1
    asking = of_database(postgres, library, "asks")

    def change() -> None:
        with open_writer(asking) as writer:
            writer.set_state("zhuyili0001", State.DEFERRED)

    assert "you may not do that" in told(change)
    with open_keeper(of_database(postgres, library, "builds")) as keeper:
        keeper.keep(MASK)
    with open_reader(asking) as reader, open_keeper(asking) as keeper:
        assert reader.kept() == [MASK]
        assert "you may not do that" in told(lambda: keeper.drop(MASK.resource.id, MASK.place))
    assert "you may not do that" in told(lambda: open_reader(of_database(postgres, library, "nobody")))
    assert "no such thing" in told(lambda: create_library(library, CARD, readers=["who"]))


def test_a_replica_is_read_and_not_written(postgres: TestServer, library: ServerAddress) -> None:
    with postgres.replica() as replica:
        address = of_database(replica, library)
        with open_reader(address) as reader:
            assert len(reader.statuses()) == len(TALKS)
        with open_keeper(address) as keeper:
            assert "read-only replica" in told(lambda: keeper.keep(MASK))
        assert "read-only replica" in told(lambda: open_writer(replace(address, library="another"), CARD))
        hosts, name = f"127.0.0.1:{replica.port},127.0.0.1:{postgres.port}", library.uri.rpartition("/")[2]
        either = f"postgresql://postgres@{hosts}/{name}?target_session_attrs=read-write"
        with open_writer(replace(address, uri=either)):
            pass


def test_a_server_that_goes_away_in_the_middle(postgres: TestServer, library: ServerAddress) -> None:
    def change() -> None:
        with open_writer(library) as writer:
            writer.set_state("zhuyili0001", State.DEFERRED, reason="kept")
            postgres.disconnect(library)
            writer.set_state("zhuyili0001", State.DEFERRED, reason="lost")

    assert "what was committed is kept" in told(change)
    with open_reader(library) as reader:
        assert {one.id: one.reason for one in reader.statuses()}["zhuyili0001"] == "kept"


def test_a_lasting_reader_takes_another_connection_where_one_broke(
    postgres: TestServer, library: ServerAddress
) -> None:
    nobody = ServerAddress("postgresql://127.0.0.1:1/talks")
    assert "can't be reached: start it, or correct the address" in told(lambda: open_reader(nobody, lasting=True))
    with open_reader(library, lasting=True) as reader:
        assert len(reader.statuses()) == len(TALKS)
    postgres.disconnect(library)
    with open_reader(library, lasting=True) as reader:
        assert len(reader.statuses()) == len(TALKS)


def test_a_moment_is_not_kept_while_a_writer_takes_too_long(postgres: TestServer, library: ServerAddress) -> None:
    with open_writer(library) as writer, postgres_port.open_keeper(library, 0.1) as keeper:
        with writer.transaction():
            writer.set_state("zhuyili0001", State.DEFERRED, reason="稍后")
            assert "being changed by another process: try again" in told(lambda: keeper.keep(MASK))
        keeper.keep(MASK)
        assert writer.kept() == [MASK]


def test_a_connection_that_the_server_ended_was_lost(session: Session, postgres: TestServer) -> None:
    [(process,)] = session.rows("SELECT pg_backend_pid()")
    postgres.sql("postgres", f"SELECT pg_terminate_backend({process}, 5000)")
    assert told(lambda: session.rows("SELECT 1")).endswith("was lost: try again; what was committed is kept")
