"""Cutting Chinese into words."""

from __future__ import annotations

import pytest

from seekpoint.indexer.vocabulary.dictionary import cut


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("类神经网络输入的资料", ["类神经网络", "输入", "的", "资料"]),
        ("个数字代表", ["个", "数字", "代表"]),
        ("自注意力机制", ["自注意力机制"]),
        ("", []),
        ("囧", ["囧"]),
    ],
)
def test_words_are_the_longest_that_the_dictionaries_have(run: str, words: list[str]) -> None:
    assert cut(run) == words
