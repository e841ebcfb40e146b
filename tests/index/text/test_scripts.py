from __future__ import annotations

import pytest

from seekpoint.index.text.languages import in_one_script, language_of, simplified


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("微調之後模型為什麼會忘記", "微调之后模型为什么会忘记"),
        ("what is 注意力機制?", "what is 注意力机制?"),
        ("plain English", "plain English"),
        ("微調\ud800之後", "微调\ud800之后"),
        ("", ""),
    ],
)
def test_simplified(text: str, expected: str) -> None:
    assert simplified(text) == expected


def test_every_character_keeps_its_place() -> None:
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
