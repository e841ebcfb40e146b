"""The prompt that `ask` opens: one question after another, and the moments of each to choose from."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seekpoint.index.errors import SeekpointError
from seekpoint.index.open import default_folder
from seekpoint.index.text.clean import clean
from seekpoint.query.links.timestamps import is_openable

if TYPE_CHECKING:
    from seekpoint.cli.prompt_view import View
    from seekpoint.query.answers import Answer

Browser = Callable[[str], bool]


def prompt(
    answer: Callable[[str], Answer],
    *,
    explained: bool = False,
    when_nothing: str = "",
    history: Path | None = None,
    browser: Browser = webbrowser.open,
) -> None:
    """Ask for questions and show their moments until the user ends it.

    `answer` gives explained moments, and `explained` tells whether they show that from the beginning. `when_nothing`
    is said where there are no moments at all. Earlier questions are kept in `history` (`None`: the user's own).
    """
    from seekpoint.cli.prompt_view import Line, View

    line = Line(history or default_folder().parent / "questions")
    view: View | None = None
    typed: str | None = ""
    with suppress(EOFError, KeyboardInterrupt):
        while typed is not None:
            question, typed = clean(line.read(typed)), ""
            if view and (rank := view.rank_of(question)):
                click.echo(_opened(view, rank, browser))
            elif found := _found(answer, question):
                view = View(found, explained=view.explained if view else explained)
                typed = _chosen(view, browser)
                click.echo(f"{view.text}\n")
                if when_nothing and not found.moments:
                    click.echo(f"seekpoint: {when_nothing}", err=True)


def browse(link: str, browser: Browser = webbrowser.open) -> str | None:
    """Open a link in the browser; says what went wrong, if something did."""
    if not is_openable(link):
        return "the link leads neither to the web nor to a file, so it wasn't opened"
    return None if browser(link) else "no browser could be opened: name one in $BROWSER"


def _found(answer: Callable[[str], Answer], question: str) -> Answer | None:
    try:
        return answer(question)
    except SeekpointError as error:
        click.echo(f"seekpoint: {clean(str(error))}", err=True)
        return None


def _chosen(view: View, browser: Browser) -> str | None:
    """How the next question begins, `None` where there is none, once what the user chose has been opened."""
    while isinstance(chosen := view.choose(), int):
        view.note = _opened(view, chosen, browser)
    return chosen


def _opened(view: View, rank: int, browser: Browser) -> str:
    return browse(view.link(rank), browser) or f"opened {rank}"
