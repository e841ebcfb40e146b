"""The prompt of `ask` without a question: questions in turn, each with its moments to open by number."""

from __future__ import annotations

import base64
import re
import webbrowser
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.filters import is_searching
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.utils import is_dumb_terminal

from seekpoint.cli.options import with_index
from seekpoint.index.errors import SeekpointError, UsageError
from seekpoint.index.open import default_folder
from seekpoint.index.text.clean import clean, printable
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.output.terminal import to_text
from seekpoint.query.search.settings import MOST_MOMENTS
from seekpoint.safe_links import is_openable

Browser = Callable[[str], bool]

# A command on the answer: to open or copy a moment, by its rank or else the first, or to explain all.
_COMMAND = re.compile(r"(?P<does>[oec]?) ?(?P<rank>[0-9]{0,4})")
_LEAVING = ("exit", "quit")
_FIRST_HINT = "in your own words (Esc ends)"
_HINT = "Enter or a number opens · e why · c copies · or ask again"
_ASK = re.compile(r'`seekpoint ask "([^"`]*)"`')
# Seconds to wait for what follows Esc, which may begin the sequence of a key.
_ESCAPE_PAUSE = 0.1
_MOST_KEPT = 1000
_LONGEST_KEPT = 1000


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
    latest: Answer | None = None

    def hint() -> StyleAndTextTuples:
        return [] if line.app.is_done else [("dim", _HINT if latest and latest.moments else _FIRST_HINT)]

    with suppress(EOFError, KeyboardInterrupt):
        while True:
            typed = clean(line.prompt(placeholder=hint))
            if typed.lower() in _LEAVING:
                break
            if latest and (meant := _command(typed, latest.moments)):
                command, moment = meant
                if command == "e":
                    explained = not explained
                    _show(latest, line, explained=explained)
                elif command == "c":
                    _copy(moment, line)
                else:
                    click.echo(browse(moment.link, browser) or f"opened {moment.rank}")
                continue
            try:
                named = _COMMAND.fullmatch(typed) if latest and latest.moments else None
                if latest and named and named["rank"] and int(named["rank"]) <= MOST_MOMENTS:
                    ranks = f"are 1 to {len(latest.moments)}" if len(latest.moments) > 1 else "is 1"
                    raise UsageError(
                        f"there is no moment {named['rank']}: there {ranks}; /{typed} asks it as a question"
                    )
                latest = answer(typed.removeprefix("/"))
            except SeekpointError as error:
                said = _ASK.sub(r"`\1`", clean(str(error)))  # a question is all that one types here
                click.echo(f"seekpoint: {with_index(said)}", err=True)
                continue
            _show(latest, line, explained=explained)
            if when_nothing and not latest.moments and not latest.excluded:
                click.echo(f"seekpoint: {when_nothing}", err=True)


def browse(link: str, browser: Browser = webbrowser.open) -> str | None:
    """Open a link in the browser; returns the error, if there is one."""
    if not is_openable(link):
        return "the link leads neither to the web nor to a recording or document of this machine, so it wasn't opened"
    return None if browser(link) else "no browser could be opened: name one in $BROWSER"


def _command(typed: str, moments: Sequence[Moment]) -> tuple[str, Moment] | None:
    """The command that is typed and its moment; `None` for a question, such as a year."""
    match = _COMMAND.fullmatch(typed)
    rank = int(match["rank"] or 1) if match else 0
    return (match["does"], moments[rank - 1]) if match and 1 <= rank <= len(moments) else None


def _show(answer: Answer, line: PromptSession[str], *, explained: bool) -> None:
    """Print the answer as `ask` does, as wide as the terminal."""
    if not explained:
        moments = tuple(replace(moment, explanation=None) for moment in answer.moments)
        answer = replace(answer, moments=moments, estimate=None)
    width = line.output.get_size().columns
    click.echo(f"{to_text(answer, styled=not is_dumb_terminal(), width=width)}\n")


def _copy(moment: Moment, line: PromptSession[str]) -> None:
    """Copy the link by the terminal's clipboard sequence (OSC 52)."""
    link = base64.b64encode(printable(moment.link).encode()).decode()
    if not is_dumb_terminal():
        line.output.write_raw(f"\x1b]52;c;{link}\x07")
        line.output.flush()
    click.echo(f"copied the link of {moment.rank}, where the terminal allows it")


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

    def append_string(self, string: str) -> None:
        if not _COMMAND.fullmatch(clean(string)):
            super().append_string(string)

    def store_string(self, string: str) -> None:
        question = clean(string)
        if len(question) <= _LONGEST_KEPT:
            with suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                _make_private(self._path)
                super().store_string(question)


def _make_private(path: Path) -> None:
    path.touch(0o600)
    path.chmod(0o600)


def _input_line(history: Path) -> PromptSession[str]:
    keys = KeyBindings()

    @keys.add("escape", Keys.Any)
    def ignore(event: KeyPressEvent) -> None:
        """Do nothing for Alt and a key without a meaning, which comes as Esc and that key."""

    @keys.add("escape", filter=~is_searching)
    def clear_or_end(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=EOFError)

    session: PromptSession[str] = PromptSession(
        "? ", history=History(history), key_bindings=keys, search_ignore_case=True
    )
    session.app.timeoutlen = session.app.ttimeoutlen = _ESCAPE_PAUSE
    return session
