"""Any file as a glossary."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.errors import SourceError
from seekpoint.indexer.vocabulary.dictionary import read_glossary
from tests import fuzzing
from tests.fuzzing import is_line

GLOSSARY = "# 词汇\nattention\t注意力; 关注\n\n掩码\tmask;masking\n"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("glossaries") / "词汇.txt"


@given(st.binary() | fuzzing.encoded(fuzzing.mutated(st.just(GLOSSARY)) | fuzzing.texts))
@fuzzing.fuzz(150)
def test_any_file_has_terms_or_is_refused_in_a_line(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    try:
        pairs = read_glossary(file)
    except SourceError as error:
        assert is_line(str(error))
        return
    assert pairs
    assert all(word and is_line(word) for pair in pairs for word in pair)
