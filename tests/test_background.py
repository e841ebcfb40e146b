"""Work beside other work: its result, its error, and that it never outlives the block."""

from __future__ import annotations

import sys
import threading
from threading import Event, current_thread
from time import sleep

import pytest

from seekpoint.background import in_background


def test_the_result_is_there_once_it_is_asked_for() -> None:
    begun, may_go_on = Event(), Event()

    def call() -> str:
        begun.set()
        assert may_go_on.wait(60)
        return "掩码"

    with in_background(call) as result:
        assert begun.wait(60)  # beside the block, not after it
        may_go_on.set()
        assert result() == "掩码"


def test_an_error_is_raised_where_the_result_is_asked_for_and_the_call_ends_before_the_block_whatever_happens() -> None:
    has_ended = Event()

    def call() -> None:
        sleep(0.05)
        has_ended.set()
        raise ValueError("no such mask")

    with in_background(call) as result, pytest.raises(ValueError, match="no such mask"):
        result()
    has_ended.clear()
    with pytest.raises(KeyError), in_background(call):
        raise KeyError
    assert has_ended.is_set()
    with in_background(call):
        pass


def test_where_nothing_may_be_shared_or_no_thread_is_left_the_call_runs_in_the_callers_thread() -> None:
    def name() -> str:
        return current_thread().name

    with in_background(name, may_share=False) as result:
        assert result() == name()
    if sys.platform == "linux":  # elsewhere a thread of any size may begin
        before = threading.stack_size(1 << 44)  # more than there is
        try:
            with in_background(name) as result:
                assert result() == name()
        finally:
            threading.stack_size(before)
