"""Eight libraries of the size of somebody's first one: 20 to 1,500 chunks, of as many kinds of sources."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

import seekpoint
from benchmarks.question_sets import LECTURES, lay_out
from seekpoint.index.store import Reader
from seekpoint.query.answers import Moment
from seekpoint.query.evaluation.metrics import EARLY
from tests.paths import ROOT
from tests.shared import SHARED


class _Repository(NamedTuple):
    """A public repository at the commit that the questions were written for."""

    url: str
    commit: str


_HELP = _Repository("https://github.com/obsidianmd/obsidian-help", "fa179e91e86eaff5859226cc045c81000d64e3cd")
_BOOKS = _Repository("https://github.com/IDPF/epub3-samples", "7651e2002b631e6577fadf7e9e0692fa6efb8746")
_NOTES = _Repository("https://github.com/CyC2018/CS-Notes", "b70121d377cb6005eb65f12b098cd5decd905669")
_EIGHT_NOTES = ("Git", "HTTP", "Docker", "Linux", "Redis", "集群", "缓存", "分布式")
_EPISODES = ("syntax120__", "syntax123__", "syntax305__", "syntax239__", "syntax56___", "syntax143__")
_TALKS = ("qUtPJfPwN1x", "os7tCLwyDhC", "2sjqTHE0zok")
_COURSE = (
    *("VuQUF1VVX40", "TigfpYPJk1s", "lVdajtNpaGI", "8iFvM7WUUs8", "dWQVY_h0YXU"),
    *("Taj1eHmZyWw", "mPWvAN4hzzY", "YJoegm7kiUM", "EnWz5XuOnIQ", "ccqCDD9LqCA"),
)
QUESTIONS = Path(__file__).parent / "questions" / "small-answered.jsonl"
"""Questions with the titles and seconds where one of these libraries answers; of a text, the seconds of reading."""
OFF_TOPIC = Path(__file__).parent / "questions" / "small-off-topic.jsonl"
"""Everyday questions that none of these libraries answers."""
SMALL = ("help", "book", "podcast", "talks", "demo", "paper", "notes", "course")


def built(name: str, work: Path) -> Path:
    """Build a small library in a folder, or bring it up to date; returns its folder. Needs git, and the web once."""
    folder, library = work / "small" / name, work / "small" / name / "library"
    folder.mkdir(parents=True, exist_ok=True)
    captions = None
    match name:
        case "help":
            source = _checked_out(_HELP, work) / "en"
        case "book":
            source = _bound(_checked_out(_BOOKS, work) / "30" / "accessible_epub_3", folder / "book.epub")
        case "notes":
            notes = _checked_out(_NOTES, work) / "notes"
            source = folder / "list.md"
            source.write_text("".join(f"- [{each}](<{notes / each}.md>)\n" for each in _EIGHT_NOTES), "utf-8")
        case "paper":
            source = SHARED / "resources" / "1706.03762.pdf"
        case "demo":
            source = ROOT / "examples" / "reading-list.md"
        case _:
            ids = {"podcast": _EPISODES, "talks": _TALKS, "course": _COURSE}[name]
            corpus = lay_out({"podcast": "syntax", "talks": "broad", "course": LECTURES}[name], work)
            source, captions = _chosen(corpus.reading_list, ids, folder / "list.md"), corpus.captions
    seekpoint.build(source, library, captions=captions)
    return library


def questions_of(name: str) -> list[dict[str, Any]]:
    """The questions that a small library answers, as they stand in their file."""
    rows = map(json.loads, QUESTIONS.read_text("utf-8").splitlines())
    return [row for row in rows if row["library"] == name]


def is_right(moment: Moment, places: Iterable[dict[str, Any]], reader: Reader) -> bool:
    """Whether a moment begins in one of the places, or up to EARLY seconds before it."""
    titled = [place for place in places if place["title"] == moment.resource.title]
    if not titled:
        return False
    cues = next(each.cues for each in reader.transcripts(moment.resource.id) if each.language == moment.language)
    at = cues[moment.cues[0]].start if moment.start is None else moment.start
    return any(start - EARLY <= at <= end for place in titled for start, end in place["spans"])


def _checked_out(repository: _Repository, work: Path) -> Path:
    """The files of a repository; a folder that is there already is taken as it is."""
    folder = work / "sources" / repository.url.rpartition("/")[2]
    if not folder.exists():
        subprocess.run(["git", "clone", "--quiet", repository.url, folder], check=True)
        subprocess.run(["git", "-C", folder, "checkout", "--quiet", repository.commit], check=True)
    return folder


def _bound(folder: Path, book: Path) -> Path:
    """An EPUB of a folder that holds its files."""
    with ZipFile(book, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return book


def _chosen(reading_list: Path, ids: Collection[str], into: Path) -> Path:
    """A list of the entries with these ids."""
    lines = [line for line in reading_list.read_text("utf-8").splitlines() if any(each in line for each in ids)]
    if len(lines) != len(ids):
        raise ValueError(f"{reading_list} has {len(lines)} of {len(ids)} entries")
    into.write_text("\n".join(lines) + "\n", "utf-8")
    return into
