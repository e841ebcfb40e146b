"""Any address, link and file as a source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seekpoint.index.errors import SourceError
from seekpoint.index.types import Resource
from seekpoint.indexer.reading_list.addresses import local_path, resource_of, resource_of_link
from seekpoint.indexer.reading_list.parser import read_source
from tests import fuzzing
from tests.fuzzing import is_line

PARTS = """
https:// http:/ HTTPS: // www. youtube.com youtu.be arxiv.org /watch?v= /abs/ aaaaaaaaaaa 1706.03762 list= PLx & # [ ]
::1 @ a:b@ : 99999 % %0a 讲座.中国 xn-- file: C:\\ \\\\ .. / ?utm_source= ß ．
"""
ADDRESSES = st.lists(st.sampled_from(PARTS.split()) | fuzzing.pieces, max_size=9).map("".join)
BASES = [
    None,
    Path("/tmp"),
    "https://github.com/owner/repo/blob/main/list.md",
    "http://localhost/list.md",
    "https://[::1]/a",
]
LIST = """---
title: 列表
---
# Talks
## Attention
- [注意力](https://youtu.be/aircAruvnKk) and <https://arxiv.org/abs/1706.03762>, [a](notes.md "b")
<a href="//[x">Talk</a> <!-- c --> ![d](e.png)
"""

fuzz = fuzzing.fuzz(200)


def check(resource: Resource | None) -> None:
    if resource:
        assert resource.id and is_line(resource.url) and resource.url
        assert is_line(resource.title) and all(is_line(part) for path in resource.sections for part in path)


@given(ADDRESSES)
@example("https://a^B/")
@example("https://\ud800/\ud800")
@fuzz
def test_any_address_is_a_resource_whose_own_address_leads_to_it(address: str) -> None:
    resource = resource_of(address, address)
    check(resource)
    if resource:
        again = resource_of(resource.url)
        assert again and again == resource_of(again.url)
        assert again == replace(resource, title="") or not address.isascii()  # malformed ones are kept as they are


@given(ADDRESSES, st.sampled_from(BASES))
@example("//[x", "https://github.com/owner/repo/blob/main/list.md")
@example("//[::1", "http://localhost/list.md")
@fuzz
def test_any_link_is_a_resource_or_none(href: str, base: Path | str | None) -> None:
    resource = resource_of_link(href, href, base=base)
    check(resource)
    if resource and resource.url.startswith("file:") and isinstance(base, Path):
        local_path(resource.url)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lists")


@given(
    st.binary() | fuzzing.encoded(fuzzing.mutated(st.just(LIST)) | fuzzing.texts | ADDRESSES),
    st.sampled_from([".md", ".txt", ".html"]),
    st.booleans(),
)
@fuzz
def test_any_file_is_a_list_or_refused_in_a_line(folder: Path, data: bytes, suffix: str, is_trusted: bool) -> None:
    file = folder / f"列表{suffix}"
    file.write_bytes(data)
    try:
        read = read_source(str(file), is_trusted=is_trusted)
    except SourceError as error:
        assert is_line(str(error))
        return
    assert read.resources
    for resource in read.resources:
        check(resource)
        assert is_trusted or suffix == ".html" or not resource.url.startswith("file:///")
