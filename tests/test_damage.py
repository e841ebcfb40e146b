"""Damages of every kind: none is hidden by a later build, takes two builds, or ends in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.damage_rounds import AGAIN, MENDED, small, tally

pytestmark = pytest.mark.slow

SEED = 5


@pytest.mark.parametrize("rounds", [12, pytest.param(48, marks=pytest.mark.nightly)])
def test_no_damage_is_laundered_or_ends_in_a_traceback(tmp_path: Path, rounds: int) -> None:
    found = tally(small(tmp_path / "library"), rounds, SEED)
    assert found.laundered == found.tracebacks == found.unmended == found.twice == []
    assert found.totals[MENDED] > rounds / 2
    assert found.totals[AGAIN] < rounds / 4
