"""The prompt of `ask` without a question: questions in turn, each with its moments to open."""

from __future__ import annotations

import base64
import re
import webbrowser
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.filters import Condition, is_searching
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.history import FileHistory
from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import ConditionalContainer, FormattedTextControl, HSplit, Layout, ScrollOffsets, Window
from prompt_toolkit.utils import is_dumb_terminal

from seekpoint.cli.options import with_index
from seekpoint.index.errors import SeekpointError
from seekpoint.index.open import default_folder
from seekpoint.index.text.clean import clean, printable
from seekpoint.query.answers import Answer
from seekpoint.query.output.terminal import to_text, verdict
from seekpoint.safe_links import is_openable

Browser = Callable[[str], bool]


def prompt(
    answer: Callable[[str], Answer],
    *,
    explained: bool = False,
    when_nothing: str = "",
    history: Path | None = None,
    browser: Browser = webbrowser.open,
) -> None:
    """Read questions and show their moments until the user ends it.

    `answer` must return explained moments; `explained` says whether explanations are shown at first. `when_nothing` is
    printed if an answer has no moments. `history` is the file of earlier questions (`None`: the user's own).
    """
    line = _input_line(history or default_folder().parent / "questions")
    view: AnswerView | None = None
    beginning: str | None = ""
    with suppress(EOFError, KeyboardInterrupt):
        while beginning is not None:
            question, beginning = clean(line.prompt(default=beginning)), ""
            if question.strip().lower() in _LEAVING:
                break
            if view and (rank := view.rank_of(question)):
                click.echo(_open(view, rank, browser))
                continue
            try:
                result = answer(question)
            except SeekpointError as error:
                said = _ASK.sub(r"`\1`", clean(str(error)))  # a question is all that one types here
                click.echo(f"seekpoint: {with_index(said)}", err=True)
                continue
            explained = view.explained if view else explained
            view = AnswerView(result, explained=explained)
            while isinstance(choice := view.choose(), int):
                view.note = _open(view, choice, browser)
            beginning = choice
            click.echo(f"{view.text}\n")
            if when_nothing and not result.moments and not result.excluded:
                click.echo(f"seekpoint: {when_nothing}", err=True)


def browse(link: str, browser: Browser = webbrowser.open) -> str | None:
    """Open a link in the browser; returns the error, if there is one."""
    if not is_openable(link):
        return "the link leads neither to the web nor to a recording or document of this machine, so it wasn't opened"
    return None if browser(link) else "no browser could be opened: name one in $BROWSER"


def _open(view: AnswerView, rank: int, browser: Browser) -> str:
    return browse(view.link(rank), browser) or f"opened {rank}"


# Seconds to wait for a second key: a letter followed by another begins a question, and Esc may begin an arrow key's
# sequence.
_WORD_PAUSE, _ESCAPE_PAUSE = 0.4, 0.1
_MOST_KEPT = 1000
_LONGEST_KEPT = 1000
_LEAVING = ("exit", "quit")
_ASK = re.compile(r'`seekpoint ask "([^"`]*)"`')
_HELP = "in your own words (Esc ends)"
_KEYS = "↑↓ move · Enter opens · e why · c copies · / asks"
_HYPERLINK = re.compile(r"\x1b\]8;;[^\x1b]*\x1b\\")
_SELECTED, _INDENT, _CONTINUED = "› ", "  ", "     "
# Screen rows below the first row of the selected moment that are shown too, where the screen has them.
_ROWS_BELOW = 8
_ASKED = "? "
# The rows that the question and the hint take, with an empty one before the hint and the end of the last line.
_ROWS_BESIDE = 4

_Choice = str | int | None


class History(FileHistory):
    """Earlier questions, in a file that only its owner can read; in memory alone if the file can't be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path

    def load_history_strings(self) -> Iterable[str]:
        try:
            questions = list(super().load_history_strings())
            if len(questions) > 2 * _MOST_KEPT:
                fresh = self._path.with_name(f"{self._path.name}.new")
                _make_private(fresh)
                kept = "".join(f"\n+{question}\n" for question in reversed(questions[:_MOST_KEPT]))
                fresh.write_text(kept, encoding="utf-8")
                fresh.replace(self._path)
        except OSError:
            return []
        return questions[:_MOST_KEPT]

    def store_string(self, string: str) -> None:
        question = clean(string)
        if question and len(question) <= _LONGEST_KEPT:
            with suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                _make_private(self._path)
                super().store_string(question)


def _make_private(path: Path) -> None:
    path.touch(0o600)
    path.chmod(0o600)


def _input_line(history: Path) -> PromptSession[str]:
    """The line on which questions are typed."""
    keys = KeyBindings()
    keys.add("escape", Keys.Any)(_ignore)

    @keys.add("escape", filter=~is_searching)
    def clear_or_end(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=EOFError)

    @keys.add(Keys.Any)
    def insert(event: KeyPressEvent) -> None:
        if event.data.isprintable():  # a key that has no character, such as F1, does nothing
            event.current_buffer.insert_text(event.data * event.arg)

    session: PromptSession[str] = PromptSession(
        _ASKED,
        history=History(history),
        key_bindings=keys,
        placeholder=lambda: [] if session.app.is_done else [("dim", _HELP)],
        search_ignore_case=True,
    )
    _set_key_timeouts(session.app)
    parser = getattr(session.input, "vt100_parser", None)  # a Windows console has no sequences
    if isinstance(parser, Vt100Parser) and not isinstance(parser, KeyParser):
        session.input.vt100_parser = KeyParser(parser.feed_key_callback)  # type: ignore[attr-defined]
    return session


def _ignore(event: KeyPressEvent) -> None:
    """Do nothing for Alt and a key without a meaning, which comes as Esc and that key."""


def _set_key_timeouts(app: Application[str] | Application[_Choice]) -> None:
    app.timeoutlen, app.ttimeoutlen = _WORD_PAUSE, _ESCAPE_PAUSE


class AnswerView:
    """An answer with one moment selected; `note` is a message on the last action."""

    def __init__(self, answer: Answer, *, explained: bool) -> None:
        self.explained = explained
        self.note = ""
        self._answer = answer
        self._selected = 0
        self._text = lru_cache(maxsize=4)(self._to_text)
        ranks = range(1, min(9, len(answer.moments)) + 1)
        self._commands: dict[str, Callable[[KeyPressEvent], None]] = {
            **{str(rank): partial(self._open, rank=rank) for rank in ranks},
            **{"o": self._open, "e": self._explain, "c": self._copy},
        }
        moments = Window(
            FormattedTextControl(self._fragments, focusable=True, show_cursor=False),
            wrap_lines=True,
            dont_extend_height=True,
            get_line_prefix=lambda line, wrapped: _CONTINUED if wrapped else "",
            scroll_offsets=ScrollOffsets(bottom=_ROWS_BELOW),
        )
        hint = Window(
            FormattedTextControl(lambda: [("dim", self.note or _KEYS)]), wrap_lines=True, dont_extend_height=True
        )
        asked = Window(FormattedTextControl(f"{_ASKED}{clean(answer.question)}"), height=1)
        self._app: Application[_Choice] = Application(
            Layout(HSplit([ConditionalContainer(asked, Condition(self._is_cut)), moments, Window(height=1), hint])),
            key_bindings=self._keys(),
            erase_when_done=True,
        )
        _set_key_timeouts(self._app)

    @property
    def text(self) -> str:
        """The answer as `ask` prints it."""
        return self._text(self._columns, self.explained)

    @property
    def _columns(self) -> int:
        return self._app.output.get_size().columns

    def _to_text(self, width: int, explained: bool) -> str:
        answer = self._answer
        if not explained:
            moments = tuple(replace(moment, explanation=None) for moment in answer.moments)
            answer = replace(answer, moments=moments, estimate=None)
        return to_text(answer, styled=not is_dumb_terminal(), width=width)

    def choose(self) -> _Choice:
        """Let the user choose: the rank of a moment to open, the next question's start, or `None`."""
        if not self._answer.moments or is_dumb_terminal():
            return ""
        return self._app.run()

    def link(self, rank: int) -> str:
        """The link of the moment with a rank."""
        return self._answer.moments[rank - 1].link

    def rank_of(self, text: str) -> int | None:
        """The rank that a text gives, if there is a moment of that rank."""
        is_rank = text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= len(self._answer.moments)
        return int(text) if is_rank else None

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        for name, handler in self._commands.items():
            keys.add(name)(handler)
            keys.add(name, Keys.Any)(self._handle_two_keys)
        keys.add("enter")(self._open)
        for name, step in (("up", -1), ("c-p", -1), ("down", 1), ("c-n", 1)):
            keys.add(name)(partial(self._move, step=step))
        for name in ("escape", "c-c", "c-d", "<sigint>"):
            keys.add(name)(_exit(None))
        keys.add("escape", Keys.Any)(_ignore)
        keys.add("/")(_exit(""))
        keys.add(Keys.BracketedPaste)(lambda event: event.app.exit(result=clean(event.data)))

        @keys.add(Keys.Any)
        def begin_question(event: KeyPressEvent) -> None:
            if event.data and event.data.isprintable():
                event.app.exit(result=event.data)

        return keys

    def _handle_two_keys(self, event: KeyPressEvent) -> None:
        """Handle a command's key and another key: a rank of two digits, the start of a question, or two commands."""
        first, second = event.key_sequence
        both = first.data + second.data
        if rank := self.rank_of(both):
            self._open(event, rank)
        elif second.data and second.data.isprintable():
            event.app.exit(result=both)
        else:
            self._commands[first.data](event)
            if second.key is not Keys.Enter:
                event.key_processor.feed(second, first=True)

    def _move(self, event: KeyPressEvent, step: int) -> None:
        self._selected = min(max(self._selected + step, 0), len(self._answer.moments) - 1)
        self.note = ""

    def _open(self, event: KeyPressEvent, rank: int | None = None) -> None:
        self._selected = (rank or self._selected + 1) - 1
        event.app.exit(result=self._selected + 1)

    def _explain(self, event: KeyPressEvent) -> None:
        self.explained = not self.explained
        self.note = ""

    def _copy(self, event: KeyPressEvent) -> None:
        """Copy the link by the terminal's clipboard sequence (OSC 52)."""
        link = printable(self.link(self._selected + 1))
        event.app.output.write_raw(f"\x1b]52;c;{base64.b64encode(link.encode()).decode()}\x07")
        event.app.output.flush()
        self.note = f"copied the link of {self._selected + 1}, where the terminal allows it"

    def _is_cut(self) -> bool:
        """Whether the question would scroll off the screen, since the moments and the hint fill it."""
        return self._shown().count("\n") + _ROWS_BESIDE > self._app.output.get_size().rows

    def _shown(self) -> str:
        """The answer without links to click, narrow enough for the mark before it."""
        return _HYPERLINK.sub("", self._text(self._columns - len(_SELECTED), self.explained))

    def _fragments(self) -> StyleAndTextTuples:
        """The answer with a mark and the cursor at the selected moment, and without links to click."""
        fragments: StyleAndTextTuples = []
        first = -bool(verdict(self._answer))  # which comes before the moments
        for number, block in enumerate(self._shown().split("\n\n"), start=first):
            if 0 < number == self._selected:
                fragments.append(("[SetCursorPosition]", ""))
            mark = _SELECTED if number == self._selected else _INDENT
            fragments += to_formatted_text(ANSI(mark + block.replace("\n", f"\n{_INDENT}") + "\n\n"))
        return fragments


def _exit(result: _Choice) -> Callable[[KeyPressEvent], None]:
    return lambda event: event.app.exit(result=result)


# prompt_toolkit takes a sequence that it doesn't know for Esc and letters, so that a key of a new terminal would end
# the prompt or begin a question: such sequences are dropped.

# A key's sequence (CSI and SS3 of ECMA-48), or a terminal's answer (OSC and the like).
_SEQUENCE = re.compile(r"\x1b{1,2}(?:\[[0-?]*[ -/]*[@-~]|O[!-~]|[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\))", re.DOTALL)
# Where the cursor is, which the prompt asks for, and the ends of what is pasted.
_ANSWERS = re.compile(r"\x1b\[(?:\d+;\d+R|20[01]~)")


class KeyParser(Vt100Parser):
    """A parser that drops sequences which prompt_toolkit doesn't know."""

    def feed(self, data: str) -> None:
        def known(found: re.Match[str]) -> str:
            return found[0] if found[0] in ANSI_SEQUENCES or _ANSWERS.fullmatch(found[0]) else ""

        super().feed(_SEQUENCE.sub(known, data))
