"""Traditional and simplified Chinese: two spellings of the same words."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from opencc import OpenCC

_HAN = regex.compile(r"\p{Han}")
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")


def simplified(text: str) -> str:
    """The text with traditional Chinese characters made simplified, each in its place."""
    if not _HAN.search(text):
        return text
    converted: str = _converter().convert(text)
    if len(converted) != len(text):  # a few phrases change their length
        converted = "".join(_converter().convert(character)[:1] or character for character in text)
    return converted


def in_one_script(question: str) -> str:
    """A Chinese question in simplified characters, so that both spellings get the same vector; Japanese as it is."""
    return question if _KANA.search(question) else simplified(question)


@cache
def _converter() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")
