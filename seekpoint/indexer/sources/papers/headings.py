"""Recognises the headings and the references of a paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from seekpoint.indexer.sources.papers.layout import TextLine
from seekpoint.indexer.transcript.text_timeline import Role


class OutlineEntry(NamedTuple):
    """An entry of the PDF's outline, with its page, from 1, if known."""

    title: str
    page: int | None


@dataclass(slots=True)
class PdfParagraph:
    """The lines of a paragraph, and its role."""

    lines: list[TextLine]
    role: Role = Role.BODY

    @property
    def text(self) -> str:
        """The lines with their hyphenation: enough to classify the paragraph."""
        return " ".join(line.text for line in self.lines)

    @property
    def page(self) -> int:
        return self.lines[0].page

    @property
    def style(self) -> tuple[int, bool]:
        """The font size in half points, and whether all of it is bold."""
        return round(max(line.size for line in self.lines) * 2), all(line.bold for line in self.lines)


_REFERENCES = (
    r"references(?: and notes)?|bibliography|literature(?: cited)?|works cited|literatur(?:verzeichnis)?|références"
    r"|bibliographie|referencias|bibliografía|参\s*考\s*文\s*献|參\s*考\s*文\s*獻|참고\s*문헌|список литературы"
)
_KNOWN = (
    rf"{_REFERENCES}|abstract|summary|introduction|related works?|background|methods?|results|discussion|conclusions?"
    r"|acknowledge?ments?|appendix|appendices|zusammenfassung|einleitung|résumé|resumen|introducción|conclusiones"
    r"|摘\s*要|[引前]\s*言|绪\s*论|緒\s*論|结\s*[论语]|結\s*[論語]|结束语|致\s*[谢謝]|附\s*[录錄]|相关工作|相關研究"
)
_NUMBER = (
    r"(?:\d{1,2}(?:\.\d{1,2}){0,4}\.?\s*|[A-Z](?:\.\d{1,2}){0,3}\.?\s+|[IVX]{1,5}\.?\s+|第[一二三四五六七八九十\d]+[章节節]\s*"
    r"|[一二三四五六七八九十]{1,3}[、.．]\s*|(?i:chapter|section|appendix|part)\s[\dA-Z]{1,3}[.:]?\s+)"
)
_NUMBERED = re.compile(rf"{_NUMBER}(?=[^\W\d_])")
_DEEPLY_NUMBERED = re.compile(
    r"(?:\d{1,2}(?:\.\d{1,2}){1,4}\.?\s*|第[一二三四五六七八九十\d]+[章节節]\s*)(?=[^\W\d_]{2})"
)
# IEEE sets headings in small capitals of the text's size.
_ROMAN = re.compile(r"[IVX]{1,5}\.\s+[^\W\d_]{2}")
_IS_REFERENCES = re.compile(rf"{_NUMBER}?(?i:{_REFERENCES})\s*[:：]?")
_IS_KNOWN = re.compile(rf"{_NUMBER}?(?i:{_KNOWN})\s*[:：]?")
_CAPTION = re.compile(r"(?:figure|fig\.|table|algorithm|abbildung|tabelle|[图圖表])\s*\d+[\s.:：]", re.IGNORECASE)
_UNTITLED_END = re.compile(r"[.,;。，；、]$")
_MOST_LINES = 3
_LONGEST = 200
"""Characters of a heading, at most."""
_LARGER = 1.08
_ONE_PAGE_OFF = 1
# Half points. Physics journals set headings smaller than the text, but number them.
_SMALLER = 2

# Where numbers are the labels, other brackets are not: Chinese references name the kind of publication, as [J].
_BRACKETED = (re.compile(r"\[\d{1,4}\]"), re.compile(r"\[[^\]]{1,24}\]"))
_COUNTED = re.compile(r"(\d{1,4})\.?\s+(?=\S)|(\d{1,4})\.(?=\S)")
_HANGING = (0.5, 5.0)
"""The hanging indent of an entry, in font sizes: least and most."""
_YEAR = re.compile(r"(?<!\d)(?:1[3-9]|20)\d\d(?!\d)")
_LEAST_DATED = 1 / 3


def is_caption(text: str) -> bool:
    """Whether a text begins like a caption of a figure or table."""
    return _CAPTION.match(text) is not None


def title_keys(title: str) -> set[str]:
    """The keys to compare titles by, with and without section number: only one of the two may have it."""
    number = _NUMBERED.match(title)
    variants = (title, title[number.end() :] if number else title)
    return {"".join(filter(str.isalnum, form.casefold())) for form in variants} - {""}


class HeadingDetector:
    """Finds headings by the PDF's outline, by known titles and by numbers, then others in the same styles."""

    def __init__(self, outline: Iterable[OutlineEntry]) -> None:
        self._outline: dict[str, list[int | None]] = {}
        for entry in outline:
            for title in title_keys(entry.title):
                self._outline.setdefault(title, []).append(entry.page)

    def is_heading_text(self, text: str, page: int) -> bool:
        """Whether a line is a heading by its text alone: a known title, or one in the outline."""
        if len(text) > _LONGEST or text[:1].islower():
            return False
        if _IS_KNOWN.fullmatch(text):
            return True
        pages = [each for key in title_keys(text) for each in self._outline.get(key, [])]
        return any(each is None or abs(each - page) <= _ONE_PAGE_OFF for each in pages)

    def mark(self, paragraphs: Sequence[PdfParagraph], size: float, bold: bool) -> None:
        """Set the role of headings; `size` and `bold` are the style of the body."""
        certain = [each for each in paragraphs if self._is_certain(each, size, bold)]
        styles: dict[tuple[int, bool], bool] = {}
        for each in certain:
            styles[each.style] = styles.get(each.style, True) and _NUMBERED.match(each.text) is not None
            each.role = Role.HEADING
        is_preamble = bool(certain)
        for each in paragraphs:
            is_preamble = is_preamble and each.page == 1 and each.role is not Role.HEADING
            is_likely = not is_preamble and _looks_like_a_title(each) and _stands_out(each, size, bold)
            if is_likely and not styles.get(each.style, bool(styles)):
                each.role = Role.HEADING

    def _is_certain(self, paragraph: PdfParagraph, size: float, bold: bool) -> bool:
        text = paragraph.text
        if self.is_heading_text(text, paragraph.page):
            return True
        if not _looks_like_a_title(paragraph):
            return False
        if text.isupper() and _ROMAN.match(text):
            return True
        if _stands_out(paragraph, size, bold, _SMALLER):
            return _NUMBERED.match(text) is not None
        return not self._outline and len(paragraph.lines) == 1 and _DEEPLY_NUMBERED.match(text) is not None


def _looks_like_a_title(paragraph: PdfParagraph) -> bool:
    text = paragraph.text
    is_short = len(paragraph.lines) <= _MOST_LINES and len(text) <= _LONGEST
    return (
        is_short
        and sum(map(str.isalpha, text)) > 1
        and not (text[:1].islower() or _UNTITLED_END.search(text) or is_caption(text))
    )


def _stands_out(paragraph: PdfParagraph, size: float, bold: bool, smaller: int = 1) -> bool:
    """Whether it is larger than the body, or bold and at most `smaller` half points smaller."""
    half_points, is_bold = paragraph.style
    is_larger = half_points >= round(size * _LARGER * 2)
    is_bolder = is_bold and not bold and half_points >= round(size * 2) - smaller
    return is_larger or is_bolder


def with_references(paragraphs: Sequence[PdfParagraph]) -> Iterator[PdfParagraph]:
    """The paragraphs, with those between a references heading and the next heading of its rank split into entries."""
    heading: PdfParagraph | None = None
    section: list[PdfParagraph] = []
    for each in paragraphs:
        ends = False
        if heading and each.role is Role.HEADING:
            (size, bold), (least, weight) = each.style, heading.style
            # Bold is no criterion alone: Chinese headings contain Latin letters that aren't bold.
            is_larger = bool(section) and size > section[0].style[0] + 1
            ends = size >= least - 1 and (bold >= weight or is_larger)
        if heading and not ends:
            if is_caption(each.text):
                yield each
            else:
                section.append(each)
            continue
        yield from _entries(section)
        section = []
        heading = each if each.role is Role.HEADING and _IS_REFERENCES.fullmatch(each.text) else None
        yield each
    yield from _entries(section)


def _entries(paragraphs: Sequence[PdfParagraph]) -> Sequence[PdfParagraph]:
    """The paragraphs split into references by label, number or hanging indent; unchanged if too few have a year."""
    lines = [line for each in paragraphs for line in each.lines]
    if not lines:
        return paragraphs
    least, most = _HANGING
    hanging = [least < line.indent / line.size < most for line in lines]
    if bracketed := next((label for label in _BRACKETED if label.match(lines[0].text)), None):
        starts = [bracketed.match(line.text) is not None for line in lines]
    elif _COUNTED.match(lines[0].text):
        starts, last = [], 0
        for line in lines:
            match = _COUNTED.match(line.text)
            number = int(match[1] or match[2]) if match else 0
            starts.append(match is not None and (number == last + 1 or last == 0))
            last = number if starts[-1] else last
    elif any(hanging):
        starts = [not hangs for hangs in hanging]
    else:
        starts = [line is each.lines[0] for each in paragraphs for line in each.lines]
    entries: list[PdfParagraph] = []
    for line, is_start in zip(lines, starts, strict=True):
        if not entries or is_start:
            entries.append(PdfParagraph([], Role.REFERENCE))
        entries[-1].lines.append(line)
    dated = sum(_YEAR.search(each.text) is not None for each in entries)
    return entries if dated >= _LEAST_DATED * len(entries) else paragraphs
