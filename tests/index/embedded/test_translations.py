"""The translations that a library keeps: the ones whose words it says, under keys that questions meet."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from seekpoint.index.embedded import database, stored_terms, transcripts
from seekpoint.index.embedded.database import transaction
from seekpoint.index.embedded.names import lookup_translations, refresh_translations, translations_are_stale
from seekpoint.index.embedded.writer import EmbeddedWriter
from tests.index.libraries import CARD, embedded, fill

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


class SmallDictionaries:
    """A few words, as a reader sees them above."""

    def __init__(self, version: str = "1") -> None:
        self.version = version
        self.read = 0

    def sources(self, target: str) -> list[str]:
        return [source for source, other in ENTRIES if other == target]

    def entries(self, source: str, target: str) -> Sequence[tuple[str, Sequence[str]]]:
        self.read += 1
        return ENTRIES[source, target]


@pytest.fixture
def connection(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database of a library in English and Chinese."""
    with closing(database.connect(folder, writable=True)) as opened:
        yield opened


def fresh(connection: sqlite3.Connection, version: str = "1") -> None:
    with transaction(connection):
        refresh_translations(connection, SmallDictionaries(version))


def test_only_translations_that_the_library_says_are_kept(connection: sqlite3.Connection) -> None:
    fresh(connection)
    assert lookup_translations(connection, "zh", ["注意力", "反向传播", "掩码", "长颈鹿", "权重"]) == {
        "en": {
            "注意力": (("attent",),),
            "掩码": (("mask",), ("hide", "the", "word")),
            "权重": (("weigh",),),
        }
    }


def test_words_are_found_by_their_stems_and_in_simplified_characters(connection: sqlite3.Connection) -> None:
    fresh(connection)
    keys = ["attent", "mask", "café au lait", "Attention", ""]
    assert lookup_translations(connection, "en", keys) == {
        "zh": {
            "attent": (("注意", "意力"),),
            "mask": (("掩码",), ("遮住",)),
            "café au lait": (("权重",),),
        }
    }
    assert lookup_translations(connection, "zh", ["權重"]) == {}


@pytest.mark.parametrize(("source", "targets"), [("en", {"zh"}), ("ko", set()), ("zh", {"en"})])
def test_other_pairs_of_languages_have_none(connection: sqlite3.Connection, source: str, targets: set[str]) -> None:
    fresh(connection)
    assert lookup_translations(connection, source, ["注意力", "attent"]).keys() == targets


def test_what_holds_for_any_language_stands_beside_the_languages_own(connection: sqlite3.Connection) -> None:
    fresh(connection)
    connection.executemany(
        "INSERT INTO translation (source, word, target, alternatives) VALUES ('', ?, ?, ?)",
        [("注意力", "en", '[["weigh"],["attent"]]'), ("attent", "en", '[["weigh"]]'), ("attent", "zh", '[["权重"]]')],
    )
    assert lookup_translations(connection, "zh", ["注意力", "attent"]) == {
        "en": {"注意力": (("weigh",), ("attent",)), "attent": (("weigh",),)}
    }
    assert lookup_translations(connection, "ko", ["attent"]) == {
        "en": {"attent": (("weigh",),)},
        "zh": {"attent": (("权重",),)},
    }


def test_a_language_that_the_library_lacks_needs_no_dictionary(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path / "english", CARD) as writer:
        fill(writer, {"attention01": ["attention weighs"]})
    dictionaries = SmallDictionaries()
    with closing(database.connect(tmp_path / "english", writable=True)) as connection:
        with transaction(connection):
            refresh_translations(connection, dictionaries)
        assert lookup_translations(connection, "zh", ["注意力", "权重"])["en"].keys() == {"注意力", "权重"}
        assert lookup_translations(connection, "en", ["attent"]) == {}
    assert dictionaries.read == 1


def test_translations_are_stale_when_the_dictionaries_change(connection: sqlite3.Connection) -> None:
    assert translations_are_stale(connection, SmallDictionaries())
    fresh(connection)
    assert not translations_are_stale(connection, SmallDictionaries())
    assert translations_are_stale(connection, SmallDictionaries("2"))


def test_translations_are_stale_when_the_passages_change(connection: sqlite3.Connection) -> None:
    fresh(connection)
    said = embedded(["a giraffe"], "en-GB")
    with transaction(connection):
        transcripts.insert(connection, "zhuyili0001", said, (), CARD)
    assert translations_are_stale(connection, SmallDictionaries())
    fresh(connection)
    assert lookup_translations(connection, "zh", ["长颈鹿"]) == {"en": {"长颈鹿": (("giraff",),)}}
    connection.execute("DELETE FROM resource WHERE id = 'zhuyili0001'")
    stored_terms.delete_unused(connection)
    assert translations_are_stale(connection, SmallDictionaries())
    fresh(connection)
    assert lookup_translations(connection, "zh", ["长颈鹿", "注意力"]) == {"en": {"注意力": (("attent",),)}}
