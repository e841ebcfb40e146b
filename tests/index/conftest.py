"""What the tests of a library get."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.index.libraries import build


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sealed library."""
    build(tmp_path / "library")
    return tmp_path / "library"
