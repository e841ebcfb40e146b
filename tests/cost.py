"""What work costs, in processor time: how busy the machine is doesn't change it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    began = processor_seconds()
    yield
    assert processor_seconds() - began < seconds
