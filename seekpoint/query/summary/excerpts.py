"""What is said around moments, as much of it as a language model is given. All pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Cue, Transcript
from seekpoint.query.answers import Moment
from seekpoint.query.filters import in_language
from seekpoint.query.token_budget import shortened

MOST_EXCERPTS = 5
"""How many moments are cited: the first ones."""

# Seconds before a moment, and from it on; for texts, seconds of reading.
_BEFORE, _AFTER = 10.0, 45.0
# Five of these, the rules and the answer fit into 4,096 tokens, which is what local servers give a model by default.
_MOST_TOKENS = 500
_TITLE_TOKENS = 50


class Excerpt(NamedTuple):
    """What is said around the moment of a rank."""

    rank: int
    title: str
    text: str


def excerpts(moments: Iterable[Moment], transcripts: Callable[[str], Sequence[Transcript]]) -> Iterator[Excerpt]:
    """An excerpt for each of the first moments; `transcripts` gives those of a resource by its id."""
    for moment in list(moments)[:MOST_EXCERPTS]:
        transcript = in_language(transcripts(moment.resource.id), moment.language)
        text = _around(moment, transcript.cues if transcript else ())
        title = shortened(clean(moment.resource.title), _TITLE_TOKENS)
        yield Excerpt(moment.rank, title, shortened(text, _MOST_TOKENS))


def _around(moment: Moment, cues: Sequence[Cue]) -> str:
    first, stop = moment.cues
    if not cues[first:stop]:
        return clean(moment.quote)
    start = cues[first].start
    low = min(first, bisect_left(cues, start - _BEFORE, key=lambda cue: cue.start))
    high = max(stop, bisect_left(cues, start + _AFTER, key=lambda cue: cue.start))
    return clean(" ".join(cue.text for cue in cues[low:high]))
