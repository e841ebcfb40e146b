"""Damages of every kind: none is hidden by a later build, takes two builds, or ends in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.damage_rounds import AGAIN, MENDED, UNMENDED, small, tally

pytestmark = pytest.mark.slow

ROUNDS, SEED = 40, 5


def test_no_damage_is_laundered_or_ends_in_a_traceback(tmp_path: Path) -> None:
    found = tally(small(tmp_path / "library"), ROUNDS, SEED)
    assert found.laundered == []
    assert found.tracebacks == []
    assert found.unmended == []
    assert found.twice == []
    counts = {outcome: sum(one[outcome] for one in found.outcomes.values()) for outcome in (MENDED, AGAIN, UNMENDED)}
    assert counts[MENDED] > ROUNDS / 2
    assert counts[AGAIN] < ROUNDS / 4
