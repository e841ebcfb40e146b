"""Books, Word documents and slides as zip archives of the parts that their readers look at."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006"
STRICT = "http://purl.oclc.org/ooxml/officeDocument"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_NAMES = (
    f'xmlns:w="{_WORD}" xmlns:r="{_TYPES}/relationships"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
    f' xmlns:m="{_TYPES}/math" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    ' xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"'
)


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """An archive of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


def relationships(*targets: tuple[str, str], types: str = f"{_TYPES}/relationships") -> str:
    """Relationships of these kinds to these parts, the first of which is `rId1`."""
    lines = (
        f'<Relationship Id="rId{number}" Type="{types}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<?xml version="1.0"?><Relationships>{"".join(lines)}</Relationships>'


def properties(title: str = "", author: str = "", created: str = "") -> str:
    return (
        '<cp:coreProperties xmlns:cp="cp" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="dcterms">'
        f"<dc:title>{title}</dc:title><dc:creator>{author}</dc:creator><dcterms:created>{created}</dcterms:created>"
        "</cp:coreProperties>"
    )


STYLES = (
    ("1", "heading 1", ""),
    ("2", "heading 2", ""),
    ("titel", "Title", ""),
    ("mine", "My headings", '<w:basedOn w:val="2"/>'),
    ("deeper", "Mine again", '<w:basedOn w:val="mine"/>'),
    ("legend", "Legend", '<w:pPr><w:outlineLvl w:val="1"/></w:pPr>'),
    ("circle", "Circle", '<w:basedOn w:val="circle"/>'),
    ("toc", "toc 1", ""),
)
"""The styles of `docx`: the id, the name, and what else there is."""


def paragraph(text: str, style: str = "") -> str:
    """A paragraph of Word with XML after its text, if it begins with `<`."""
    inner = text if text.startswith("<") else f"<w:r><w:t>{text}</w:t></w:r>"
    return f'<w:p>{f"""<w:pPr><w:pStyle w:val="{style}"/></w:pPr>""" if style else ""}{inner}</w:p>'


def docx(*body: str, parts: Mapping[str, str] | None = None, core: str = "") -> bytes:
    """A Word document with this XML as its body."""
    styles = "".join(
        f'<w:style w:styleId="{key}"><w:name w:val="{name}"/>{rest}</w:style>' for key, name, rest in STYLES
    )
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relationships(("officeDocument", "/word/document.xml"), ("core-properties", "core.xml")),
            "core.xml": core or properties(),
            "word/document.xml": f"<w:document {_NAMES}><w:body>{''.join(body)}</w:body></w:document>",
            "word/styles.xml": f"<w:styles {_NAMES}>{styles}</w:styles>",
            "word/_rels/document.xml.rels": relationships(
                ("styles", "styles.xml"), ("footnotes", "footnotes.xml"), ("endnotes", "endnotes.xml")
            ),
        }
        | {name: f"<w:notes {_NAMES}>{text}</w:notes>" for name, text in (parts or {}).items()}
    )


def shape(*paragraphs: str, placeholder: str | None = None) -> str:
    """A shape of a slide with these paragraphs."""
    lines = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in paragraphs)
    kind = "" if placeholder is None else f'<p:nvPr><p:ph type="{placeholder}"/></p:nvPr>'
    return f"<p:sp><p:nvSpPr>{kind}</p:nvSpPr><p:txBody>{lines}</p:txBody></p:sp>"


def pptx(
    *slides: str,
    notes: Mapping[int, str] | None = None,
    order: Sequence[int] = (),
    core: str = "",
    parts: Mapping[str, str] | None = None,
) -> bytes:
    """Slides with this XML, in this order (by their numbers, from 1), notes by number, and further parts."""
    order = order or range(1, len(slides) + 1)
    files = {
        "_rels/.rels": relationships(("officeDocument", "ppt/presentation.xml"), ("core-properties", "core.xml")),
        "core.xml": core or properties(),
        "ppt/presentation.xml": f"<p:presentation {_NAMES}><p:sldIdLst>"
        + "".join(f'<p:sldId id="{255 + number}" r:id="rId{number}"/>' for number in order)
        + "</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relationships(
            *(("slide", f"slides/slide{number}.xml") for number in range(1, len(slides) + 1))
        ),
    }
    for number, xml in enumerate(slides, 1):
        files[f"ppt/slides/slide{number}.xml"] = f"<p:sld {_NAMES}><p:spTree>{xml}</p:spTree></p:sld>"
    for number, xml in (notes or {}).items():
        files[f"ppt/notesSlides/n{number}.xml"] = f"<p:notes {_NAMES}>{xml}</p:notes>"
        files[f"ppt/slides/_rels/slide{number}.xml.rels"] = relationships(
            ("notesSlide", f"../notesSlides/n{number}.xml")
        )
    return zipped(files | dict(parts or {}))


def diagram(*texts: str) -> str:
    """The part with the texts of a diagram."""
    lines = "".join(f"<dgm:pt><dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>" for text in texts)
    return f"<dgm:dataModel {_NAMES}>{lines}</dgm:dataModel>"


def xhtml(body: str, head: str = "<title/>") -> str:
    """A chapter as an EPUB has it."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml"'
        f' xmlns:epub="http://www.idpf.org/2007/ops"><head>{head}</head><body>{body}</body></html>'
    )


def epub(
    chapters: Mapping[str, str],
    metadata: str = "<dc:title>书 A book</dc:title><dc:language>en</dc:language>",
    order: Sequence[str] = (),
    contents: Mapping[str, str] | None = None,
    ncx: Mapping[str, str] | None = None,
    parts: Mapping[str, str] | None = None,
) -> bytes:
    """A book with these chapters by the names of their parts; `contents` and `ncx` are titles by addresses."""
    items = "".join(f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in chapters)
    spine = "".join(f'<itemref idref="{name}"/>' for name in order or chapters)
    files = {f"OPS/{name}": body if "<html" in body else xhtml(body) for name, body in chapters.items()}
    if contents is not None:
        items += '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        spine = f'<itemref idref="nav"/>{spine}'
        links = "".join(f'<li><a href="{href}">{title}</a></li>' for href, title in contents.items())
        files["OPS/nav.xhtml"] = xhtml(f'<nav epub:type="toc"><h1>Contents</h1><ol>{links}</ol></nav>')
    if ncx is not None:
        items += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        points = "".join(
            f'<navPoint><navLabel><text>{title}</text></navLabel><content src="{href}"/></navPoint>'
            for href, title in ncx.items()
        )
        files["OPS/toc.ncx"] = f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"{metadata}</metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container><rootfile full-path="OPS/book.opf"/></container>',
            "OPS/book.opf": package,
        }
        | files
        | dict(parts or {})
    )
