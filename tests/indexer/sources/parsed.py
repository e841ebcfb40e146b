"""Checks of parsed documents and refusals, and damage to bytes."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import State
from seekpoint.indexer.transcript.text_timeline import ParsedDocument, Role


def texts(document: ParsedDocument, role: Role | None = None) -> list[str]:
    return [block.text for block in document.blocks if role in (None, block.role)]


def refusal(read: Callable[[bytes], ParsedDocument], data: bytes) -> str:
    """The reason, in one line, why a document isn't read."""
    with pytest.raises(Unfetched) as refused:
        read(data)
    assert refused.value.state is State.UNAVAILABLE
    assert "\n" not in refused.value.reason
    return refused.value.reason


def damaged(data: bytes, chance: random.Random, longest: int) -> bytes:
    """The data with up to `longest` bytes changed, doubled, or gone, or cut off."""
    start = chance.randrange(len(data))
    stop = start + chance.randint(1, longest)
    part = data[start:stop]
    flipped = bytes(byte ^ 1 << chance.randrange(8) for byte in part)
    return data[:start] + chance.choice((b"", data[stop:], part * 3 + data[start:], flipped + data[stop:]))
