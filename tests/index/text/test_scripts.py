"""Text from outside made safe to store and to show, in one script, and its language by its script."""

from __future__ import annotations

import pytest

from seekpoint.index.text.clean import clean, printable
from seekpoint.index.text.languages import in_one_script, language_of, simplified, to_embed


def test_chinese_is_simplified_and_every_character_keeps_its_place() -> None:
    for text, expected in (
        ("微調之後模型為什麼會忘記", "微调之后模型为什么会忘记"),
        ("what is 注意力機制?", "what is 注意力机制?"),
        ("微調\ud800之後", "微调\ud800之后"),
    ):
        assert simplified(text) == expected
    every_han = "".join(map(chr, range(0x3400, 0xA000)))
    assert len(simplified(every_han)) == len(every_han)
    assert simplified(f"{every_han}, 後來") == f"{simplified(every_han)}, 后来"


def test_japanese_keeps_its_own_characters() -> None:
    assert in_one_script("機械学習とは何ですか") == "機械学習とは何ですか"
    assert in_one_script("什麼是機器學習") == in_one_script("什么是机器学习") == "什么是机器学习"


@pytest.mark.parametrize(
    ("question", "guess", "language"),
    [
        ("为什么要缩放？", "en", "zh"),
        ("Transformer 的 self-attention 是怎么计算的？", "en", "zh"),
        ("what does 注意力 mean in this lecture?", "en", "en"),
        ("why do masks hide words?", "zh", "en"),
        ("¿por qué se escala?", "es", "es"),
        ("注意力機制とは何ですか", "zh", "ja"),
        ("어텐션은 무엇입니까", None, "ko"),
        ("42?", None, "en"),
    ],
)
def test_a_script_tells_the_language_where_it_can(question: str, guess: str | None, language: str) -> None:
    assert language_of(question, guess) == language


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  a \t b\r\n\n c　d  ", "a b c d"),
        ("\x1b[31mred\x1b[0m and \x9b1mbold", "red and bold"),
        ("\u202egnp.exe\u202c\u2066x\u2069", "gnp.exex"),
        ("\ufeffWEBVTT\u200b\u00ad", "WEBVTT"),
        ("a \x00 b", "a b"),
        ("\ud800half", "half"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d💻 नमस्ते ภาษาไทย 한국어", "👩\u200d💻 नमस्ते ภาษาไทย 한국어"),
        ("line\u2028separator\u2029here", "line separator here"),
        ("\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "]8;;http://evil\\click]8;;\\"),
        (" \x00 ", ""),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
    assert clean(cleaned) == cleaned


def test_printable_keeps_every_other_character_in_its_place() -> None:
    assert printable("两个  空格 stay") == "两个  空格 stay"
    assert printable("a\nb\x1bc\u202ed") == "abcd"


def test_a_few_words_are_embedded_alike_with_a_question_mark_and_without() -> None:
    for text in ("mode collapse", "模式崩溃", "IP 分片"):
        assert to_embed(f"{text}?") == to_embed(f"{text} ？") == to_embed(text) == text
    whole = "What does a residual connection keep from vanishing?"
    assert to_embed(whole) == whole and to_embed("什麼是機器學習和深度學習？").endswith("？")
    assert to_embed("?") == "?", "a question of marks alone stays one"
