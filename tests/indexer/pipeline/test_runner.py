"""Prefetching."""

from __future__ import annotations

import time
from threading import Event

import pytest

from seekpoint.index.errors import Blocked, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import State
from seekpoint.indexer.pipeline.runner import Prefetcher

NAMES = ["a", "b", "c", "d"]


class RecordingSource:
    """Returns names in capitals; records the requests, and signals each one."""

    def __init__(self, **failures: BaseException) -> None:
        self.asked: list[str] = []
        self._failures = failures
        self._called = {name: Event() for name in NAMES}

    def fetch(self, name: str) -> str:
        self.asked.append(name)
        self._called[name].set()
        if name in self._failures:
            raise self._failures[name]
        return name.upper()

    def was_asked(self, name: str, seconds: float = 60.0) -> bool:
        return self._called[name].wait(seconds)


def test_the_next_one_is_fetched_while_the_caller_works_and_no_more() -> None:
    source = RecordingSource()
    with Prefetcher(source.fetch, NAMES) as ahead:
        assert source.was_asked("a") and not source.was_asked("b", 0.1)
        assert ahead.take() == "A"
        assert source.was_asked("b") and not source.was_asked("c", 0.1)
        assert [ahead.take() for _ in range(3)] == ["B", "C", "D"]


def test_ready_items_are_visible_without_being_taken_and_a_failure_comes_in_its_turn() -> None:
    source = RecordingSource(b=Unfetched(State.UNAVAILABLE, Reason("private_video")))
    with Prefetcher(source.fetch, NAMES, most=3) as ahead:
        assert source.was_asked("c") and not source.was_asked("d", 0.1)
        assert ahead.ready() == ahead.ready() == ["A", "C"]
        assert ahead.take() == "A"
        assert source.was_asked("d")
        with pytest.raises(Unfetched, match="private"):
            ahead.take()
        assert [ahead.take(), ahead.take(), ahead.ready()] == ["C", "D", []]


@pytest.mark.parametrize("last", [Blocked(Reason("youtube_refuses")), KeyboardInterrupt()])
def test_nothing_is_fetched_after_a_halt_or_when_the_caller_is_gone(last: BaseException) -> None:
    source = RecordingSource(b=last)
    with pytest.raises(type(last)), Prefetcher(source.fetch, NAMES) as ahead:
        ahead.take()
        ahead.take()
    time.sleep(0.05)
    assert source.asked[:2] == ["a", "b"] and "d" not in source.asked
    assert isinstance(last, KeyboardInterrupt) or source.asked == ["a", "b"]
