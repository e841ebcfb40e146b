"""The measures of the benchmark of PDF parsers, on papers that nothing was lost of."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from benchmarks.papers import latex, typst_source
from benchmarks.papers.content import Heading, Paper, Paragraph, References, Table, papers
from benchmarks.papers.measures import Scores, score
from seekpoint.indexer.transcript.text_timeline import Block, Role

PAPERS = {paper.name: paper for paper in papers()}


def perfect(paper: Paper) -> Iterator[Block]:
    """The blocks of a paper as a perfect parser gives them."""
    for part in paper.parts:
        match part:
            case Heading(text):
                yield Block(text, Role.HEADING, page=1)
            case Paragraph(sentences, note):
                yield Block(" ".join(text.replace("*", "").replace("$", "") for _, text in sentences), page=1)
                yield Block(note.replace("*", ""), page=1)
            case Table(caption, rows):
                yield Block(caption, page=1)
                yield from (Block(" ".join(row), page=1) for row in rows)
            case References(heading, entries):
                yield Block(heading, Role.HEADING, page=1)
                entries = tuple(entry.replace("*", "") for entry in entries)
                yield from (Block(f"[{n}] {entry}", Role.REFERENCE, page=1) for n, entry in enumerate(entries, 1))


def scored(paper: Paper, blocks: Sequence[Block]) -> Scores:
    numbers = [number for part in paper.parts if isinstance(part, Paragraph) for number, _ in part.sentences]
    return score(paper, dict.fromkeys(numbers, 1), blocks)


@pytest.mark.parametrize("name", PAPERS)
def test_a_perfect_parser_has_everything_right(name: str) -> None:
    paper = PAPERS[name]
    found = scored(paper, list(perfect(paper)))
    pairs = [value for value in found if isinstance(value, tuple)]
    assert pairs and all(right == of for right, of in pairs)
    assert (found.spaces, found.wrong_headings, found.wrong_references, found.furniture) == (0, 0, 0, 0)


def test_what_a_parser_does_wrong_is_counted() -> None:
    paper = PAPERS["ieee"]
    blocks = list(perfect(paper))
    whole = scored(paper, blocks)
    assert scored(paper, random.Random(1).sample(blocks, len(blocks))).ordered[0] < whole.ordered[0] / 2
    assert scored(paper, [Block(block.text.replace("the ", "the"), block.role) for block in blocks]).spaces > 20
    body = [block for block in blocks if block.role is Role.BODY]
    assert scored(paper, body)._replace(headings=whole.headings, references=whole.references) == whole
    assert scored(paper, [Block(block.text, Role.HEADING) for block in body]).wrong_headings == len(body)
    halves = [Block(half, block.role) for block in body for half in (block.text[:50], block.text[50:])]
    assert scored(paper, halves).sentences[0] < whole.sentences[0]
    assert scored(paper, [*blocks, Block("– 3 –")]).furniture == 1


@pytest.mark.parametrize("name", [name for name in PAPERS if not name.endswith("by-rows")])
def test_every_sentence_is_in_the_source_with_its_number(name: str) -> None:
    paper = PAPERS[name]
    source = (typst_source if paper.program == "typst" else latex).source(paper)
    sentences = [number for part in paper.parts if isinstance(part, Paragraph) for number, _ in part.sentences]
    mark = "#at({})" if paper.program == "typst" else r"\at{{{}}}"
    assert sentences and all(mark.format(number) in source for number in sentences)
