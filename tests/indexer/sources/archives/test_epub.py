"""Books: the order of their chapters, headings, anchors, contents and metadata."""

from __future__ import annotations

import pytest

from seekpoint.indexer.sources.archives.archive import read_archive
from seekpoint.indexer.transcript.text_timeline import Block, Role
from tests.indexer.sources.archives.samples import epub, xhtml
from tests.indexer.sources.parsed import refusal, texts


def test_chapters_are_read_in_the_order_of_the_spine_with_anchors_into_their_parts() -> None:
    chapters = {
        "b.xhtml": '<h1 id="two">第二章 Two</h1><p>Second.</p><table><tr><td>键</td><td>key</td></tr></table>',
        "a.xhtml": '<p>Before.</p><h1>One</h1><p>First&nbsp;words.</p><div id="s"><h2>Part</h2><p>More.</p></div>',
    }
    read = read_archive(epub(chapters, order=("a.xhtml", "b.xhtml", "gone.xhtml", "a.xhtml")))
    assert read.blocks == (
        Block("Before.", anchor="a.xhtml"),
        Block("One", Role.HEADING, "a.xhtml"),
        Block("First words.", anchor="a.xhtml"),
        Block("Part", Role.HEADING, "a.xhtml#s"),
        Block("More.", anchor="a.xhtml#s"),
        Block("第二章 Two", Role.HEADING, "b.xhtml#two"),
        Block("Second.", anchor="b.xhtml#two"),
        Block("键 | key", anchor="b.xhtml#two"),
    )


@pytest.mark.parametrize("kind", ["contents", "ncx"])
def test_the_table_of_contents_gives_headings_where_the_text_has_none(kind: str) -> None:
    titles = {
        **{"a.xhtml": "第一章", "b.xhtml#x": "Called so", "b.xhtml#y": "Above a part", "c.xhtml": "Not this"},
        **{"b.xhtml#z": "标题", "b.xhtml#w": "next one", "d.xhtml": "d", "e.xhtml#gone": "E"},
    }
    chapters = {
        "a.xhtml": "<p>First.</p>",
        "b.xhtml": '<p>Before.</p><p id="x">Called  <b>SO</b></p><p>Text.</p><div id="y"><p>In the part.</p></div>'
        '<p><a id="z"/><b>标题</b></p><a id="w"/><p>Next one</p><p>After.</p>',
        "c.xhtml": "<h3>Its own</h3><p>Third.</p>",
        "e.xhtml": "<p>Last.</p>",
    }
    read = read_archive(
        epub(chapters, contents=titles if kind == "contents" else None, ncx=titles if kind == "ncx" else None)
    )
    assert [(block.text, block.anchor) for block in read.blocks if block.role is Role.HEADING] == [
        *(("第一章", "a.xhtml"), ("Called SO", "b.xhtml#x"), ("Above a part", "b.xhtml#y")),
        *(("标题", "b.xhtml#z"), ("Next one", "b.xhtml#w")),
        *(("Its own", "c.xhtml"), ("E", "e.xhtml#gone")),
    ]
    assert texts(read, Role.BODY) == ["First.", "Before.", "Text.", "In the part.", "After.", "Third.", "Last."]


def test_the_table_of_contents_is_no_chapter_however_short() -> None:
    assert texts(read_archive(epub({"a.xhtml": "<p>Text.</p>"}, contents={"a.xhtml": "一"}))) == ["一", "Text."]


def test_a_chapter_of_links_is_left_out_as_a_table_of_contents_is() -> None:
    links = "".join(f'<li><a href="{name}.xhtml">Chapter 第 {name} 章</a> 1.{name}</li>' for name in range(9))
    read = read_archive(epub({"toc.xhtml": f"<h1>Contents</h1><ul>{links}</ul>", "1.xhtml": "<p>Text.</p>"}))
    assert texts(read) == ["Text."]
    sources = '<p><a href="https://a.org/1">A source 文献</a></p><p><a href="https://a.org/2">Another</a></p>'
    assert texts(read_archive(epub({"a.xhtml": sources}))) == ["A source 文献", "Another"]


def test_metadata_is_that_of_the_package() -> None:
    metadata = (
        "<dc:title>白话文学史 </dc:title><dc:title>Second</dc:title><dc:creator>胡适</dc:creator>"
        "<dc:creator>Unknown</dc:creator><dc:creator>Hu Shih</dc:creator>"
        "<dc:date>1928-06</dc:date><dc:language>zh-CN</dc:language><dc:publisher>新月书店</dc:publisher>"
        "<dc:identifier>urn:uuid:1</dc:identifier><dc:identifier>urn:isbn:978-0-262-03384-8</dc:identifier>"
    )
    read = read_archive(epub({"a.xhtml": "<p>词。</p>"}, metadata))
    assert (read.title, read.stated.authors, read.stated.published, read.language) == (
        *("白话文学史", ("胡适", "Hu Shih"), "1928-06", "zh-CN"),
    )
    assert (read.stated.channel, read.stated.isbn, read.stated.doi) == ("新月书店", "9780262033848", None)


def test_chapters_that_are_not_well_formed_or_declare_entities_are_read_all_the_same() -> None:
    lol = '<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    chapters = {
        "broken.xhtml": "<html><body><h1>坏 Broken</h1><p>Not <b>closed<p>Next.",
        "entities.xhtml": f"{lol}<html><head><script/><title/></head><p>Dashes &mdash; &b; &f; &amp; 。</p></html>",
        "comment.xhtml": "<!-- <html> nothing -->",
        "latin.xhtml": "\ufeff" + xhtml('<a id="x"/><p>Empty anchors.</p>'),
    }
    read = read_archive(epub(chapters))
    said = texts(read)
    assert said[:3] == ["坏 Broken", "Not closed", "Next."] and said[-1] == "Empty anchors."
    assert "Dashes —" in said[3] and "haha" not in said[3] and "root:" not in said[3]


def test_an_encrypted_book_is_refused_and_hidden_fonts_are_not_its_text() -> None:
    def encryption(method: str, target: str) -> dict[str, str]:
        data = (
            f'<enc:EncryptedData><enc:EncryptionMethod Algorithm="{method}"/><enc:CipherData>'
            f'<enc:CipherReference URI="{target}"/></enc:CipherData></enc:EncryptedData>'
        )
        text = f'<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#">{data}</encryption>'
        return {"META-INF/encryption.xml": text}

    chapters = {"a.xhtml": "<p>Text.</p>"}
    aes, fonts = "http://www.w3.org/2001/04/xmlenc#aes128-cbc", "http://www.idpf.org/2008/embedding"
    assert refusal(read_archive, epub(chapters, parts=encryption(aes, "OPS/a.xhtml"))) == (
        "the book's text is encrypted (DRM): put a copy on the list that isn't"
    )
    for method, target in ((fonts, "OPS/a.xhtml"), (aes, "OPS/font.otf")):
        assert texts(read_archive(epub(chapters, parts=encryption(method, target)))) == ["Text."]
