"""Text files give paragraphs, items, rows and listings as rendered, each as one line."""

from __future__ import annotations

import codecs
import gzip
import os
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seekpoint.index.errors import Unfetched
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Details
from seekpoint.indexer.sources.pages.html import read_html
from seekpoint.indexer.sources.pages.markdown import read_markdown, read_plain
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role
from tests import fuzzing
from tests.indexer.sources.parsed import refusal, texts

SENTENCES = [
    "Attention lets every word look at the other words of the sentence.",
    "注意力机制让句子里的每个词都能看到其他词。",
]


def plain(text: str) -> list[str]:
    return texts(read_plain(text.encode()))


def markdown(text: str) -> list[str]:
    return texts(read_markdown(text.encode()))


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        ("One\n\nTwo\n \t\n\n三\f四\r\n\r\n五", ["One", "Two", "三", "四", "五"]),
        ("Every word\n  looks at the multi-\nhead others.", ["Every word looks at the multi-head others."]),
        ("每个词都能看到其他词，\n并且用 PyTorch\n实现。", ["每个词都能看到其他词，并且用 PyTorch 实现。"]),
        ("어텐션은 문장의\n각 단어가", ["어텐션은 문장의 각 단어가"]),
        (
            "Notes:\n- attention weighs\n  the words\n* 位置编码\n1. one\n2) two\n3、三\n2017 was the year",
            ["Notes:", "- attention weighs the words", "* 位置编码", "1. one", "2) two", "3、三 2017 was the year"],
        ),
        ("Title\n\n=====\n\n* * *\n\nWords", ["Title", "Words"]),
        ("\x1b[31mred\x1b[0m wo\u202erds\u200d", ["red words\u200d"]),
    ],
)
def test_the_paragraphs_of_a_plain_text(text: str, paragraphs: list[str]) -> None:
    assert plain(text) == paragraphs


def test_long_lines_are_paragraphs() -> None:
    first, second, huge = SENTENCES[0] * 3, SENTENCES[1] * 5, "注意力" * 70_000
    assert plain(f"{first}\n{second}\nYes.\n{first}") == [first, second, "Yes.", first]
    assert plain(huge) == markdown(huge) == [huge]


def test_a_transcript_without_blank_lines_comes_in_blocks() -> None:
    for sentence in SENTENCES:
        blocks = plain("\n".join([sentence] * 200))
        assert all(300 < len(block.encode()) < 3000 and block.endswith(sentence[-5:]) for block in blocks)
        assert "".join(blocks).replace(" ", "") == (sentence * 200).replace(" ", "")
    without_punctuation = plain("\n".join(["so we take the query"] * 1000 + ["我们来看查询"] * 1000))
    assert len(without_punctuation) > 10 and all(0 < len(block) < 2500 for block in without_punctuation)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
def test_encodings(encoding: str) -> None:
    for paragraphs in (["注意力机制让句子里的每个词。", "第二段讲位置编码，以及 softmax。"], ["Two words.", "More."]):
        data = "\n\n".join(paragraphs).encode(encoding)
        assert texts(read_plain(data)) == texts(read_markdown(data)) == paragraphs


@pytest.mark.parametrize("read", [read_plain, read_markdown])
def test_a_file_without_text_says_why(read: Callable[[bytes], ParsedDocument]) -> None:
    for data in (b"", b" \n\t\r\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, "\u3000\n".encode()):
        assert refusal(read, data).startswith("the file is empty: save or copy it again")
    assert refusal(read, b"---- ====\n\n***").startswith("there are no words in it")
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256))
    for data in (gzip.compress(os.urandom(9000)), picture, b"words\0" * 99):
        assert refusal(read, data).startswith("not a text file")


MARKDOWN = """---
title: "注意力: an introduction"
author:
  - 李明
  - "Jane Doe"
date: 2024-05-01 10:00
lang: zh-CN
---
# Attention

Every *word* looks at [the others](https://example.org "a title")
and `weighs` **them** &amp; more. <https://example.org/a>
注意力让每个词
看到其他词。

- first item
- 第二项

  its second paragraph
  1. nested

> a quoted
> line

| Model | BLEU |
|-------|-----:|
| base  | 27.3 |
| 大    | 28.4 |

```python
def attention(q, k):
    return q @ k
```

    indented = True

Setext 标题
-----------

***

![架构图 architecture](a.png) beside <b>bold</b><br>after a break <!-- hidden -->

<details><summary>More</summary><p>shown on a click</p></details>
<script>alert("words")</script>
<h2 align="center">Raw heading</h2>
"""


def test_the_cells_of_a_long_row_are_blocks_as_on_a_page() -> None:
    cells = ["掩码遮住后面的词" * 30, "The mask hides what comes later. " * 6]
    rows = f"| a | b |\n|---|---|\n| {' | '.join(cells)} |"
    page = f"<table><tr><td>{'</td><td>'.join(cells)}</td></tr></table>"
    assert texts(read_markdown(rows.encode()))[1:] == texts(read_html(page.encode())) == [*map(str.strip, cells)]


def test_markdown_is_read_as_rendered() -> None:
    text = read_markdown(MARKDOWN.encode())
    assert (text.title, text.stated.authors) == ("注意力: an introduction", ("李明", "Jane Doe"))
    assert (text.stated.published, text.language) == ("2024-05-01", "zh-CN")
    assert texts(text) == [
        "Attention",
        "Every word looks at the others and weighs them & more. https://example.org/a 注意力让每个词看到其他词。",
        "- first item",
        "- 第二项",
        "its second paragraph",
        "1. nested",
        "a quoted line",
        "Model | BLEU",
        "base | 27.3",
        "大 | 28.4",
        "def attention(q, k): ⏎ ⇥⇥return q @ k",
        "indented = True",
        "Setext 标题",
        "beside bold",
        "after a break",
        "More",
        "shown on a click",
        "Raw heading",
    ]
    headings = [block for block in text.blocks if block.role is Role.HEADING]
    assert headings == [Block(words, Role.HEADING) for words in ("Attention", "Setext 标题", "Raw heading")]


def test_the_metadata_of_a_text() -> None:
    for front, title, authors, published in (
        ("---\ntitle: Plain\nauthors: [A, 'B']\ndate: 2024/5/1\n---\n", "Plain", ("A", "B"), "2024-05-01"),
        ("---\r\nTitle: 标题\r\nDate: 2024/05/01\r\n...\r\n", "标题", (), "2024-05-01"),
        (
            "---\nauthors: ['Smith, J', \"Doe, Ada\", O'Neil]\n---\n",
            "Heading",
            ("J\xa0Smith", "Ada\xa0Doe", "O'Neil"),
            None,
        ),
        ('---\nauthor: ["[[人/李明|明]]", "[[B]]"]\n---\n', "Heading", ("李明", "B"), None),
        ('---\nauthor:\n  - "[[Ada]]"\n  - "[[A/B/Jo Doe|Jo]]"\n---\n', "Heading", ("Ada", "Jo Doe"), None),
        ("---\nauthor: [[Ada Lovelace|Ada]]\n---\n", "Heading", ("Ada Lovelace",), None),
        ('+++\ntitle = "Toml"\nauthor = "李明"\ndate = 2024-05-01\n+++\n', "Toml", ("李明",), "2024-05-01"),
        ("---\nlayout: post\n---\n", "Heading", (), None),
        ("# One\n\n", None, (), None),
    ):
        text = read_markdown(f"{front}# Heading\n\nwords".encode())
        assert (text.title, text.stated.authors, text.stated.published) == (title, authors, published)
        assert texts(text)[-2:] == ["Heading", "words"]
    note = "---\ncitekey: 李2020\nyear: 2020\njournal: 学报\ndoi: https://doi.org/10.1145/15.2\n---\nwords"
    cited = read_markdown(note.encode())
    assert cited.stated == Details(published="2020", container="学报", doi="10.1145/15.2", key="李2020")
    assert read_markdown(b"---\ncitation-key: a] b\n---\nwords").stated.key is None
    assert markdown("---\n\nNote: words\n\n---\n\nmore") == ["Note: words", "more"], "a ruler is no front matter"


def test_the_marks_of_lists_links_of_notes_and_the_depth_of_code_survive() -> None:
    note = "- [ ] 见 [[注意力|attention]]\n- [x] ![[mask]]\n\n3) c\n4) d\n\n"
    code = "```\nif a:\n\tif b:\n\t\tc\n\n   d\n```\n\n- ```\n  e\n  ```\n"
    items = ["- [ ] 见 [[注意力|attention]]", "- [x] mask", "3) c", "4) d"]
    assert markdown(note + code) == [*items, "if a: ⏎ ⇥⇥if b: ⏎ ⇥⇥⇥⇥c ⏎ ⇥⇥d", "e"]


OBSIDIAN = """
> [!done] 完成 **now**
> Its body.

> [!warning]-
> 折叠
> > [!tip]

![[diagram.png|300]] See ![[Other note#Masks|this]], ![[页面#掩码]] and [[a link]], `![[code]]`, ![[ open.

A ==highlight==, ==**bold** and `x==y`==; 这是==高亮==的。
Of a==b and c==d, x == y or numpy==1.26 ===these=== are none.
"""


def test_notes_of_obsidian_are_read_as_it_shows_them() -> None:
    assert markdown(OBSIDIAN) == [
        *("完成 now", "Its body.", "Warning", "折叠", "Tip"),
        "See this, 页面 > 掩码 and [[a link]], ![[code]], ![[ open.",
        "A highlight, bold and x==y; 这是高亮的。 Of a==b and c==d, x == y or numpy==1.26 ===these=== are none.",
    ]


@pytest.mark.parametrize(
    ("front", "aliases"),
    [
        ("aliases: [KV cache, '键值缓存']", ("KV cache", "键值缓存")),
        ('aliases:\n  - "KV cache"\n  - 键值, 缓存', ("KV cache", "键值, 缓存")),
        ("alias: KV cache", ("KV cache",)),
        ("aliases: []", ()),
        ("title: x", ()),
    ],
)
def test_the_aliases_of_a_note_are_its_further_titles(front: str, aliases: tuple[str, ...]) -> None:
    assert read_markdown(f"---\n{front}\n---\nwords".encode()).aliases == aliases


def test_too_deep_nesting_is_refused() -> None:
    assert "line 2 is nested too deep" in refusal(read_markdown, b"words\n" + b"> " * 200 + b"deep")
    assert "nested too deep" in refusal(read_markdown, b"<div>" * 5000 + b"deep" + b"</div>" * 5000)


SIGNS = st.text(alphabet="\n\n\n \t\r\0`*_[]()<>!#-=|~>&;:/.'\"\\+0123a注。\u202e\x1b\ufeff")


@given(
    st.binary() | SIGNS.map(str.encode) | st.text().map(str.encode) | st.text().map(lambda text: text.encode("utf-16"))
)
@example(b"[a\n](b)\n")
@example(b"<![x]>\n<!DOCTYPE <html></body><table><tr>")
@fuzzing.fuzz(100)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (read_plain, read_markdown):
        try:
            text = read(data)
        except Unfetched as error:
            assert "\n" not in error.reason
        else:
            assert text.blocks
            assert all(clean(block.text) == block.text != "" for block in text.blocks)
