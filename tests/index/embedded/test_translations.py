"""The translations that a library keeps: the ones whose words it says, under keys that questions meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.types import ANY_LANGUAGE, Details
from tests.index.libraries import embedded

ENTRIES = {
    ("zh", "en"): [
        ("注意力", ["attention", "alertness"]),
        ("反向传播", ["back propagation"]),
        ("掩码", ["mask", "masks", "hides the word"]),
        ("長頸鹿", ["giraffe"]),
        ("權重", ["weighs"]),
    ],
    ("en", "zh"): [
        ("Attention", ["注意力"]),
        ("masks", ["掩码"]),
        ("mask", ["遮住"]),
        ("café au lait", ["权重"]),
        ("...", ["权重"]),
    ],
}


def into(target: str) -> Iterator[tuple[str, Sequence[tuple[str, Sequence[str]]]]]:
    """A few words, as a reader sees them above."""
    return ((source, entries) for (source, other), entries in ENTRIES.items() if other == target)


@pytest.fixture
def library(folder: Path) -> Iterator[EmbeddedWriter]:
    """A library in English and Chinese."""
    with EmbeddedWriter.acquire(folder) as writer:
        yield writer


def kept(library: EmbeddedWriter, version: str = "1") -> list[str]:
    """Store the translations; returns the languages whose dictionaries are read for it."""
    read: list[str] = []

    def dictionaries(target: str) -> Iterator[tuple[str, Sequence[tuple[str, Sequence[str]]]]]:
        read.append(target)
        return into(target)

    library.keep_translations(version, dictionaries)
    return read


def test_translations_that_the_library_says_are_kept_under_stems_and_simplified_characters(
    library: EmbeddedWriter,
) -> None:
    kept(library)
    assert library.translations("zh", ["注意力", "反向传播", "掩码", "长颈鹿", "权重"]) == {
        "en": {
            "注意力": (("attent",),),
            "掩码": (("mask",), ("hide", "the", "word")),
            "权重": (("weigh",),),
        }
    }
    keys = ["attent", "mask", "café au lait", "Attention", ""]
    assert library.translations("en", keys) == {
        "zh": {
            "attent": (("注意", "意力"),),
            "mask": (("掩码",), ("遮住",)),
            "café au lait": (("权重",),),
        }
    }
    assert library.translations("zh", ["權重"]) == library.translations("ko", ["注意力", "attent"]) == {}


def test_what_holds_for_any_language_stands_beside_the_languages_own(library: EmbeddedWriter) -> None:
    words = {"en": [("注意力", ["weighs", "attention"]), ("attention", ["weighs"])], "zh": [("attention", ["权重"])]}
    library.keep_translations("1", lambda target: [*into(target), (ANY_LANGUAGE, words[target])])
    assert library.translations("zh", ["注意力", "attent"]) == {
        "en": {"注意力": (("weigh",), ("attent",)), "attent": (("weigh",),)}
    }
    assert library.translations("ko", ["attent"]) == {"en": {"attent": (("weigh",),)}, "zh": {"attent": (("权重",),)}}


def test_dictionaries_are_read_again_when_they_or_the_passages_change(library: EmbeddedWriter) -> None:
    both: list[str] = ["en", "zh"]
    assert [kept(library), kept(library), kept(library, "2"), kept(library, "2")] == [both, [], both, []]
    library.commit("zhuyili0001", [embedded(["a giraffe"], "en-GB")], Details(), "")
    assert kept(library, "2") == ["en"]
    assert library.translations("zh", ["长颈鹿"]) == {"en": {"长颈鹿": (("giraff",),)}}
    library.remove(["zhuyili0001"])
    assert kept(library, "2") == ["en"]
    assert library.translations("zh", ["注意力"]) == {"en": {"注意力": (("attent",),)}}
    assert library.translations("en", ["attent"]) == {}, "no Chinese is left"
