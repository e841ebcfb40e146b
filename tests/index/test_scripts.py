from __future__ import annotations

import pytest

from index.scripts import in_one_script, simplified


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("微調之後模型為什麼會忘記", "微调之后模型为什么会忘记"),
        ("what is 注意力機制?", "what is 注意力机制?"),
        ("plain English", "plain English"),
        ("", ""),
    ],
)
def test_simplified(text: str, expected: str) -> None:
    assert simplified(text) == expected


def test_every_character_keeps_its_place() -> None:
    every_han = "".join(map(chr, range(0x3400, 0xA000)))
    assert len(simplified(every_han)) == len(every_han)


def test_japanese_keeps_its_own_characters() -> None:
    assert in_one_script("機械学習とは何ですか") == "機械学習とは何ですか"
    assert in_one_script("什麼是機器學習") == in_one_script("什么是机器学习") == "什么是机器学习"
