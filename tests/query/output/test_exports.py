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
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.output.exports import COLUMNS, FORMATS, to_csv, to_m3u, to_markdown

VIDEO = Resource(
    "wjZofJX0v4M",
    Kind.VIDEO,
    "什么是注意力",
    "https://www.youtube.com/watch?v=wjZofJX0v4M",
    (("Attention", "Masks"), ("More",)),
)
SAID = Moment(
    rank=1,
    score=0.83,
    resource=VIDEO,
    language="zh",
    start=754.2,
    end=801.0,
    quote="现在讲掩码 and masks, not 3 * 4",
    link="https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s",
    marks=((3, 5), (10, 15)),
    chapter="掩码",
)
TALK = replace(
    SAID,
    rank=2,
    resource=Resource("0123456789ab", Kind.RECORDING, "Why masks?", "file:///home/ada/my%20talks/masks.ogg"),
    link="file:///home/ada/my%20talks/masks.ogg#t=12",
    language="en",
    start=12.9,
    quote="a mask hides the future",
    marks=((2, 6),),
    chapter=None,
)
READ = replace(
    TALK,
    rank=3,
    resource=Resource("ba9876543210", Kind.PAPER, "Attention [Is] All You Need", "https://arxiv.org/abs/1706.03762"),
    link="https://arxiv.org/pdf/1706.03762#page=3",
    start=None,
    end=None,
    page=3,
)
ANSWER = Answer("什么是掩码？", True, (SAID, TALK, READ))
HOSTILE = [
    "<script>alert(1)</script>",
    "](javascript:alert(1)) [x",
    "![x](https://evil.example/pixel.png)",
    "a*b_c`d`~~e~~ $f$ &lt; \\",
    "`code` ``",
    "- item",
    "1. item",
    "# heading #",
    "===",
    "> quote",
    "| a | b |",
    "| - | - |",
    "line\n\n<img src=x onerror=alert(1)>",
    "\x1b[31m\u202eevil",
    "<https://evil.example>",
    "[ref]: https://evil.example",
    "***",
    "+1",
    "C#",
    "「注意力」**",
]


def read(text: str) -> list[Token]:
    """What a reader of Markdown makes of it that knows raw HTML, tables and strikethrough, and opens files."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    reader.validateLink = lambda url: not url.startswith("javascript:")  # type: ignore[method-assign]
    blocks = reader.parse(text)
    return [token for block in blocks for token in (block, *(block.children or ()))]


def links(tokens: list[Token]) -> list[str]:
    return [str(token.attrs["href"]) for token in tokens if token.type == "link_open"]


def shown(tokens: list[Token]) -> str:
    """The words that a reader sees."""
    ends = {"softbreak": "\n", "hardbreak": "\n", "paragraph_close": "\n\n", "heading_close": "\n\n"}
    return "".join(token.content if token.type == "text" else ends.get(token.type, "") for token in tokens)


def hostile(text: str) -> Answer:
    resource = Resource("x", Kind.VIDEO, text, "https://e.org/v", ((text, text), (text,)))
    quote = clean(text)
    moment = Moment(1, 0.5, resource, "en", 1.0, 2.0, quote, "https://e.org/v#t=1", ((0, len(quote)),), chapter=text)
    return Answer(text, True, (moment, replace(moment, rank=2, marks=())))


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


def test_readers_of_markdown_see_one_list_with_every_link_and_word() -> None:
    tokens = read(to_markdown(ANSWER))
    assert links(tokens) == [moment.link for moment in ANSWER.moments]
    assert [token.type for token in tokens].count("ordered_list_open") == 1
    assert [token.type for token in tokens].count("list_item_open") == 3
    assert "“现在讲掩码 and masks, not 3 * 4”" in shown(tokens)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_title_or_quote_breaks_out_of_markdown(text: str) -> None:
    answer = hostile(text)
    tokens = read(to_markdown(answer))
    kinds = {token.type for token in tokens}
    assert kinds <= SAFE
    assert links(tokens) == ["https://e.org/v#t=1"] * 2
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h2"]
    assert shown(tokens).count(clean(text)) >= 9
    assert "\x1b" not in shown(tokens) and "\u202e" not in shown(tokens)


SAFE = {
    *("heading_open", "heading_close", "ordered_list_open", "ordered_list_close", "list_item_open", "list_item_close"),
    *("paragraph_open", "paragraph_close", "blockquote_open", "blockquote_close", "inline", "text", "text_special"),
    *("link_open", "link_close", "strong_open", "strong_close", "hardbreak", "softbreak"),
}


@given(
    st.text(alphabet="ab1 -+*_`~[](){}<>!#&;|\\=.:/\"'$^注，\n", max_size=30),
    st.text("a()<>[]\\`&;#*_ ~\n", max_size=12),
)
def test_whatever_is_written_stays_text(text: str, path: str) -> None:
    answer = hostile(text)
    answer = replace(answer, moments=tuple(replace(moment, link=f"https://e.org/{path}") for moment in answer.moments))
    tokens = read(to_markdown(answer))
    assert {token.type for token in tokens} <= SAFE
    assert len(links(tokens)) == 2
    assert shown(tokens).count(f"“{clean(text)}”") == 2


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "seekpoint:x", ""])
def test_what_a_browser_would_run_is_no_link(link: str) -> None:
    answer = Answer("q", True, (replace(SAID, link=link),))
    assert links(read(to_markdown(answer))) == []
    assert to_m3u(answer).splitlines() == ["#EXTM3U", "#PLAYLIST:q"]


def test_an_address_keeps_its_place_whatever_it_holds() -> None:
    link = "https://e.org/a_(b)/*c*?x=1&lt;=2#h:~:text=%E6%B3%A8-,a~b"
    (found,) = links(read(to_markdown(Answer("q", True, (replace(SAID, link=link),)))))
    assert found == link.replace("(", "%28").replace(")", "%29")


@pytest.mark.parametrize(("moments", "line"), [((SAID,), "answers that; nearest:"), ((), "answers that.")])
def test_markdown_says_that_nothing_answers(moments: tuple[Moment, ...], line: str) -> None:
    assert to_markdown(Answer("q", False, moments)).splitlines()[2] == f"Nothing here {line}"


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_a_row_a_moment_under_a_header() -> None:
    said, talk, paper = table(to_csv(ANSWER))
    assert tuple(said) == COLUMNS
    assert said == {
        **{"question": "什么是掩码？", "answered": "true", "rank": "1", "score": "0.83", "title": "什么是注意力"},
        **{"kind": "video", "section": "Attention › Masks; More", "chapter": "掩码", "language": "zh"},
        **{"start": "754.2", "end": "801.0", "timestamp": "12:34", "page": ""},
        **{"quote": SAID.quote, "link": SAID.link},
    }
    assert (talk["title"], talk["section"], paper["page"], paper["start"]) == ("Why masks?", "", "3", "")
    assert to_csv(ANSWER, with_header=False) == to_csv(ANSWER).partition("\n")[2]


@pytest.mark.parametrize(
    "formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r\n=cmd|'/c calc'!A0", "＝1", "-jze"]
)
def test_no_cell_is_a_formula(formula: str) -> None:
    (row, _) = table(to_csv(hostile(formula)))
    assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r", "＝")) for value in row.values())
    assert row["title"] == f"'{clean(formula)}"


@pytest.mark.parametrize("text", [*HOSTILE, 'a "quoted", one', "a,b;c"])
def test_commas_quotes_and_lines_stay_in_their_cell(text: str) -> None:
    rows = table(to_csv(hostile(text)))
    assert [row["quote"].removeprefix("'") for row in rows] == [clean(text)] * 2
    assert all(set(row) == set(COLUMNS) and None not in row.values() for row in rows)


def test_players_get_what_plays_from_its_second() -> None:
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


@pytest.mark.parametrize("text", [*HOSTILE, "a\nfile:///etc/passwd", "a\r#EXTVLCOPT:sout=#file", "a\u2028b\x85c"])
def test_no_title_adds_a_line_to_a_playlist(text: str) -> None:
    lines = to_m3u(hostile(text)).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "#EXTM3U",
        "#PLAYLIST",
        *["#EXTINF", "#EXTVLCOPT", "https"] * 2,
    ]


def test_every_format_shows_an_answer_and_that_there_is_none() -> None:
    assert list(FORMATS) == ["markdown", "csv", "m3u"]
    for show in FORMATS.values():
        assert "masks" in show(ANSWER)
        assert not show(ANSWER).endswith("\n")
        assert show(Answer("q", False, ()))
