"""Work beside other work: its result, its error, and that it never outlives the block."""

from __future__ import annotations

import sys
import threading
from threading import Event, active_count, current_thread

import pytest

from query.beside import Beside


def test_the_result_is_there_once_it_is_asked_for() -> None:
    begun, may_go_on = Event(), Event()

    def call() -> str:
        begun.set()
        assert may_go_on.wait(5)
        return "掩码"

    with Beside(call) as work:
        assert begun.wait(5)  # beside the block, not after it
        may_go_on.set()
        assert work.result() == "掩码"


def test_what_the_call_raises_is_raised_where_its_result_is_asked_for() -> None:
    def call() -> None:
        raise ValueError("no such mask")

    with Beside(call) as work, pytest.raises(ValueError, match="no such mask"):
        work.result()


def test_it_has_ended_when_the_block_has_whatever_happens_there() -> None:
    before, may_end = active_count(), Event()
    with pytest.raises(KeyError), Beside(lambda: may_end.wait(0.05)):
        raise KeyError
    assert active_count() == before


def test_where_nothing_may_be_shared_the_call_runs_before_the_block() -> None:
    ran: list[str] = []
    with Beside(lambda: ran.append(current_thread().name), may_share=False) as work:
        assert ran == [current_thread().name]
        assert work.result() is None


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread of any size may begin")
def test_where_no_thread_is_left_the_call_runs_before_the_block() -> None:
    before = threading.stack_size(1 << 44)  # more than there is
    try:
        with Beside(lambda: current_thread().name) as work:
            assert work.result() == current_thread().name
    finally:
        threading.stack_size(before)
