"""Answers as Markdown, CSV and playlists, and the formats of `ask --format`."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Kind, Resource
from seekpoint.query.answers import Answer, Confidence, Moment
from seekpoint.query.output.exports import COLUMNS, FOLLOWING, FORMATS, to_csv, to_csv_rows, to_m3u, to_markdown
from seekpoint.query.output.notebook import moment_html
from seekpoint.query.output.terminal import to_text
from tests.query.output.examples import ANSWER, HOSTILE, VIDEO_MOMENT, hostile_answer

SAFE = {
    *("heading_open", "heading_close", "ordered_list_open", "ordered_list_close", "list_item_open", "list_item_close"),
    *("paragraph_open", "paragraph_close", "blockquote_open", "blockquote_close", "inline", "text", "text_special"),
    *("link_open", "link_close", "strong_open", "strong_close", "hardbreak", "softbreak"),
}


def parsed(text: str) -> list[Token]:
    """The tokens that a parser with raw HTML, tables and strikethrough makes of it; it allows links to files."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: not url.startswith("javascript:")  # type: ignore[method-assign]
    blocks = parser.parse(text)
    return [token for block in blocks for token in (block, *(block.children or ()))]


def links(tokens: list[Token]) -> list[str]:
    return [str(token.attrs["href"]) for token in tokens if token.type == "link_open"]


def visible_text(tokens: list[Token]) -> str:
    """The text that a reader sees."""
    ends = {"softbreak": "\n", "hardbreak": "\n", "paragraph_close": "\n\n", "heading_close": "\n\n"}
    return "".join(token.content if token.type == "text" else ends.get(token.type, "") for token in tokens)


def test_markdown_is_a_list_of_links_with_times_and_bold_matches() -> None:
    assert to_markdown(ANSWER).splitlines() == [
        "## 什么是掩码？",
        "",
        "1. [什么是注意力](https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s) · 12:34 · zh\\",
        "   Attention › Masks\\",
        "   More\\",
        "   in: 掩码",
        "",
        "   > “现在讲**掩码** and **masks**, not 3 \\* 4”",
        "",
        "2. [Why masks?](file:///home/ada/my%20talks/masks.ogg#t=12) · 0:12 · en",
        "",
        "   > “a **mask** hides the future”",
        "",
        "3. [Attention \\[Is\\] All You Need](https://arxiv.org/pdf/1706.03762#page=3) · p. 3 · en",
        "",
        "   > “a **mask** hides the future”",
    ]
    tokens = parsed(to_markdown(ANSWER))
    assert links(tokens) == [moment.link for moment in ANSWER.moments]
    assert [token.type for token in tokens].count("ordered_list_open") == 1
    assert "“现在讲掩码 and masks, not 3 * 4”" in visible_text(tokens)
    for moments, line in (((VIDEO_MOMENT,), "answers that; nearest:"), ((), "answers that.")):
        assert to_markdown(Answer("q", Confidence.NONE, moments)).splitlines()[2] == f"Nothing here {line}"


@pytest.mark.parametrize(
    "text",
    [*HOSTILE, 'a "quoted", one', "a,b;c", "a\nfile:///etc/passwd", "a\r#EXTVLCOPT:sout=#file", "a\u2028b\x85c"],
)
def test_no_text_breaks_out_of_its_place(text: str) -> None:
    answer = hostile_answer(text)
    tokens = parsed(to_markdown(answer))
    assert {token.type for token in tokens} <= SAFE
    assert links(tokens) == ["https://e.org/v#t=1"] * 2
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h2"]
    assert visible_text(tokens).count(clean(text)) >= 9
    assert "\x1b" not in visible_text(tokens) and "\u202e" not in visible_text(tokens)
    cells = rows(to_csv(answer))
    assert [row["quote"].removeprefix("'") for row in cells] == [clean(text)] * 2
    assert all(set(row) == set(COLUMNS) and None not in row.values() for row in cells)
    kinds = [line.partition(":")[0] for line in to_m3u(answer).splitlines()]
    assert kinds == ["#EXTM3U", "#PLAYLIST", *["#EXTINF", "#EXTVLCOPT", "https"] * 2]


@given(
    st.text(alphabet="ab1 -+*_`~[](){}<>!#&;|\\=.:/\"'$^注，\n", max_size=30),
    st.text("a()<>[]\\`&;#*_ ~\n", max_size=12),
)
def test_any_text_stays_text(text: str, path: str) -> None:
    answer = hostile_answer(text)
    answer = replace(answer, moments=tuple(replace(moment, link=f"https://e.org/{path}") for moment in answer.moments))
    tokens = parsed(to_markdown(answer))
    assert {token.type for token in tokens} <= SAFE
    assert len(links(tokens)) == 2
    assert visible_text(tokens).count(f"“{clean(text)}”") == 2


@pytest.mark.parametrize("title", ["- x", "# x", "1. x", "> x", "+ 掩码"])
def test_a_title_without_a_link_is_no_markup(title: str) -> None:
    resource = replace(VIDEO_MOMENT.resource, title=title)
    answer = Answer("q", Confidence.HIGH, (replace(VIDEO_MOMENT, resource=resource, link="javascript:x"),))
    tokens = parsed(to_markdown(answer))
    assert {token.type for token in tokens} <= SAFE
    assert title in visible_text(tokens)


def test_a_link_keeps_its_address_but_what_a_browser_or_a_player_would_run_is_none() -> None:
    for run in ("javascript:alert(1)", "data:text/html,x", "seekpoint:x", ""):
        answer = Answer("q", Confidence.HIGH, (replace(VIDEO_MOMENT, link=run),))
        assert links(parsed(to_markdown(answer))) == []
        assert to_m3u(answer).splitlines() == ["#EXTM3U", "#PLAYLIST:q"]
    link = "https://e.org/a_(b)/*c*?x=1&lt;=2#h:~:text=%E6%B3%A8-,a~b"
    (address,) = links(parsed(to_markdown(Answer("q", Confidence.HIGH, (replace(VIDEO_MOMENT, link=link),)))))
    assert address == link.replace("(", "%28").replace(")", "%29")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_a_header_and_a_row_for_each_moment() -> None:
    video, recording, paper = rows(to_csv(ANSWER))
    assert tuple(video) == COLUMNS
    assert video == {
        **{"question": "什么是掩码？", "answered": "true", "confidence": "high", "rank": "1", "score": "0.83"},
        **{
            "title": "什么是注意力",
            "kind": "video",
            "section": "Attention › Masks; More",
            "chapter": "掩码",
            "language": "zh",
        },
        **{"start": "754.2", "end": "801.0", "timestamp": "12:34", "page": ""},
        **{"quote": VIDEO_MOMENT.quote, "link": VIDEO_MOMENT.link, "speaker": ""},
        **dict.fromkeys(("authors", "published", "container", "doi", "isbn"), ""),
    }
    assert (recording["title"], recording["section"], paper["page"], paper["start"]) == ("Why masks?", "", "3", "")
    assert to_csv_rows(ANSWER) == to_csv(ANSWER).partition("\n")[2]


def test_no_cell_is_a_formula() -> None:
    for formula in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r\n=cmd|'/c calc'!A0", "＝1"):
        (row, _) = rows(to_csv(hostile_answer(formula)))
        assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r", "＝")) for value in row.values())
        assert row["title"] == f"'{clean(formula)}"


def test_a_playlist_has_the_recordings_and_videos_each_from_its_second() -> None:
    assert to_m3u(ANSWER).splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:什么是掩码？",
        "#EXTINF:-1,什么是注意力 12:34",
        "#EXTVLCOPT:start-time=754",
        "https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s",
        "#EXTINF:-1,Why masks? 0:12",
        "#EXTVLCOPT:start-time=12",
        "file:///home/ada/my%20talks/masks.ogg",
    ]


def test_only_csv_differs_for_the_later_answers_of_a_stream() -> None:
    assert list(FORMATS) == ["markdown", "pandoc", "csl-json", "csv", "m3u"], "the help text names them"
    for name, render in FORMATS.items():
        text = render(ANSWER)
        assert "asks" in text and text.endswith("\n") == (name in ("markdown", "pandoc")), "a heading may follow"
        assert FOLLOWING[name](ANSWER) == (text.partition("\n")[2] if name == "csv" else text)
        assert render(Answer("q", Confidence.NONE, ()))


def test_a_language_that_isnt_known_isnt_named() -> None:
    page = Resource("0123456789ab", Kind.PAGE, "Masks", "https://a.org")
    for start, place in ((754.2, "12:34"), (None, "")):
        moment = Moment(1, 0.8, page, "und", start, None, "a mask", "https://a.org")
        answer = Answer("q", Confidence.HIGH, (moment,))
        beside = f" · {place}" if place else ""
        assert f"1. Masks  {place}".rstrip() in to_text(answer, styled=False).splitlines()
        assert f"1. [Masks](https://a.org){beside}" in to_markdown(answer).splitlines()
        assert f"Masks</a>{beside}<" in moment_html(moment)
