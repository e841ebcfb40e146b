"""How posting lists are stored, by the schema of their library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.schema import FIRST_WITH_BLOCKS

if TYPE_CHECKING:
    from index.posting_lists import Layout


def layout(version: int) -> Layout:
    """How a schema stores lists."""
    if version < FIRST_WITH_BLOCKS:
        from index.older_posting_lists import OLDER

        return OLDER
    from index.posting_lists import LAYOUT

    return LAYOUT
