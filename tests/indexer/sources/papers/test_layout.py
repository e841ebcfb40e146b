"""Page layout: reading order, furniture, paragraphs, headings, references."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seekpoint.indexer.sources.papers.blocks import blocks
from seekpoint.indexer.sources.papers.contents import without_contents
from seekpoint.indexer.sources.papers.furniture import without_furniture
from seekpoint.indexer.sources.papers.headings import OutlineEntry
from seekpoint.indexer.sources.papers.layout import LineJoiner, Page, TextSpan, columns, page
from seekpoint.indexer.transcript.text_timeline import Role

PROSE = "All the words of this line are prose and it is nearly full"
CHINESE = "这一行的所有文字都是正文而且几乎写满了整整一栏的宽度"


def span(text: str, left: float, baseline: float, size: float = 10, bold: bool = False, width: float = 0.5) -> TextSpan:
    return TextSpan(text, left, left + len(text) * size * width, baseline, size, bold)


def column(left: float, top: float, texts: Iterable[str], size: float = 10, width: float = 0.5) -> list[TextSpan]:
    return [span(text, left, top - 12 * index, size, width=width) for index, text in enumerate(texts)]


def laid_out(*pages: Sequence[TextSpan]) -> list[Page]:
    return [page(spans, number, 0, 800) for number, spans in enumerate(pages, 1)]


def read(*pages: Sequence[TextSpan]) -> list[str]:
    return [line.text for lines in columns(without_furniture(laid_out(*pages))) for line in lines]


def made(*pages: Sequence[TextSpan], outline: Iterable[OutlineEntry] = ()) -> list[tuple[str, Role]]:
    _, found = blocks(list(without_contents(list(columns(without_furniture(laid_out(*pages)))))), outline)
    return [(block.text, block.role) for block in found]


def texts(*pages: Sequence[TextSpan]) -> list[str]:
    return [text for text, _ in made(*pages)]


HALF = PROSE[:40]


def test_two_columns_are_read_down_even_if_drawn_row_by_row() -> None:
    left, right = [f"{number} {HALF}" for number in range(12)], [f"{number} {HALF}" for number in range(12, 24)]
    rows = [each for pair in zip(column(50, 600, left), column(310, 600, right), strict=True) for each in pair]
    title = span("A title above both columns, from edge to edge of the page.", 80, 650)
    assert read([title, *rows]) == [title.text, *left, *right]
    chinese = [f"{CHINESE[:22]}{number:02}" for number in range(20)]
    above = (column(50, 600, chinese[:10], width=1), column(310, 600, chinese[10:], width=1))
    assert read([each for pair in zip(*above, strict=True) for each in pair]) == chinese


def test_a_figure_across_two_columns_splits_them() -> None:
    above = [each for left in (50, 310) for each in column(left, 700, [f"{left}{HALF}"] * 5)]
    caption = span("Figure 1: What lies across both columns parts what is above from what is below.", 60, 500)
    below = [each for left in (50, 310) for each in column(left, 450, [f"{left + 1}{HALF}"] * 5)]
    order = [text[:3] for text in read([*above, caption, *below])]
    assert order == ["50A"] * 5 + ["310"] * 5 + ["Fig"] + ["51A"] * 5 + ["311"] * 5


def test_a_quote_or_a_wider_label_may_hang_out_of_its_column_and_items_may_be_indented() -> None:
    left = [f"{number} {HALF}" for number in range(12)]
    quotes = [(309, f"“{number:02} {HALF}") if number % 2 else (324, f"{number:02}") for number in range(1, 13)]
    labels = [(310 if number < 10 else 305, f"[{number}] {PROSE[:38]}") for number in range(6, 12)]
    for right in (quotes, labels):
        spans = [span(text, x, 600 - 12 * row) for row, (x, text) in enumerate(right)]
        assert read([*column(50, 600, left), *spans]) == [*left, *(text for _, text in right)]


def test_the_centred_last_line_of_a_caption_belongs_to_it() -> None:
    caption = [span(f"Table 1: {PROSE}", 50, 700), span("up to the end of it.", 180, 688)]
    assert made([*caption, *column(50, 640, [PROSE, "and ends here."])]) == [
        (f"Table 1: {PROSE} up to the end of it.", Role.BODY),
        (f"{PROSE} and ends here.", Role.BODY),
    ]


def test_rows_are_read_in_order_and_exponents_stay_with_their_line() -> None:
    spans = [span("n", 50, 600), span("2", 55, 604, 7), span("apart", 62, 600), span("close", 87, 600)]
    assert read(spans) == ["n2 apartclose"]
    table = [span(cell, left, 600 - 12 * row) for row in range(9) for left, cell in ((50, "Model"), (300, "27.3"))]
    assert read(table) == ["Model 27.3"] * 9


def test_running_heads_are_dropped() -> None:
    for heads in (
        [["Chapter 1 · 42"], ["Chapter 2 · 42"]],
        [["11 May", "A. Author and others"]] * 2,
        [["2.1 First steps", "5"], ["2.2 第二节", "6"], ["2.3 Third of all", "7"], ["2.4 Last", "8"]],
    ):
        pages = [
            [
                *(span(text, left, 780) for text, left in zip(head, (50, 500), strict=False)),
                *(span(f"{PROSE}, {number}.", 50, 400), span("iv", 300, 20)),
            ]
            for number, head in enumerate(heads)
        ]
        assert read(*pages) == [f"{PROSE}, {number}." for number in range(len(heads))]
        assert read([span("Stands here once", 50, 780), span(PROSE, 50, 400)]) == ["Stands here once", PROSE]


def test_page_numbers_in_a_wide_margin_and_line_numbers_are_dropped() -> None:
    # LaTeX's articles on A4 have theirs at 139 of 842 points.
    pages = [[*column(134, 640, [f"{PROSE}, {number}"] * 40), span(str(number), 303, 132)] for number in (1, 2, 3)]
    assert read(*pages) == [f"{PROSE}, {number}" for number in (1, 2, 3) for _ in range(40)]
    lines = [f"{number}{PROSE}" for number in range(10)]
    numbers = [span(str(n), 30 - 2.5 * len(str(n)), 648 - 12 * n, 5) for n in range(4, 14)]
    assert read([*column(50, 600, lines), *numbers]) == lines


def test_text_near_the_edge_and_numbers_of_a_table_in_a_margin_are_kept() -> None:
    pages = [
        [span(f"{PROSE * 2} {word}", 50, 720 - number), span("S. 3", 50, 710 - number), span(PROSE, 50, 400)]
        for number, word in enumerate(("one", "two", "three"))
    ]
    assert read(*pages).count("S. 3") == 3
    title = [[span("The same title of two slides", 50, 720, 14), *column(50, 400, [PROSE] * 3)] for _ in range(2)]
    assert read(*title).count("The same title of two slides") == 2
    rows = ["27.3 38.1", "Setting 1 27.3", "Setting 1 38,1", "Setting 1 41.25"]
    for row in rows:
        assert read([span(row, 50, 780), span(PROSE, 50, 400)]) == [row, PROSE]
    assert read(*([span(row, 50, 780), span(row + PROSE, 50, 400)] for row in rows[1:]))[::2] == rows[1:]


def test_a_table_of_contents_is_dropped() -> None:
    entries = [f"1.{number} 标题 Title {'. ' * 20}{number + 3}" for number in range(1, 5)]
    listed = column(50, 700, ["Contents", "1 First Chapter 3", *entries, "2 第二章 7"])
    body = [span("1 First Chapter", 50, 640, 14), *column(50, 600, [PROSE] * 3)]
    assert texts(listed, body) == ["Contents", "1 First Chapter", " ".join([PROSE] * 3)]
    chinese = column(50, 700, ["目录", "绪论 1", "方法 12", "结论 20", f"{PROSE}."])
    chapters = [[span(title, 50, 700, 14), span(f"{CHINESE}。", 50, 600)] for title in ("绪论", "方法", "结论")]
    assert texts(chinese, *chapters) == [
        "目录",
        f"{PROSE}.",
        "绪论",
        f"{CHINESE}。",
        "方法",
        f"{CHINESE}。",
        "结论",
        f"{CHINESE}。",
    ]
    figures = [f"Figure {number}: A picture {'.' * 20} {number * 4}" for number in range(1, 5)]
    assert texts(column(50, 700, ["List of Figures", *figures, "viii"])) == ["List of Figures", "viii"]
    more = [figure.replace("A picture", "Another") for figure in figures]
    pages = column(50, 700, ["List of Figures", *figures]), column(50, 700, [*more, "viii"])
    assert texts(*pages) == ["List of Figures", "viii"]


@pytest.mark.parametrize(
    "shown",
    [
        ["I visited ........ in the summer", "The cat ........ very fast", "She ........ lunch at", "It ........ in"],
        ["1 Wages, from form W-2 ........ 1", "2 Tax-exempt interest ........ 2", "3 Add lines 1 and 2 ........ 3"],
        ["咖啡…………………… 25", "红茶…………………… 18", "绿茶…………………… 20", "白水…………………… 2"],
        ["Contents", "Washers .......... 28", "Nuts .......... 12", "Screws .......... 27", "Bolts .......... 4"],
        ["Contents", "Screws 4", "Nuts 8", "Washers 16"],
        ["Model 12", "Base 27", "Big 28"],
        ["Name ......................", "Address ..................", "Occupation .............. v", "Date ........"],
    ],
    ids=["worksheet", "tax form", "price list", "packing list", "rising packing list", "table", "form"],
)  # fmt: skip
def test_leaders_and_numbers_alone_make_no_table_of_contents(shown: list[str]) -> None:
    whole = " ".join(texts(column(50, 700, [*shown, PROSE])))
    assert [line for line in shown if line not in whole] == []


def test_gaps_and_indents_separate_paragraphs() -> None:
    spans = [
        *column(50, 700, [f"{PROSE}.", PROSE, f"{PROSE}."]),
        *column(50, 640, [PROSE, f"{PROSE}."]),
        span(PROSE[:56], 65, 616),
        *column(50, 604, [PROSE, "short."]),
        *column(50, 580, [f"{PROSE}."]),
    ]
    assert [text.count(PROSE[:50]) for text in texts(spans)] == [3, 2, 2, 1]
    rest = CHINESE + "的正"
    spans = [span(CHINESE, 70, 700, width=1), *column(50, 688, [rest, rest, "到此为止。"], width=1)]
    spans += [span(CHINESE, 70, 652, width=1), *column(50, 640, [rest, "完。"], width=1)]
    assert texts(spans) == [f"{CHINESE}{rest}{rest}到此为止。", f"{CHINESE}{rest}完。"]


def test_a_sentence_continues_on_the_next_page_past_a_figure() -> None:
    second = column(50, 600, ["and here is the rest of it.", PROSE])
    figure = span("Figure 2: Something else.", 50, 700)
    whole = f"{PROSE} {PROSE} and here is the rest of it."
    assert texts(column(50, 700, [PROSE, PROSE]), [figure, *second]) == [whole, figure.text, PROSE]
    first, second = (column(50, 650, lines, width=1) for lines in ([CHINESE] * 3, ["在下一页结束。", CHINESE]))
    figure = span("图 2：另一件事。", 50, 700, width=1)
    whole = f"{CHINESE * 3}在下一页结束。"
    assert texts(first, second) == [whole, CHINESE]
    assert texts(first, [figure, *second]) == [whole, figure.text, CHINESE]


def test_list_items_are_separate_and_complete() -> None:
    first, second = span("• The first item goes on over the end of its line and is told", 60, 700), "• The second one."
    spans = [first, span("by its sign.", 70, 688), span(second, 60, 676), *column(50, 664, [f"Then {PROSE}"])]
    assert texts(spans) == [f"{first.text} by its sign.", second, f"Then {PROSE}"]


@pytest.mark.parametrize(
    ("added", "headings"),
    [
        ([span("A larger line", 50, 640, 14)], ["A larger line"]),
        ([span("A bold line", 50, 640, bold=True)], ["A bold line"]),
        ([span("Conclusion", 50, 520), span("3.2 Numbered", 50, 420)], ["Conclusion", "3.2 Numbered"]),
        ([span("第三章 实验", 50, 520), span("结论", 50, 420)], ["第三章 实验", "结论"]),
        ([span("II. Smaller", 50, 640, 9, bold=True), span("Not it", 50, 520, 9, bold=True)], ["II. Smaller"]),
        ([span("IV. IN SMALL CAPITALS", 50, 520), span("I. No Heading", 50, 420)], ["IV. IN SMALL CAPITALS"]),
        ([span("An ordinary line", 50, 640), span("4.33 2.1", 50, 420)], []),
    ],
)
def test_larger_bolder_numbered_and_well_known_lines_are_headings(added: list[TextSpan], headings: list[str]) -> None:
    body = [line for top in (600, 500, 400) for line in column(50, top, [PROSE] * 4)]
    assert [text for text, role in made([*added, *body]) if role is Role.HEADING] == headings


@pytest.mark.parametrize(
    ("entry", "headings"),
    [
        (OutlineEntry("2 The plain one", 1), [("The Plain One", Role.HEADING)]),
        (OutlineEntry("The plain one", 7), []),
    ],
)
def test_the_outline_names_headings_that_look_like_text(entry: OutlineEntry, headings: list[tuple[str, Role]]) -> None:
    spans = [span("The Plain One", 50, 640), *column(50, 620, [PROSE] * 4), span("Another plain one", 50, 500)]
    assert [block for block in made(spans, outline=[entry]) if block[1] is Role.HEADING] == headings


def references(*entries: TextSpan) -> list[tuple[str, Role]]:
    body = column(50, 760, [PROSE] * 4)
    return made([*body, span("References", 50, 690, 14), *entries])[2:]


def test_references_end_at_the_next_heading_of_their_rank_or_of_larger_type() -> None:
    found = references(
        *column(50, 660, ["[1] A. Author. A title that goes on", "on a second line. 2019.", "[2] B. Author. 2020."]),
        span("Appendix", 50, 580, 14),
        *column(50, 560, ["Here the text goes on."]),
    )
    assert found == [
        ("[1] A. Author. A title that goes on on a second line. 2019.", Role.REFERENCE),
        ("[2] B. Author. 2020.", Role.REFERENCE),
        ("Appendix", Role.HEADING),
        ("Here the text goes on.", Role.BODY),
    ]
    entries = column(50, 660, ["[1] 王小明. 题目. 2019.", "[2] B. Author. 2020."])
    bold = span("参考文献", 50, 690, 12, bold=True)
    found = made([*column(50, 760, [PROSE] * 4), bold, *entries, span("附录 A", 50, 600, 14), span(PROSE, 50, 560)])
    assert [role for _, role in found] == [Role.BODY, Role.HEADING, *[Role.REFERENCE] * 2, Role.HEADING, Role.BODY]
    undated = references(*column(50, 660, [f"{PROSE}."] * 3), *column(50, 600, [f"{PROSE}."] * 3))
    assert {role for _, role in undated} == {Role.BODY}


def test_references_are_split() -> None:
    gaps = [*column(50, 660, [PROSE, "2019."]), *column(50, 620, [PROSE, "2020."])]
    author, writer = "Author, A. (2019). A title that is long enough to", "Writer, B. (2020). Another title."
    hanging = [span(author, 50, 660), span("go on.", 65, 648), *column(50, 636, [writer, "Zhang, S. (2021). A third."])]
    for entries, found in (
        (gaps, [f"{PROSE} 2019.", f"{PROSE} 2020."]),
        (hanging, [f"{author} go on.", writer, "Zhang, S. (2021). A third."]),
        (
            column(50, 660, ["1. A. Author. Pages 10 to", "12. Press, 2019.", "2. B. Author. 2020."]),
            ["1. A. Author. Pages 10 to 12. Press, 2019.", "2. B. Author. 2020."],
        ),
        (
            # A kind of publication is no label.
            column(50, 660, ["[1] 王小明, 李文华. 神经网络导论", "[J]. 学报, 2019.", "[2] 王五. 题目. 2020."]),
            ["[1] 王小明, 李文华. 神经网络导论[J]. 学报, 2019.", "[2] 王五. 题目. 2020."],
        ),
        (
            column(50, 660, ["[Au19] A. Author. A title that", "goes on. 2019.", "[J] B. Author. 2020."]),
            ["[Au19] A. Author. A title that goes on. 2019.", "[J] B. Author. 2020."],
        ),
    ):
        assert references(*entries) == [(text, Role.REFERENCE) for text in found]


@pytest.mark.parametrize(
    ("lines", "elsewhere", "joined"),
    [
        (["a trans-", "former"], "", "a transformer"),
        (["by self-", "attention"], "self-attention", "by self-attention"),
        (["English-", "to-German"], "", "English-to-German"),
        (["the en-", "coder-decoder"], "an encoder", "the encoder-decoder"),
        (["of non-", "Gaussian"], "", "of non-Gaussian"),
        (["pages 3 -", "5"], "", "pages 3 - 5"),
        (["注意力", "机制。", "新的"], "", "注意力机制。新的"),
        (["使用", "Transformer", "模型"], "", "使用 Transformer 模型"),
        (["한국어", "문장"], "", "한국어 문장"),
    ],
)
def test_lines_join_with_the_hyphens_of_the_text_and_chinese_ones_without_spaces(
    lines: list[str], elsewhere: str, joined: str
) -> None:
    assert LineJoiner([*lines, elsewhere]).join(lines) == joined


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(
            span,
            st.text("ab 中.[1]-", min_size=1, max_size=30).filter(str.strip),
            st.floats(-100, 700),
            st.floats(-100, 900),
            st.sampled_from([5.0, 10.0, 14.0]),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_text_at_any_position_is_read_once(spans: list[TextSpan]) -> None:
    lines = [line for lines in columns([page(spans, 1, -1000, 2000)]) for line in lines]
    shown = sorted("".join(each.text for each in spans).replace(" ", ""))
    assert sorted("".join(line.text for line in lines).replace(" ", "")) == shown
    assert all(one.column <= other.column for one, other in pairwise(lines))
    made(spans)
