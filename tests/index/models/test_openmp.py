"""OpenMP's threads for a question: set as the engine needs them, without a trace elsewhere in the process."""

from __future__ import annotations

import os
import sys

import pytest

from tests.index.libraries import run_script

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(sys.platform != "linux", reason="libgomp binds threads on Linux alone"),
]

# libgomp tells on standard error what it was loaded with.
_TELLING = """
import os
os.environ["OMP_DISPLAY_ENV"] = "verbose"
"""
_ASK = """
from seekpoint.index.models.encoder import BundledEncoder
BundledEncoder().question("why masks?")
"""


def told(script: str) -> list[str]:
    """What each OpenMP that a script loads tells of its settings, in the order in which they are loaded."""
    finished = run_script(_TELLING + script)
    assert finished.returncode == 0, finished.stderr
    return finished.stderr.split("OPENMP DISPLAY ENVIRONMENT BEGIN")[1:]


def test_only_the_engine_binds_its_threads_and_lets_them_look_for_each_other() -> None:
    engine, other = told(f"{_ASK}\nimport faiss")
    assert "OMP_PROC_BIND = 'TRUE'" in engine
    assert "GOMP_SPINCOUNT = '500'" in engine
    assert "OMP_PROC_BIND = 'FALSE'" in other
    assert "GOMP_SPINCOUNT = '0'" in other
    assert all("OMP_WAIT_POLICY = 'PASSIVE'" in each for each in (engine, other))


def test_what_the_user_sets_counts() -> None:
    [engine] = told(f"os.environ.update(OMP_PROC_BIND='false', GOMP_SPINCOUNT='7', OMP_WAIT_POLICY='active')\n{_ASK}")
    assert "OMP_PROC_BIND = 'FALSE'" in engine
    assert "GOMP_SPINCOUNT = '7'" in engine
    assert "OMP_WAIT_POLICY = 'ACTIVE'" in engine


def test_the_environment_stays_as_it_was() -> None:
    finished = run_script(
        f"import os\nbefore = dict(os.environ, OMP_WAIT_POLICY='passive')\n{_ASK}\nprint(before == dict(os.environ))"
    )
    assert finished.stdout == "True\n"


@pytest.mark.skipif(
    sys.platform == "linux" and len(os.sched_getaffinity(0)) < 2,
    reason="there is one processor, to which every thread is bound",
)
def test_a_thread_that_asks_is_bound_to_no_processor() -> None:
    finished = run_script(
        f"import os\nbefore = os.sched_getaffinity(0)\n{_ASK}\nprint(os.sched_getaffinity(0) == before)"
    )
    assert finished.stdout == "True\n"
