"""What every test gets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
from filelock import FileLock
from pytest_httpserver import HTTPServer

import seekpoint
from tests.fake_youtube import FakeYouTube
from tests.paths import ROOT

# Threads of PyTorch and of the question engine that spin while they wait take the cores from the other workers.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@pytest.fixture(autouse=True)
def retries_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture
def fake(httpserver: HTTPServer) -> FakeYouTube:
    """A YouTube of our own."""
    return FakeYouTube(httpserver)


@pytest.fixture(scope="session")
def example_library(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The example list, indexed with the real model: one for all workers, which no test may change."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "example"
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "is built").exists():
            seekpoint.build([ROOT / "examples" / "reading-list.md"], folder / "library")
            (folder / "is built").touch()
    return folder / "library"
