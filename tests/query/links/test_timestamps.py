from __future__ import annotations

import pytest

from seekpoint.index.types import Cue, Kind, Resource
from seekpoint.query.links import link, text_link, timestamp

VIDEO = Resource("wjZofJX0v4M", Kind.VIDEO, "GPT", "https://www.youtube.com/watch?v=wjZofJX0v4M")
RECORDING = Resource("0123456789ab", Kind.RECORDING, "讲座", "file:///talks/%E8%AE%B2%E5%BA%A7.ogg")


def test_a_link_rounds_down_to_whole_seconds() -> None:
    assert link(VIDEO, 754.99) == "https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s"
    assert link(RECORDING, 754.99) == "file:///talks/%E8%AE%B2%E5%BA%A7.ogg#t=754"


def test_a_page_opens_at_its_heading_and_the_words_there() -> None:
    page = Resource("p", Kind.PAGE, "", "https://a.org/文?q=1")
    cue = Cue(0.0, 1.0, "a sentence", anchor="自注意力-in-detail")
    heading = "https://a.org/文?q=1#%E8%87%AA%E6%B3%A8%E6%84%8F%E5%8A%9B-in-detail"
    assert text_link(page, cue) == heading
    assert text_link(page, cue, "text=a%20sentence") == f"{heading}:~:text=a%20sentence"
    assert text_link(page, Cue(0.0, 1.0, ""), "text=a") == "https://a.org/文?q=1#:~:text=a"
    assert text_link(page, Cue(0.0, 1.0, "")) == page.url


def test_a_paper_opens_at_its_page() -> None:
    on_arxiv = Resource("x", Kind.PAPER, "", "https://arxiv.org/abs/1706.03762")
    here = Resource("y", Kind.PAPER, "", "file:///papers/%E8%AE%BA%E6%96%87.pdf")
    cue = Cue(0.0, 1.0, "text", page=7)
    assert text_link(on_arxiv, cue) == "https://arxiv.org/pdf/1706.03762#page=7"
    assert text_link(here, cue) == "file:///papers/%E8%AE%BA%E6%96%87.pdf#page=7"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0:00"), (59.9, "0:59"), (754.2, "12:34"), (3723.0, "1:02:03"), (None, None)]
)
def test_times_have_hours_only_from_an_hour_on(seconds: float | None, text: str | None) -> None:
    assert timestamp(seconds) == text
