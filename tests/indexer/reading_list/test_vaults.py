"""An Obsidian vault is a folder of notes, and the addresses that they are about."""

from __future__ import annotations

from pathlib import Path

from seekpoint.index.types import Kind
from seekpoint.indexer.reading_list.parser import read_source
from tests.cost import at_most

CLIPPED = """\
---
title: "注意力 explained"
source: https://a.org/x?utm_source=o
aliases: [mask]
---
# 笔记

See [[softmax|掩码]], ![[图.png]] and <https://not.followed.org>.
"""
NOTES = {
    "第一周/clipped.md": CLIPPED,
    "第一周/two.md": "---\r\nurl:\r\n  - youtu.be/aaaaaaaaaaa\r\n  - https://b.org/\r\n---\r\ntext\r\n",
    "plain.md": "No front matter, https://not.followed.org\n\n---\nurl: https://not.front.org\n---\n",
    "book.md": '---\nsource: "[[A book]]"\nurl: ../relative\n---\ntext\n',
    ".trash/gone.md": "---\nurl: https://trash.org\n---\n",
    ".obsidian/app.json": "{}",
    "bytes.md": "\udcff",
}


def write(folder: Path) -> None:
    for name, text in NOTES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))


def test_front_matter_names_entries_and_links_in_the_text_do_not(tmp_path: Path) -> None:
    write(tmp_path / "金库")
    found = read_source(str(tmp_path))
    notes = [one for one in found.resources if one.kind is Kind.DOCUMENT]
    assert sorted(Path(one.url).name for one in notes) == ["book.md", "bytes.md", "clipped.md", "plain.md", "two.md"]
    assert [(one.title, one.url, one.sections) for one in found.resources if one.kind is not Kind.DOCUMENT] == [
        ("注意力 explained", "https://a.org/x", (("金库", "第一周"),)),
        ("", "https://www.youtube.com/watch?v=aaaaaaaaaaa", (("金库", "第一周"),)),
        ("", "https://b.org/", (("金库", "第一周"),)),
    ]


def test_a_markdown_link_is_an_address_and_others_are_counted(tmp_path: Path) -> None:
    (tmp_path / ".obsidian").mkdir()
    sources = ("'[视频 (1)](https://youtu.be/aaaaaaaaaaa)'", "ftp://a.org/x", "file:///etc/passwd", '"[[A book]]"')
    for number, source in enumerate(sources):
        (tmp_path / f"笔记{number}.md").write_text(f"---\nsource: {source}\n---\ntext\n", "utf-8")
    found = read_source(str(tmp_path))
    assert [one.id for one in found.resources if one.kind is Kind.VIDEO] == ["aaaaaaaaaaa"]
    assert found.remarks == (f"{tmp_path}: 2 sources of notes left out, as they aren't on the web: 1 ftp:, 1 file:",)


def test_brackets_without_an_end_take_no_time(tmp_path: Path) -> None:
    (tmp_path / ".obsidian").mkdir()
    (tmp_path / "笔记.md").write_text(f"---\nsource: {'[' * 60_000}\n---\ntext\n", "utf-8")
    with at_most(2):
        read_source(str(tmp_path))


def test_a_folder_that_is_no_vault_asks_nothing_of_the_web(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / ".obsidian").rename(tmp_path / "obsidian")
    assert {one.kind for one in read_source(str(tmp_path)).resources} == {Kind.DOCUMENT}
