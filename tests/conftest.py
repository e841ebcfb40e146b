"""What every test gets."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
from filelock import FileLock
from hypothesis import HealthCheck, settings
from pytest_httpserver import HTTPServer

import seekpoint
from tests import postgres as postgres_server
from tests.browser import CHROMIUM
from tests.fake_chat import FakeChat, fake_chat
from tests.fake_youtube import FakeYouTube
from tests.paths import ROOT

_MEMORY = Path("/dev/shm")

# Threads of PyTorch and of the question engine that spin while they wait take the cores from the other workers.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# What a developer installed for yt-dlp, such as a token provider.
os.environ.setdefault("YTDLP_NO_PLUGINS", "1")

# Whoever writes a library waits for the disk, often longer than the rest of a test takes: in memory it doesn't.
# Tests also write programs there.
if (
    _MEMORY.is_dir()
    and shutil.disk_usage(_MEMORY).free > 4 << 30
    and not os.statvfs(_MEMORY).f_flag & getattr(os, "ST_NOEXEC", 0)
):
    tempfile.tempdir = os.environ.setdefault("TMPDIR", str(_MEMORY))

# The same examples each time, however long they take; `make nightly` tries others, and more of them.
settings.register_profile(
    "every run", deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("nightly", settings.get_profile("every run"), derandomize=False, max_examples=1000)
settings.load_profile("every run")


def pytest_collectstart() -> None:
    """All that is collected stays: looking for garbage in it takes a third of the time."""
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what opens a browser, loads the model, reads real transcripts or starts a server, but for smokes.

    The tests in a browser come first, one after the other, so that one browser serves them all.
    """
    for item in items:
        fixtures = item.fixturenames if isinstance(item, pytest.Function) else ()
        is_slow = "started_postgres" in fixtures or any(map(item.get_closest_marker, ("chromium", "model", "shared")))
        if is_slow and not item.get_closest_marker("smoke"):
            item.add_marker("slow")
    items.sort(key=lambda item: item.get_closest_marker("chromium") is None)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if not item.get_closest_marker("chromium"):
        CHROMIUM.close()


def pytest_sessionfinish() -> None:
    CHROMIUM.close()


@pytest.fixture(autouse=True)
def retries_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture
def fake(httpserver: HTTPServer) -> FakeYouTube:
    return FakeYouTube(httpserver)


@pytest.fixture
def chat() -> Iterator[FakeChat]:
    with fake_chat() as result:
        yield result


@pytest.fixture(scope="session")
def started_postgres() -> Iterator[postgres_server.TestServer]:
    """A PostgreSQL server, one a process; skips where none can be had."""
    if reason := postgres_server.missing():
        pytest.skip(reason)
    with postgres_server.server() as running:
        yield running


@pytest.fixture
def postgres(started_postgres: postgres_server.TestServer) -> Iterator[postgres_server.TestServer]:
    """The server; the databases that a test gets of it are emptied or dropped after the test."""
    yield started_postgres
    started_postgres.clear()


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
