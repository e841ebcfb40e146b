"""What a benchmark prints of the machine and the code it ran on."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path


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
