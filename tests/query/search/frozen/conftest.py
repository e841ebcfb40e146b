"""The frozen library, built once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from tests.fake_youtube import FakeYouTube
from tests.indexer.builds import Workshop
from tests.query.search.frozen.library import build


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory, make_httpserver: HTTPServer) -> Iterator[Reader]:
    make_httpserver.clear()  # of what an earlier test left there
    workshop = Workshop(tmp_path_factory.mktemp("frozen"), FakeYouTube(make_httpserver))
    build(workshop)
    make_httpserver.clear()
    with open_reader(workshop.library) as reader:
        yield reader
