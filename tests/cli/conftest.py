from __future__ import annotations

from pathlib import Path

import pytest

from seekpoint.index.transfer.export import export_library
from tests.index.libraries import build


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """The file of a library with three resources."""
    build(tmp_path / "library")
    export_library(tmp_path / "library", tmp_path / "talks.zip")
    return tmp_path / "talks.zip"
