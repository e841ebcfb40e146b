"""Where a library lies, and which backend holds it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seekpoint.index.embedded.library import Library


def default_folder() -> Path:
    """The user's own library, where neither --index nor $SEEKPOINT_INDEX names another."""
    from platformdirs import user_data_path

    return user_data_path("seekpoint") / "library"


def open_reader(folder: Path, *, lasting: bool = False) -> Library:
    """Open a library for reading; raises LibraryError. A `lasting` reader answers many questions, in more memory."""
    from seekpoint.index.embedded.library import Library

    return Library.open_to_stay(folder) if lasting else Library.open(folder)
