"""Which build of PyTorch `make demo` and `make test` install, with programs that stand in for pip and Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere pip's usual build is for the processor")


def program(path: Path, does: str) -> None:
    path.write_text(f"#!/bin/sh\n{does}\n", "utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("has_torch", "has_gpu", "pip", "asked", "told"),
    [
        (False, False, 0, True, False),
        (False, False, 1, True, True),
        (False, True, 0, False, False),
        (True, False, 0, False, False),
    ],
    ids=("CPU build", "not to be had", "GPU", "there already"),
)
def test_pytorchs_cpu_build_comes_first_where_there_is_no_gpu(
    has_torch: bool, has_gpu: bool, pip: int, asked: bool, told: bool, tmp_path: Path
) -> None:
    tools, calls = tmp_path / "tools", tmp_path / "calls"
    tools.mkdir()
    for name in ("bash", "make", "uname"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    program(tools / "python", f"exit {int(not has_torch)}")
    program(tools / "pip", f'echo "$@" >> {calls}; exit {pip}')
    if has_gpu:
        program(tools / "nvidia-smi", "exit 0")
    done = subprocess.run(
        ["make", "--no-print-directory", "torch", f"BIN={tools}"],
        cwd=ROOT, env=os.environ | {"PATH": str(tools)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = calls.read_text("utf-8").splitlines() if calls.exists() else []
    assert [line.endswith("--index-url https://download.pytorch.org/whl/cpu torch") for line in said] == [True] * asked
    assert ("pip takes its usual one, which may be 3.3 GB" in done.stdout) is told and not done.stderr
