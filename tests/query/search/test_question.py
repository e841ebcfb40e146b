"""A question's translations, the titles that it names, its misspelt words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

import seekpoint
from seekpoint.index.models.centring import background
from seekpoint.index.models.encoder import BUNDLED
from seekpoint.index.sql.names import lookup_term, title_names
from seekpoint.index.text import bm25
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Alternatives, Frequencies, Language, ModelCard, Vectors
from seekpoint.query.answers import Confidence
from seekpoint.query.search.definitions import asked_name, defines
from seekpoint.query.search.moments import salient
from seekpoint.query.search.question import TitleMatch, match_titles, parse, possible_titles, rarities
from seekpoint.query.search.translated_words import TranslatedWord, neighbours, translated_words, weigh
from tests.fakes import TopicEncoder
from tests.query.search.queries import NOTHING, parsed, query

Found: TypeAlias = dict[str, Alternatives]

ZH_EN: Found = {
    "注意": (("notice",),),
    "注意力": (("attent",),),
    "机制": (("mechan",), ("machin", "process")),
    "掩码": (("mask",),),
}
EN_ZH: Found = {
    "attent": (("注意", "意力"),),
    "neural network": (("神经", "经网", "网络"),),
    "network": (("网络",),),
}


def keys(text: str) -> list[str]:
    return [key for *_, key in neighbours(text)]


def test_keys_of_all_that_could_be_a_word_are_no_longer_than_words_are() -> None:
    for text, expected in (
        ("注意力机制", {"注意", "注意力", "注意力机制", "意力", "力机制", "机制"}),
        ("反向傳播 GPT4模型", {"反向传播", "gpt4", "模型"}),
        ("Neural networks learn", {"neural", "neural network", "network learn", "neural network learn"}),
        ("нейронные сети", {"нейрон сет"}),
    ):
        assert expected <= set(keys(text))
    assert max(map(len, keys("一二三四五六七八九十百千"))) == 8
    assert max(len(key.split()) for key in keys("one two three four five")) == 3


def test_words_with_translations_the_longest_first() -> None:
    for text, found, expected in (
        ("注意力機制里的掩码？什么掩码？", ZH_EN, ["注意力", "機制", "掩码"]),
        ("注意。力机制", ZH_EN, ["注意", "机制"]),
        ("Do neural networks pay Attention?", EN_ZH, ["neural networks", "Attention"]),
        ("用 attention 机制", EN_ZH, ["attention"]),
    ):
        assert [word.word for word in translated_words(text, neighbours(text), found)] == expected


def test_a_translation_that_is_a_function_word_is_none() -> None:
    text = "什么时候用残差"
    found = {"什么": (("what",),), "时候": (("when",), ("moment",)), "残差": (("residu", "error"),)}
    words = translated_words(text, neighbours(text), found)
    assert words == [TranslatedWord("时候", (("moment",),)), TranslatedWord("残差", (("residu", "error"),))]


def weighed(*counts: int, chunks: int = 300) -> tuple[list[float], dict[str, float]]:
    """The shares of words that so many chunks have in translation, and the weights of their terms."""
    alternatives: Sequence[Alternatives] = [(("mask",),), (("mechan",), ("machin", "process")), (("layer",), ("coat",))]
    words = [TranslatedWord(one[0][0], one) for one in alternatives[: len(counts)]]
    counted = zip(words, counts, strict=True)
    groups, weights = weigh({"en": words}, counts, {"en": Language(chunks, NOTHING, None, 0)})
    assert [group.alternatives for group, _ in groups] == [word.alternatives for word, count in counted if count]
    return [share for _, share in groups], weights["en"]


def test_a_word_has_its_share_of_what_the_question_could_reach_and_its_terms_tell_where_the_answer_is() -> None:
    assert weighed(3, 3)[0] == pytest.approx([1 / 4.4, 1 / 4.4]), "many translations don't outweigh one"
    assert weighed(3, 0)[0] == pytest.approx([2 / 3 / 2.2]), "one that nobody says weighs half of the heaviest"
    rare, common = bm25.idf(3, 300), bm25.idf(60, 300)
    assert weighed(3, 60)[0] == pytest.approx([weight / (rare + common) / 2.2 for weight in (rare, common)])
    assert weighed(0, 0) == ([], {})
    weights = weighed(0, 3)[1]
    assert weights["machin"] == weights["process"] == weights["mechan"] / 2 == bm25.idf(3, 300) / 2
    # A bit more than a third of the heaviest one's weight is enough.
    assert weighed(3, 3, 45)[1].keys() == {"mask", "mechan", "machin", "process", "layer", "coat"}
    assert weighed(3, 3, 60)[1].keys() == {"mask", "mechan", "machin", "process"}
    assert salient({"softmax": 10.0, "mask": 3.6, "word": 3.4}).keys() == {"softmax", "mask"}


WHAT_IS = ["What is layer normalization?", "what is a remote in git", "What's an epoch", "what are React hooks?!"]
WHAT_IS += [
    "whats a mask",
    "define mask",
    "what does RAG mean?",
    "什么是自注意力",
    "什麼是 KV cache？",
    "掩码 是什么",
    "NAT64 是啥",
]
WHAT_IS += ["whats a mask", "何谓注意力", "LoRA是什么意思？", "SICP 里的流是什么呢", "查准率指的是什么"]
OTHERS = ["layer normalization", "what is", "define", "what is it?", "What does a mask hide?", "How is a mask defined?"]
OTHERS += ["What is your background?", "What is the difference between a mask and a gate?", "what is a, what is b"]
OTHERS += ["是什么", "什么是", "什么是掩码的作用", "为什么要掩码", "报错了，原因是什么？", "mask 和 gate 是什么"]


@pytest.mark.parametrize(("text", "own", "other"), [("掩码是什么？", "zh", "en"), ("What is a mask?", "en", "zh")])
def test_a_question_in_a_language_that_the_library_lacks_is_centred_by_that_languages_mean(
    text: str, own: str, other: str
) -> None:
    known, meaning = background(BUNDLED), np.random.default_rng(7).normal(0, 0.01, 384).astype(np.float32)

    class Fixed(TopicEncoder):
        def __init__(self, name: str) -> None:
            self.card = ModelCard(name, 384, "fixed")

        def question(self, text: str) -> Vectors:
            return known[own] + meaning

    languages = {other: Language(9, known[other], None, 90)}
    assert parse(text, Fixed(BUNDLED), languages).vector @ meaning > 0.99 * np.linalg.norm(meaning)
    assert parse(text, Fixed("another"), languages).vector @ meaning < 0.9 * np.linalg.norm(meaning)


def test_a_question_asks_what_something_is_and_nothing_else() -> None:
    assert [text for text in WHAT_IS + OTHERS if asked_name(text)] == WHAT_IS
    assert (asked_name("What is a black hole?"), asked_name("注意力是什么")) == (["black", "hole"], ["注意", "意力"])


@pytest.mark.parametrize(
    ("own", "in_translation", "is_spoken", "share"),
    [
        (2, 2, True, 0.02),
        (2, 60, True, 3 * 2 / 200),
        (0, 60, True, 3 * 0.3 / 200),
        (0, 60, False, 0.6),
        (20, 6, True, 20 / 200),
    ],
)
def test_a_translation_that_is_much_more_frequent_than_its_word_says_little(
    own: int, in_translation: int, is_spoken: bool, share: float
) -> None:
    languages = {name: Language(100, NOTHING, None, 900) for name in (("en", "zh") if is_spoken else ("zh",))}
    total = 100 * len(languages)
    frequencies = Frequencies({"stain": own} if own else {}, [in_translation])
    word = TranslatedWord("stain", (("上色",),))
    found = rarities(parsed("stain"), frequencies, {"zh": [word]}, languages, set())
    assert found["stain"] == pytest.approx(log(share) / log(0.3 / total))


def test_the_names_that_are_asked_for_are_the_questions_own_and_the_translations_of_the_whole() -> None:
    mask, gate = TranslatedWord("掩码", (("mask",), ("cover", "mask"))), TranslatedWord("门", (("gate",),))
    for text, words, names in (
        ("掩码是什么", [mask], [["掩码"], ("mask",), ("cover", "mask")]),
        ("掩码门是什么", [mask, gate], [["掩码", "码门"]]),
        ("掩码门是什么", [mask], [["掩码", "码门"]]),
        ("掩码为什么快", [mask], []),
    ):
        found = query(text, "zh", translated={"en": words})
        assert found._replace(question=found.question._replace(name=asked_name(text))).names == names


@pytest.mark.parametrize(
    ("text", "is_defined"),
    [
        ("A Black hole is what is left.", True),
        ("this is what we call, so-called black holes", True),
        ("What's a black hole? Well,", True),
        ("a black hole near a star", False),
        ("light is near black holes", False),
        ("black and hole is", False),
        ("这个就叫做黑洞", True),
        ("黑洞就是说", True),
        ("所谓的 黑洞 呢", True),
        ("什麼是黑洞", True),
        ("我们看到黑洞旁边", False),
    ],
)
def test_a_text_defines_a_name_or_its_translation(text: str, is_defined: bool) -> None:
    assert defines(text, [["black", "hole"], ["黑洞"]]) is is_defined
    assert not defines(text, [])


@pytest.mark.model
def test_no_function_word_is_lit_in_another_language_or_answers_alone(example_library: Path) -> None:
    for question, lit, unlit in (
        ("为什么要缓存键和值，却不缓存查询？", "query", "what"),
        ("Why are keys and values cached, but not the query?", "查询", "什么"),
    ):
        moments = seekpoint.ask(question, example_library, k=20).moments
        marked = [moment.quote[start:stop].lower() for moment in moments for start, stop in moment.marks]
        assert lit in marked and unlit not in marked
    for question in ("为什么", "how are you doing"):
        found = seekpoint.ask(question, example_library, k=8)
        assert found.confidence is not Confidence.HIGH
        assert not any(moment.marks for moment in found.moments)


TITLES = {
    "article": ["The Illustrated Transformer – Jay Alammar – Visualizing machines", "The Illustrated Transformer"],
    "paper": ["Attention Is All You Need"],
    "talk": ["【生成式AI】第七講：DeepSeek-R1 的思考"],
    "traditional": ["類神經網路訓練不起來怎麼辦"],
    "short": ["Attention"],
    "hostile": ["", "\0\0", '")(((', "a" * 100_000, "\u202e【】「」"],
    "head": ["mask head"],
    "gate": ["head gate"],
    "long": ["layer and gate heads"],
    "of ours": ["our layer"],
}
COMMON = {"the", "is", "a"}


def naming(question: str, titles: Mapping[str, Sequence[str]] = TITLES) -> TitleMatch:
    asked = terms(question)
    pairs = [
        (resource_id, name) for resource_id, same in titles.items() for title in same for name in title_names(title)
    ]
    possible = possible_titles(asked, [(key, name) for key, name in pairs if lookup_term(name) in asked])
    weights = {term: 0.1 if term in COMMON else 5.0 for _, title in possible for term in title}
    return match_titles(asked, possible, weights)


@pytest.mark.parametrize(
    ("question", "named", "rest"),
    [
        ("in the illustrated transformer, what are the vectors?", {"article"}, "in the what are the vectors"),
        ("what does Jay Alammar say about masks?", {"article"}, "what does say about masks"),
        ("《Attention is all you need》用了多少个头？", {"paper"}, None),
        ("Illustrated Transformer 里的残差连接在哪里？", {"article"}, None),
        ("deepseek R1 的思考", {"talk"}, None),
        ("类神经网络训练不起来怎么办", set(), None),
        ("看类神经网路训练不起来怎么办", {"traditional"}, None),
        ("how does attention work?", set(), "how does attention work"),
        ("what is the transformer, illustrated?", set(), "what is the transformer illustrated"),
        ("Attention Is All You Need: has attention heads?", {"paper"}, "has attention heads"),
        ("attention is all you need", {"paper"}, ""),
        ("mask head gate", {"head", "gate"}, "gate"),
        ("our layer and gate heads", {"long", "of ours"}, "our"),
    ],
    ids=[
        *("a title", "a part of it", "in Chinese marks", "the article before it need not be said"),
        *("without its first part", "other words", "traditional", "a single word names nothing"),
        *("nor another order", "the name's words beside it", "a name alone"),
        *("of equal names the first counts", "else the longer"),
    ],
)
def test_a_question_names_resources(question: str, named: set[str], rest: str | None) -> None:
    found = naming(question)
    assert found.resources == named
    assert rest is None or found.rest == terms(rest)
