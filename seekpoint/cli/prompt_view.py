"""The prompt's terminal interface: the line for questions, and an answer whose moments are selected with keys."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from itertools import accumulate
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Point
from prompt_toolkit.filters import is_searching
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.formatted_text.utils import fragment_list_width
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, HSplit, Layout, ScrollOffsets, Window
from prompt_toolkit.utils import is_dumb_terminal

from seekpoint.cli.key_parser import drop_unknown_keys
from seekpoint.index.text.clean import clean, printable
from seekpoint.query.answers import Answer
from seekpoint.query.output.terminal import to_text, verdict

# Seconds to wait for a second key: a letter followed by another begins a question, and Esc may begin an arrow key's
# sequence.
_WORD_PAUSE, _ESCAPE_PAUSE = 0.4, 0.1
_MOST_KEPT = 1000
_LONGEST_KEPT = 1000
_HELP = "in your own words (Esc ends)"
_KEYS = "↑↓ move · Enter opens · e why · c copies · / asks"
_SUMMARY_KEY = " · s in short"
_HYPERLINK = re.compile(r"\x1b\]8;;[^\x1b]*\x1b\\")
_SELECTED, _INDENT, _CONTINUED = "› ", "  ", "     "

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
                self._keep(questions[:_MOST_KEPT])
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

    def _keep(self, newest_first: list[str]) -> None:
        fresh = self._path.with_name(f"{self._path.name}.new")
        _make_private(fresh)
        fresh.write_text("".join(f"\n+{question}\n" for question in reversed(newest_first)), encoding="utf-8")
        fresh.replace(self._path)


def _make_private(path: Path) -> None:
    path.touch(0o600)
    path.chmod(0o600)


class InputLine:
    """The line on which questions are typed."""

    def __init__(self, history: Path) -> None:
        keys = KeyBindings()
        keys.add("escape", filter=~is_searching)(_clear_or_end)
        keys.add(Keys.Any)(_insert)
        self._session: PromptSession[str] = PromptSession(
            "? ",
            history=History(history),
            key_bindings=keys,
            placeholder=lambda: [] if self._session.app.is_done else [("dim", _HELP)],
            search_ignore_case=True,
        )
        _set_key_timeouts(self._session.app)
        drop_unknown_keys(self._session.input)

    def read(self, beginning: str = "") -> str:
        """Read a question that starts as `beginning`; raises EOFError or KeyboardInterrupt if the user ends it."""
        return self._session.prompt(default=beginning)


def _clear_or_end(event: KeyPressEvent) -> None:
    if event.current_buffer.text:
        event.current_buffer.reset()
    else:
        event.app.exit(exception=EOFError)


def _insert(event: KeyPressEvent) -> None:
    """Insert a character; a key that has none, such as F1, does nothing."""
    if event.data.isprintable():
        event.current_buffer.insert_text(event.data * event.arg)


def _set_key_timeouts(app: Application[str] | Application[_Choice]) -> None:
    app.timeoutlen, app.ttimeoutlen = _WORD_PAUSE, _ESCAPE_PAUSE


class AnswerView:
    """An answer with one moment selected; `note` is a message on the last action.

    `is_summarised` says whether there is a key for a summary.
    """

    def __init__(self, answer: Answer, *, explained: bool, is_summarised: bool = False) -> None:
        self.explained = explained
        self.note = ""
        self._answer = answer
        self._is_summarised = is_summarised
        self._selected = 0
        self._text = lru_cache(maxsize=4)(self._to_text)  # each line on the screen asks where the selected moment is
        self._commands = self._make_commands()
        control = FormattedTextControl(
            self._fragments, focusable=True, show_cursor=False, get_cursor_position=self._cursor
        )
        moments = Window(
            control,
            wrap_lines=True,
            dont_extend_height=True,
            get_line_prefix=self._prefix,
            scroll_offsets=ScrollOffsets(bottom=self._rows_below),
        )
        hint = Window(
            FormattedTextControl(lambda: [("dim", self.note or self._hint())]), wrap_lines=True, dont_extend_height=True
        )
        self._app: Application[_Choice] = Application(
            Layout(HSplit([moments, Window(height=1), hint])), key_bindings=self._keys(), erase_when_done=True
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

    def _marked_text(self) -> str:
        """The answer beside the mark of the selected moment, and without links to click."""
        return _HYPERLINK.sub("", self._text(self._columns - len(_SELECTED), self.explained))

    def choose(self) -> _Choice:
        """Let the user choose: the rank of a moment to open, 0 for a summary, the next question's start, or `None`."""
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

    def _make_commands(self) -> dict[str, Callable[[KeyPressEvent], None]]:
        ranks = {str(rank): partial(self._open, rank=rank) for rank in range(1, min(9, len(self._answer.moments)) + 1)}
        summary = {"s": _exit(0)} if self._is_summarised else {}
        return {**ranks, "o": self._open, "e": self._explain, "c": self._copy, **summary}

    def _hint(self) -> str:
        return _KEYS + _SUMMARY_KEY * self._is_summarised

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        for name, handler in self._commands.items():
            keys.add(name)(handler)
            keys.add(name, Keys.Any)(self._handle_two_keys)
        keys.add("enter")(self._open)
        for name, step in (("up", -1), ("c-p", -1), ("down", 1), ("c-n", 1)):
            keys.add(name)(self._move(step))
        for name in ("escape", "c-c", "c-d", "<sigint>"):
            keys.add(name, eager=True)(_exit(None))
        keys.add("/")(_exit(""))
        keys.add(Keys.Any)(_begin_question)
        keys.add(Keys.BracketedPaste)(lambda event: event.app.exit(result=clean(event.data)))
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

    def _move(self, step: int) -> Callable[[KeyPressEvent], None]:
        def move(event: KeyPressEvent) -> None:
            self._selected = min(max(self._selected + step, 0), len(self._answer.moments) - 1)
            self.note = ""

        return move

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

    def _fragments(self) -> StyleAndTextTuples:
        return to_formatted_text(ANSI(self._marked_text()))

    def _blocks(self) -> list[str]:
        return self._marked_text().split("\n\n")

    def _block(self) -> int:
        """The index of the selected moment among the blocks of text; the verdict is a block too."""
        return self._selected + bool(verdict(self._answer))

    def _first_line(self) -> int:
        heights = [block.count("\n") + 2 for block in self._blocks()]
        return list(accumulate(heights, initial=0))[self._block()]

    def _cursor(self) -> Point:
        return Point(0, self._first_line() if self._selected else 0)

    def _prefix(self, line: int, wrapped: int) -> str:
        if wrapped:
            return _CONTINUED
        return _SELECTED if line == self._first_line() else _INDENT

    def _rows_below(self) -> int:
        """The number of screen rows that the selected moment takes below its first one."""
        columns = max(self._columns - len(_CONTINUED), 1)
        lines = self._blocks()[self._block()].split("\n")
        widths = [fragment_list_width(to_formatted_text(ANSI(line))) for line in lines]
        return sum(max(1, -(-width // columns)) for width in widths) - 1


def _exit(result: _Choice) -> Callable[[KeyPressEvent], None]:
    return lambda event: event.app.exit(result=result)


def _begin_question(event: KeyPressEvent) -> None:
    if event.data and event.data.isprintable():
        event.app.exit(result=event.data)
