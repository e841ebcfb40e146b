"""What the marks in a question ask for: quotation marks for a phrase, a minus before a word to leave it out.

A mark without its partner, an apostrophe, and a minus within a word or before a number are ordinary characters.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import regex

from seekpoint.index.errors import UsageError
from seekpoint.index.text.terms import UNSPACED
from seekpoint.query.search.literal import Pattern
from seekpoint.query.search.settings import LONGEST_QUESTION, MARKS

# A letter or digit of a script with spaces. A mark after one opens nothing: it is an apostrophe, or inches.
_LETTER = rf"[\p{{L}}\p{{N}}--[{UNSPACED}]]"
# What opens, what can't stand between, and what closes.
_PAIRS = (
    (rf'(?<!{_LETTER})"(?=\S)', r"\"", r"\""),
    ("“", r"“”\"", r"”\""),
    ("”", "“”", "”"),
    ("„", r"“”„\"", r"“”\""),
    *((opens, opens + closes, closes) for opens, closes in ("«»", "»«", "「」", "『』", "｢｣", "＂＂")),
)
_SINGLE = rf"(?<!{_LETTER})‘(?=[^‘’]*[\p{{L}}\p{{N}}])(?P<said>(?:[^‘’]|’(?={_LETTER}))*)’(?!{_LETTER})"
_QUOTED = "|".join(
    [rf"{opens}(?=[^{not_in}]*[\p{{L}}\p{{N}}])(?P<said>[^{not_in}]*)[{closes}]" for opens, not_in, closes in _PAIRS]
    + [_SINGLE]
)
_WORD = r"(?P<word>\p{L}[\p{L}\p{M}\p{N}]*(?:[-_.'’·]+[\p{L}\p{M}\p{N}]+)*)"
_MARKED = regex.compile(rf"(?<!\S)(?P<minus>[-－])(?:{_WORD}|{_QUOTED})|{_QUOTED}", regex.V1)
_MARK = regex.compile(r"(?<!\S)[-－](?=[\p{L}\"“”„«»「『｢＂‘])|[\"“”„«»「」『』｢｣＂‘]", regex.V1)
_STRAIGHT = '"＂'
_SPACES = regex.compile(r"\s+")


class QuestionSyntax(NamedTuple):
    """A question without its marks, the phrases that have to be said, and what must not be.

    `may_stress`: all phrases are in typographic marks, in which people also put words that they only stress.
    """

    text: str
    phrases: tuple[Pattern, ...] = ()
    excluded: tuple[Pattern, ...] = ()
    may_stress: bool = False


@lru_cache(maxsize=16)
def read_syntax(question: str) -> QuestionSyntax:
    """Read the marks in a question; raises UsageError where it only leaves words out."""
    if len(question) > LONGEST_QUESTION or MARKS.isdisjoint(question):
        return QuestionSyntax(question)
    phrases, excluded = dict[Pattern, None](), dict[Pattern, None]()
    marks = set[str]()

    def unmarked(found: regex.Match[str]) -> str:
        said = str(found["said"] or found["word"])
        marks.update(() if found["minus"] else found[0][0])
        (excluded if found["minus"] else phrases)[Pattern.of(said, stemmed=bool(found["word"]))] = None
        return "" if found["minus"] else said

    text = _MARKED.sub(unmarked, question)
    may_stress = bool(marks) and marks.isdisjoint(_STRAIGHT)
    if not excluded:
        return QuestionSyntax(text, tuple(phrases), may_stress=may_stress)
    text = _SPACES.sub(" ", text).strip()
    if not any(map(str.isalnum, text)):
        raise UsageError(
            f"the question only leaves words out ({question.strip()[:40]}): say what to find too, for instance "
            "`attention -mask`"
        )
    return QuestionSyntax(text, tuple(phrases), tuple(excluded), may_stress)


def without_marks(text: str) -> str:
    """A text that is asked as it is, such as a quote: without the marks that would mean something."""
    return str(_MARK.sub("", text))
