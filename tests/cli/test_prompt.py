from __future__ import annotations

import io
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.utils import get_cwidth

from seekpoint.cli.prompt import History, prompt
from seekpoint.index.types import Kind, Resource
from seekpoint.query.answers import Answer, Confidence, Explanation, Moment
from seekpoint.query.search.settings import AskOptions
from seekpoint.query.serving.live_library import LiveLibrary
from tests.cli.here import Terminal, needs_terminal, plain
from tests.fake_chat import FakeChat, by_letter, silent
from tests.fakes import TopicEncoder
from tests.index.libraries import build

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

UP, ENTER, ESCAPE, END = "\x1b[A", "\r", "\x1b", "\x04"
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"


class User:
    """A user at a terminal, who types the next of `turns` after each question and each opened link, then ends."""

    def __init__(self, folder: Path) -> None:
        self.live = LiveLibrary(folder / "library", TopicEncoder())
        self.history = folder / "data" / "questions"
        self.asked: list[str] = []
        self.opened: list[str] = []
        self.screen = io.StringIO()
        self.has_browser = True

    def type(self, *turns: str, given: Answer | None = None, explained: bool = False, nothing: str = "") -> None:
        with create_pipe_input() as pipe:
            rest = iter(turns)

            def type_next() -> None:
                pipe.send_bytes(next(rest, END).encode("utf-8", "surrogateescape"))

            def answer(question: str) -> Answer:
                self.asked.append(question)
                type_next()
                return given or self.live.ask(question, AskOptions(explained=True))

            def browser(link: str) -> bool:
                self.opened.append(link)
                type_next()
                return self.has_browser

            type_next()
            output = Vt100_Output(self.screen, lambda: Size(rows=30, columns=80), term="xterm", enable_cpr=False)
            with create_app_session(input=pipe, output=output):
                prompt(answer, explained=explained, when_nothing=nothing, history=self.history, browser=browser)

    def links(self, question: str) -> list[str]:
        return [moment.link for moment in self.live.ask(question).moments]


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    monkeypatch.setenv("TERM", "xterm")
    build(tmp_path / "library")
    user = User(tmp_path)
    yield user
    user.live.close()


def moment(rank: int, link: str = "https://example.org/", **changes: str) -> Moment:
    said = {"title": f"Talk {rank}", "quote": f"quote {rank}"} | changes
    resource = Resource(f"id{rank}", Kind.VIDEO, said["title"], link, (("Talks",),))
    why = Explanation(0.5, 0.5, 0.5, False, ("mask",), (), ())
    return Moment(rank, 0.5, resource, "en", 10.0, 20.0, said["quote"], link, explanation=why)


def answer_of(*moments: Moment, answered: bool = True) -> Answer:
    return Answer("mask?", Confidence.HIGH if answered else Confidence.NONE, moments)


def test_an_answer_is_shown_as_ask_shows_it(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    question = "掩码遮住什么？"
    user.type(question + ENTER)
    assert user.asked == [question]
    found = user.live.ask(question).moments
    printed = plain(capsys.readouterr().out)
    assert all(part in printed for part in (f"“{found[0].quote}”", found[0].link, found[-1].link, "1. Talk"))


@pytest.mark.parametrize(
    ("keys", "ranks"),
    [([ENTER], [1]), (["o" + ENTER], [1]), (["3" + ENTER, "o 2" + ENTER, "12" + ENTER, ENTER], [3, 2, 12, 1])],
)
def test_enter_o_and_numbers_open_moments(
    user: User, capsys: pytest.CaptureFixture[str], keys: Sequence[str], ranks: Sequence[int]
) -> None:
    many = answer_of(*(moment(rank, f"https://example.org/{rank}") for rank in range(1, 13)))
    user.type("mask" + ENTER, *keys, given=many)
    assert user.opened == [f"https://example.org/{rank}" for rank in ranks]
    assert f"opened {ranks[0]}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("keys", "question"),
    [
        ("位置在哪里？", "位置在哪里？"),
        ("3D attention", "3D attention"),
        ("2017", "2017"),
        ("/e", "e"),
        ("e-mail", "e-mail"),
        (f"{PASTE_BEGINS}open the\nmask\x1b[31m{PASTE_ENDS}", "open the mask"),
        ("hide the mask" + "\x1bb" + "\x1bb" + "of " + "\x1b[1;3C" + "\x1bd", "hide of the"),  # Alt and b, →, d
        ("/\udcff\x1b[15~mask", "mask"),
    ],
)
def test_whatever_else_is_typed_is_the_next_question(user: User, keys: str, question: str) -> None:
    user.type("attention" + ENTER, keys + ENTER)
    assert user.asked == ["attention", question]
    assert user.opened == []


@pytest.mark.parametrize("typed", ["0", "13", "99", "o 99", "c99", "e 3", "o 0"])
@pytest.mark.parametrize(("count", "there_are"), [(1, "there is 1"), (2, "there are 1 to 2")])
def test_a_number_that_no_moment_has_is_no_question(
    user: User, capsys: pytest.CaptureFixture[str], typed: str, count: int, there_are: str
) -> None:
    given = answer_of(*(moment(rank) for rank in range(1, count + 1)))
    user.type("掩码" + ENTER, typed + ENTER + f"/{typed}" + ENTER, given=given)
    assert (user.asked, user.opened) == (["掩码", typed], [])
    told = f"seekpoint: there is no moment {typed.lstrip('oce ')}: {there_are}; /{typed} asks it as a question\n"
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(
    "key", ["\x1bOP", "\x1b[1;5Q", "\x1b[D", "\t", "\x1b掩"], ids=["F1", "Ctrl-F2", "Left", "Tab", "Alt-掩"]
)
def test_a_key_without_a_meaning_changes_no_question(user: User, key: str) -> None:
    user.type(f"{key}掩码{ENTER}", f"{key}e{ENTER}{key}2{ENTER}")
    assert (user.asked, user.opened) == (["掩码"], [user.links("掩码")[1]])


@pytest.mark.parametrize("key", [ESCAPE, "\x03", "\x04", "exit" + ENTER, " Quit " + ENTER])
def test_a_key_or_a_word_of_the_shell_ends_the_prompt(user: User, key: str) -> None:
    user.type(key)
    assert user.asked == []
    user.type("attention" + ENTER, key)
    assert user.asked == ["attention"]


def test_an_error_is_one_line_and_the_prompt_goes_on(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    user.type(" " + ENTER, PASTE_BEGINS + "why " * 3000 + PASTE_ENDS + ENTER, "?!" + ENTER, "掩码" + ENTER)
    assert user.asked[-1] == "掩码"
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert all(error.startswith("seekpoint: the question ") for error in errors)
    assert errors[0] == "seekpoint: the question is empty: ask in your own words, for instance `why masks?`"


def test_earlier_questions_come_back_and_commands_do_not(user: User) -> None:
    user.type("what is a mask?" + ENTER, "注意力是什么？" + ENTER, f"c 1{ENTER}e{ENTER}2{ENTER}")
    user.asked.clear()
    user.type(UP + UP + ENTER, "\x12注意" + ENTER + ENTER)  # Ctrl-R searches
    assert user.asked == ["what is a mask?", "注意力是什么？"]
    assert stat.S_IMODE(user.history.stat().st_mode) == 0o600


def test_earlier_questions_come_back_where_they_cannot_be_written(user: User) -> None:
    user.history.mkdir(parents=True)
    user.type("mask" + ENTER, UP + ENTER)
    assert user.asked == ["mask", "mask"]


def test_the_history_does_not_grow_without_end(tmp_path: Path) -> None:
    history = History(tmp_path / "questions")
    for number in range(2100):
        history.store_string(f"问题 {number}")
    size = history.load_history_strings() and (tmp_path / "questions").stat().st_size
    kept = list(History(tmp_path / "questions").load_history_strings())
    assert kept == [f"问题 {number}" for number in range(2099, 1099, -1)]
    assert (tmp_path / "questions").stat().st_size == size
    assert stat.S_IMODE((tmp_path / "questions").stat().st_mode) == 0o600
    history.store_string("x" * 100_000)
    assert (tmp_path / "questions").stat().st_size == size


def test_the_explanation_is_shown_and_hidden(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    user.type("mask" + ENTER, f"e{ENTER}mask{ENTER}", f"e{ENTER}{END}", given=answer_of(moment(1)))
    user.type("mask" + ENTER, explained=True, given=answer_of(moment(1)))
    shown = ["words said here: mask" in plain(each) for each in capsys.readouterr().out.split("1. ")[1:]]
    assert shown == [False, True, True, False, True]


def test_hostile_text_sends_no_command_to_the_terminal(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\x01\x1b]52;c;AAAA\x07\x02\u202eevil 掩码\n\n9. fake"
    user.type("mask" + ENTER, "2" + ENTER, given=answer_of(moment(1, title=evil, quote=evil), moment(2)))
    printed = capsys.readouterr().out
    assert user.opened == ["https://example.org/"] and "evil 掩码" in printed
    assert not any(bad in printed for bad in ("\x1b]0", "\x1b[2J", "\x1b]52", "\u202e", "\x01", "\n9. fake"))


@pytest.mark.parametrize("link", ["javascript:alert(1)", "-new-window", "", "file://host/share/run.exe"])
def test_only_the_web_and_media_and_documents_are_opened(
    user: User, capsys: pytest.CaptureFixture[str], link: str
) -> None:
    user.type("mask" + ENTER, ENTER + END, given=answer_of(moment(1, link)))
    assert user.opened == []
    assert "so it wasn't opened" in capsys.readouterr().out


def test_a_link_is_copied_by_the_terminal(user: User) -> None:
    user.type("mask" + ENTER, f"c 2{ENTER}{END}", given=answer_of(moment(1), moment(2, "https://example.org/2\n")))
    assert "\x1b]52;c;aHR0cHM6Ly9leGFtcGxlLm9yZy8y\x07" in user.screen.getvalue()


def test_a_missing_browser_is_reported(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    user.has_browser = False
    user.type("mask" + ENTER, ENTER)
    assert "$BROWSER" in capsys.readouterr().out


def test_where_nothing_answers_the_nearest_is_shown_and_opened(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    user.type("mask" + ENTER, "2" + ENTER, given=answer_of(moment(1), moment(2, "https://two.org/"), answered=False))
    assert user.opened == ["https://two.org/"]
    assert "Nothing here answers that; nearest:" in capsys.readouterr().out


def test_without_moments_there_is_nothing_to_open(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    user.type("mask" + ENTER, "2" + ENTER, given=answer_of(answered=False), nothing="nothing is indexed yet")
    assert user.asked == ["mask", "2"]
    shown = capsys.readouterr()
    assert "Nothing here answers that." in shown.out
    assert shown.err.splitlines() == ["seekpoint: nothing is indexed yet"] * 2


def test_a_dumb_terminal_gets_plain_text(
    user: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    user.type("mask" + ENTER, f"c{ENTER}2{ENTER}")
    assert user.opened == [user.links("mask")[1]]
    printed = capsys.readouterr().out
    assert "1. Talk" in printed
    assert "opened 2" in printed
    assert "\x1b" not in printed and "\x1b]52" not in user.screen.getvalue()


ASK = (sys.executable, "-m", "seekpoint", "ask")


@pytest.mark.model
@needs_terminal
def test_in_a_real_terminal(example_library: Path, tmp_path: Path) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {opened}\n', encoding="utf-8")
    browser.chmod(0o755)
    own = {"BROWSER": f"{browser} %s", "XDG_DATA_HOME": str(tmp_path)}
    terminal = Terminal(*ASK, "--index", example_library, NO_COLOR="1", **own)
    terminal.wait_for("Esc ends")
    terminal.type("mas")
    terminal.wait_for("mas")
    terminal.type(ESCAPE)  # which clears the line
    terminal.wait_for("Esc ends")
    terminal.type("什么是掩码？" + ENTER)
    terminal.wait_for("1. ")
    terminal.wait_for("or ask again")
    terminal.type("2" + ENTER)
    terminal.wait_for("opened 2")
    terminal.type("where is the mask" + ENTER)
    terminal.wait_for("1. ")
    terminal.type("\x03")
    assert terminal.end() == 0
    assert re.fullmatch(r"file://\S+#t=\d+\n", opened.read_text(encoding="utf-8"))
    assert not re.search(r"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7])(?:;[0-9;]*)?m", terminal.seen), "a colour"


@pytest.mark.model
@needs_terminal
@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_the_lines_of_an_answer_fit_into_the_terminal(example_library: Path, term: str) -> None:
    terminal = Terminal(*ASK, "为什么要缓存键和值？", "--index", example_library, COLUMNS="60", TERM=term)
    terminal.wait_for(r"(?s)5\. .*file://")
    assert terminal.end() == 0
    assert ("\x1b" in terminal.seen) is (term == "xterm"), "bold text and links where a terminal has them"
    lines = [line for line in plain(terminal.seen).replace("\r", "").split("\n") if "file://" not in line]
    assert max(map(get_cwidth, lines)) in (59, 60)
    assert any(line.startswith("    ") for line in lines)


@contextmanager
def asking(library: Path, folder: Path, *options: str) -> Iterator[Terminal]:
    """The prompt in a real terminal, which Ctrl-C ends."""
    terminal = Terminal(*ASK, *options, "--index", library, NO_COLOR="1", XDG_DATA_HOME=str(folder))
    terminal.wait_for(r"\? ")
    yield terminal
    terminal.type("\x03")
    assert terminal.end() == 0


@pytest.mark.model
@needs_terminal
def test_the_prompt_takes_a_reranker(example_library: Path, tmp_path: Path) -> None:
    with asking(example_library, tmp_path, "--rerank", "/nowhere/at/all") as terminal:
        terminal.type("why masks?" + ENTER)
        terminal.wait_for("the reranker /nowhere/at/all can't be loaded")
        terminal.wait_for(r"\? ")


@pytest.mark.model
@needs_terminal
def test_the_prompt_takes_a_reader(example_library: Path, tmp_path: Path, chat: FakeChat) -> None:
    chat.behaviour = by_letter("掩码把未来藏起来[2]。")
    with asking(example_library, tmp_path, "--llm", chat.address) as terminal:
        terminal.type("什么是掩码？" + ENTER)
        terminal.wait_for("掩码把未来藏起来。")
        terminal.wait_for("or ask again")
        chat.behaviour = silent(60)
        terminal.type("为什么要掩码？" + ENTER)
        terminal.wait_for("A language model reads")
        terminal.type("\x03")
        terminal.wait_for("the language model was interrupted")
        terminal.wait_for("or ask again")
