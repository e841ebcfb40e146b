"""What a benchmark prints of the machine and the code it ran on."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# What peaks are told in: bytes on macOS, else kilobytes.
_A_MEGABYTE = 1 << (20 if sys.platform == "darwin" else 10)


def command_line(module: str, text: str | None, block: str = "") -> argparse.ArgumentParser:
    """The options of `python -m MODULE`, which its docstring describes: where figures go as JSON, and into a page."""
    options = argparse.ArgumentParser(prog=f"python -m {module}", description=(text or "").partition("\n")[0])
    options.add_argument("--json", type=Path)
    if block:
        options.add_argument("--docs", type=Path, metavar="FILE", help=f"write into this document's block `{block}`")
    return options


class Run(NamedTuple):
    """What a process took: seconds on the wall and of the processor, megabytes at its peak; and what it printed."""

    wall: float
    processor: float
    megabytes: float
    output: str


def run(command: Sequence[str]) -> Run:
    """Run a process to its end. Its peak counts what this process holds now."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{' '.join(command)} ended with {process.returncode}")
        output.seek(0)
        return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / _A_MEGABYTE, output.read().decode())


def megabytes() -> float:
    """The most memory that this process has held."""
    import resource  # which Windows hasn't

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _A_MEGABYTE


def describe() -> dict[str, str]:
    """The processor, its number of cores, Python and the code's revision."""
    revision = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "revision": revision.stdout.strip() or "unknown",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    values = dict(line.split(":", 1) for line in lines if ":" in line)
    fields = {name.strip(): value.strip() for name, value in values.items()}
    features = [name for name in ("amx_bf16", "avx512_bf16", "avx2") if name in fields.get("flags", "").split()]
    return f"{fields.get('model name', platform.machine())} ({', '.join(features)})"


def spread(values: Sequence[float], unit: str) -> str:
    """Minimum, median and maximum."""
    return f"min {min(values):.3f}  median {statistics.median(values):.3f}  max {max(values):.3f} {unit}"


def save(path: Path | None, result: object) -> None:
    """Write a result as JSON beside what was printed."""
    if path:
        path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
