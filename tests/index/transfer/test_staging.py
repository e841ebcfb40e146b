"""A folder that a write prepares beside its target: what a fault says."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from seekpoint.index.embedded.staging import staging
from seekpoint.index.errors import LibraryError


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [(errno.EIO, "check the disk"), (errno.ENOSPC, "free some space"), (errno.EACCES, "permissions")],
)
def test_a_fault_names_its_remedy_and_leaves_nothing(tmp_path: Path, fault: int, remedy: str) -> None:
    with pytest.raises(LibraryError, match=remedy), staging(tmp_path / "讲座") as folder:
        (folder / "part").write_text("掩码", "utf-8")
        raise OSError(fault, os.strerror(fault))
    assert list(tmp_path.iterdir()) == []
