"""The connections that a process keeps: threads share them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from seekpoint.index.open import open_reader, open_writer
from tests.index.contract.talks import CARD, TALKS, fill
from tests.postgres import TestServer


def test_threads_that_open_a_library_for_the_first_time_share_its_connections(postgres: TestServer) -> None:
    address = postgres.library()
    with open_writer(address, CARD) as writer:
        fill(writer)
    together = Barrier(8)

    def count(_: int) -> int:
        together.wait()
        with open_reader(address, lasting=True) as reader:
            return len(reader.statuses())

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(count, range(8))) == [len(TALKS)] * 8
