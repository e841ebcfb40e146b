"""Where the real transcripts and recorded responses lie, for the tests and benchmarks that use them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("SEEKPOINT_SHARED") or Path(__file__).resolve().parents[2] / "shared") / "data"

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"no real material at {SHARED}: set SEEKPOINT_SHARED to the folder that holds data/"
)
