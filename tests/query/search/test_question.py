"""A question's translations, the titles that it names, its misspelt words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

import seekpoint
from seekpoint.index.open import open_reader
from seekpoint.index.sql.names import lookup_term, title_names
from seekpoint.index.store import Reader
from seekpoint.index.text.terms import content_terms, terms
from seekpoint.index.types import Alternatives
from seekpoint.query.answers import Answer, Respelling
from seekpoint.query.search.pipeline import ask
from seekpoint.query.search.question import (
    ParsedQuestion,
    TitleMatch,
    TranslatedWord,
    WeightedWord,
    lookup_keys,
    match_titles,
    possible_titles,
    respelled,
    salient_weights,
    shares,
    translated_words,
    weigh,
)
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt

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


def words(text: str, found: Found) -> list[str]:
    return [word.word for word in translated_words(text, found)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("注意力机制", {"注意", "注意力", "注意力机制", "意力", "力机制", "机制"}),
        ("反向傳播", {"反向传播"}),
        ("Neural networks learn", {"neural", "neural network", "network learn", "neural network learn"}),
        ("用GPT4模型", {"gpt4", "模型"}),
        ("нейронные сети", {"нейрон сет"}),
        ("?!", set()),
        ("", set()),
    ],
)
def test_keys_of_all_that_could_be_a_word(text: str, expected: set[str]) -> None:
    assert expected <= set(lookup_keys(text))


def test_candidates_are_no_longer_than_words_are() -> None:
    assert max(map(len, lookup_keys("一二三四五六七八九十百千"))) == 8
    assert max(len(key.split()) for key in lookup_keys("one two three four five")) == 3
    assert len(lookup_keys("字" * 4000)) < 30


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("注意力机制里的掩码？", ["注意力", "机制", "掩码"]),
        ("注意機制", ["注意", "機制"]),
        ("掩码？什么掩码？", ["掩码"]),
        ("注意。力机制", ["注意", "机制"]),
        ("为什么", []),
    ],
)
def test_chinese_words_the_longest_first(text: str, expected: list[str]) -> None:
    assert words(text, ZH_EN) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Do neural networks pay Attention?", ["neural networks", "Attention"]),
        ("networks of neurons", ["networks"]),
        ("用 attention 机制", ["attention"]),
    ],
)
def test_english_words_the_longest_first(text: str, expected: list[str]) -> None:
    assert words(text, EN_ZH) == expected


PASSAGES = {
    1: "attention is a mechanism",
    2: "attention and attention and attention",
    3: "the machine has no process",
    4: "a machine",
    5: "the lunch",
    6: "the dinner",
}


def counts(word: TranslatedWord, passages: dict[int, str]) -> dict[int, int]:
    """How often each passage has any translation of a word."""
    said = {passage: terms(text) for passage, text in passages.items()}
    found = {
        passage: sum(min(words.count(term) for term in alternative) for alternative in word.alternatives)
        for passage, words in said.items()
    }
    return {passage: count for passage, count in found.items() if count}


def weighed(question: str, passages: dict[int, str], found: Found = ZH_EN) -> list[WeightedWord]:
    words = translated_words(question, found)
    return weigh(words, [len(counts(word, passages)) for word in words], len(passages))


def coverage(question: str, passages: dict[int, str], found: Found = ZH_EN) -> dict[int, float]:
    """How far each passage covers the question's words in translation."""
    covered: dict[int, float] = {}
    for word, share in shares(weighed(question, passages, found)):
        for passage, count in counts(word, passages).items():
            covered[passage] = covered.get(passage, 0.0) + share * 2.2 * count / (count + 1.2)
    return covered


def test_a_passage_counts_each_translation_that_it_has_in_full() -> None:
    attention, mechanism = translated_words("注意力机制", ZH_EN)
    assert counts(attention, PASSAGES) == {1: 1, 2: 3}
    assert counts(mechanism, PASSAGES) == {1: 1, 3: 1}


def test_coverage_is_a_share_and_grows_with_the_words_that_are_said() -> None:
    reached = coverage("注意力机制", PASSAGES)
    assert set(reached) == {1, 2, 3}
    assert all(0 < share < 1 for share in reached.values())
    assert reached[1] > reached[2] > reached[3]


def test_a_word_that_no_passage_translates_lowers_the_share() -> None:
    assert coverage("注意力的掩码", PASSAGES)[1] < coverage("注意力", PASSAGES)[1]


def test_many_translations_of_one_word_dont_outweigh_another() -> None:
    found: Found = {"注意力": (("attent",),), "东西": (("thing",), ("stuff",), ("object",), ("matter",))}
    passages = {1: "attention", 2: "thing stuff object matter", 3: "lunch", 4: "dinner", 5: "tea"}
    reached = coverage("注意力的东西", passages, found)
    assert reached[2] < 2 * reached[1]


@pytest.mark.parametrize("question", ["", "为什么", "掩码"])
def test_nothing_is_covered_where_nothing_is_translated(question: str) -> None:
    assert coverage(question, PASSAGES) == {}
    assert salient_weights(weighed(question, PASSAGES)) == {}


def test_terms_that_tell_where_the_answer_is() -> None:
    found = salient_weights(weighed("注意力机制", PASSAGES))
    assert set(found) == {"attent", "mechan", "machin", "process"}
    assert found["machin"] == found["process"] == found["mechan"] / 2


def test_words_that_any_passage_says_tell_nothing() -> None:
    found: Found = {"什么": (("the",),), "注意力": (("attent",),)}
    assert set(salient_weights(weighed("注意力是什么", PASSAGES | {7: "the tea", 8: "the end"}, found))) == {"attent"}


def test_english_questions_find_chinese_passages() -> None:
    passages = {1: "神经网络的注意力", 2: "网络很慢", 3: "午饭", 4: "晚饭", 5: "注意，意力"}
    reached = coverage("attention in neural networks", passages, EN_ZH)
    assert max(reached, key=lambda chunk: reached[chunk]) == 1
    assert 2 not in reached


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "lit", "unlit"),
    [
        ("为什么要缓存键和值，却不缓存查询？", "query", "what"),
        ("Why are keys and values cached, but not the query?", "查询", "什么"),
        ("为什么要这样做位置？", "position", "reason"),
    ],
)
def test_no_function_word_is_lit_in_another_language(
    example_library: Path, question: str, lit: str, unlit: str
) -> None:
    moments = seekpoint.ask(question, example_library, k=20).moments
    marked = [moment.quote[start:stop].lower() for moment in moments for start, stop in moment.marks]
    assert lit in marked
    assert unlit not in marked


TITLES = {
    "article": ["The Illustrated Transformer – Jay Alammar – Visualizing machines", "The Illustrated Transformer"],
    "paper": ["Attention Is All You Need"],
    "talk": ["【生成式AI】第七講：DeepSeek-R1 的思考"],
    "short": ["Attention"],
}
COMMON = {"the", "is", "a"}


def weights_of(words: Sequence[str]) -> dict[str, float]:
    return {word: 0.1 if word in COMMON else 5.0 for word in words}


def naming(question_terms: Sequence[str], titles: Mapping[str, Sequence[str]]) -> TitleMatch:
    pairs = [
        (resource_id, name) for resource_id, same in titles.items() for title in same for name in title_names(title)
    ]
    candidates = [(resource_id, name) for resource_id, name in pairs if lookup_term(name) in question_terms]
    possible = possible_titles(question_terms, candidates)
    return match_titles(question_terms, possible, weights_of([term for _, title in possible for term in title]))


def named(question: str) -> set[str]:
    return set(naming(terms(question), TITLES).resources)


def test_a_title_or_what_stands_between_its_marks_names_a_resource() -> None:
    assert named("Which GPUs trained the models of Attention Is All You Need?") == {"paper"}
    assert named("in the illustrated transformer, what are the query vectors?") == {"article"}
    assert named("what does Jay Alammar say about masks?") == {"article"}
    assert named("《Attention is all you need》用了多少个头？") == {"paper"}
    assert named("deepseek R1 的思考有多长？") == {"talk"}


def test_the_article_before_a_title_need_not_be_said() -> None:
    assert named("Illustrated Transformer 里的残差连接在哪里？") == {"article"}


def test_both_scripts_of_chinese_name_it() -> None:
    titles = {"talk": ["類神經網路訓練不起來怎麼辦"]}
    assert naming(terms("类神经网络训练不起来怎么办"), titles).resources == frozenset()  # other words
    assert naming(terms("看類神經網路訓練不起來怎麼辦"), titles).resources == {"talk"}
    assert naming(terms("看类神经网路训练不起来怎么办"), titles).resources == {"talk"}


def test_single_words_and_scattered_words_name_nothing() -> None:
    assert named("how does attention work?") == set()
    assert named("is attention all that you need?") == set()
    assert named("what is the transformer, illustrated?") == set()


def test_the_rest_of_the_question_is_without_the_names() -> None:
    found = naming(terms("Attention Is All You Need: how many heads does attention have?"), TITLES)
    assert found.rest == terms("how many heads does attention have?")
    assert naming(terms("attention is all you need"), TITLES).rest == []
    assert naming([], TITLES).resources == frozenset()


def test_hostile_titles_do_no_harm() -> None:
    hostile = {"x": ["", "\0\0", '")(((', "| | :", "a" * 100_000, "\u202e【】「」"]}
    assert naming(terms("what is a mask?"), hostile).resources == frozenset()


def test_of_names_that_share_a_word_the_longer_counts_and_then_the_first() -> None:
    for middle in ("head", "loss", "step", "node", "掩码", "层归"):
        titles: Mapping[str, Sequence[str]] = {"one": [f"mask {middle}"], "other": [f"{middle} gate"]}
        found = naming(["mask", *terms(middle), "gate"], titles)
        assert (set(found.resources), found.rest) == ({"one", "other"}, ["gate"])
    titles = {"long": ["mask and gate heads"], "short": ["our mask"]}
    assert naming(terms("our mask and gate heads"), titles).rest == ["our"]


# Each of these is said in enough chunks to be meant by a misspelt word.
FREQUENT = "attention gradients regularization recognition overfitting repeat stream 注意力"
RARE = "transformers recognizing colors realised 编码器"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("spelling")
    (folder / "captions").mkdir()
    lines = [f"{FREQUENT} {number}" for number in range(8)] + [RARE]
    (folder / "captions" / "talk [aaaaaaaaaaa].en.vtt").write_text(webvtt(*lines, seconds=40), encoding="utf-8")
    (folder / "list.md").write_text("- https://youtu.be/aaaaaaaaaaa\n", encoding="utf-8")
    seekpoint.build(
        [folder / "list.md"], folder / "library", captions=folder / "captions", encoder=TopicEncoder(), translate=False
    )
    with open_reader(folder / "library") as opened:
        yield opened


def parsed(text: str) -> ParsedQuestion:
    return ParsedQuestion(text, terms(text), content_terms(text), "en", np.zeros(2, np.float32))


def answer(library: Reader, question: str) -> Answer:
    return ask(question, library, TopicEncoder())


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("atention", "attention"),
        ("Atention", "attention"),
        ("attnetion", "attention"),
        ("gradeints", "gradients"),
        ("gradiants", "gradients"),
        ("regulerization", "regularization"),
        ("gradien", "gradients"),  # of which the library keeps the stem alone
        ("attenion", None),  # its stem is none of a word that ends in -tion
    ],
)
def test_a_misspelt_word_is_read_as_a_frequent_one(library: Reader, word: str, meant: str | None) -> None:
    found = answer(library, f"what about the {word}, 注意力?")
    assert found.respelled == ((Respelling(word, meant),) if meant else ())
    assert found.question == f"what about the {word}, 注意力?"
    assert (word in found.unknown) == (not meant)


@pytest.mark.parametrize(("word", "meant"), [("recognise", "recognize"), ("colour", "color"), ("realize", "realise")])
def test_another_spelling_of_a_word_is_read_as_the_one_that_is_said_however_rare(
    library: Reader, word: str, meant: str
) -> None:
    assert answer(library, f"how do we {word} it, 注意力?").respelled == (Respelling(word, meant),)


@pytest.mark.parametrize(
    "word",
    [
        "attention",
        "attentions",
        "overwrite",
        "reheat",
        "streamer",
        "transformrs",
        "regularish",
        "zattention",
        "attention2x",
        "编马器",
        "注意刀",
        "angl",
    ],
)
def test_other_words_are_left_alone(library: Reader, word: str) -> None:
    assert answer(library, f"what about the {word}, 注意力?").respelled == ()


def test_the_words_that_are_meant_are_found_and_lit(library: Reader) -> None:
    moment = answer(library, "atention?").moments[0]
    assert [moment.quote[start:stop] for start, stop in moment.marks] == ["attention"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("atention, or atentions", "attention, or atentions"),
        ("为什么atention重要", "为什么attention重要"),
        ("为什么 atention 重要", "为什么 attention 重要"),
    ],
)
def test_whole_words_are_replaced(text: str, expected: str) -> None:
    assert respelled(parsed(text), (Respelling("atention", "attention"),)) == expected
