"""A text's words identify its language; a declared tag adds the region, or decides for short texts."""

from __future__ import annotations

import pytest

from seekpoint.index.text.language_identification import language_of

ENGLISH = "Attention lets every word look at the other words of the sentence and weigh what they mean for it."
SIMPLIFIED = "注意力机制让句子里的每个词都能看到其他词，并且衡量它们对自己的意义。"
TRADITIONAL = "注意力機制讓句子裡的每個詞都能看到其他詞，並且衡量它們對自己的意義。"
GERMAN = "Die Aufmerksamkeit lässt jedes Wort auf die anderen Wörter des Satzes schauen und wägt ab, was sie bedeuten."
RUSSIAN = "Внимание позволяет каждому слову смотреть на другие слова предложения и взвешивать их значение."
JAPANESE = "注意機構によって、文の中の各単語は他の単語を見て、それぞれの意味の重みを決めることができます。"
KOREAN = "어텐션은 문장의 각 단어가 다른 단어를 보고 그 의미의 중요도를 정할 수 있게 해 준다."
MIXED = (
    "我们先用 PyTorch 的 nn.MultiheadAttention 实现 encoder layer，然后把 learning rate 设成 3e-4，"
    "用 AdamW optimizer 训练 base model，最后从 checkpoint 里 load weights 做 fine-tuning。"
)
CODE = """class Attention(nn.Module):
    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(self.d_k), dim=-1) @ v
"""
TEXTS = {"en": ENGLISH, "zh": SIMPLIFIED, "de": GERMAN, "ru": RUSSIAN, "ja": JAPANESE, "ko": KOREAN}
MALFORMED = [None, "", "und", "xx", "english", "utf-8", "zh-CN; charset=gbk", "e", "a" * 9999]


@pytest.mark.parametrize("language", TEXTS)
def test_the_words_identify_the_language_whatever_is_declared(language: str) -> None:
    for claimed in (*MALFORMED, "en-US", "zh-CN", "fr", "ru", "ja", "ko-KR", "th"):
        is_right = claimed in ("en-US", "zh-CN", "ru", "ja", "ko-KR") and claimed.startswith(language)
        assert language_of([TEXTS[language]], claimed) == (claimed if is_right else language)


NORWEGIAN = "Alle mennesker er født frie og med samme menneskeverd og menneskerettigheter."
INDONESIAN = "Semua orang dilahirkan merdeka dan mempunyai martabat dan hak-hak yang sama."


@pytest.mark.parametrize(
    ("text", "claimed", "tag"),
    (
        *((TRADITIONAL, tag, tag) for tag in ("zh-TW", "yue")),
        *((TRADITIONAL, "zh_hk", "zh-HK"), (TRADITIONAL, "ZH-hant-tw", "zh-Hant-TW")),
        *(("Transformer", "de-AT", "de-AT"), ("機械学習入門", "ja", "ja"), ("Привет", "uk", "uk")),
        *((NORWEGIAN, "nb", "nb"), (NORWEGIAN, "en", "no"), (INDONESIAN, "id-ID", "id-ID")),
    ),
)
def test_a_declared_tag_adds_script_and_region_and_decides_what_is_short_or_close(
    text: str, claimed: str, tag: str
) -> None:
    assert language_of([text], claimed) == tag


@pytest.mark.parametrize(
    ("texts", "claimed", "language"),
    (
        ([TRADITIONAL], "en", "zh"),
        *(([MIXED] * count, claimed, "zh") for count in (1, 5) for claimed in (None, "en", "ja", "de")),
        ([SIMPLIFIED * 3, *[CODE] * 5], "en", "zh"),
        ([GERMAN * 3, *[CODE] * 5], "en", "de"),
        ([ENGLISH, *[CODE] * 5], None, "en"),
        ([ENGLISH * 3, "The word 注意力 means attention and 词 means word."], "zh", "en"),
        ([ENGLISH] * 20 + [SIMPLIFIED] * 2000, "en", "zh"),
        ([*[ENGLISH] * 20, GERMAN * 5000], "en", "de"),
    ),
)
def test_a_text_of_several_languages_is_in_that_of_most_words(
    texts: list[str], claimed: str | None, language: str
) -> None:
    assert language_of(texts, claimed) == language


@pytest.mark.parametrize("texts", ([], [""], ["3.14", "2 + 2 = 4", "————"], ["\U0001f3b5"], ["Transformer"]))
def test_no_evidence_is_undetermined(texts: list[str]) -> None:
    assert language_of(texts, None) == language_of(texts, "utf-8") == "und"
