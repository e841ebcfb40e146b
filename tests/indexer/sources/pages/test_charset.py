from __future__ import annotations

import pytest

from seekpoint.indexer.sources.pages.charset import decoded

PAGE = """<!DOCTYPE html><html><head>{}<title>注意力机制</title></head><body><h1>注意力机制</h1>
<p>自注意力让模型在处理每个词时，都能看到输入序列里的其他词，从而得到更好的表示。</p>
<p>多头注意力把查询、键和值分成几份，分别计算以后再拼接起来。</p></body></html>"""
TRADITIONAL = "<html><body><p>自注意力讓模型在處理每個詞時，都能看到輸入序列裡的其他詞。</p></body></html>"


def labelled(label: str) -> str:
    return PAGE.format(f'<meta charset="{label}">')


@pytest.mark.parametrize(
    "header", [None, "utf-8", "gbk", "GB18030", "iso-8859-1", "nonsense", "unicode_escape", "", '"gbk"', "utf8mb4"]
)
def test_simplified_chinese_is_recognised_despite_wrong_labels(header: str | None) -> None:
    for meta in ("utf-8", "gbk", "gb2312", "iso-8859-1", "none"):
        for encoding in ("utf-8", "gbk"):
            assert decoded(labelled(meta).encode(encoding), header) == labelled(meta)


def test_big5() -> None:
    page = TRADITIONAL.replace("<body>", '<meta http-equiv="Content-Type" content="text/html; charset=big5"><body>')
    for header in (None, "big5", "Big5-HKSCS", "utf-8"):
        assert decoded(page.encode("big5"), header) == page


@pytest.mark.parametrize(
    ("encoding", "label", "text"),
    [
        ("shift_jis", "Shift_JIS", "注意機構は入力の各単語を見る"),
        ("iso2022_jp", "ISO-2022-JP", "注意機構は入力の各単語を見る"),
        ("euc_kr", "euc-kr", "어텐션은 입력의 모든 단어를 본다"),
        ("cp1251", "windows-1251", "Внимание видит каждое слово входа"),
        ("cp1252", "iso-8859-1", "L’attention regarde chaque mot “déjà lu”"),
        ("latin-1", "us-ascii", "Aufmerksamkeit über alle Wörter hört nie auf"),
    ],
)
def test_a_correct_label_is_used(encoding: str, label: str, text: str) -> None:
    page = f"<html><body><p>{text}</p></body></html>"
    assert decoded(page.encode(encoding), label) == page
    named = page.replace("<body>", f'<meta charset="{label}"><body>')
    assert decoded(named.encode(encoding)) == named


def test_of_a_page_with_both_the_meta_element_counts_for_more_than_the_declaration_of_xml() -> None:
    declaration = '<?xml version="1.0" encoding="utf-8"?>'
    meta = '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2" />'
    page = f"{declaration}<html><head>{meta}</head><body><p>Pozornost váží každé slovo, uč se číst</p></body></html>"
    assert decoded(page.encode("iso-8859-2")) == page


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_with_and_without_a_byte_order_mark(encoding: str) -> None:
    for text in (PAGE, "<html><body><p>Attention is all you need.</p></body></html>"):
        assert decoded(text.encode(encoding), "iso-8859-1") == text


def test_odd_pages_are_decoded() -> None:
    cut_within_a_character = labelled("utf-8").encode()[:-60]
    assert "自注意力让模型" in decoded(cut_within_a_character, "utf-8")
    assert "镕" in decoded("<p>朱镕基和他的同事们</p>".encode("gb18030"), "gb2312"), "beyond GB 2312"
    assert "über alle" in decoded("<p>Die Aufmerksamkeit über alle Wörter hört nie auf.</p>".encode("latin-1"), None)
