"""Disks that are small or read-only, for tests that root runs on Linux."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

needs_mounts = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="needs Linux and root, to mount a small disk"
)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Callable[[int], None]]:
    """A disk of that size at a new folder; gives the function that makes it larger. Skips where none can be mounted."""
    folder.mkdir()
    with _mounted(folder, "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs"):
        yield lambda larger: _mount("-o", f"remount,size={larger}k", folder)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder on a medium that takes no changes, not even of root's. Skips where none can be mounted."""
    with _mounted(folder, "--bind", folder):
        _mount("-o", "remount,bind,ro", folder)
        yield


@contextmanager
def _mounted(folder: Path, *what: object) -> Iterator[None]:
    try:
        _mount(*what, folder)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"mounting isn't allowed here: {error.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # this process may hold files there


def _mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True, capture_output=True)
