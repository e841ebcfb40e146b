"""Damages of every kind: none is hidden by a later build, takes two builds, or ends in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.damage_rounds import AGAIN, MENDED, small, tally

pytestmark = pytest.mark.slow

ROUNDS, SEED = 12, 5


def test_no_damage_is_laundered_or_ends_in_a_traceback(tmp_path: Path) -> None:
    found = tally(small(tmp_path / "library"), ROUNDS, SEED)
    assert found.laundered == found.tracebacks == found.unmended == found.twice == []
    assert found.totals[MENDED] > ROUNDS / 2
    assert found.totals[AGAIN] < ROUNDS / 4
