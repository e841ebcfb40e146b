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
from seekpoint.index.types import State
from seekpoint.indexer.sources.pages.markdown import read_markdown, read_plain
from seekpoint.indexer.sources.sandbox import DocumentFormat, SandboxedReader
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role
from tests import fuzzing

SENTENCES = [
    "Attention lets every word look at the other words of the sentence.",
    "注意力机制让句子里的每个词都能看到其他词。",
    "The decoder hides what comes later, so that it can't look ahead.",
]


def lines(text: ParsedDocument) -> list[str]:
    return [block.text for block in text.blocks]


def plain(text: str) -> list[str]:
    return lines(read_plain(text.encode()))


def markdown(text: str) -> list[str]:
    return lines(read_markdown(text.encode()))


def refusal(data: bytes) -> str:
    reasons = set()
    for read in (read_plain, read_markdown):
        with pytest.raises(Unfetched) as refused:
            read(data)
        assert refused.value.state is State.UNAVAILABLE
        assert "\n" not in refused.value.reason
        reasons.add(refused.value.reason)
    assert len(reasons) == 1
    return reasons.pop()


def test_blank_lines_separate_paragraphs() -> None:
    assert plain("One\n\nTwo\n \t\n\n三\f四\r\n\r\n五") == ["One", "Two", "三", "四", "五"]


def test_wrapped_lines_are_joined() -> None:
    assert plain("Attention lets every word\n  look at the multi-\nhead others.") == [
        "Attention lets every word look at the multi-head others."
    ]
    assert plain("注意力机制让句子里的\n每个词都能看到其他词，\n并且用 PyTorch\n实现。") == [
        "注意力机制让句子里的每个词都能看到其他词，并且用 PyTorch 实现。"
    ]
    assert plain("어텐션은 문장의\n각 단어가") == ["어텐션은 문장의 각 단어가"]


def test_long_lines_are_paragraphs() -> None:
    first, second = SENTENCES[0] * 3, SENTENCES[1] * 5
    assert plain(f"{first}\n{second}\nYes.\n{first}") == [first, second, "Yes.", first]


def test_items_are_blocks() -> None:
    notes = "Notes:\n- attention weighs\n  the words\n* 位置编码\n1. one\n2) two\n3、三\n2017 was the year"
    assert plain(notes) == [
        "Notes:",
        "- attention weighs the words",
        "* 位置编码",
        "1. one",
        "2) two",
        "3、三 2017 was the year",
    ]


def test_rulers_are_dropped() -> None:
    assert plain("Title\n\n=====\n\n* * *\n\nWords") == ["Title", "Words"]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_transcript_without_blank_lines_comes_in_blocks(sentence: str) -> None:
    blocks = plain("\n".join([sentence] * 200))
    assert all(300 < len(block.encode()) < 3000 for block in blocks)
    assert all(block.endswith(sentence[-5:]) for block in blocks)
    assert "".join(blocks).replace(" ", "") == (sentence * 200).replace(" ", "")


def test_words_without_punctuation_come_in_blocks_too() -> None:
    blocks = plain("\n".join(["so we take the query"] * 1000) + "\n" + "\n".join(["我们来看查询"] * 1000))
    assert all(0 < len(block) < 2500 for block in blocks)
    assert len(blocks) > 10


def test_a_very_long_paragraph_stays_whole() -> None:
    assert plain("注意力" * 70_000) == ["注意力" * 70_000]
    assert markdown("注意力" * 70_000) == ["注意力" * 70_000]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize("read", [read_plain, read_markdown])
def test_encodings(encoding: str, read: Callable[[bytes], ParsedDocument]) -> None:
    text = "\n\n".join(["注意力机制让句子里的每个词都能看到其他词。", "第二段讲位置编码，以及 softmax。"])
    assert lines(read(text.encode(encoding))) == text.split("\n\n")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_english_in_utf_16(encoding: str) -> None:
    assert lines(read_plain("Two words.\n\nMore.".encode(encoding))) == ["Two words.", "More."]


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, "\u3000\n".encode()])
def test_an_empty_file_says_so(data: bytes) -> None:
    assert refusal(data) == "the file is empty: save or copy it again"


def test_a_file_without_words_says_so() -> None:
    assert refusal(b"---- ====\n\n***") == "there are no words in it"


@pytest.mark.parametrize(
    "data",
    [gzip.compress(os.urandom(9000)), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), b"words\0" * 99],
    ids=["gzip", "PNG", "NUL"],  # else pytest 8 names a test by its bytes, which differ between workers
)
def test_a_binary_file_says_so(data: bytes) -> None:
    assert refusal(data).startswith("not a text file")


def test_unsafe_characters_are_removed() -> None:
    assert plain("\x1b[31mred\x1b[0m wo\u202erds\u200d") == ["red words\u200d"]


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


def test_markdown_is_read_as_rendered() -> None:
    text = read_markdown(MARKDOWN.encode())
    assert lines(text) == [
        "Attention",
        "Every word looks at the others and weighs them & more. https://example.org/a 注意力让每个词看到其他词。",
        "first item",
        "第二项",
        "its second paragraph",
        "nested",
        "a quoted line",
        "Model | BLEU",
        "base | 27.3",
        "大 | 28.4",
        "def attention(q, k): ⏎ return q @ k",
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


def test_front_matter_gives_metadata() -> None:
    text = read_markdown(MARKDOWN.encode())
    assert (text.title, text.author) == ("注意力: an introduction", "李明, Jane Doe")
    assert (text.published, text.language) == ("2024-05-01", "zh-CN")


@pytest.mark.parametrize(
    ("front", "title", "author", "published"),
    [
        ("---\ntitle: Plain\nauthors: [A, 'B']\ndate: 2024/5/1\n---\n", "Plain", "A, B", None),
        ("---\r\nTitle: 标题\r\nDate: 2024/05/01\r\n...\r\n", "标题", None, "2024-05-01"),
        ('+++\ntitle = "Toml"\nauthor = "李明"\ndate = 2024-05-01\n+++\n', "Toml", "李明", "2024-05-01"),
        ("---\nlayout: post\n---\n", "Heading", None, None),
        ("", "Heading", None, None),
    ],
)
def test_variants_of_front_matter(front: str, title: str, author: str | None, published: str | None) -> None:
    text = read_markdown(f"{front}# Heading\n\nwords".encode())
    assert (text.title, text.author, text.published) == (title, author, published)
    assert lines(text) == ["Heading", "words"]


def test_a_ruler_is_not_front_matter() -> None:
    assert markdown("---\n\nNote: words\n\n---\n\nmore") == ["Note: words", "more"]


def test_section_headings_are_not_the_title() -> None:
    assert read_markdown(b"# One\n\nwords\n\n# Two\n\nwords").title is None


def test_too_deep_nesting_is_refused() -> None:
    with pytest.raises(Unfetched, match="line 2 is nested too deep"):
        read_markdown(b"words\n" + b"> " * 200 + b"deep")
    with pytest.raises(Unfetched, match="nested too deep"):
        read_markdown(b"<div>" * 5000 + b"deep" + b"</div>" * 5000)


def test_markdown_is_read_in_the_child_process() -> None:
    with SandboxedReader() as reader:
        assert reader.read(DocumentFormat.MARKDOWN, MARKDOWN.encode()) == read_markdown(MARKDOWN.encode())


SIGNS = st.text(alphabet="\n\n\n \t\r\0`*_[]()<>!#-=|~>&;:/.'\"\\+0123a注。\u202e\x1b\ufeff")
fuzz = fuzzing.fuzz(150)


@given(
    st.binary() | SIGNS.map(str.encode) | st.text().map(str.encode) | st.text().map(lambda text: text.encode("utf-16"))
)
@example(b"[a\n](b)\n")
@example(b"<![x]>\n<!DOCTYPE <html></body><table><tr>")
@fuzz
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (read_plain, read_markdown):
        try:
            text = read(data)
        except Unfetched as error:
            assert "\n" not in error.reason
        else:
            assert text.blocks
            assert all(clean(block.text) == block.text != "" for block in text.blocks)
