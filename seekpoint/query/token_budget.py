"""Estimates of tokens, for limits on texts for language models: every model has its own tokenizer."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, chain, repeat

from seekpoint.index.text.clean import clean

# Tokens of a character, for the median of five tokenizers: o200k, Qwen, Llama 3, DeepSeek V3 and Mistral's tekken. Of
# 370 results in English, Chinese or both they count .93, 1.00, .95, .94 and 1.03 times the estimate (medians; at most
# 1.10, 1.09, 1.06, 1.01 and 1.25 times), and the median of them .96 times; in 22 other languages it's .6 to 1.25 times.
_WEIGHTS = {"letter": 0.205, "digit": 1.0, "mark": 0.75, "foreign": 0.45, "wide": 0.85, "rare": 2.0}
_RUN = re.compile(
    r"(?P<letter>[A-Za-z ]+)|(?P<digit>[0-9]+)|(?P<mark>[\x00-\x7f])"
    r"|(?P<foreign>[\u0080-\u07ff]+)|(?P<wide>[\u0800-\uffff]+)|(?P<rare>.)",
    re.DOTALL,
)
_ELLIPSIS = "…"
_ESCAPED = '"\\'


def tokens(text: str) -> float:
    """Estimate the tokens of a text."""
    return sum(weight * count for weight, count in _runs(text))


def shortened(text: str, most: float) -> str:
    """The text; if it takes more than `most` tokens in JSON, as much of its beginning as fits, and an ellipsis."""
    weights = chain.from_iterable(repeat(*run) for run in _runs(text))
    totals = list(accumulate(2 * w if letter in _ESCAPED else w for letter, w in zip(text, weights, strict=True)))
    if not totals or totals[-1] <= most:
        return text
    length = bisect_right(totals, most - _WEIGHTS["wide"])
    return text[:length].rstrip() + _ELLIPSIS if length else ""


def quotable(text: str, most: float) -> str:
    """Text from a source, without control characters and shortened to `most` tokens."""
    return shortened(clean(text), most)


def _runs(text: str) -> Iterator[tuple[float, int]]:
    """The weight and length of each run of characters of one kind."""
    for run in _RUN.finditer(text):
        yield _WEIGHTS[run.lastgroup or "rare"], run.end() - run.start()
