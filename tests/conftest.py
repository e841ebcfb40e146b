"""What every test gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
from pytest_httpserver import HTTPServer

import seekpoint
from tests.fake_youtube import FakeYouTube
from tests.paths import ROOT


@pytest.fixture(autouse=True)
def retries_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture
def fake(httpserver: HTTPServer) -> FakeYouTube:
    """A YouTube of our own."""
    return FakeYouTube(httpserver)


@pytest.fixture(scope="session")
def example_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example list, indexed with the real model."""
    folder = tmp_path_factory.mktemp("example") / "library"
    examples = ROOT / "examples"
    seekpoint.build([examples / "reading-list.md"], folder)
    return folder
