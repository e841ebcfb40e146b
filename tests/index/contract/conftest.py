"""The backends that keep the contract of the door: each test runs once with each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from seekpoint.index.open import current_revision, open_keeper, open_reader, open_writer
from seekpoint.index.store import Keeper, Reader, Revision, Writer
from seekpoint.index.types import ModelCard


@dataclass(frozen=True)
class Backend:
    """Where a backend keeps one library, which isn't there at first."""

    address: Path

    def reader(self) -> Reader:
        return open_reader(self.address)

    def writer(self, card: ModelCard | None = None) -> Writer:
        return open_writer(self.address, card)

    def keeper(self) -> Keeper:
        return open_keeper(self.address)

    def revision(self) -> Revision:
        return current_revision(self.address)


def _embedded(tmp_path: Path) -> Backend:
    return Backend(tmp_path / "library")


BACKENDS: Mapping[str, Callable[[Path], Backend]] = {"embedded": _embedded}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return BACKENDS[request.param](tmp_path)
