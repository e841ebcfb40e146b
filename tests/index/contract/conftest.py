"""The backends that keep the contract of the door: each test runs once with each of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from seekpoint.index.address import Address
from seekpoint.index.open import current_revision, open_keeper, open_reader, open_writer
from seekpoint.index.store import Keeper, Reader, Writer
from seekpoint.index.types import ModelCard, Revision
from tests.index.contract.talks import CARD, fill
from tests.postgres import TestServer


@dataclass(frozen=True)
class Backend:
    """Where a backend keeps a library, and an address where there is none."""

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


@pytest.fixture(params=["embedded", "postgres"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """A library with the talks."""
    if request.param == "embedded":
        folder: Path = request.getfixturevalue("tmp_path")
        made = Backend(folder / "library", folder / "nowhere")
    else:
        server: TestServer = request.getfixturevalue("postgres")
        address = server.library()
        made = Backend(address, replace(address, library="nowhere"))
    with made.writer(CARD) as writer:
        fill(writer)
    return made
