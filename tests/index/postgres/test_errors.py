"""What goes wrong with a server is told in one line, with what to do; connections that broke are replaced."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import LibraryError, UnreleasedLibrary
from seekpoint.index.open import create_library, open_keeper, open_reader, open_writer
from seekpoint.index.postgres import postgres_writer
from seekpoint.index.postgres.session import Session, connect
from seekpoint.index.types import Kind, Resource, State
from tests.index.contract.talks import CARD, TALKS
from tests.index.contract.test_kept import MASK
from tests.postgres import TestServer


def told(action: Callable[[], object]) -> str:
    with pytest.raises(LibraryError) as raised:
        action()
    line = str(raised.value)
    assert "\n" not in line and ": " in line
    return line


def of_database(server: TestServer, library: ServerAddress, user: str = "postgres") -> ServerAddress:
    return ServerAddress(server.uri(library.uri.rpartition("/")[2], user), library.library)


def test_a_layout_that_no_release_wrote(session: Session) -> None:
    session.run("ALTER TABLE listing DROP COLUMN named_by")
    with (
        open_reader(session.address) as reader,
        pytest.raises(UnreleasedLibrary, match=r"unreleased version.*build it again"),
    ):
        reader.sections()


def test_roles_may_do_what_they_were_given(postgres: TestServer, library: ServerAddress) -> None:
    postgres.sql("postgres", *(f"DROP ROLE IF EXISTS {role}" for role in ("asks", "builds")))
    postgres.sql("postgres", *(f"CREATE ROLE {role} LOGIN" for role in ("asks", "builds")))
    create_library(library, CARD, readers=["asks"], builders=["builds"])
    asking, building = (of_database(postgres, library, role) for role in ("asks", "builds"))
    with open_keeper(building) as keeper:
        keeper.keep(MASK)
    with open_reader(asking) as reader, open_keeper(asking) as keeper, open_writer(asking) as writer:
        assert (len(reader.statuses()), reader.kept()) == (len(TALKS), [MASK])
        assert "you may not do that" in told(lambda: keeper.annotate(MASK.resource.id, MASK.place, None))
        assert "you may not do that" in told(lambda: writer.set_state("zhuyili0001", State.DEFERRED))
    assert "no such thing" in told(lambda: create_library(library, CARD, readers=["who"]))


def test_a_replica_is_read_and_not_written(postgres: TestServer, library: ServerAddress) -> None:
    with postgres.replica() as replica:
        address = of_database(replica, library)
        with open_reader(address) as reader, open_keeper(address) as keeper:
            assert len(reader.statuses()) == len(TALKS)
            assert "read-only replica" in told(lambda: keeper.keep(MASK))
        assert "read-only replica" in told(lambda: open_writer(ServerAddress(address.uri, "another"), CARD))
        hosts, name = f"127.0.0.1:{replica.port},127.0.0.1:{postgres.port}", library.uri.rpartition("/")[2]
        either = f"postgresql://postgres@{hosts}/{name}?target_session_attrs=read-write"
        with open_writer(ServerAddress(either, library.library)):
            pass


def test_a_server_that_goes_away_in_the_middle(postgres: TestServer, library: ServerAddress) -> None:
    def change() -> None:
        with open_writer(library) as writer:
            writer.set_state("zhuyili0001", State.DEFERRED, reason="kept")
            postgres.disconnect(library)
            writer.set_state("zhuyili0001", State.DEFERRED, reason="lost")

    assert told(change).endswith("was lost: try again; what was committed is kept")
    with open_reader(library) as reader:
        assert {one.id: one.reason for one in reader.statuses()}["zhuyili0001"] == "kept"


def test_threads_share_the_connections_of_a_process_which_are_replaced_where_they_broke(
    postgres: TestServer, library: ServerAddress
) -> None:
    nobody = ServerAddress("postgresql://127.0.0.1:1/talks")
    assert "can't be reached: start it, or correct the address" in told(lambda: open_reader(nobody, lasting=True))
    together = Barrier(8)

    def count(_: int) -> int:
        together.wait()
        with open_reader(library, lasting=True) as reader:
            return len(reader.statuses())

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(count, range(8))) == [len(TALKS)] * 8
        postgres.disconnect(library)
        assert list(threads.map(count, range(8))) == [len(TALKS)] * 8


def test_both_sides_notice_a_cut_network_unless_the_address_says_otherwise(session: Session) -> None:
    assert session.rows("SHOW tcp_keepalives_idle") == [("20",)]
    own = session.connection.info.get_parameters()
    assert (own["keepalives_idle"], own["keepalives_count"], own["tcp_user_timeout"]) == ("20", "3", "60000")
    with closing(connect(ServerAddress(f"{session.address.uri}?keepalives_idle=7"))) as other:
        assert other.connection.info.get_parameters()["keepalives_idle"] == "7"


def test_a_moment_is_not_kept_while_a_writer_takes_too_long(library: ServerAddress) -> None:
    with open_writer(library) as writer, postgres_writer.open_keeper(library, 0.1) as keeper:
        with writer.transaction():
            writer.set_state("zhuyili0001", State.DEFERRED, reason="稍后")
            assert "being changed by another process: try again" in told(lambda: keeper.keep(MASK))
        keeper.keep(MASK)
        assert writer.kept() == [MASK]


def test_a_nul_which_the_server_cant_store_becomes_the_replacement_character(library: ServerAddress) -> None:
    with open_writer(library) as writer:
        writer.register("a\0b.md", [Resource("nul00000001", Kind.VIDEO, "mask\0掩码", "https://example.org/\0")])
        [status] = writer.statuses(["nul00000001"])
        assert (status.title, status.url) == ("mask\ufffd掩码", "https://example.org/\ufffd")
