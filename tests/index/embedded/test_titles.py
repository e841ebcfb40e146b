"""The names of resources: which a title gives, and which of them a question finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.sql.names import lookup_term, title_names
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Details, Playlist, State
from tests.index.libraries import CARD, SOURCE, embedded, resource

MASKED, CHINESE = "Masked language models", "掩码语言模型"


def _named(folder: Path, question: str) -> set[tuple[str, str]]:
    """The resources with the names that a question may say."""
    with EmbeddedReader.open(folder) as library:
        return {(found, " ".join(name)) for found, name in library.titles(terms(question))}


def _found(folder: Path, question: str) -> set[str]:
    return {found for found, _ in _named(folder, question)}


def _list(folder: Path, titles: dict[str, str], source: str = SOURCE, *, own: str | None = None) -> None:
    """List resources of these titles and index those that are new; `own` is how they call themselves."""
    with EmbeddedWriter.acquire(folder, CARD) as writer:
        writer.register(source, [resource(one, title=title) for one, title in titles.items()])
        for one, standing in writer.standings().items():
            if standing.state is State.PENDING:
                writer.commit(one, [embedded(["mask"])], Details(title=own), "")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Attention Is All You Need", {"attent is all you need"}),
        ("Sparse models — Switch Transformer", {"spars model switch transform", "spars model", "switch transform"}),
        (
            "李宏毅：自注意力机制（上）",
            {"李宏 宏毅 自注 注意 意力 力机 机制 上", "李宏 宏毅", "自注 注意 意力 力机 机制"},
        ),
        ("「掩码语言模型」 and 「BERT」", {"掩码 码语 语言 言模 模型 and bert", "掩码 码语 语言 言模 模型"}),
        *((title, set()) for title in ("GPT", "掩码", "— | —", "", "\0", "word " * 41)),
    ],
)
def test_a_title_and_its_parts_are_names_unless_they_are_one_term_or_endless(title: str, expected: set[str]) -> None:
    assert {" ".join(name) for name in title_names(title)} == expected


@given(st.text(st.sampled_from("ab —-:|（）《》注意力掩 \n\t\0é１ﬁ"), max_size=60) | st.text(max_size=80))
def test_any_title_gives_names_whose_key_is_one_of_their_terms(title: str) -> None:
    for name in title_names(title):
        assert 2 <= len(name) <= 40
        assert len(lookup_term(name)) == max(map(len, name)) and lookup_term(name) in name
        assert set(name) <= set(terms(title))


def test_a_question_finds_the_resources_it_names_in_either_language(tmp_path: Path) -> None:
    _list(tmp_path, {"bert": MASKED, "zhu": "自注意力機制 | 第二講"}, own="双向编码器")
    assert _named(tmp_path, "Who made masked language models?") == {("bert", "mask languag model")}
    assert _named(tmp_path, "自注意力机制是什么？") == {
        ("zhu", "自注 注意 意力 力机 机制"),
        ("zhu", "自注 注意 意力 力机 机制 第二 二讲"),
    }
    assert _found(tmp_path, "双向编码器") == {"bert", "zhu"}, "the name that each gives itself"


def test_the_titles_of_all_lists_are_names_as_long_as_they_stand_there(tmp_path: Path) -> None:
    _list(tmp_path, {"talk": MASKED, "other": "位置编码入门"})
    _list(tmp_path, {"talk": CHINESE}, "other.md")
    assert _found(tmp_path, MASKED) == _found(tmp_path, CHINESE) == {"talk"}
    _list(tmp_path, {"talk": CHINESE, "other": "位置编码入门"})
    assert _found(tmp_path, MASKED) == set()
    assert (_found(tmp_path, CHINESE), _found(tmp_path, "位置编码入门")) == ({"talk"}, {"other"})
    with EmbeddedWriter.acquire(tmp_path) as writer:
        writer.remove(["talk", "other"])
    assert _found(tmp_path, f"{CHINESE} 位置编码入门") == set()


def test_what_is_not_indexed_is_not_named_until_it_is_and_a_playlist_by_its_own_title(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        listed = [resource("late", title=MASKED), resource("zhu", title=CHINESE), resource("list")]
        writer.register(SOURCE, listed)
        writer.set_state("zhu", State.UNAVAILABLE, reason="blocked 被擋")
        writer.keep_playlist("list", Playlist("深度学习讲座", ()))
    assert _found(tmp_path, f"{MASKED} {CHINESE}") == set()
    assert _found(tmp_path, "深度学习讲座") == {"list"}
    with EmbeddedWriter.acquire(tmp_path) as writer:
        writer.commit("late", [embedded(["mask"])], Details(), "")
        writer.keep_playlist("list", Playlist("Deep learning lectures", ()))
    assert _found(tmp_path, f"{MASKED} {CHINESE}") == {"late"}
    assert (_found(tmp_path, "Deep learning lectures"), _found(tmp_path, "深度学习讲座")) == ({"list"}, set())


def test_a_hostile_title_is_a_name_like_any_other_or_none(tmp_path: Path) -> None:
    titles = {
        "sql": "'; DROP TABLE name; -- masked models",
        "query": 'NEAR("masked" OR *) AND 掩码 语言',
        "zero": "masked\0models 掩码",
        "words": "masked " * 10_000,
        "characters": "掩" * 100_000,
        "marks": "(" * 50_000 + "masked models",
        "emoji": "👩‍💻 masked 👩‍💻 models \u202eﷺ",
    }
    _list(tmp_path, titles | {"good": "Position encodings 位置编码"})
    assert "good" in _found(tmp_path, "position encodings")
    with EmbeddedReader.open(tmp_path) as library:
        for one, title in titles.items():
            for name in title_names(title):
                assert (one, name) in [(found, tuple(other)) for found, other in library.titles(name)]
