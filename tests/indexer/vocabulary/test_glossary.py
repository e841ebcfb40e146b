"""Glossaries: parsing, and their use in a library."""

from __future__ import annotations

from pathlib import Path

import pytest

from seekpoint.index.errors import SourceError
from seekpoint.index.open import open_writer
from seekpoint.indexer.vocabulary.dictionary import BilingualDictionaries, read_glossary
from tests.index.libraries import build

pytestmark = pytest.mark.slow


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


@pytest.mark.parametrize(
    "line", ["attention", "attention 注意力", "attention\t", "\t注意力", "attention\t;", "a\tb\tc"]
)
def test_the_error_names_a_malformed_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(SourceError, match=r"glossary\.tsv, line 2: write a term, a tab"):
        read_glossary(written(tmp_path, f"mask\t掩码\n{line}\n"))


def test_the_error_names_an_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"can't read the glossary .*none\.tsv: No such file"):
        read_glossary(tmp_path / "none.tsv")
    (tmp_path / "latin.tsv").write_bytes("é\tà".encode("latin-1"))
    with pytest.raises(SourceError, match=r"latin\.tsv: it isn't in UTF-8"):
        read_glossary(tmp_path / "latin.tsv")
    with pytest.raises(SourceError, match="no terms in it"):
        read_glossary(written(tmp_path, "# none yet\n"))


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


def test_another_glossary_has_another_version() -> None:
    versions = {BilingualDictionaries(glossary).version for glossary in ((), [("mask", "掩码")], [("mask", "遮罩")])}
    assert len(versions) == 3
