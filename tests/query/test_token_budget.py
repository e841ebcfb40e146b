from __future__ import annotations

import json

import pytest

from seekpoint.query.token_budget import shortened, tokens

ENGLISH = (
    "Why does a decoder need a mask? It hides the words that come after, so that each position is predicted from those "
    "before it alone. Without the mask the model would simply copy the next word, and learn nothing."
)
CHINESE = (
    "解码器为什么需要掩码？它把后面的词藏起来，让每个位置只根据前面的词来预测。"
    "没有掩码，模型只要照抄下一个词，就什么也学不到。"
)
TRADITIONAL = (
    "解碼器為什麼需要遮罩？它把後面的詞藏起來，讓每個位置只根據前面的詞來預測。"
    "沒有遮罩，模型只要照抄下一個詞，就什麼也學不到。"
)
MARKED = (
    '{"source":2,"text":"[3b 765] It hides the words that come after. [3c 774] 它把后面的词藏起来。 [3d 786] '
    'Without the mask it would copy."}'
)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        (ENGLISH, [44, 44, 44, 44, 44]),
        (CHINESE, [48, 43, 48, 41, 56]),
        (TRADITIONAL, [53, 47, 56, 45, 68]),
        (MARKED, [50, 55, 50, 49, 57]),
    ],
)
def test_tokens_are_those_of_the_median_of_tokenizers(text: str, counted: list[int]) -> None:
    """`counted` are those of o200k, Qwen, Llama 3, DeepSeek V3 and tekken."""
    median = sorted(counted)[2]
    assert tokens(text) == pytest.approx(median, rel=0.1)
    assert max(counted) < 1.35 * tokens(text)


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, MARKED, "🎬" * 30, '"' * 60])
def test_a_shortened_text_fits_into_its_tokens_in_json(text: str) -> None:
    for most in (1, 5, 12, 20):
        short = shortened(text, most)
        assert tokens(json.dumps(short, ensure_ascii=False)[1:-1]) <= most
        assert not short or (text.startswith(short.removesuffix("…")) and short.endswith("…"))
    assert shortened(text, 200) == text
