"""The backends that keep the contract of the door: each test runs once with each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from seekpoint.index.address import Address
from seekpoint.index.open import current_revision, open_keeper, open_reader, open_writer
from seekpoint.index.store import Keeper, Reader, Writer
from seekpoint.index.types import ModelCard, Revision
from tests.postgres import TestServer


@dataclass(frozen=True)
class Backend:
    """Where a backend keeps one library, which isn't there at first, and an address where there is none."""

    address: Address
    nowhere: Address

    def reader(self) -> Reader:
        return open_reader(self.address)

    def writer(self, card: ModelCard | None = None) -> Writer:
        return open_writer(self.address, card)

    def keeper(self) -> Keeper:
        return open_keeper(self.address)

    def revision(self) -> Revision:
        return current_revision(self.address)


def _embedded(request: pytest.FixtureRequest) -> Backend:
    folder: Path = request.getfixturevalue("tmp_path")
    return Backend(folder / "library", folder / "nowhere")


def _postgres(request: pytest.FixtureRequest) -> Backend:
    server: TestServer = request.getfixturevalue("postgres")
    address = server.library()
    return Backend(address, replace(address, library="nowhere"))


BACKENDS: Mapping[str, Callable[[pytest.FixtureRequest], Backend]] = {"embedded": _embedded, "postgres": _postgres}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    return BACKENDS[request.param](request)
