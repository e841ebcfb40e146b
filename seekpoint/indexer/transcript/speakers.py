"""Who speaks: names before what is said, as in `Ann: Welcome.`, where the same ones come back over a transcript."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import pairwise
from math import isfinite
from typing import NamedTuple

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Cue

# At the beginning of a line: the mark of another speaker, and what may be a name, which WhisperX puts in brackets.
_LABEL = re.compile(
    r"^[ \t]*(?P<mark>>{2,3}|[-–—](?=[ \t]))?[ \t]*"
    r"(?:\[?(?P<name>\w[^:：\]\n“”\"!?;，。！？；]{0,59}?)[ \t]{0,9}\]?(?::(?=\s|\Z)|：)[ \t]*)?",
    re.MULTILINE,
)
# One to four words in capitals or title case, a number and a remark in brackets after them; or up to eight characters
# of a script without case.
_WORD = r"(?:[A-Z\u00c0-\u00de\u0370-\u03ff\u0400-\u042f][\w.'’&/-]*|de|da|del|di|van|von|der|la|le|el|bin|al)"
_NAME = re.compile(
    rf"{_WORD}(?: {_WORD}){{0,3}}(?: #?\d{{1,3}})?(?: ?[(（][^()（）]*[)）])?|[^\W\d_a-zA-Z]{{1,8}}[\d·]{{0,2}}"
)
_NUMBER = re.compile(r" ?#?\d{1,3}\Z")
# Words before a colon that name nobody.
_NO_NAME = re.compile(
    r"(?:questions?|answers?|notes?|steps?|examples?|tips?|hint|warning|remark|remember|part|chapter|section|case|option|"
    r"problem|solution|theorem|lemma|proof|definition|figure|slide|input|output|results?|source|subtitles?|captions?|"
    r"title|time|date|translator|reviewer|transcriber)\b.*|q|a|first|second|third|finally|now|so|and"
    r"|[问問答注例]|.*[说說是为為了的]|(?:步骤|步驟|第|字幕|翻译|翻譯|校对|校對|审核).*"
    r"|比如|例如|注意|问题|問題|答案|提示|首先|其次|最后|最後|所以|因此",
    re.IGNORECASE,
)
# The share of cues with a name from which every cue has its own, as in Zoom's transcripts. People choose these names,
# such as `jdoe`; what has more words in lower case is a sentence.
_EACH, _MOST_LOWER = 0.8, 2
_LOWER = re.compile(r"(?<!\S)[^\W\d_A-Z\u2e80-\uffff]")
# Where names stand at changes of speaker alone: the share of cues before the first name and between two, unless they
# are few; the share of names that come back among all that look like names.
_BEFORE, _BETWEEN, _FEW, _COMING_BACK = 0.05, 0.5, 5, 0.8
# The shares of names that differ from the one before, where names stand at changes of speaker.
_MOSTLY, _ALWAYS = 0.5, 0.9

_LONGEST_NAME = 80
# The id of an account, and what services write for someone whom they don't know.
_NOBODY = re.compile(r"|[\da-f]{8}-[\da-f]{4}-.*|unknown(?: speaker)?", re.IGNORECASE)


class _Label(NamedTuple):
    """A possible name at a place in a cue, empty after a mark alone; `is_marked` if it marks a new speaker."""

    cue: int
    name: str
    is_marked: bool
    start: int
    stop: int


def named(cues: Iterable[Cue]) -> Iterator[Cue]:
    """The cues with the names of who speaks, which leave the text; as they are where the source says who speaks.

    A cue in which several speak is divided. Where names stand at changes of speaker, each holds up to the next one.
    """
    held = list(cues)
    unnamed = () if any(cue.speaker for cue in held) else held
    labels = []
    for number, cue in enumerate(unnamed):
        for match in _LABEL.finditer(cue.text):
            is_marked = (match["mark"] or "").startswith(">")
            if match["name"] or is_marked:
                labels.append(_Label(number, clean(match["name"] or ""), is_marked, match.start(), match.end()))
    possible = {name for name in {label.name for label in labels} if name and not _NO_NAME.fullmatch(name)}
    likely = set(filter(_NAME.fullmatch, possible))
    spoken, holds = _names([label for label in labels if label.name in possible], likely, len(held))
    names = {name: speaker_name(name) for name in spoken}
    if not names:
        yield from held
        return
    speaker, place = None, 0
    for number, cue in enumerate(held):
        speaker, first, unsaid = speaker if holds else None, 0, 0
        while place < len(labels) and labels[place].cue == number:
            label, place = labels[place], place + 1
            if label.name in names or label.name in likely or not label.name:
                yield from part_of(cue, first, label.start, speaker, unsaid)
                speaker, first = names.get(label.name), label.start
                unsaid = label.stop - first if label.name in names else 0
        yield from part_of(cue, first, len(cue.text), speaker, unsaid)


def _names(labels: Sequence[_Label], likely: Set[str], cues: int) -> tuple[Set[str], bool]:
    """The names that are those of speakers, and whether each holds up to the next one; none where that is in doubt."""
    counts = Counter(label.name for label in labels)
    short = {name for name in counts if len(_LOWER.findall(name)) <= _MOST_LOWER}
    with_name = len({label.cue for label in labels if label.name in short})
    if with_name >= _EACH * cues and 2 * len(counts) <= counts.total():
        return {name for name in counts if name in likely or counts[name] > 1}, _changing(labels) > _ALWAYS
    marked = {label.name for label in labels if label.is_marked and label.name.isupper()}
    like_names = [label for label in labels if label.name in likely]
    several = {name for name in likely if counts[name] > 1}
    # `MAN 2`, said once, is one of those who come back where `MAN` does, or both `MAN 1` and `MAN 3`.
    families = Counter(_NUMBER.sub("", name) for name in several)
    families.update(dict.fromkeys(several, 2))
    back = [each for each in like_names if each.name in several or families[_NUMBER.sub("", each.name)] > 1]
    places = [label.cue for label in back] + [cues]
    if (
        len({label.name for label in back}) > 1
        and places[0] <= max(_FEW, _BEFORE * cues)
        and max(after - before for before, after in pairwise(places)) <= max(_FEW, _BETWEEN * cues)
        and len(back) >= _COMING_BACK * len(like_names)
        and _changing(back) >= _MOSTLY
    ):
        nobody = set(filter(_NOBODY.fullmatch, counts))
        return marked | nobody | {label.name for label in back}, True
    return marked, False


def _changing(labels: Sequence[_Label]) -> float:
    """The share of names that differ from the one before."""
    changes = sum(before.name != after.name for before, after in pairwise(labels))
    return changes / max(len(labels) - 1, 1)


def part_of(cue: Cue, start: int, stop: int, speaker: str | None, unsaid: int = 0) -> Iterator[Cue]:
    """Part of a cue, said by one speaker, without `unsaid` characters of a name; time passes evenly over the cue."""
    text, seconds = cue.text[start + unsaid : stop], cue.end - cue.start
    if not text.strip():
        return
    if stop - start < len(cue.text) and isfinite(seconds):
        begin, end = (round(cue.start + seconds * offset / len(cue.text), 3) for offset in (start, stop))
        cue = cue._replace(start=begin, end=end)
    yield cue._replace(text=text, speaker=speaker)


def speaker_name(text: str) -> str | None:
    """The name of a speaker, in one line and not too long; `None` for an id of an account, and for `Unknown`."""
    name = clean(clean(text)[:_LONGEST_NAME])
    return None if _NOBODY.fullmatch(name) else name
