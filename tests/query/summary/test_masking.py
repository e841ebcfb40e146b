from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

import pytest

from seekpoint.query.summary.masking import Masker

KEY = "sk-proj-Kq7+Zx/4mW9_vT2bLd8R"


@pytest.mark.parametrize(
    "echo",
    [
        KEY,
        KEY.upper(),
        KEY[:16],
        KEY[12:],
        " ".join(KEY),
        KEY.replace("7", "7 密 "),
        quote(KEY, safe=""),
        "".join(f"%{ord(character):02X}" for character in KEY),
        *(b64encode(bytes(before) + KEY.encode()).decode() for before in range(4)),
        b64encode(f"Bearer {KEY}".encode()).decode(),
    ],
)
def test_a_key_is_hidden_in_whatever_form_it_is_repeated(echo: str) -> None:
    masked = Masker(KEY).masked(f"密钥是 «{echo}», no other: 没有了.")
    assert masked.startswith("密钥是 «")
    assert masked.endswith("», no other: 没有了.")
    assert len(masked) < 40


def test_all_of_a_key_in_a_text_is_hidden_each_time() -> None:
    assert Masker(KEY).masked(f"{KEY} and Bearer {KEY}!") == "… and Bearer …!"


@pytest.mark.parametrize("key", [None, "", "ollama", "x", "-" * 30])
def test_a_placeholder_takes_no_words_out_of_a_text(key: str | None) -> None:
    text = "Ollama runs the model: 模型 x " + "-" * 40
    assert Masker(key).masked(text) == text
