"""How much of an answer's own words the passages of `ask` show, for `benchmarks.reading shown`."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from seekpoint.index.store import Reader
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Cue
from seekpoint.query.evaluation.question_file import AnswerSpan

_MARK = re.compile(r"\[\d{1,2}[a-z]{1,2}(?: [^\]]*)?\] ?")


class ShownText(NamedTuple):
    """The text of a passage with its marks, from the cue of this number on."""

    resource_id: str
    language: str
    cue: int
    text: str


def share_shown(spans: Iterable[AnswerSpan], shown: Sequence[ShownText], reader: Reader) -> float:
    """The largest share of a span's letters that the passages show; 0 where none is of its recording."""
    return max((_share(span, shown, reader) for span in spans), default=0.0)


def _share(span: AnswerSpan, shown: Sequence[ShownText], reader: Reader) -> float:
    shares = [0.0]
    for language in {each.language for each in shown if each.resource_id == span.video_id}:
        (transcript,) = reader.transcripts(span.video_id, language)
        texts = [each for each in shown if (each.resource_id, each.language) == (span.video_id, language)]
        shares.append(_share_of_letters(span, transcript.cues, texts))
    return max(shares)


def _share_of_letters(span: AnswerSpan, cues: Sequence[Cue], shown: Iterable[ShownText]) -> float:
    said = [_letters(clean(cue.text)) for cue in cues]
    offsets = list(accumulate(map(len, said), initial=0))
    whole = "".join(said)
    starts = [cue.start for cue in cues]
    first, stop = offsets[bisect_left(starts, span.start)], offsets[bisect_left(starts, span.end)]
    covered = [False] * len(whole)
    for each in shown:
        for low, high in _places(each.text, whole, offsets[each.cue]):
            covered[low:high] = [True] * (high - low)
    return sum(covered[first:stop]) / max(stop - first, 1)


def _places(text: str, whole: str, begin: int) -> Iterator[tuple[int, int]]:
    """Where the text between two marks is in the transcript; raises ValueError if it isn't there."""
    for said in map(_letters, _MARK.split(text)):
        if said:
            begin = whole.index(said, begin)
            yield begin, begin + len(said)
            begin += len(said)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))
