"""Papers as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterator

from benchmarks.papers.content import Formula, Heading, Paper, Paragraph, Part, References, Table

# \at{7} writes the page of sentence 7 to a file. The box of a figure has words of its own.
_COMMON = r"""
\newwrite\places \immediate\openout\places=\jobname.places
\newcommand\at[1]{\write\places{#1 \thepage}}
\newcommand\drawing{\framebox[.6\linewidth]{\parbox{.5\linewidth}{\centering Encoder\\[4ex]Decoder\\[4ex]Input}}}
"""
_ENGLISH = r"\usepackage[T1]{fontenc}\usepackage{amsmath}"
_PREAMBLES = {
    "ieee": rf"\documentclass{{IEEEtran}}{_ENGLISH}",
    "article": r"\documentclass{article}",
    "formulas": rf"\documentclass[11pt]{{article}}{_ENGLISH}\usepackage{{lmodern}}\usepackage{{hyperref}}",
    "book": rf"\documentclass[twoside]{{article}}{_ENGLISH}\usepackage{{mathptmx}}\usepackage{{fancyhdr}}"
    r"\pagestyle{fancy}\fancyhf{}\fancyhead[LE]{RUNNING}\fancyhead[RO]{\leftmark}\fancyfoot[C]{--~\thepage~--}",
    "chinese": r"\documentclass[UTF8,fontset=fandol]{ctexart}",
}
_HANGING = r"\begin{list}{}{\leftmargin=1.5em \itemindent=-1.5em \itemsep=0pt \parsep=0pt}"


def source(paper: Paper) -> str:
    """The whole document."""
    preamble = _PREAMBLES[paper.name].replace("RUNNING", paper.running)
    title = rf"\title{{{paper.title}}}\author{{}}\date{{}}"
    body = "\n".join(map(_part, paper.parts))
    # A list of items is a run of \item lines.
    body = re.sub(r"(?:\\item .*\n\n)+", lambda found: rf"\begin{{itemize}}{found[0]}\end{{itemize}}" + "\n", body)
    return f"{preamble}\n{_COMMON}{title}\n\\begin{{document}}\\maketitle\n{body}\n\\end{{document}}\n"


def _part(part: Part) -> str:
    match part:
        case Heading(text, level):
            return rf"\{'sub' * (level - 1)}section{{{text}}}" + "\n"
        case Paragraph():
            return _paragraph(part)
        case Formula(formula):
            return rf"\begin{{equation}}{formula}\end{{equation}}" + "\n"
        case Table():
            return _float(part)
        case References():
            return "\n".join(_references(part))


def _text(text: str) -> str:
    return re.sub(r"\*(.+?)\*", r"\\emph{\1}", text)


def _paragraph(part: Paragraph) -> str:
    sentences = [rf"\at{{{number}}}{_text(text)}" for number, text in part.sentences]
    if part.note:
        sentences[0] += rf"\footnote{{{_text(part.note)}}}"
    joint = "" if ord(part.sentences[0][1][0]) > 0x2E80 else " "
    return (r"\item " if part.is_item else "") + joint.join(sentences) + "\n"


def _float(part: Table) -> str:
    kind = ("table" if part.rows else "figure") + "*" * part.is_wide
    rows = r" \\ ".join(" & ".join(row) for row in part.rows)
    columns = "l" + "r" * (len(part.rows[0]) - 1) if part.rows else ""
    content = rf"\begin{{tabular}}{{{columns}}}\hline {rows} \\ \hline\end{{tabular}}" if part.rows else r"\drawing"
    return rf"\begin{{{kind}}}[t]\centering {content}\caption{{{part.caption}}}\end{{{kind}}}" + "\n"


def _references(part: References) -> Iterator[str]:
    if part.is_numbered:
        yield rf"\begin{{thebibliography}}{{{len(part.entries)}}}"
        yield from (rf"\bibitem{{{number}}} {_text(entry)}" for number, entry in enumerate(part.entries))
        yield r"\end{thebibliography}"
    else:
        yield rf"\section*{{{part.heading}}}{_HANGING}"
        yield from (rf"\item {_text(entry)}" for entry in part.entries)
        yield r"\end{list}"
