"""TextTiling (Hearst 1997) as nltk has it, for recordings: boundaries in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import regex

from seekpoint.index.text.terms import function_words
from seekpoint.index.text.transcript_text import CueText
from seekpoint.indexer.transcript.segmentation import LEAST

# nltk's default number of words in a sequence, between which the gaps lie.
_SEQUENCE = 20
# What nltk leaves of a text in lower case, and its words.
_KEPT, _WORD = regex.compile(r"[a-z\-' \n\t]"), regex.compile(r"\w+")


def text_tiling(said: CueText, count: int | None) -> list[float]:
    """The seconds of so many boundaries, those of the deepest gaps, or of those that nltk chooses.

    As nltk moves its boundaries to paragraphs, these are moved to the nearest beginnings of sentences.
    """
    depths, chosen = _gaps(said.text)
    order = np.argsort(-np.asarray(depths)) if count is not None else np.flatnonzero(chosen)
    sentences = np.array(sorted({0, *said.sentences(is_opening=True)}))
    offsets = _gap_offsets(said.text, len(depths))
    seconds: list[float] = [0.0]
    for gap in order:
        second = said.second_at(int(sentences[np.abs(sentences - offsets[gap]).argmin()]))
        is_apart = all(abs(second - one) >= (LEAST if count is not None else 0.01) for one in seconds)
        if is_apart and len(seconds) - 1 != count:
            seconds.append(second)
    return sorted(seconds[1:])


@lru_cache(maxsize=128)
def _gaps(text: str) -> tuple[Sequence[float], Sequence[int]]:
    """The depth of each gap between sequences, and whether nltk chooses it."""
    from nltk.tokenize import TextTilingTokenizer

    tiler = TextTilingTokenizer(w=_SEQUENCE, stopwords=function_words(), demo_mode=True)
    paragraphs = f"{text[:-1]}\n\n{text[-1:]}"  # it refuses a text without any break, and counts them for nothing else
    tiler.MAX_TEXT_LEN = len(paragraphs)
    *_, depths, chosen = tiler.tokenize(paragraphs)
    return depths, chosen


def _gap_offsets(text: str, gaps: int) -> list[int]:
    """The offset in the text of the word that follows each gap."""
    places = [place for place, character in enumerate(text.lower()) if _KEPT.match(character)]
    words = [places[word.start()] for word in _WORD.finditer("".join(text.lower()[place] for place in places))]
    return [words[min((gap + 1) * _SEQUENCE, len(words) - 1)] for gap in range(gaps)]
