"""The question sets, what the libraries that they were written for are built of, and an encoder to ask with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import seekpoint
from seekpoint.index.types import Encoder, ModelCard, Parts, Vectors
from seekpoint.query.evaluation.question_file import Question, read_questions
from tests.shared import SHARED

TOOLS = SHARED.parent / "tools"
LECTURES = "lectures"
QUESTIONS = {
    LECTURES: Path(__file__).parent / "questions" / "lectures.jsonl",
    "dev": SHARED / "questions" / "dev-natural.jsonl",
    "fastai": SHARED / "questions" / "fastai.jsonl",
    "tutorialvqa": SHARED / "questions" / "tutorialvqa.jsonl",
    "broad": SHARED / "questions" / "broad.jsonl",
    "syntax": SHARED / "questions" / "syntax.jsonl",
}
SHORT = "-short"
"""The end of the names of sets that ask the same as another set in a few words, as people type them."""
_SHORT_FORMS = {
    "broad-short": SHARED / "questions" / "broad-short.jsonl",
    "lectures-short": Path(__file__).parent / "questions" / "lectures-short.jsonl",
    "dev-short": Path(__file__).parent / "questions" / "dev-short.jsonl",
}
DEFINITIONS = "-definitions"
"""The end of the names of sets that ask what something is, of the libraries of other sets."""
BEFORE_HEARING = "-before-hearing"
"""The end of the names of sets that were asked by somebody who knew the titles of the recordings alone."""
_OF_THE_SAME_LIBRARIES = {
    f"{name}-{kind}": Path(__file__).parent / "questions" / f"{kind}-{name}.jsonl"
    for kind, names in (("definitions", (LECTURES, "dev", "broad")), ("before-hearing", ("dev", "broad")))
    for name in names
}
OTHER_HALF = "-other-half"
"""The end of the name of a set whose questions are put to the half of the recordings that doesn't answer them."""
SETS = (*QUESTIONS, *_SHORT_FORMS, *_OF_THE_SAME_LIBRARIES)
_VIDEO_ID = re.compile(r"\[([\w-]{11})\]")


def questions_of(name: str) -> list[Question]:
    """The questions of a set; a short form has the places of the question that it stands for."""
    if name in _OF_THE_SAME_LIBRARIES:
        return read_questions(_OF_THE_SAME_LIBRARIES[name])
    questions = read_questions(QUESTIONS[library_of(name)])
    if name in QUESTIONS:
        return questions
    forms = _short_forms(name)
    return [replace(question, text=forms[question.id]) for question in questions if question.id in forms]


def question_file(name: str, folder: Path) -> Path:
    """The file of a set's questions; that of short forms is written into the folder."""
    if file := {**QUESTIONS, **_OF_THE_SAME_LIBRARIES}.get(name):
        return file
    forms, file = _short_forms(name), folder / f"{name}.jsonl"
    rows = map(json.loads, QUESTIONS[library_of(name)].read_text("utf-8").splitlines())
    lines = [json.dumps(row | {"question": forms[row["qid"]]}) for row in rows if row["qid"] in forms]
    file.write_text("\n".join(lines), "utf-8")
    return file


def _short_forms(name: str) -> dict[str, str]:
    rows = map(json.loads, _SHORT_FORMS[name].read_text("utf-8").splitlines())
    return {row["qid"]: row.get("short") or row["question"] for row in rows}


def library_of(name: str) -> str:
    """The set whose library a set's questions are put to."""
    return name.removesuffix(SHORT).removesuffix(DEFINITIONS).removesuffix(BEFORE_HEARING).removesuffix(OTHER_HALF)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A list and its captions, and a folder for all that is made of them."""

    reading_list: Path
    captions: Path
    folder: Path


def lay_out(name: str, work: Path) -> Corpus:
    """Prepare the transcripts of a set's library in a folder; the plain systems read `captions` in there."""
    name = library_of(name)
    folder = work / name
    if name == LECTURES:
        captions = SHARED / "captions"
        link_one_track_each(captions, folder / "captions")
        return Corpus(SHARED / "resources" / "real-list.md", captions, folder)
    run_tool("corpus.py", name, folder)
    return Corpus(folder / "list.md", folder / "captions", folder)


def built(name: str, work: Path) -> Path:
    """Build the library of a set in a folder, or bring it up to date; returns its folder."""
    corpus = lay_out(name, work)
    library = corpus.folder / "library"
    seekpoint.build(corpus.reading_list, library, captions=corpus.captions)
    return library


def built_half(name: str, half: int, work: Path) -> tuple[Path, list[str]]:
    """Build a library of every second recording of a set; returns its folder, and the addresses of its recordings."""
    corpus = lay_out(name, work)
    folder = work / f"{library_of(name)}-half-{half}"
    folder.mkdir(exist_ok=True)
    entries = [line for line in corpus.reading_list.read_text("utf-8").splitlines() if line.startswith("- ")][half::2]
    (folder / "list.md").write_text("\n".join(entries) + "\n", "utf-8")
    seekpoint.build(folder / "list.md", folder / "library", captions=corpus.captions)
    return folder / "library", entries


def kept_apart(path: Path) -> set[str]:
    """The ids of the questions of a file that nothing is fitted with."""
    rows = map(json.loads, path.read_text("utf-8").splitlines())
    return {row["qid"] for row in rows if row.get("half") == "test"}


def link_one_track_each(captions: Path, folder: Path) -> None:
    """Link the captions of each video into a folder: of several languages the first by name, English before Chinese.

    The plain systems tell files apart by the video's id alone, so a second track would take the place of the first.
    """
    first = {_video_id(path): path for path in sorted(captions.glob("*.vtt"), reverse=True)}
    folder.mkdir(parents=True, exist_ok=True)
    for path in first.values():
        link = folder / path.name
        link.unlink(missing_ok=True)
        link.symlink_to(path.resolve())


def _video_id(path: Path) -> str:
    found = _VIDEO_ID.search(path.name)
    if not found:
        raise ValueError(f"{path} isn't named `Any title [VIDEO_ID].LANG.vtt`")
    return found[1]


def run_tool(name: str, *arguments: object) -> None:
    """Run a script of $SEEKPOINT_SHARED/tools."""
    subprocess.run([sys.executable, str(TOOLS / name), *map(str, arguments)], check=True, stdout=sys.stderr)


class Remembering:
    """An encoder that embeds each question once, for benchmarks that ask the same ones again and again."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._questions: dict[str, Vectors] = {}

    @property
    def card(self) -> ModelCard:
        return self._encoder.card

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.passages(texts)

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts | None:
        return self._encoder.parts(texts, ends)

    def question(self, text: str) -> Vectors:
        if text not in self._questions:
            self._questions[text] = self._encoder.question(text)
        return self._questions[text]
