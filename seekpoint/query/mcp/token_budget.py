"""How much text an assistant is given: tokens, estimated, for every model counts its own."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

MOST_TOKENS = 1900
"""What one answer to an assistant may take."""

# Measured with OpenAI's o200k and cl100k and Claude 2's tokenizer. They take at most 1.03 times as many on answers and
# windows of lectures, pages and papers in English and Chinese, and 1.2 on texts in sixteen other languages.
_WEIGHTS = {"letter": 0.3, "mark": 0.75, "foreign": 1.25, "wide": 1.4, "rare": 2.0}
_CHARACTER = re.compile(
    r"(?P<letter>[A-Za-z ])|(?P<mark>[\x00-\x7f])"
    r"|(?P<foreign>[\u0080-\u07ff])|(?P<wide>[\u2000-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef])|(?P<rare>.)",
    re.DOTALL,
)
_ELLIPSIS = "…"
_ESCAPED = '"\\'


def tokens(text: str) -> float:
    """Estimate how many tokens a language model reads a text as, rather too many than too few."""
    return sum(_weights(text))


def shortened(text: str, most: float) -> str:
    """The text, or as much of its beginning as `most` tokens hold in JSON, with an ellipsis that shows the cut."""
    reached = list(accumulate(map(_weight_in_json, text, _weights(text))))
    if not reached or reached[-1] <= most:
        return text
    kept = bisect_right(reached, most - _WEIGHTS["wide"])
    return text[:kept].rstrip() + _ELLIPSIS if kept else ""


def _weight_in_json(character: str, weight: float) -> float:
    return 2 * weight if character in _ESCAPED else weight


def _weights(text: str) -> list[float]:
    return [_WEIGHTS[found.lastgroup or "rare"] for found in _CHARACTER.finditer(text)]
