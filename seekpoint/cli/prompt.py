"""The prompt of `ask` without a question: questions in turn, each with its moments to open."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seekpoint.index.errors import SeekpointError
from seekpoint.index.file_types import is_openable
from seekpoint.index.open import default_folder
from seekpoint.index.text.clean import clean

if TYPE_CHECKING:
    from seekpoint.cli.prompt_view import AnswerView
    from seekpoint.query.answers import Answer
    from seekpoint.query.summary.citations import Steps, Summarise

Browser = Callable[[str], bool]


def prompt(
    answer: Callable[[str], Answer],
    *,
    explained: bool = False,
    when_nothing: str = "",
    history: Path | None = None,
    browser: Browser = webbrowser.open,
    summarise: Summarise | None = None,
) -> None:
    """Read questions and show their moments until the user ends it.

    `answer` must return explained moments; `explained` says whether explanations are shown at first. `when_nothing` is
    printed if an answer has no moments. `history` is the file of earlier questions (`None`: the user's own). With
    `summarise`, a key asks for a summary.
    """
    from seekpoint.cli.prompt_view import AnswerView, InputLine

    line = InputLine(history or default_folder().parent / "questions")
    view: AnswerView | None = None
    beginning: str | None = ""
    with suppress(EOFError, KeyboardInterrupt):
        while beginning is not None:
            question, beginning = clean(line.read(beginning)), ""
            if view and (rank := view.rank_of(question)):
                click.echo(_open(view, rank, browser))
            elif result := _answer(answer, question):
                view = AnswerView(
                    result, explained=view.explained if view else explained, is_summarised=summarise is not None
                )
                beginning = _browse_moments(view, browser, partial(summarise, result) if summarise else None)
                click.echo(f"{view.text}\n")
                if when_nothing and not result.moments and not result.excluded:
                    click.echo(f"seekpoint: {when_nothing}", err=True)


def browse(link: str, browser: Browser = webbrowser.open) -> str | None:
    """Open a link in the browser; returns the error, if there is one."""
    if not is_openable(link):
        return "the link leads neither to the web nor to a recording or document of this machine, so it wasn't opened"
    return None if browser(link) else "no browser could be opened: name one in $BROWSER"


def _answer(answer: Callable[[str], Answer], question: str) -> Answer | None:
    try:
        return answer(question)
    except SeekpointError as error:
        click.echo(f"seekpoint: {clean(str(error))}", err=True)
        return None


def _browse_moments(view: AnswerView, browser: Browser, steps: Callable[[], Steps] | None) -> str | None:
    """Open the moments that the user chooses; returns what was typed of the next question, `None` to end."""
    while isinstance(choice := view.choose(), int):
        if choice:
            view.note = _open(view, choice, browser)
        elif steps:
            _print_summary(steps)
    return choice


def _print_summary(steps: Callable[[], Steps]) -> None:
    from seekpoint.cli.summary import print_summary

    with suppress(KeyboardInterrupt):  # the user doesn't wait for the rest
        print_summary(steps)
    click.echo()


def _open(view: AnswerView, rank: int, browser: Browser) -> str:
    return browse(view.link(rank), browser) or f"opened {rank}"
