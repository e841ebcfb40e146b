"""Word documents: headings, lists, tables, notes, formulas and metadata."""

from __future__ import annotations

from seekpoint.indexer.sources.archives.archive import read_archive
from seekpoint.indexer.transcript.text_timeline import Role
from tests.indexer.sources.archives.samples import STRICT, docx, paragraph, properties, relationships, zipped
from tests.indexer.sources.parsed import texts


def test_headings_are_known_by_their_styles_and_anchors_by_their_bookmarks() -> None:
    mark = '<w:bookmarkStart w:id="0" w:name="_Toc1"/><w:r><w:t>Masks 掩码</w:t></w:r>'
    read = read_archive(
        docx(
            paragraph("Attention 注意力", "titel"),
            paragraph("Before all headings."),
            paragraph(mark, "1"),
            paragraph("They hide the future."),
            '<w:bookmarkStart w:id="1" w:name="before"/>',
            paragraph("Based on another", "deeper"),
            paragraph("With an outline level", "legend"),
            paragraph('<w:pPr><w:outlineLvl w:val="0"/></w:pPr><w:r><w:t>With its own</w:t></w:r>'),
            paragraph('<w:pPr><w:outlineLvl w:val="9"/></w:pPr><w:r><w:t>Body text by its level.</w:t></w:r>'),
            paragraph("In a circle of styles.", "circle"),
            paragraph("In an unknown style.", "gone"),
            paragraph("Masks 掩码 1", "toc"),
        )
    )
    assert texts(read, Role.HEADING) == [
        *("Attention 注意力", "Masks 掩码", "Based on another", "With an outline level", "With its own"),
    ]
    assert texts(read, Role.BODY) == [
        *("Before all headings.", "They hide the future."),
        *("Body text by its level.", "In a circle of styles.", "In an unknown style."),
    ], "the table of contents is left out"
    assert [block.anchor for block in read.blocks][1:6] == [None, "_Toc1", "_Toc1", "before", None]
    assert read.title == "Attention 注意力"


def test_lists_and_tables_are_lines_and_what_was_deleted_is_not_read() -> None:
    cell = "<w:tc>{}</w:tc>"
    item = '<w:pPr><w:numPr><w:ilvl w:val="0"/></w:numPr></w:pPr><w:r><w:t>{}</w:t></w:r>'
    nested = f"<w:tbl><w:tr>{cell.format(paragraph('inner'))}{cell.format(paragraph('table'))}</w:tr></w:tbl>"
    long = "词 word " * 60
    read = read_archive(
        docx(
            paragraph(item.format("first")),
            paragraph(item.format("第二")),
            f"<w:sdt><w:sdtPr><w:t/></w:sdtPr><w:sdtContent>{paragraph('in a field')}</w:sdtContent></w:sdt>",
            f"<w:tbl><w:tr>{cell.format(paragraph('键'))}{cell.format(paragraph('query') + paragraph('two'))}</w:tr>"
            f"<w:tr>{cell.format(paragraph('值'))}{cell.format(paragraph('value'))}</w:tr>"
            f"<w:tr>{cell.format(paragraph(long))}{cell.format(paragraph('short') + nested)}</w:tr></w:tbl>",
            paragraph(
                "<w:r><w:t>kept</w:t><w:tab/><w:t>apart</w:t><w:noBreakHyphen/><w:t>x</w:t></w:r>"
                "<w:del><w:r><w:delText>deleted</w:delText><w:t>deleted</w:t></w:r></w:del>"
                "<w:ins><w:r><w:t> added</w:t></w:r></w:ins><w:r><w:instrText>PAGE</w:instrText></w:r>"
            ),
        )
    )
    assert texts(read) == [
        *("first", "第二", "in a field"),
        *("键 | query | two", "值 | value"),
        *(long.strip(), "short", "inner | table"),
        "kept apart-x added",
    ]


def test_notes_and_text_boxes_follow_the_paragraph_that_they_belong_to() -> None:
    box = f"<wps:txbx><w:txbxContent>{paragraph('in the box 框')}</w:txbxContent></wps:txbx>"
    read = read_archive(
        docx(
            paragraph('<w:r><w:t>First</w:t><w:footnoteReference w:id="2"/></w:r><w:r><w:t> sentence.</w:t></w:r>'),
            paragraph('<w:r><w:t>Second.</w:t><w:endnoteReference w:id="2"/><w:footnoteReference w:id="9"/></w:r>'),
            paragraph(
                f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
            ),
            paragraph("Last."),
            parts={
                "word/footnotes.xml": f'<w:footnote w:type="separator" w:id="0">{paragraph("line")}</w:footnote>'
                f'<w:footnote w:id="2">{paragraph("A footnote 脚注.")}'
                f'{paragraph("""<w:r><w:footnoteReference w:id="2"/></w:r>""")}</w:footnote>',
                "word/endnotes.xml": f'<w:endnote w:id="2">{paragraph("An endnote.")}</w:endnote>',
            },
        )
    )
    assert texts(read) == [
        *("First sentence.", "A footnote 脚注.", "Second.", "An endnote.", "in the box 框", "Last."),
    ]


def test_formulas_are_read_in_one_line() -> None:
    def run(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    power = f"<m:sSup><m:e>{run('x')}</m:e><m:sup>{run('2')}</m:sup></m:sSup>"
    fraction = f"<m:f><m:num>{run('a')}</m:num><m:den>{run('b')}</m:den></m:f>"
    root = f"<m:rad><m:e>{power}</m:e></m:rad>"
    total = (
        f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{run("k=1")}</m:sub><m:sup>{run("n")}</m:sup>'
        f"<m:e><m:d><m:e>{run('k')}</m:e></m:d></m:e></m:nary>"
    )
    read = read_archive(
        docx(paragraph(f"<w:r><w:t>So: </w:t></w:r><m:oMath>{root}{run('=')}{fraction}{total}</m:oMath>"))
    )
    assert texts(read) == ["So: √(x^2)=a/b∑_k=1^n(k)"]


def test_metadata_is_read_but_not_what_programs_fill_in() -> None:
    stated = properties("论文 A thesis", "王 Wang", "2024-05-01T10:00:00Z")
    read = read_archive(docx(paragraph("Words."), core=stated))
    assert (read.title, read.stated.authors, read.stated.published) == ("论文 A thesis", ("王 Wang",), "2024-05-01")
    read = read_archive(docx(paragraph("Words."), core=properties("Document1", "python-docx", "1601-01-01T00:00:00Z")))
    assert (read.title, read.stated.authors, read.stated.published) == (None, (), None)
    read = read_archive(docx(paragraph("The only one", "1"), paragraph("Words.")))
    assert read.title == "The only one"


def test_the_strict_form_is_read_too() -> None:
    names = 'xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"'
    parts = {
        "_rels/.rels": relationships(("officeDocument", "word/document.xml"), types=f"{STRICT}/relationships"),
        "word/document.xml": f"<w:document {names}><w:body>{paragraph('Strict 严格.')}</w:body></w:document>",
    }
    assert texts(read_archive(zipped(parts))) == ["Strict 严格."]
