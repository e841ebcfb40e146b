"""TextTiling (Hearst 1997) as nltk has it, for recordings: boundaries in seconds."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import regex

from seekpoint.index.text.content_words import function_words
from seekpoint.index.text.cue_text import CueText
from seekpoint.indexer.transcript.segmentation import LEAST

# nltk's default number of words in a sequence, between which the gaps lie.
_SEQUENCE = 20
_WORD = regex.compile(r"\w+")


def text_tiling(said: CueText, count: int | None) -> list[float]:
    """The seconds of so many boundaries, those of the deepest gaps, or of those that nltk finds."""
    from nltk.tokenize import TextTilingTokenizer  # type: ignore[import-untyped]

    # Each sentence is a paragraph, to which nltk moves its boundaries; it needs a break every 100 characters or so.
    offsets = sorted({0, *said.sentences(is_opening=True)})
    text = "\n\n".join(said.text[first:stop] for first, stop in zip(offsets, [*offsets[1:], None], strict=True))
    tiler = TextTilingTokenizer(w=_SEQUENCE, stopwords=function_words(), demo_mode=count is not None)
    tiler.MAX_TEXT_LEN = len(text)
    if count is None:
        ends = accumulate(len(part) for part in tiler.tokenize(text))
        return [said.second_at(_offset(text, end)) for end in list(ends)[:-1]]
    *_, depths, _ = tiler.tokenize(text)
    words = [found.start() for found in _WORD.finditer(said.text)]
    chosen: list[float] = [0.0]
    for gap in np.argsort(-np.asarray(depths)):
        second = said.second_at(words[min((int(gap) + 1) * _SEQUENCE, len(words) - 1)])
        if len(chosen) <= count and all(abs(second - one) >= LEAST for one in chosen):
            chosen.append(second)
    return sorted(chosen[1:])


def _offset(text: str, end: int) -> int:
    """An offset of the text with breaks, in the text without them."""
    before = text[:end]
    return (
        len(before.replace("\n\n", " ")) if not before.endswith("\n") else len(before.rstrip().replace("\n\n", " ")) + 1
    )
