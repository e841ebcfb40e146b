"""Text from outside, made safe to store and to show."""

from __future__ import annotations

import pytest

from seekpoint.index.text.clean import clean, printable


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain words", "plain words"),
        ("  a \t b\r\n\n c　d  ", "a b c d"),
        ("注意力\u3000机制", "注意力 机制"),
        ("\x1b[31mred\x1b[0m and \x9b1mbold", "red and bold"),
        ("a\x00b\x07c\x7f", "abc"),
        ("\u202egnp.exe\u202c\u2066x\u2069", "gnp.exex"),
        ("\ufeffWEBVTT\u200b\u00ad", "WEBVTT"),
        ("a \x00 b", "a b"),
        ("\ud800half", "half"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d💻 नमस्ते ภาษาไทย 한국어", "👩\u200d💻 नमस्ते ภาษาไทย 한국어"),
        ("line\u2028separator\u2029here", "line separator here"),
        ("\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "]8;;http://evil\\click]8;;\\"),
        ("", ""),
        (" \x00 ", ""),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
    assert clean(cleaned) == cleaned


def test_printable_keeps_every_other_character_in_its_place() -> None:
    assert printable("两个  空格 stay") == "两个  空格 stay"
    assert printable("a\nb\x1bc\u202ed") == "abcd"
