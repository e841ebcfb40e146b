"""Fixtures of the indexer's tests."""

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.fake_sites import FakeSites
from tests.fake_youtube import FakeYouTube
from tests.indexer.builds import Workshop


@pytest.fixture
def workshop(tmp_path: Path, fake: FakeYouTube) -> Workshop:
    return Workshop(tmp_path, fake)


@pytest.fixture
def sites(httpserver: HTTPServer, fake: FakeYouTube) -> FakeSites:
    return FakeSites(httpserver)  # after YouTube's: for every other address
