"""Answers that the tests of several formats render."""

from __future__ import annotations

import json
from dataclasses import replace

from pydantic import TypeAdapter

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Kind, Resource
from seekpoint.query.answers import Answer, Confidence, Explanation, Moment, Translation, Window

VIDEO = Resource(
    "wjZofJX0v4M",
    Kind.VIDEO,
    "什么是注意力",
    "https://www.youtube.com/watch?v=wjZofJX0v4M",
    (("Attention", "Masks"), ("More",)),
)
VIDEO_MOMENT = Moment(
    rank=1,
    score=0.83,
    resource=VIDEO,
    language="zh",
    start=754.2,
    end=801.0,
    quote="现在讲掩码 and masks, not 3 * 4",
    link="https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s",
    marks=((3, 5), (10, 15)),
    chapter="掩码",
)
RECORDING_MOMENT = replace(
    VIDEO_MOMENT,
    rank=2,
    resource=Resource("0123456789ab", Kind.RECORDING, "Why masks?", "file:///home/ada/my%20talks/masks.ogg"),
    link="file:///home/ada/my%20talks/masks.ogg#t=12",
    language="en",
    start=12.9,
    quote="a mask hides the future",
    marks=((2, 6),),
    chapter=None,
)
PAPER_MOMENT = replace(
    RECORDING_MOMENT,
    rank=3,
    resource=Resource("ba9876543210", Kind.PAPER, "Attention [Is] All You Need", "https://arxiv.org/abs/1706.03762"),
    link="https://arxiv.org/pdf/1706.03762#page=3",
    start=None,
    end=None,
    page=3,
)
ANSWER = Answer("什么是掩码？", Confidence.HIGH, (VIDEO_MOMENT, RECORDING_MOMENT, PAPER_MOMENT))
EXPLANATION = Explanation(
    meaning=0.42,
    words=0.1,
    share=0.55,
    stands_in=True,
    matched=("Masks", "掩码"),
    translated=(Translation("掩码", ("mask", "masks")), Translation("自注意力", ("self", "attention"))),
    windows=(Window(8.2, 38.2, 0.5), Window(3570.0, 3660.0, 0.375)),
)
HOSTILE = [
    "<script>alert(1)</script>",
    "](javascript:alert(1)) [x",
    "![x](https://evil.example/pixel.png)",
    "a*b_c`d`~~e~~ $f$ &lt; \\",
    "`code` ``",
    "- item",
    "1. item",
    "# heading #",
    "===",
    "> quote",
    "| a | b |",
    "| - | - |",
    "line\n\n<img src=x onerror=alert(1)>",
    "\x1b[31m\u202eevil",
    "<https://evil.example>",
    "[ref]: https://evil.example",
    "***",
    "+1",
    "C#",
    "「注意力」**",
]


def hostile_answer(text: str) -> Answer:
    """An answer that has the text as its question and in every field of its moments."""
    resource = Resource("x", Kind.VIDEO, text, "https://e.org/v", ((text, text), (text,)))
    quote = clean(text)
    moment = Moment(
        1, 0.5, resource, "en", 1.0, 2.0, quote, "https://e.org/v#t=1", ((0, len(quote)),), text, speaker=text
    )
    return Answer(text, Confidence.HIGH, (moment, replace(moment, rank=2, marks=())))


def assert_valid(form: type, document: object) -> None:
    """Assert that a JSON document has a form, down to the order of its keys, and nothing beside it."""
    adapter = TypeAdapter[object](form)
    printed = json.dumps(document)
    kept = adapter.dump_json(adapter.validate_json(printed))
    assert json.loads(kept, object_pairs_hook=list) == json.loads(printed, object_pairs_hook=list)
