from __future__ import annotations

import asyncio
import io
import re
import select
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.application import Application, create_app_session
from prompt_toolkit.application.current import get_app
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.utils import get_cwidth

from seekpoint.cli.prompt import History, browse, prompt
from seekpoint.index.errors import SummaryError
from seekpoint.index.types import Kind, Resource
from seekpoint.query.answers import Answer, CitedSentence, Confidence, Explanation, Moment
from seekpoint.query.search.settings import AskOptions
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.summary.summariser import Steps
from tests.cli.here import Terminal, needs_terminal, plain
from tests.fakes import TopicEncoder
from tests.index.libraries import build

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

UP, DOWN, ENTER, ESCAPE, END = "\x1b[A", "\x1b[B", "\r", "\x1b", "\x04"
# In a turn: what follows is typed once the prompt has handled what is before it.
THEN = "\0"
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"


class WatchedOutput(Vt100_Output):
    """A terminal's output that types the rest of a turn as soon as the prompt waits for it."""

    _pipe: PipeInput
    _later = ""
    _has_escaped = False
    _next_look: asyncio.TimerHandle | None = None

    def type(self, turn: str, pipe: PipeInput) -> None:
        """Type a turn as far as THEN, and the rest of it as soon as that is handled."""
        now, _, self._later = turn.partition(THEN)
        self._pipe, self._has_escaped = pipe, now.endswith(ESCAPE)
        pipe.send_bytes(now.encode("utf-8", "surrogateescape"))

    def flush(self) -> None:
        super().flush()
        self._look()

    def _look(self) -> None:
        if self._next_look:
            self._next_look.cancel()
            self._next_look = None
        app = get_app()
        if not self._later or not app.is_running:
            return
        if self._is_waiting(app):
            self.type(self._later, self._pipe)
        if self._later:
            self._next_look = asyncio.get_running_loop().call_later(0.01, self._look)

    def _is_waiting(self, app: Application[Any]) -> bool:
        """Whether all keys are read and handled, and the line has its history."""
        is_unread = bool(select.select([self._pipe.fileno()], [], [], 0)[0])
        keys, line = app.key_processor, app.current_buffer
        if app.is_done or is_unread or keys.input_queue or keys.key_buffer or (self._has_escaped and line.text):
            return False
        loading = line._load_history_task
        return not app.layout.buffer_has_focus or (loading is not None and loading.done())


class User:
    """A user at a terminal, who types the next of `turns` after each question and each opened link, then ends."""

    def __init__(self, folder: Path, columns: int = 80, rows: int = 30) -> None:
        self.live = LiveLibrary(folder / "library", TopicEncoder())
        self.history = folder / "data" / "questions"
        self.asked: list[str] = []
        self.opened: list[str] = []
        self.size = Size(rows=rows, columns=columns)
        self.screen = io.StringIO()
        self.has_browser = True

    def type(
        self,
        *turns: str,
        given: Answer | None = None,
        explained: bool = False,
        nothing: str = "",
        said: Sequence[CitedSentence] | SummaryError = (),
    ) -> None:
        with create_pipe_input() as pipe:
            rest = iter(turns)

            output = WatchedOutput(self.screen, lambda: self.size, term="xterm", enable_cpr=False)

            def type_next() -> None:
                output.type(next(rest, END), pipe)

            def answer(question: str) -> Answer:
                self.asked.append(question)
                type_next()
                return given or self.live.ask(question, AskOptions(explained=True))

            def browser(link: str) -> bool:
                self.opened.append(link)
                type_next()
                return self.has_browser

            def summarise(answer: Answer) -> Steps:
                type_next()
                if isinstance(said, SummaryError):
                    raise said
                yield said

            type_next()
            with create_app_session(input=pipe, output=output):
                prompt(
                    answer,
                    explained=explained,
                    when_nothing=nothing,
                    history=self.history,
                    browser=browser,
                    summarise=summarise if said else None,
                )

    def links(self, question: str) -> list[str]:
        return [moment.link for moment in self.live.ask(question).moments]

    def shown(self) -> str:
        return plain(self.screen.getvalue())


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


@pytest.mark.parametrize("question", ["what does the mask hide?", "掩码遮住什么？"])
def test_an_answer_is_shown_as_ask_shows_it(user: User, question: str, capsys: pytest.CaptureFixture[str]) -> None:
    user.type(question + ENTER)
    assert user.asked == [question]
    found = user.live.ask(question).moments
    printed = plain(capsys.readouterr().out)
    assert all(part in printed for part in (found[0].quote, found[0].link, found[-1].link, "1. Talk"))
    assert f"“{found[0].quote}”" in user.shown() and "› 1. Talk" in user.shown()


@pytest.mark.parametrize(
    ("keys", "rank"),
    [
        (ENTER, 1),
        ("o", 1),
        (DOWN + ENTER, 2),
        (DOWN + "o", 2),
        (DOWN + DOWN + UP + ENTER, 2),
        (UP + ENTER, 1),
        (DOWN * 50 + ENTER, 5),
        ("3", 3),
        ("3" + ENTER, 3),
        ("o" + ENTER, 1),
        ("/2" + ENTER, 2),
    ],
)
def test_keys_open_moments(user: User, keys: str, rank: int) -> None:
    user.type("attention and a mask, position" + ENTER, keys)
    assert user.opened == [user.links("attention and a mask, position")[rank - 1]]


@pytest.mark.parametrize(
    ("said", "printed"),
    [
        (
            [CitedSentence("It hides the future.", (1, 2)), CitedSentence("掩码把未来藏起来。", (3,))],
            "In short, by a language model:\nIt hides the future. [1][2]\n掩码把未来藏起来。 [3]\n",
        ),
        (SummaryError("nothing answers there: start it"), "seekpoint: nothing answers there: start it\n"),
    ],
    ids=["sentences", "an error"],
)
def test_a_key_asks_for_a_summary_and_the_moments_stay(
    user: User, said: Sequence[CitedSentence] | SummaryError, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    user.type("attention and a mask" + ENTER, "s", "2", said=said)
    assert printed in plain("".join(capsys.readouterr()))
    assert user.opened == [user.links("attention and a mask")[1]]
    assert "s in short" in user.shown()


def test_moments_are_opened_one_after_another(user: User) -> None:
    user.type("attention and a mask" + ENTER, "3", DOWN + ENTER, UP + UP + "o")
    links = user.links("attention and a mask")
    assert user.opened == [links[2], links[3], links[1]]
    assert "opened 3" in user.shown()


def test_numbers_have_two_digits(user: User) -> None:
    many = answer_of(*(moment(rank, f"https://example.org/{rank}") for rank in range(1, 13)))
    user.type("mask" + ENTER, "12", "1", "/9" + ENTER, given=many)
    assert user.opened == [f"https://example.org/{rank}" for rank in (12, 1, 9)]


@pytest.mark.parametrize(
    ("keys", "question"),
    [
        ("how is it masked?", "how is it masked?"),
        ("位置在哪里？", "位置在哪里？"),
        ("one more mask", "one more mask"),
        ("can a mask hide it", "can a mask hide it"),
        ("explain the mask", "explain the mask"),
        ("s" + THEN + "oftmax", "softmax"),  # no key for a summary, where there is no model
        ("3D attention", "3D attention"),
        ("2017's mask", "2017's mask"),
        ("/order of positions", "order of positions"),
        (f"{PASTE_BEGINS}open the\nmask\x1b[31m{PASTE_ENDS}", "open the mask"),
        ("/hide the mask" + THEN + "\x1bb" + "\x1bb" + "of " + "\x1b[1;3C" + "\x1bd", "hide of the"),  # Alt and b, →, d
        ("mas" + THEN + ESCAPE + THEN + "掩码", "掩码"),  # Esc clears what is typed
        ("mask \udcff\udce6", "mask"),
        ("/\udcff\x1b[15~mask", "mask"),
    ],
)
def test_typing_begins_the_next_question(user: User, keys: str, question: str) -> None:
    user.type("attention" + ENTER, keys + ENTER)
    assert user.asked == ["attention", question]
    assert user.opened == []
    assert "in short" not in user.shown()


# Keys that mean nothing to the prompt, as terminals send them.
NO_KEYS = {
    "F1": "\x1bOP",
    "Ctrl-F2": "\x1b[1;5Q",
    "F25 of kitty": "\x1b[57388u",
    "Left": "\x1b[D",
    "Page down": "\x1b[6~",
    "Alt-Up": "\x1b[1;3A",
    "Alt-Up of rxvt": "\x1b\x1b[A",
    "Alt-x": "\x1bx",
    "Alt-3": "\x1b3",
    "Alt-掩": "\x1b掩",
    "focus": "\x1b[I\x1b[O",
    "a terminal's colour": "\x1b]11;rgb:0000/0000/0000\x07",
    "a terminal's name": "\x1bP>|kitty(0.40)\x1b\\",
    "Tab": "\t",
}


@pytest.mark.parametrize("name", NO_KEYS)
def test_a_key_without_a_meaning_changes_no_question_and_opens_nothing(user: User, name: str) -> None:
    key = NO_KEYS[name]
    user.type("attention" + ENTER, f"{key}{THEN}{key}{THEN}/掩码{ENTER}", END)
    assert (user.asked, user.opened) == (["attention", "掩码"], [])
    user.type("attention" + ENTER, f"e{key}{THEN}{DOWN}{ENTER}", END)
    assert user.opened == [user.links("attention")[1]]
    if name != "Alt-3":  # which repeats the next key on the line
        user.asked.clear()
        user.type(f"{key}{THEN}掩码{THEN}{key}{THEN}{ENTER}")
        assert user.asked == ["掩码"]
        assert "^[" not in user.shown()


@pytest.mark.parametrize("key", [ESCAPE, "\x03", "\x04"])
def test_the_prompt_ends_at_the_question_and_at_the_moments(user: User, key: str) -> None:
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


def test_earlier_questions_come_back(user: User) -> None:
    user.type("what is a mask?" + ENTER, "/注意力是什么？" + ENTER)
    again = User(user.history.parent.parent)
    again.type(THEN + UP + UP + ENTER, "/" + THEN + "\x12注意" + ENTER + ENTER)  # Ctrl-R searches
    assert again.asked == ["what is a mask?", "注意力是什么？"]
    again.live.close()
    assert stat.S_IMODE(user.history.stat().st_mode) == 0o600


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


def test_an_unwritable_history_is_no_error(user: User) -> None:
    user.history.mkdir(parents=True)
    user.type("mask" + ENTER, "/" + THEN + UP + ENTER)
    assert user.asked == ["mask", "mask"]


def test_the_explanation_is_shown_and_hidden(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    user.type("mask" + ENTER, "e" + THEN + "/mask" + ENTER, "e" + THEN + "/mask" + ENTER, given=answer_of(moment(1)))
    user.type("mask" + ENTER, explained=True, given=answer_of(moment(1)))
    shown = ["words said here: mask" in plain(each) for each in capsys.readouterr().out.split("1. ")[1:]]
    assert shown == [True, False, False, True]


def test_a_link_is_copied_by_the_terminal(user: User) -> None:
    found = answer_of(moment(1), moment(2, "https://example.org/\n"))
    user.type("mask" + ENTER, DOWN + "c" + DOWN + ENTER, given=found)
    assert "\x1b]52;c;aHR0cHM6Ly9leGFtcGxlLm9yZy8=\x07" in user.screen.getvalue()


def test_hostile_text_sends_no_command_to_the_terminal(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\x01\x1b]52;c;AAAA\x07\x02\u202eevil 掩码\n\n9. fake"
    found = answer_of(moment(1, title=evil, quote=evil), moment(2, "https://two.org/"))
    user.type("mask" + ENTER, DOWN + ENTER, given=found)
    assert user.opened == ["https://two.org/"]
    for seen in (user.screen.getvalue(), capsys.readouterr().out):
        assert "evil 掩码" in seen
        assert not any(bad in seen for bad in ("\x1b]0", "\x1b[2J", "\x1b]52", "\u202e", "\x01", "\n9. fake"))


@pytest.mark.parametrize("link", ["javascript:alert(1)", "-new-window", "", "file://host/share/run.exe"])
def test_only_the_web_and_media_and_documents_are_opened(user: User, link: str) -> None:
    user.type("mask" + ENTER, ENTER + END, given=answer_of(moment(1, link)))
    assert user.opened == []
    assert "so it wasn't opened" in user.shown()


def test_a_missing_browser_is_reported(user: User) -> None:
    user.has_browser = False
    user.type("mask" + ENTER, ENTER)
    assert "$BROWSER" in user.shown()
    assert browse("https://example.org", lambda link: True) is None


def test_the_nearest_moments_can_be_opened_too(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    nearest = answer_of(moment(1), moment(2, "https://two.org/"), answered=False)
    user.type("mask" + ENTER, DOWN + ENTER, given=nearest)
    assert user.opened == ["https://two.org/"]
    assert "Nothing here answers that; nearest:" in user.shown()
    assert "Nothing here answers that; nearest:" in capsys.readouterr().out


def test_without_moments_the_next_question_is_asked_at_once(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    user.type("mask" + ENTER, "mask 2" + ENTER, given=answer_of(answered=False), nothing="nothing is indexed yet")
    assert user.asked == ["mask", "mask 2"]
    shown = capsys.readouterr()
    assert "Nothing here answers that." in shown.out
    assert shown.err.splitlines() == ["seekpoint: nothing is indexed yet"] * 2


def test_a_narrow_and_low_terminal_shows_the_selected_moment_whole(tmp_path: Path, user: User) -> None:
    low = User(tmp_path, columns=40, rows=12)
    wide = "注意力给每个词一个权重" * 6
    found = answer_of(*(moment(rank, quote=f"{wide}{rank}") for rank in range(1, 6)))
    low.type("mask" + ENTER, DOWN * 4 + END, given=found)
    low.live.close()
    last = low.shown().rpartition("› 5. Talk 5")[2]
    assert "注意力给每个词一个权重" in last
    assert "https://example.org/" in last


def test_a_dumb_terminal_gets_plain_text(
    user: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    user.type("mask" + ENTER, "2" + ENTER)
    assert user.opened == [user.links("mask")[1]]
    printed = capsys.readouterr().out
    assert "1. Talk" in printed
    assert "opened 2" in printed
    assert "\x1b" not in printed


ASK = (sys.executable, "-m", "seekpoint", "ask")
SCRIPT = """
import sys
from pathlib import Path
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.search.settings import AskOptions
from seekpoint.cli.prompt import prompt
from tests.fakes import TopicEncoder

folder = Path(sys.argv[1])
live = LiveLibrary(folder / "library", TopicEncoder())
opened = (folder / "opened").open("a", encoding="utf-8")
prompt(
    lambda question: live.ask(question, AskOptions(explained=True)),
    history=folder / "data" / "questions",
    browser=lambda link: print(link, file=opened, flush=True) or True,
)
print("it ended")
"""


@needs_terminal
def test_in_a_real_terminal(tmp_path: Path) -> None:
    build(tmp_path / "library")
    terminal = Terminal(sys.executable, "-c", SCRIPT, tmp_path, NO_COLOR="1")
    terminal.wait_for(r"\? ")
    terminal.type("掩码遮住什么？" + ENTER)
    terminal.wait_for("› 1. Talk")
    terminal.wait_for("/ asks")
    terminal.type(DOWN + ENTER)
    terminal.wait_for("opened 2")
    terminal.type("where is the mask" + ENTER)
    terminal.wait_for("› 1. Talk")
    terminal.type("\x03")
    terminal.wait_for("it ended")
    assert terminal.end() == 0
    (opened,) = (tmp_path / "opened").read_text(encoding="utf-8").splitlines()
    assert opened.startswith("https://www.youtube.com/watch?v=")
    assert not re.search(r"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7])(?:;[0-9;]*)?m", terminal.seen), "a colour"


@pytest.mark.model
@needs_terminal
@pytest.mark.parametrize("question", ["why is the learning rate warmed up?", "为什么要缓存键和值？"])
def test_the_lines_of_an_answer_fit_into_the_terminal(example_library: Path, question: str) -> None:
    terminal = Terminal(*ASK, question, "--index", example_library, COLUMNS="60")
    terminal.wait_for(r"(?s)5\. .*file://")
    assert terminal.end() == 0
    lines = [line for line in plain(terminal.seen).replace("\r", "").split("\n") if "file://" not in line]
    assert max(map(get_cwidth, lines)) in (59, 60)
    assert any(line.startswith("    ") for line in lines)


@pytest.mark.model
@needs_terminal
def test_the_prompt_takes_a_reranker(example_library: Path, tmp_path: Path) -> None:
    options = ("--rerank", "/nowhere/at/all", "--index", example_library)
    terminal = Terminal(*ASK, *options, NO_COLOR="1", XDG_DATA_HOME=str(tmp_path))
    terminal.wait_for(r"\? ")
    terminal.type("why masks?" + ENTER)
    terminal.wait_for("the reranker /nowhere/at/all can't be loaded")
    terminal.wait_for(r"\? ")
    terminal.type("\x03")
    assert terminal.end() == 0
