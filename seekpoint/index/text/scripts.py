"""What a script tells of a language; and traditional and simplified Chinese, two spellings of the same words."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from opencc import OpenCC

# Scripts that tell a language, the first that occurs: Japanese and Korean text has Chinese characters too.
_BY_SCRIPT = {
    "ja": regex.compile(r"[\p{Hiragana}\p{Katakana}]"),
    "ko": regex.compile(r"\p{Hangul}"),
    "zh": regex.compile(r"\p{Han}"),
    "th": regex.compile(r"\p{Thai}"),
    "he": regex.compile(r"\p{Hebrew}"),
    "el": regex.compile(r"\p{Greek}"),
}
# A question may quote a word in another script: so many letters outweigh one character of a script that says more.
_LETTERS_A_CHARACTER = 4
_LETTER = regex.compile(r"\p{L}")
_MOST_SPOKEN = "en"

_HAN, _HAN_RUN = regex.compile(r"\p{Han}"), regex.compile(r"\p{Han}+")
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")


def simplified(text: str) -> str:
    """The text with traditional Chinese characters made simplified, each in its place."""
    if not _HAN.search(text):
        return text
    converted = _converted(text)
    if len(converted) != len(text):  # a few phrases change their length
        converted = _HAN_RUN.sub(lambda run: _in_place(run[0]), text)
    return converted


def _in_place(run: str) -> str:
    converted = _converted(run)
    if len(converted) != len(run):
        converted = "".join(_converted(character)[:1] or character for character in run)
    return converted


def _converted(text: str) -> str:
    """As OpenCC has it, and nothing where half of a surrogate pair stands in a text."""
    with suppress(UnicodeEncodeError):
        converted: str = _converter().convert(text)
        return converted
    return ""


def language_of(text: str, guess: str | None) -> str:
    """The language of a question by its script; where that tells nothing, the guess, unless its script is another."""
    letters = len(_LETTER.findall(text))
    for language, script in _BY_SCRIPT.items():
        if len(script.findall(text)) * (1 + _LETTERS_A_CHARACTER) >= letters > 0 and script.search(text):
            return language
    return _MOST_SPOKEN if guess is None or guess in _BY_SCRIPT else guess


def in_one_script(question: str) -> str:
    """A Chinese question in simplified characters, so that both spellings get the same vector; Japanese as it is."""
    return question if _KANA.search(question) else simplified(question)


@cache
def _converter() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")
