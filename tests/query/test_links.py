from __future__ import annotations

import pytest

from index.types import Kind, Resource
from query.links import link, timestamp

VIDEO = Resource("wjZofJX0v4M", Kind.VIDEO, "GPT", "https://www.youtube.com/watch?v=wjZofJX0v4M")
RECORDING = Resource("0123456789ab", Kind.RECORDING, "讲座", "file:///talks/%E8%AE%B2%E5%BA%A7.ogg")


def test_a_link_never_starts_after_the_word() -> None:
    assert link(VIDEO, 754.99) == "https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s"
    assert link(RECORDING, 754.99) == "file:///talks/%E8%AE%B2%E5%BA%A7.ogg#t=754"


def test_without_a_time_it_is_the_address() -> None:
    assert link(VIDEO, None) == VIDEO.url


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0, "0:00"), (59.9, "0:59"), (754.2, "12:34"), (3723.0, "1:02:03"), (None, None)]
)
def test_times_as_people_read_them(seconds: float | None, shown: str | None) -> None:
    assert timestamp(seconds) == shown
