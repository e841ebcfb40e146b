"""The connections that a process keeps: threads share them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

from seekpoint.index.address import ServerAddress
from seekpoint.index.open import open_reader
from seekpoint.index.postgres.session import connect
from tests.index.contract.talks import TALKS
from tests.postgres import TestServer


def test_threads_that_open_a_library_for_the_first_time_share_its_connections(library: ServerAddress) -> None:
    together = Barrier(8)

    def count(_: int) -> int:
        together.wait()
        with open_reader(library, lasting=True) as reader:
            return len(reader.statuses())

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(count, range(8))) == [len(TALKS)] * 8


def test_both_sides_notice_a_cut_network_unless_the_address_says_otherwise(postgres: TestServer) -> None:
    address = postgres.library()
    with closing(connect(address)) as session:
        assert session.rows("SHOW tcp_keepalives_idle") == [("20",)]
        own = session.connection.info.get_parameters()
    assert (own["keepalives_idle"], own["keepalives_count"], own["tcp_user_timeout"]) == ("20", "3", "60000")
    with closing(connect(ServerAddress(f"{address.uri}?keepalives_idle=7", address.library))) as session:
        assert session.connection.info.get_parameters()["keepalives_idle"] == "7"
