"""The frozen library, built once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

import seekpoint
from tests.fake_youtube import FakeYouTube
from tests.indexer.builds import Workshop
from tests.query.frozen.library import build


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory, make_httpserver: HTTPServer) -> Iterator[seekpoint.Library]:
    workshop = Workshop(tmp_path_factory.mktemp("frozen"), FakeYouTube(make_httpserver))
    build(workshop)
    make_httpserver.clear()
    with seekpoint.open_library(workshop.library) as library:
        yield library
