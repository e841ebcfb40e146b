"""Builds in a process of their own, as `serve --edit` starts them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from seekpoint.cli.build_process import build_in_process
from seekpoint.index.embedded.writer import EmbeddedWriter
from seekpoint.index.errors import SeekpointError
from seekpoint.query.web.builds import STOPPED, BuildOrder, BuildProgress, Builds
from tests.index.libraries import build


def test_errors_come_out_of_the_process_in_one_line(tmp_path: Path) -> None:
    build(tmp_path / "library")
    order = BuildOrder((str(tmp_path / "缺少.md"),))
    with pytest.raises(SeekpointError, match=r"^no such file or folder: .*缺少\.md"):
        build_in_process(tmp_path / "library", order, lambda progress: None, Event())


def test_another_process_keeps_a_build_away(tmp_path: Path) -> None:
    build(tmp_path / "library")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "掩码.md").write_text("掩码遮住未来。", encoding="utf-8")
    with EmbeddedWriter.acquire(tmp_path / "library"), pytest.raises(SeekpointError, match="another build is writing"):
        build_in_process(tmp_path / "library", BuildOrder((str(tmp_path / "notes"),)), lambda progress: None, Event())


def test_a_server_that_stops_ends_its_build(tmp_path: Path) -> None:
    """The child is ended while it starts."""
    builds = Builds(lambda order, tell, stop: build_in_process(tmp_path, order, tell, stop), lambda: None)
    started = time.monotonic()
    builds.start([str(tmp_path)])
    builds.start([str(tmp_path / "never")])
    closing = Thread(target=builds.close)
    closing.start()
    closing.join(60)
    assert not closing.is_alive()
    assert time.monotonic() - started < 60
    assert (builds.progress.is_running, builds.progress.error) == (False, STOPPED)


@pytest.mark.model
@pytest.mark.nightly
def test_progress_comes_out_of_the_process(example_library: Path, tmp_path: Path) -> None:
    library = Path(shutil.copytree(example_library, tmp_path / "library"))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "掩码.md").write_text("# 掩码\n\n掩码遮住未来的词。", encoding="utf-8")
    told: list[BuildProgress] = []
    outcome = build_in_process(library, BuildOrder((str(tmp_path / "notes"),)), told.append, Event())
    assert outcome.startswith("1 of 1 resource indexed")
    assert (told[-1].done, told[-1].total) == (1, 1)
    assert any(progress.title for progress in told)
