"""What a parser makes of a paper whose text is known."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks.papers.content import Heading, Paper, Paragraph, References, Table
from seekpoint.indexer.sources.papers.lines import is_wide
from seekpoint.indexer.transcript.text_timeline import Block, Role

# Letters: a heading's number and a reference's label are printed before what the paper says.
_LABEL = 8
# Letters of a formula between two parts of a sentence.
_LONGEST_FORMULA = 16


class Scores(NamedTuple):
    """What is right, as (right, of), and what is wrong, as a number."""

    sentences: tuple[int, int]
    """Sentences with all their letters in one block."""
    ordered: tuple[int, int]
    """The most of them that are in the order of the paper."""
    paged: tuple[int, int]
    """Those whose block is on the page that they begin on."""
    spaces: int
    """Places in them with a wrong space or hyphen: words joined or split."""
    asides: tuple[int, int]
    """Footnotes and captions."""
    rows: tuple[int, int]
    """Rows of tables, cell after cell."""
    headings: tuple[int, int]
    wrong_headings: int
    references: tuple[int, int]
    wrong_references: int
    furniture: int
    """Running heads and page numbers that are still there."""


class _Text:
    """The letters and digits of a block, and what is between them."""

    def __init__(self, text: str) -> None:
        self.places = [index for index, char in enumerate(text) if char.isalnum()]
        self.letters = "".join(text[index] for index in self.places).casefold()
        self._text = text

    def seams(self, first: int, last: int) -> list[tuple[bool, bool]]:
        """Whether there are a space and a hyphen between each letter and the next."""
        pairs = zip(self.places[first : last - 1], self.places[first + 1 : last], strict=True)
        return [self._seam(before, after) for before, after in pairs]

    def _seam(self, before: int, after: int) -> tuple[bool, bool]:
        between = self._text[before + 1 : after]
        # Between scripts, a space is a matter of taste.
        is_border = is_wide(self._text[before]) != is_wide(self._text[after])
        return not is_border and " " in between, "-" in between


def score(paper: Paper, pages: Mapping[int, int], blocks: Sequence[Block]) -> Scores:
    """Compare blocks with what the paper says; `pages` are those that its sentences begin on."""
    texts = [_Text(block.text) for block in blocks]
    sentences = [each for part in paper.parts if isinstance(part, Paragraph) for each in part.sentences]
    found = {number: place for number, text in sentences if (place := _find(text, texts))}
    paged = sum(blocks[place.block].page == pages[number] for number, place in found.items())
    asides = list(_asides(paper))
    rows = ["".join(row) for part in paper.parts if isinstance(part, Table) for row in part.rows]
    headings, wrong_headings = _matched(_headings(paper), blocks, Role.HEADING, [paper.title])
    entries = [entry for part in paper.parts if isinstance(part, References) for entry in part.entries]
    references, wrong_references = _matched(entries, blocks, Role.REFERENCE)
    return Scores(
        (len(found), len(sentences)),
        (_longest_rise([(place.block, place.first) for place in found.values()]), len(sentences)),
        (paged, len(sentences)),
        sum(place.wrong_seams for place in found.values()),
        (sum(_find(text, texts) is not None for text in asides), len(asides)),
        (sum(_find(row, texts) is not None for row in rows), len(rows)),
        (headings, len(_headings(paper))),
        wrong_headings,
        (references, len(entries)),
        wrong_references,
        sum(_is_furniture(block.text, paper) for block in blocks),
    )


def _headings(paper: Paper) -> list[str]:
    return [
        part.heading if isinstance(part, References) else part.text
        for part in paper.parts
        if isinstance(part, Heading | References)
    ]


def _asides(paper: Paper) -> Iterator[str]:
    for part in paper.parts:
        if isinstance(part, Table):
            yield part.caption
        elif isinstance(part, Paragraph) and part.note:
            yield part.note


class _Place(NamedTuple):
    block: int
    first: int
    wrong_seams: int


def _find(sentence: str, texts: Sequence[_Text]) -> _Place | None:
    """Where all letters of a sentence are, with any formulas in the gaps that it has for them."""
    parts = [_Text(part) for part in re.sub(r"\*", "", sentence).split("$")[::2]]
    parts = [part for part in parts if part.letters]
    pattern = re.compile(rf".{{0,{_LONGEST_FORMULA}}}?".join(f"({re.escape(part.letters)})" for part in parts))
    for index, text in enumerate(texts):
        if match := pattern.search(text.letters):
            wrong = 0
            for group, part in enumerate(parts, 1):
                seams = zip(part.seams(0, len(part.letters)), text.seams(*match.span(group)), strict=True)
                wrong += sum(expected != seen for expected, seen in seams)
            return _Place(index, match.start(), wrong)
    return None


def _longest_rise(places: Iterable[tuple[int, int]]) -> int:
    """The length of the longest rising subsequence."""
    ends: list[tuple[int, int]] = []
    for place in places:
        index = bisect_left(ends, place)
        ends[index : index + 1] = [place]
    return len(ends)


def _matched(expected: Iterable[str], blocks: Iterable[Block], role: Role, also: Iterable[str] = ()) -> tuple[int, int]:
    """How many texts are a block of a role by themselves, and how many such blocks are none of them."""
    marked = [_Text(block.text).letters for block in blocks if block.role is role]
    wanted = [_Text(text).letters for text in expected]
    right = sum(any(_is_labelled(text, each) for text in marked) for each in wanted)
    known = [*wanted, *(_Text(text).letters for text in also)]
    return right, sum(not any(_is_labelled(text, each) for each in known) for text in marked)


def _is_labelled(text: str, expected: str) -> bool:
    return text.endswith(expected) and len(text) <= len(expected) + _LABEL


def _is_furniture(text: str, paper: Paper) -> bool:
    is_number = re.fullmatch(r"\W*\d{1,3}\W*", text) is not None
    return is_number or bool(paper.running and paper.running in text)
