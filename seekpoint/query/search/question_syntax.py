"""The marks in a question: quotation marks for a phrase, a minus before a word to leave it out.

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

# Terms of a question that tell a place where they are said one after the other: three words, or four characters.
_TELLING = 3
# A letter or digit of a script with spaces. A mark after one opens nothing: it is an apostrophe, or inches.
_LETTER = rf"[\p{{L}}\p{{N}}--[{UNSPACED}]]"
# Pairs of marks: the opening one, characters that can't stand between, the closing ones.
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
# Compiled where a question has marks: it takes 5 ms.
_MARKED = rf"(?<!\S)(?P<minus>[-－])(?:{_WORD}|{_QUOTED})|{_QUOTED}"
_MARK = regex.compile(r"(?<!\S)[-－](?=[\p{L}\"“”„«»「『｢＂‘])|[\"“”„«»「」『』｢｣＂‘]", regex.V1)
_STRAIGHT = '"＂'
_SPACES = regex.compile(r"\s+")


class QuestionSyntax(NamedTuple):
    """A question without its marks, its phrases, and its exclusions.

    `may_stress`: all phrases are in typographic marks, in which people also put words that they only stress.
    """

    text: str
    phrases: tuple[Pattern, ...] = ()
    excluded: tuple[Pattern, ...] = ()
    may_stress: bool = False

    @property
    def whole(self) -> Pattern | None:
        """The question as a phrase, if it has enough words to tell a place, and no marks."""
        pattern = None if self.phrases or self.excluded else Pattern.of(self.text)
        return pattern if pattern and len(pattern.terms) >= _TELLING else None


@lru_cache(maxsize=16)
def read_syntax(question: str) -> QuestionSyntax:
    """Read the marks in a question; raises UsageError where it only leaves words out."""
    if len(question) > LONGEST_QUESTION or MARKS.isdisjoint(question):
        return QuestionSyntax(question)
    phrases, excluded = dict[Pattern, None](), dict[Pattern, None]()
    marks = set[str]()

    def unmarked(mark: regex.Match[str]) -> str:
        said = str(mark["said"] or mark["word"])
        marks.update(() if mark["minus"] else mark[0][0])
        (excluded if mark["minus"] else phrases)[Pattern.of(said, stemmed=bool(mark["word"]))] = None
        return "" if mark["minus"] else said

    text = regex.sub(_MARKED, unmarked, question, flags=regex.V1)
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
