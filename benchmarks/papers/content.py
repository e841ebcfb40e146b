"""Eight papers of different layouts, as what they say in reading order; LaTeX or Typst sets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from benchmarks.papers.filler import Filler


class Heading(NamedTuple):
    """A heading of level 1 or 2."""

    text: str
    level: int = 1


class Paragraph(NamedTuple):
    """Sentences, each with its number in the paper, and a footnote to the first of them."""

    sentences: tuple[tuple[int, str], ...]
    note: str = ""
    is_item: bool = False


class Table(NamedTuple):
    """A table, or a figure if it has no rows; a wide one goes across all columns."""

    caption: str
    rows: tuple[tuple[str, ...], ...] = ()
    is_wide: bool = False


class Formula(NamedTuple):
    """A displayed formula, as LaTeX."""

    source: str


class References(NamedTuple):
    """The bibliography; its entries are numbered, or hang without numbers."""

    heading: str
    entries: tuple[str, ...]
    is_numbered: bool = True


Part: TypeAlias = Heading | Paragraph | Table | Formula | References


class Paper(NamedTuple):
    """A paper to typeset by `program`; `running` is what its running heads say."""

    name: str
    program: str
    title: str
    parts: tuple[Part, ...]
    running: str = ""


_ENGLISH = "Preliminary Considerations|Experimental Configuration|Findings and Interpretation|Efficient Alternatives"
_ENGLISH_2 = "Difficult Cases|A Second Look at the Office|Classification of Workflows|Long-Term Effects"
_CHINESE = "研究背景与意义|实验设置|结果与分析|讨论"
_CHINESE_2 = "数据来源|评价指标|与已有工作的比较|误差的来源"
_FORMULAS = (
    r"\int_0^\infty \frac{x_i^2}{\sqrt{1+\lambda x}}\,dx = \sum_{k=1}^{n} \beta_k \quad (k \le n)",
    r"f(x) = \begin{cases} \alpha x + 1 & x > 0 \\ \gamma & x \le 0 \end{cases}",
    r"\mathbf{A}^{\top}\mathbf{B} = \begin{pmatrix} a_{11} & a_{12} \\ a_{21} & a_{22} \end{pmatrix}",
)


class _Draft:
    """Writes the parts of a paper and numbers its sentences."""

    def __init__(self, seed: int, chinese: bool = False) -> None:
        self.filler = Filler(seed, "chinese" if chinese else "english")
        self._chinese = chinese
        self._count = 0

    def paragraph(self, length: int = 6, note: bool = False, item: bool = False, formulas: bool = False) -> Paragraph:
        sentences = tuple((self._count + index, self.filler.sentence(formulas)) for index in range(length))
        self._count += length
        return Paragraph(sentences, self.filler.sentence() if note else "", item)

    def table(self, rows: int = 0, cells: int = 4, is_wide: bool = False) -> Table:
        name = "设置" if self._chinese else "Setting"
        table = ((f"{name} {row}", *(self.filler.cell() for _ in range(cells))) for row in range(1, rows + 1))
        return Table(self.filler.sentence().replace("*", ""), tuple(table), is_wide)

    def references(self, number: int, is_numbered: bool = True) -> References:
        heading = "参考文献" if self._chinese else "References"
        return References(heading, tuple(self.filler.reference() for _ in range(number)), is_numbered)

    def sections(self, extra: Callable[[int], Iterator[Part]], paragraphs: int = 3, **options: bool) -> Iterator[Part]:
        tops, subs = (_CHINESE, _CHINESE_2) if self._chinese else (_ENGLISH, _ENGLISH_2)
        for index, (top, sub) in enumerate(zip(tops.split("|"), subs.split("|"), strict=True)):
            yield Heading(top)
            for _ in range(paragraphs):
                yield self.paragraph(**options)
            yield from extra(index)
            yield Heading(sub, 2)
            for _ in range(paragraphs):
                yield self.paragraph(**options)


def _nothing(_: int) -> Iterator[Part]:
    return iter(())


BY_ROWS = "-by-rows"
"""Ends the name of a paper whose texts are drawn from top to bottom across both columns."""


def papers() -> list[Paper]:
    """All eight, and the first once more, drawn in another order than that of reading."""
    eight = [_ieee(), _article(), _chinese(), _chinese_columns(), _tables(), _formulas(), _book(), _slides()]
    return [*eight, eight[0]._replace(name=f"{eight[0].name}{BY_ROWS}")]


def _ieee() -> Paper:
    draft = _Draft(1)

    def floats(index: int) -> Iterator[Part]:
        yield draft.table(is_wide=index == 1) if index % 2 else draft.table(5, 3)
        yield draft.paragraph(note=True)

    parts = (*draft.sections(floats), draft.references(14))
    return Paper("ieee", "pdflatex", "Two Columns with Footnotes and Floating Figures", parts)


def _article() -> Paper:
    draft = _Draft(2)

    def notes(index: int) -> Iterator[Part]:
        yield draft.paragraph(note=True)
        yield from (draft.paragraph(2, item=True) for _ in range(3))
        yield draft.table(4 * (index % 2))

    return Paper("article", "pdflatex", "One Column in an Old Typeface", (*draft.sections(notes), draft.references(8)))


def _chinese() -> Paper:
    draft = _Draft(3, chinese=True)

    def tables(index: int) -> Iterator[Part]:
        yield draft.table(4 * (index % 2))

    parts = (*draft.sections(tables), draft.references(8))
    return Paper("chinese", "xelatex", "面向中文论文的单栏排版研究", parts)


def _chinese_columns() -> Paper:
    draft = _Draft(4, chinese=True)
    parts = (*draft.sections(_nothing, 4), draft.references(12))
    return Paper("chinese-columns", "typst", "双栏中文论文的阅读顺序", parts)


def _tables() -> Paper:
    draft = _Draft(5)

    def tables(index: int) -> Iterator[Part]:
        yield draft.table(6, 7 if index % 2 else 2, is_wide=bool(index % 2))

    return Paper("tables", "typst", "Tables across Both Columns", (*draft.sections(tables), draft.references(10)))


def _formulas() -> Paper:
    draft = _Draft(6)

    def formulas(index: int) -> Iterator[Part]:
        for source in _FORMULAS:
            yield Formula(source)
            yield draft.paragraph(3, formulas=True)

    parts = (*draft.sections(formulas, 2, formulas=True), draft.references(8))
    return Paper("formulas", "pdflatex", "Formulas between and within the Lines", parts)


def _book() -> Paper:
    draft = _Draft(7)
    parts = (*draft.sections(_nothing, 4, note=True), draft.references(60, is_numbered=False))
    return Paper("book", "pdflatex", "Running Heads and a Long Bibliography", parts, "Occasional Reports of the Office")


def _slides() -> Paper:
    draft = _Draft(8)
    parts: list[Part] = []
    for top in f"{_ENGLISH}|{_ENGLISH_2}|Outlook|Questions of Terminology".split("|"):
        parts += [Heading(top), *(draft.paragraph(1, item=True) for _ in range(4))]
    return Paper("slides", "typst", "A Talk on Large Headings", tuple(parts), "Annual Meeting of the Office")
