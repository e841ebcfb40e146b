"""Slides: their order, titles, texts, tables, diagrams and notes."""

from __future__ import annotations

from seekpoint.indexer.sources.archives.archive import read_archive
from seekpoint.indexer.transcript.text_timeline import Block, Role
from tests.indexer.sources.archives.samples import diagram, pptx, properties, relationships, shape
from tests.indexer.sources.parsed import texts


def test_each_slide_is_a_page_with_its_title_text_and_notes() -> None:
    data = pptx(
        shape("by Wang 王") + shape("Attention 注意力", placeholder="ctrTitle") + shape("7", placeholder="sldNum"),
        shape("Masks", placeholder="title") + shape("They hide", "the future.", placeholder="body"),
        notes={2: shape(placeholder="sldImg") + shape("Say it slowly. 慢慢说。", placeholder="body")},
        core=properties("PowerPoint Presentation", "王 Wang", "2024-05-01T00:00:00Z"),
    )
    read = read_archive(data)
    assert read.blocks == (
        Block("Attention 注意力", Role.HEADING, page=1),
        Block("by Wang 王", page=1),
        Block("Masks", Role.HEADING, page=2),
        Block("They hide", page=2),
        Block("the future.", page=2),
        Block("Say it slowly. 慢慢说。", page=2),
    )
    assert (read.title, read.stated.authors, read.stated.published) == ("Attention 注意力", ("王 Wang",), "2024-05-01")


def test_slides_are_counted_in_the_order_of_the_presentation_those_without_words_too() -> None:
    slides = [shape(name, placeholder="title") for name in ("third", "first")]
    read = read_archive(pptx(slides[0], slides[1], "", order=(2, 3, 1)))
    assert [(block.text, block.page) for block in read.blocks] == [("first", 1), ("third", 3)]


def test_a_slide_without_a_title_has_its_first_short_line_with_letters_as_heading() -> None:
    long = "一句很长的话 " * 20
    read = read_archive(
        pptx(shape("01", "研究背景", "Details."), shape(long), shape("42"), core=properties("幻灯片 Deck"))
    )
    assert texts(read, Role.HEADING) == ["研究背景"]
    assert texts(read, Role.BODY) == ["01", "Details.", long.strip(), "42"]
    assert read.title == "研究背景"
    assert read_archive(pptx(shape(long), core=properties("一副 Deck"))).title == "一副 Deck"


def test_tables_groups_and_diagrams_are_read_and_the_fallback_of_newer_shapes_is_not() -> None:
    row = "<a:tr>{}</a:tr>"
    cell = "<a:tc><a:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></a:txBody></a:tc>"
    table = row.format(cell.format("键 key") + cell.format("1")) + row.format(
        cell.format("long " * 90) + cell.format("2")
    )
    frame = f"<p:graphicFrame><a:graphic><a:tbl>{table}</a:tbl></a:graphic></p:graphicFrame>"
    shapes = f"<mc:Choice>{shape('new')}</mc:Choice><mc:Fallback>{shape('old')}</mc:Fallback>"
    new = f"<mc:AlternateContent>{shapes}</mc:AlternateContent>"
    names = relationships(("diagramData", "../diagrams/data1.xml"))
    parts = {"ppt/slides/_rels/slide1.xml.rels": names, "ppt/diagrams/data1.xml": diagram("编码器", "decoder")}
    slide = shape("T", placeholder="title") + frame + f"<p:grpSp>{shape('in a group')}</p:grpSp>" + new
    assert texts(read_archive(pptx(slide, parts=parts))) == [
        *("T", "键 key | 1", ("long " * 90).strip(), "2", "in a group", "new", "编码器", "decoder"),
    ]
