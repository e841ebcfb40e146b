"""A library on a server, and a connection to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from seekpoint.index.address import ServerAddress
from seekpoint.index.postgres.session import Session, connect
from tests.index.contract.talks import on_a_server
from tests.postgres import TestServer


@pytest.fixture
def library(postgres: TestServer) -> ServerAddress:
    """A library with the talks."""
    return on_a_server(postgres)


@pytest.fixture
def session(library: ServerAddress) -> Iterator[Session]:
    """A connection to the library with the talks."""
    with closing(connect(library)) as opened:
        yield opened
