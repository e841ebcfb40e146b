"""Text fragments: the part of a link that makes a browser find a passage on a page, scroll to it and highlight it.

The rules are those of https://wicg.github.io/scroll-to-text-fragment/ as Chromium implements them. It takes the first
match of a phrase, ignoring case and accents. A phrase must lie within one block and, in preformatted text, on one line,
and must begin and end at ICU's word boundaries. In scripts without spaces ICU finds words with a dictionary, so only
punctuation and a change of script are certain to be boundaries.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice
from urllib.parse import quote

from seekpoint.index.text.clean import CELL_BREAK, INDENT, LINE_BREAK

# Characters of a directive, so that links stay short; a Chinese character takes nine when encoded.
_LONGEST = 300
# The next three are in half words; in scripts without spaces a character counts as half a word.
# Menus and tables of contents aren't among a page's sentences; they seldom repeat a phrase of this length.
_ENOUGH = 8
# Enough for a sentence that is no longer, and for a phrase within one line.
_FEWEST = 6
# A passage up to this length is one phrase; a longer one is given by its first and its last phrase.
_SHORT = 20
# Phrases for plain text: they follow each other, so a line break falls into one, or two if lines are short.
_LINES = 3
# Attempts for a phrase: on a page of repetitions more would take seconds.
_MOST_TRIES = 500

_WIDE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fff\u3040-\u30ff\u31f0-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
_HALF_WORD = re.compile(f"[{_WIDE}]")
_JOINT = re.compile(
    rf"\s+|(?<=[^\w\s{_WIDE}])(?=[{_WIDE}])|(?<=[{_WIDE}])(?=[A-Za-z0-9(（「『“《])|(?<=[A-Za-z0-9])(?=[{_WIDE}])"
)
# A phrase contains no formula, which is rendered in other characters, no break between cells or lines of code, and no
# several spaces.
_GAP = r"\$\$?[^$]+\$\$?|\\\(.+?\\\)|\\\[.+?\\\]|\S*\\\S*" + f"|[{CELL_BREAK.strip()}{LINE_BREAK.strip()}{INDENT}]"
_GAPS = re.compile(_GAP)
# In a script without spaces, a space is a line break.
_GAPS_IN_LINES = re.compile(rf"{_GAP}|(?<=[{_WIDE}])\s|\s(?=[{_WIDE}])")
_QUOTES = str.maketrans("‘’‚‛“”„‟", "''''\"\"\"\"")
_JOINERS = "\u200c\u200d"


def text_fragment(texts: Sequence[str], first: int) -> str:
    """The directive `text=start,end`, or `text=start`, for the passage from `texts[first]` on.

    `texts` are the page's sentences as they are rendered, from its beginning to the end of the passage, each within one
    block. The result is empty if every phrase of the passage also occurs before it.
    """
    earlier = _folded("\n".join(texts[:first]))
    for number in range(first, len(texts)):
        if start := _phrase(texts[number], earlier):
            return _directive(texts[number:], start)
        earlier += "\n" + _folded(texts[number])
    return _with_prefix(texts, first)


def line_fragments(texts: Sequence[str], first: int) -> str:
    """As `text_fragment`, for plain text, in which lines may break anywhere: short phrases, one of which matches."""
    earlier = _folded("\n".join(texts[:first]))
    phrases: list[str] = []
    for text in texts[first:]:
        stop = 0
        for span in _phrases(text, earlier, _GAPS_IN_LINES, (_FEWEST, _FEWEST), _LONGEST // _LINES):
            if span.start >= stop:
                stop = span.stop
                phrases.append(f"text={_escaped(text[span])}")
        earlier += "\n" + _folded(text)
    return "&".join(phrases[:_LINES])


def _directive(passage: Sequence[str], start: slice[int, int]) -> str:
    text = passage[0]
    whole = _trimmed(text, start.start, len(text))
    is_short = _half_words(text[whole.start :]) <= _SHORT and not _GAPS.search(text, whole.start)
    phrase = f"text={_escaped(text[whole])}"
    if len(passage) == 1 and is_short and len(phrase) <= _LONGEST:
        return phrase
    beginning = f"text={_escaped(text[start])}"
    rest = [text[start.stop :], *passage[1:]]
    for number in reversed(range(len(rest))):
        before = _folded("\n".join(rest[:number]))
        if end := _phrase(rest[number], before, _LONGEST - len(beginning), from_end=True):
            return f"{beginning},{_escaped(rest[number][end])}"
    return beginning


def _with_prefix(texts: Sequence[str], first: int) -> str:
    """The directive `text=prefix-,start` for a sentence that occurs earlier too: the prefix ends the one before it."""
    start = _phrase(texts[first], "", fewest=1)
    end = _phrase(texts[first - 1], "", fewest=1, from_end=True) if first else None
    if not start or not end:
        return ""
    before, phrase = texts[first - 1][end.start :], texts[first][: start.stop]
    if _folded(f"{before}\n{phrase}") in _folded("\n".join(texts[:first])):
        return ""
    directive = f"text={_escaped(before)}-,{_escaped(phrase)}"
    return directive if len(directive) <= _LONGEST else ""


def _phrase(
    text: str, earlier: str, longest: int = _LONGEST, fewest: int = _FEWEST, *, from_end: bool = False
) -> slice[int, int] | None:
    return next(_phrases(text, earlier, _GAPS, (_ENOUGH, fewest), longest, from_end=from_end), None)


def _phrases(
    text: str, earlier: str, gaps: re.Pattern[str], least: tuple[int, int], longest: int, *, from_end: bool = False
) -> Iterator[slice[int, int]]:
    """Phrases that don't occur earlier on the page, from the beginning of the text or from its end."""
    # The words between the gaps, section by section: the smallest spans that a phrase may begin and end with.
    sections, first = [], 0
    for stop, following in [*(gap.span() for gap in gaps.finditer(text)), (len(text), len(text))]:
        joints = [gap.span() for gap in _JOINT.finditer(text, first, stop)]
        starts, stops = [first, *(end for _, end in joints)], [*(start for start, _ in joints), stop]
        sections.append(list(zip(starts, stops, strict=True)))
        first = following
    for words in reversed(sections) if from_end else sections:
        for span in islice(_spans(text, words, least, longest, from_end), _MOST_TRIES):
            phrase = _folded(text[span])
            if phrase not in earlier and phrase not in _folded(text[: span.stop])[:-1]:
                yield span


def _spans(
    text: str, words: Sequence[tuple[int, int]], least: tuple[int, int], longest: int, from_end: bool
) -> Iterator[slice[int, int]]:
    """Phrases by increasing length, for each word that they may begin with (or end with, `from_end`).

    They have at least `least[0]` half words (`least[1]` for a phrase of all words), and at most `longest` characters
    when they're encoded.
    """
    count = len(words)
    for fixed in reversed(range(count)) if from_end else range(count):
        for grown in reversed(range(fixed + 1)) if from_end else range(fixed, count):
            first, last = sorted((fixed, grown))
            span = _trimmed(text, words[first][0], words[last][1])
            if len(_escaped(text[span])) > longest - len("text=,"):
                break
            if _half_words(text[span]) >= least[last - first + 1 == count]:
                yield span


def _trimmed(text: str, start: int, stop: int) -> slice[int, int]:
    """The span without punctuation and symbols at its ends: their spelling varies, and word boundaries exclude them."""
    while start < stop and not _is_word_character(text[start]):
        start += 1
    end = stop
    while start < end and not _is_word_character(text[end - 1]):
        end -= 1
    while start < end < stop and (text[end] in _JOINERS or unicodedata.category(text[end])[0] == "M"):
        end += 1
    return slice(start, end)


def _is_word_character(character: str) -> bool:
    return character.isalnum() or character == "_"


def _half_words(text: str) -> int:
    spaced, count = _HALF_WORD.subn(" ", text)
    return count + 2 * sum(any(map(str.isalnum, word)) for word in spaced.split())


def _folded(text: str) -> str:
    """The text as the browser compares it: without case, accents, width and kinds of quotes."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.translate(_QUOTES))
    marks = {ord(part): None for part in set(parts) if unicodedata.category(part)[0] == "M"}
    return parts.translate(marks).casefold()


def _escaped(phrase: str) -> str:
    return quote(phrase, safe="").replace("-", "%2D")
