"""Text fragments: the part of a link that makes a browser find a passage on a page, scroll to it and mark it.

The rules are those of https://wicg.github.io/scroll-to-text-fragment/ as Chromium keeps them: it takes the first place
where a phrase stands, whatever its case and accents; a phrase lies within one block and, where text is preformatted,
on one line; it begins and ends where ICU sees a word begin and end. Where words aren't spaced, ICU knows them from a
dictionary, so that only punctuation and a change of script are sure to be such places.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple
from urllib.parse import quote

from seekpoint.index.text.clean import CELL_BREAK, LINE_BREAK

# Characters of a directive, that links stay handy; a Chinese character takes nine.
_LONGEST = 300
# What follows is in half words; where words aren't spaced, a character counts as half a word.
# Menus and tables of contents, which aren't among a page's sentences, seldom hold so much of one by accident.
_ENOUGH = 8
# This will do for a sentence that has no more, and within one line.
_FEWEST = 6
# What is no longer is one phrase, not a first and a last one.
_SHORT = 20
# A sentence's phrases follow each other, so that a line's end breaks one of them, two where lines are very short.
_LINES = 3
# Where nothing but repetitions follow, to look at more would take seconds.
_MOST_TRIES = 500

_WIDE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fff\u3040-\u30ff\u31f0-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
_HALF_WORD = re.compile(f"[{_WIDE}]")
_JOINT = re.compile(
    rf"\s+|(?<=[^\w\s{_WIDE}])(?=[{_WIDE}])|(?<=[{_WIDE}])(?=[A-Za-z0-9(（「『“《])|(?<=[A-Za-z0-9])(?=[{_WIDE}])"
)
# No phrase holds a formula, which is drawn in other characters, or what stands between cells or lines of code.
_GAP = r"\$\$?[^$]+\$\$?|\\\(.+?\\\)|\\\[.+?\\\]|\S*\\\S*" + f"|[{CELL_BREAK.strip()}{LINE_BREAK.strip()}]"
_GAPS = re.compile(_GAP)
# A line's end shows as a space, where the script has none.
_GAPS_IN_LINES = re.compile(rf"{_GAP}|(?<=[{_WIDE}])\s|\s(?=[{_WIDE}])")
_QUOTES = str.maketrans("‘’‚‛“”„‟", "''''\"\"\"\"")
_JOINERS = "\u200c\u200d"


class _Span(NamedTuple):
    start: int
    stop: int


def text_fragment(texts: Sequence[str], first: int) -> str:
    """The directive `text=start,end` that finds the passage from `texts[first]` on, or `text=start` of it.

    `texts` are a page's sentences from its beginning to the passage's end, as they are rendered, each within one block.
    Empty where nothing in the passage can be told from what stands before it.
    """
    earlier = _folded("\n".join(texts[:first]))
    for number in range(first, len(texts)):
        if start := _first_phrase(texts[number], earlier):
            return _directive(texts[number:], start)
        earlier += "\n" + _folded(texts[number])
    return _after_another(texts, first)


def line_fragments(texts: Sequence[str], first: int) -> str:
    """As `text_fragment`, for plain text, whose lines may end anywhere: the first of some short phrases counts."""
    earlier = _folded("\n".join(texts[:first]))
    phrases: list[str] = []
    for text in texts[first:]:
        stop = 0
        for span in _phrases(text, earlier, _GAPS_IN_LINES, (_FEWEST, _FEWEST), _LONGEST // _LINES):
            if span.start >= stop:
                stop = span.stop
                phrases.append(f"text={_encoded(text, span)}")
        earlier += "\n" + _folded(text)
    return "&".join(phrases[:_LINES])


def _directive(passage: Sequence[str], start: _Span) -> str:
    text = passage[0]
    whole = _trimmed(text, _Span(start.start, len(text)))
    short = _measure(text[whole.start :]) <= _SHORT and not _GAPS.search(text, whole.start)
    phrase = f"text={_encoded(text, whole)}"
    if len(passage) == 1 and short and len(phrase) <= _LONGEST:
        return phrase
    beginning = f"text={_encoded(text, start)}"
    rest = [text[start.stop :], *passage[1:]]
    for number in reversed(range(len(rest))):
        before = _folded("\n".join(rest[:number]))
        if end := _last_phrase(rest[number], before, _LONGEST - len(beginning)):
            return f"{beginning},{_encoded(rest[number], end)}"
    return beginning


def _after_another(texts: Sequence[str], first: int) -> str:
    """The directive for a sentence that can't be told from an earlier one: after the end of what stands before it."""
    start = _first_phrase(texts[first], "", fewest=1)
    end = _last_phrase(texts[first - 1], "", _LONGEST, fewest=1) if first else None
    if not start or not end:
        return ""
    before, phrase = texts[first - 1][end.start :], texts[first][: start.stop]
    if _folded(f"{before}\n{phrase}") in _folded("\n".join(texts[:first])):
        return ""
    directive = f"text={_escaped(before)}-,{_escaped(phrase)}"
    return directive if len(directive) <= _LONGEST else ""


def _first_phrase(text: str, earlier: str, fewest: int = _FEWEST) -> _Span | None:
    return next(_phrases(text, earlier, _GAPS, (_ENOUGH, fewest), _LONGEST), None)


def _last_phrase(text: str, earlier: str, longest: int, fewest: int = _FEWEST) -> _Span | None:
    return next(_phrases(text, earlier, _GAPS, (_ENOUGH, fewest), longest, from_end=True), None)


def _phrases(
    text: str, earlier: str, gaps: re.Pattern[str], least: tuple[int, int], longest: int, *, from_end: bool = False
) -> Iterator[_Span]:
    """Phrases that stand nowhere before, from the beginning of the text or from its end on."""
    sections = list(_sections(text, gaps))
    for words in reversed(sections) if from_end else sections:
        for span in islice(_spans(text, words, least, longest, from_end), _MOST_TRIES):
            phrase = _folded(text[slice(*span)])
            if phrase not in earlier and phrase not in _folded(text[: span.stop])[:-1]:
                yield span


def _sections(text: str, gaps: re.Pattern[str]) -> Iterator[list[_Span]]:
    """Between the gaps, the smallest spans that a phrase may begin and end with."""
    first = 0
    for stop, following in [*(found.span() for found in gaps.finditer(text)), (len(text), len(text))]:
        joints = [found.span() for found in _JOINT.finditer(text, first, stop)]
        starts, stops = [first, *(end for _, end in joints)], [*(start for start, _ in joints), stop]
        yield [_Span(*ends) for ends in zip(starts, stops, strict=True)]
        first = following


def _spans(text: str, words: Sequence[_Span], least: tuple[int, int], longest: int, from_end: bool) -> Iterator[_Span]:
    """Phrases, each fixed at one end and growing.

    They hold as many half words as `least` says, its second number for all words together, and at most so many
    characters when they're encoded.
    """
    count = len(words)
    for fixed in reversed(range(count)) if from_end else range(count):
        for grown in reversed(range(fixed + 1)) if from_end else range(fixed, count):
            first, last = sorted((fixed, grown))
            span = _trimmed(text, _Span(words[first].start, words[last].stop))
            if len(_encoded(text, span)) > longest - len("text=,"):
                break
            if _measure(text[slice(*span)]) >= least[last - first + 1 == count]:
                yield span


def _trimmed(text: str, span: _Span) -> _Span:
    """Without punctuation and symbols at its ends: there are several ways to write them, and words end before them."""
    start, stop = span
    while start < stop and not _is_of_word(text[start]):
        start += 1
    end = stop
    while start < end and not _is_of_word(text[end - 1]):
        end -= 1
    while start < end < stop and (text[end] in _JOINERS or unicodedata.category(text[end])[0] == "M"):
        end += 1
    return _Span(start, end)


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _measure(text: str) -> int:
    spaced, half_words = _HALF_WORD.subn(" ", text)
    return half_words + 2 * sum(any(map(str.isalnum, word)) for word in spaced.split())


def _folded(text: str) -> str:
    """The text as the browser compares it: without case, accents, marks of width, and kinds of quotes."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.translate(_QUOTES))
    marks = {ord(part): None for part in set(parts) if unicodedata.category(part)[0] == "M"}
    return parts.translate(marks).casefold()


def _encoded(text: str, span: _Span) -> str:
    return _escaped(text[slice(*span)])


def _escaped(phrase: str) -> str:
    return quote(phrase, safe="").replace("-", "%2D")
