"""The paper and the page among the examples, built with the real parsers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import seekpoint
from seekpoint.index.types import Kind, Origin
from seekpoint.indexer.sources.pages.html import read_html
from seekpoint.indexer.sources.papers.pdf import read_pdf
from seekpoint.indexer.transcript.text_timeline import transcript_of
from tests.paths import ROOT
from tests.query.search.frozen.encoder import FrozenEncoder

TEXTS = ROOT / "examples" / "texts"
HEADINGS = [
    *("Fewer Keys than Queries: What Shared Heads Save", "Abstract", "1 Introduction", "2 What the Cache Holds"),
    *("3 One Head for All Queries", "4 Groups of Heads", "5 Conclusion", "References"),
]


def test_the_papers_headings_are_chapters_its_bibliography_is_marked_and_only_the_pages_text_is_read() -> None:
    text = read_pdf((TEXTS / "shared-keys.pdf").read_bytes())
    transcript, details = transcript_of(text, "en", Origin.LOCAL)
    assert [chapter.title for chapter in details.chapters] == HEADINGS
    marked = [cue for cue in transcript.cues if cue.is_reference]
    assert [cue.text[:3] for cue in marked if cue.text.startswith("[")] == ["[1]", "[2]", "[3]", "[4]", "[5]"]
    assert marked == list(transcript.cues[-len(marked) :]) and marked[0].text == "References"
    assert {cue.page for cue in transcript.cues} == {1, 2}
    said = [block.text for block in read_html((TEXTS / "layer-norm.html").read_bytes()).blocks]
    assert said[0] == "归一化放在哪里：前面还是后面"
    assert said[-1].endswith("残差之前 | 可以不要 | 上百层")


# The page, the chapter and the link of each answer. What the first three name stands in a reference too.
ANSWERED = {
    "Is one write-head all you need for fast transformer decoding?": (1, "3 One Head for All Queries", ""),
    "How are multi-query transformer models trained from multi-head checkpoints?": (2, "4 Groups of Heads", ""),
    "What memory does serving a large language model take?": (1, "1 Introduction", ""),
    "为什么必须先预热？": (None, "放在后面", "layer-norm.html#after:~:text="),
    "均方根归一化省掉了什么？": (None, "层归一化做了什么", "layer-norm.html#what:~:text="),
}


def test_an_answer_is_found_in_its_chapter_and_a_reference_where_only_it_answers(tmp_path: Path) -> None:
    listed = [f"- <{(TEXTS / name).as_uri()}>\n" for name in ("shared-keys.pdf", "layer-norm.html")]
    (tmp_path / "list.md").write_text("".join(listed), encoding="utf-8")
    seekpoint.build(tmp_path / "list.md", tmp_path / "library", encoder=FrozenEncoder(), translate=False)
    with seekpoint.open_library(tmp_path / "library") as library:
        for question, (page, chapter, anchor) in ANSWERED.items():
            moment = library.ask(question, encoder=FrozenEncoder()).moments[0]
            assert moment.resource.kind is (Kind.PAPER if page else Kind.DOCUMENT)
            assert (moment.page, moment.chapter) == (page, chapter) and anchor in moment.link
        moments = library.ask("Joshua Ainslie", encoder=FrozenEncoder(), k=100).moments
    assert any("Ainslie" in moment.quote and moment.chapter == "References" for moment in moments)


def test_the_paper_is_what_its_text_is_set_to(tmp_path: Path) -> None:
    shutil.copy(TEXTS / "shared-keys.txt", tmp_path)
    command = [sys.executable, str(ROOT / "examples" / "typeset.py"), str(tmp_path / "shared-keys.txt")]
    subprocess.run(command, check=True)
    assert (tmp_path / "shared-keys.pdf").read_bytes() == (TEXTS / "shared-keys.pdf").read_bytes()
