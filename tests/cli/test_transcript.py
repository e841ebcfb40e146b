"""`seekpoint transcript`: what is said or written from a place on, in English and Chinese, and what is refused."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Chapter, Cue, Details, EmbeddedTranscript, Kind, Playlist, PlaylistEntry, Resource
from tests.cli.here import MAIN, Terminal, call, needs_terminal, one_line, plain
from tests.fakes import TopicEncoder
from tests.index.libraries import CARD, SOURCE, embedded, resource
from tests.indexer.builds import webvtt
from tests.noted import note

TALK, OTHER, NOTES, PAPER = "-alk0000001", "zhuyili0001", "notes", "paper"
HOSTILE = "Masks \x1b]0;owned\x07\x1b[2J\u202e & more\nsecond line"
LINES = ["Attention weighs the words.", "A mask\x1b[31m hides\x07 the future.", *(f"Line {n}." for n in range(2, 30))]
CHINESE = ["注意力给每个词一个权重。", "掩码遮住后面的词。\x9b2J", *(f"第{n}句。" for n in range(2, 12))]
TEXT = ["Notes on masks", "A mask hides the future.", "掩码", "- 掩码遮住后面的词", "def mask(n): ⏎ ⇥return n"]


def placed(texts: list[str], *places: tuple[int | None, str | None]) -> EmbeddedTranscript:
    """The transcript of a text, whose cues have pages and anchors."""
    made = embedded(texts)
    cues = [
        Cue(cue.start, cue.end, cue.text, anchor=anchor, page=page)
        for cue, (page, anchor) in zip(made.transcript.cues, places, strict=True)
    ]
    return replace(made, transcript=replace(made.transcript, cues=tuple(cues)))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A talk in two languages, a Chinese one, notes with headings, a paper of two pages, and one without words."""
    notes = Resource(NOTES, Kind.DOCUMENT, "笔记", "file:///home/you/notes.md", (("Texts",),))
    paper = Resource(PAPER, Kind.PAPER, "Papers", "https://arxiv.org/abs/1706.03762", (("Texts",),))
    with EmbeddedWriter.acquire(tmp_path / "library", CARD) as writer:
        talks = [resource(TALK, "Talks"), resource(OTHER, "Talks"), resource("position001", "Talks")]
        writer.register(SOURCE, [*talks, notes, paper])
        chapters = (Chapter(0, "Opening"), Chapter(100, "The mask\x1b[7m of 掩码"))
        both = [embedded(LINES, "en"), embedded(CHINESE, "zh-Hans")]
        writer.commit(TALK, both, Details(title=HOSTILE, chapters=chapters), "made by hand")
        writer.commit(OTHER, [embedded(CHINESE)], Details(title="掩码"), "made by hand")
        text = placed(TEXT, (None, "top"), (None, "top"), (None, "yanma"), (None, "yanma"), (None, "yanma"))
        headings = (Chapter(0, "Notes on masks"), Chapter(20, "掩码"))
        writer.commit(NOTES, [text], Details(title="笔记", chapters=headings), "made by hand")
        writer.commit(PAPER, [placed(["One.", "Two."], (1, None), (2, None))], Details(), "made by hand")
    return tmp_path / "library"


def said(library: Path, *arguments: object) -> list[str]:
    """The blocks that are printed, without the title; nothing else is said."""
    ran = call("transcript", *arguments, "--index", library)
    assert (ran.exit_code, ran.stderr) == (0, ""), ran
    return ran.stdout.rstrip("\n").split("\n\n")[1:]


def test_a_whole_transcript_has_its_times_and_chapters_and_nothing_that_a_terminal_obeys(library: Path) -> None:
    ran = call("transcript", "--index", library, "--", TALK)
    title, first, *others = ran.stdout.rstrip("\n").split("\n\n")
    assert title == "Masks ]0;owned & more second line  en"
    assert first.startswith("in: *Opening*\n0:00  Attention weighs the words. A mask hides the future. Line 2.")
    (chapter,) = (block for block in others if block.startswith("in: "))
    assert chapter.startswith("in: *The mask of 掩码*\n1:40  Line 10.")
    assert all(line.isprintable() for line in ran.stdout.splitlines())
    spoken = re.findall(r"Line (\d+)\.", ran.stdout)
    assert spoken == [str(n) for n in range(2, 30)], "each line once and in order"


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (["--at", "1:45"], "in: *The mask of 掩码*\n1:40  Line 10."),
        (["--at", "2m15s"], "in: *The mask of 掩码*\n2:10  Line 13."),
        (["--heading", "MASK of"], "in: *The mask of 掩码*\n1:40  Line 10."),
        (["--at", "15", "--language", "zh"], "in: *Opening*\n0:10  掩码遮住后面的词。"),
    ],
)
def test_it_begins_at_a_time_or_a_heading(library: Path, arguments: list[str], begins: str) -> None:
    assert said(library, *arguments, f"https://youtu.be/{TALK}")[0].startswith(begins)


@pytest.mark.parametrize("link", [f"https://youtu.be/{OTHER}?t=15", f"https://www.youtube.com/watch?v={OTHER}&t=15s"])
def test_a_link_begins_at_its_own_second_unless_another_place_is_given(library: Path, link: str) -> None:
    assert said(library, link)[0].startswith("0:10  掩码遮住后面的词。")
    assert said(library, link, "--at", "20")[0].startswith("0:20  第2句。")


def test_minutes_end_it_and_the_command_that_reads_on_goes_on_where_it_ended(library: Path) -> None:
    ran = call("transcript", OTHER, "--at", "10", "--minutes", "0.5", "--index", library)
    assert re.findall(r"第\d+句|掩码遮", ran.stdout) == ["掩码遮", "第2句", "第3句"]
    command = f"`seekpoint transcript --at 40.000 --index {library} -- {OTHER}`"
    assert ran.stderr == f"seekpoint: {command} reads on\n"
    following = call(*command.strip("`").split()[1:])
    assert following.stdout.split("\n\n")[1].startswith("0:40  第4句。") and following.stderr == ""
    language = call("transcript", "--minutes", "0.1", "--language", "zh", "--index", library, "--", TALK)
    assert f"--at 10.000 --language zh-Hans --index {library} -- {TALK}`" in language.stderr


def test_texts_have_headings_or_pages_and_lines_of_lists_and_code(library: Path) -> None:
    mask = "in: *掩码*\n- 掩码遮住后面的词\n   def mask(n):\n   \u2003return n"
    assert said(library, NOTES) == ["in: *Notes on masks*\nA mask hides the future.", mask]
    assert said(library, "file:///home/you/notes.md#yanma") == said(library, NOTES, "--heading", "掩码") == [mask]
    assert said(library, PAPER) == ["p. 1\nOne.", "p. 2\nTwo."]
    assert (
        said(library, PAPER, "--page", "2")
        == said(library, "https://arxiv.org/pdf/1706.03762#page=2")
        == ["p. 2\nTwo."]
    )


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (["没有\x1b[31m这个"], 2, ["nothing in the library is called 没有这个", "`seekpoint status --json --index "]),
        (["position001"], 1, ["has no transcript here (pending)"]),
        ([OTHER, "--at", "soon"], 2, ["'soon' is no time", "12:34"]),
        ([OTHER, "--at", "9:59:59"], 2, ["has nothing at 35999 s: it ends after 120 s"]),
        ([OTHER, "--heading", "掩"], 2, ["掩码 has no headings"]),
        ([NOTES, "--heading", "no\x07ne"], 2, ["has no heading with none, but Notes on masks; 掩码"]),
        ([OTHER, "--page", "1"], 2, ["there is no page 1", "has no pages"]),
        ([PAPER, "--page", "3"], 2, ["there is no page 3: Papers has 2 pages"]),
        ([OTHER, "--language", "fr"], 2, ["掩码 has no transcript in fr: there is zh"]),
        ([OTHER, "--at", "1", "--heading", "x"], 2, ["each name a place: give one of them"]),
        ([OTHER, "--minutes", "0"], 2, ["--minutes"]),
        ([], 2, ["missing argument 'RESOURCE'"]),
    ],
)
def test_what_is_not_there_is_said_in_one_line(
    library: Path, arguments: list[str], exit_code: int, words: list[str]
) -> None:
    line = one_line(call("transcript", *arguments, "--index", library), *words, exit_code=exit_code)
    assert line[:-1].isprintable()


@needs_terminal
def test_of_a_playlist_what_it_holds_is_told(library: Path) -> None:
    playlist = Resource("PL1", Kind.PLAYLIST, "播客", "https://www.youtube.com/playlist?list=PL1")
    with EmbeddedWriter.acquire(library, CARD) as writer:
        writer.register("podcasts.md", [playlist])
        writer.keep_playlist("PL1", Playlist("播客", tuple(PlaylistEntry(resource(key)) for key in (OTHER, TALK))))
    ran = call("transcript", "PL1", "--index", library)
    one_line(ran, f"播客 has no words of its own: give one of what it holds, such as {OTHER} (", f"; {TALK} (")


def test_in_a_terminal_lines_fit_and_times_open_the_second(library: Path) -> None:
    terminal = Terminal(sys.executable, "-c", MAIN, "transcript", OTHER, "--index", library, COLUMNS="40")
    terminal.wait_for("第11句")
    assert terminal.end() == 0
    assert f"\x1b]8;;https://www.youtube.com/watch?v={OTHER}&t=30s\x1b\\0:30\x1b]8;;\x1b\\" in terminal.seen
    assert all(2 * len(line) - len(line.encode("ascii", "ignore")) <= 40 for line in plain(terminal.seen).splitlines())


def test_a_summary_stands_below_the_title_of_all_of_it_marked_and_cleaned(library: Path) -> None:
    for key, tag, summary in ((OTHER, "zh", "讲掩码。\x1b[2J\u202e\n第二句。"), (TALK, "en", "On masks.")):
        note(library, key, summary=summary)
        cleaned = clean(summary)
        begun = call("transcript", "--index", library, "--", key).stdout.split("\n\n")[0].splitlines()
        assert begun[1:] == [f"   By a language model: {cleaned}"] and begun[0].endswith(tag)
        part = call("transcript", "--at", "1:00", "--index", library, "--", key).stdout
        assert "By a language model" not in part and cleaned not in part
    other = call("transcript", "--language", "zh-Hans", "--index", library, "--", TALK).stdout
    assert "zh-Hans\n\n" in other and "By a language model" not in other


def test_the_command_that_lists_noted_questions_is_named_where_some_are_answered_there(library: Path) -> None:
    note(library, OTHER, (30.0, "zh", "掩码是什么？"))
    listed = f"`seekpoint questions --index {library} -- 'https://youtu.be/{OTHER}?t=20'`"
    for place, seen in (("0.1", False), ("0.4", True)):
        ran = call("transcript", f"https://youtu.be/{OTHER}?t=20", "--minutes", place, "--index", library)
        assert (listed in ran.stderr) == seen
    assert "0:30  掩码是什么？" in call("questions", "--index", library, "--", f"https://youtu.be/{OTHER}?t=20").stdout


def test_a_path_may_end_in_the_time_or_page_of_a_link_to_it(tmp_path: Path) -> None:
    talk, notes = tmp_path / "讲座 #2.zh.vtt", tmp_path / "notes.md"
    talk.write_text(webvtt(*CHINESE[:3]), "utf-8")
    notes.write_text("Notes on masks", "utf-8")
    seekpoint.build([talk, notes], tmp_path / "library", encoder=TopicEncoder(), translate=False)
    assert said(tmp_path / "library", talk)[0].startswith("0:00  注意力")
    assert said(tmp_path / "library", f"{talk}#t=14")[0].startswith("0:10  掩码")
    assert said(tmp_path / "library", f"{talk}#t=0:14")[0].startswith("0:10  掩码")
    told = call("transcript", f"{notes}#page=2", "--index", tmp_path / "library")
    assert "there is no page 2" in one_line(told, exit_code=2)
