"""Papers as Typst."""

from __future__ import annotations

import re

from benchmarks.papers.content import Heading, Paper, Paragraph, Part, References, Table

# `#at(7)` marks where sentence 7 begins; what is labelled <places> lists all of them with their pages.
_COMMON = """#let at(number) = [#metadata(number)<at>]
#let drawing = rect(width: 60%, inset: 1em)[Encoder #v(1em) Decoder #v(1em) Input]
"""
_END = "#context [#metadata(query(<at>).map(mark => (mark.value, mark.location().page())))<places>]\n"
_COLUMNS = """#set page(columns: 2, margin: 2cm, numbering: "1")
#set par(justify: true, first-line-indent: 1em, spacing: 0.65em)
#set heading(numbering: "1.1")
#place(top + center, scope: "parent", float: true, text(size: 18pt, weight: "bold")[TITLE])
"""
_PREAMBLES = {
    "chinese-columns": f'#set text(lang: "zh", font: ("New Computer Modern", "FandolSong"), size: 10pt)\n{_COLUMNS}'
    '#show heading: set text(font: ("New Computer Modern", "FandolHei"))\n',
    "tables": f'#set text(lang: "en", hyphenate: true, size: 10pt)\n{_COLUMNS}',
    "slides": '#set page(paper: "presentation-16-9", header: [RUNNING], footer: context counter(page).display())\n'
    "#set text(size: 24pt)\n#show heading: it => {pagebreak(); text(size: 36pt, it.body)}\n#text(size: 48pt)[TITLE]\n",
}


def source(paper: Paper) -> str:
    """The whole document."""
    preamble = _PREAMBLES[paper.name].replace("TITLE", paper.title).replace("RUNNING", paper.running)
    return f"{_COMMON}{preamble}\n" + "\n".join(map(_part, paper.parts)) + f"\n{_END}"


def _part(part: Part) -> str:
    match part:
        case Heading(text, level):
            return f"{'=' * level} {text}\n"
        case Paragraph():
            return _paragraph(part)
        case Table():
            return _float(part)
        case References():
            entries = "\n".join(f"+ {_text(entry)}" for entry in part.entries)
            return f'#heading(numbering: none)[{part.heading}]\n#set enum(numbering: "[1]")\n{entries}\n'
        case _:
            raise ValueError(part)


def _text(text: str) -> str:
    return re.sub(r"\*(.+?)\*", r"#emph[\1]", text)


def _paragraph(part: Paragraph) -> str:
    sentences = [f"#at({number}){_text(text)}" for number, text in part.sentences]
    if part.note:
        sentences[0] += f"#footnote[{_text(part.note)}]"
    joint = "" if ord(part.sentences[0][1][0]) > 0x2E80 else " "
    return ("- " if part.is_item else "") + joint.join(sentences) + "\n"


def _float(part: Table) -> str:
    cells = ", ".join(f"[{cell}]" for row in part.rows for cell in row)
    content = f"table(columns: {len(part.rows[0])}, {cells})" if part.rows else "drawing"
    scope = '"parent"' if part.is_wide else '"column"'
    caption = f"caption: [{part.caption}]"
    return f"#figure({content}, {caption}, placement: top, scope: {scope})\n"
