"""What a process that is asked again and again keeps of its memory; in processes of their own, whom it stays with."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
from seekpoint.query.serving.live_library import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    parts = [np.ones(250_000, np.float32) for _ in range(4)]
    parts.clear()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

{call}
faults()
print(min(faults() for _ in range(5)))
"""


def faults(call: str) -> int:
    """How many pages four megabytes take that were freed just before."""
    command = [sys.executable, "-c", FAULTS.format(call=call)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="other allocators have other settings")
def test_freed_memory_is_taken_again_without_asking_the_system() -> None:
    assert faults("assert keep_freed_memory()") < 100 < faults("")
