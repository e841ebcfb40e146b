"""The commands that read a library: `ask` and `status`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from index.command_line import index_option
from index.errors import UsageError
from index.text import clean
from index.types import Answer, Filters, Kind

_NOTHING_LEFT = (
    "nothing that is indexed passes --kind, --section and --language: `seekpoint status` shows what there is"
)
_OPENED = ("https://", "http://", "file://")
_NOTHING_INDEXED = "nothing is indexed yet: `seekpoint status` says why"


@click.command()
@click.argument("question")
@click.option("-k", "k", type=click.IntRange(1, 100), default=5, show_default=True, help="How many moments to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with - as the question, an object a line.")
@click.option("--open", "open_first", is_flag=True, help="Open the first moment in the browser, if it answers.")
@click.option("--explain", "explained", is_flag=True, help="Say why each moment was found.")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only resources of this kind.")
@click.option("--section", metavar="TEXT", help="Only resources under a heading with these words.")
@click.option("--language", metavar="TAG", help="Only what was said in this language, such as en or zh.")
@index_option
def ask(
    question: str,
    k: int,
    as_json: bool,
    open_first: bool,
    explained: bool,
    kind: str | None,
    section: str | None,
    language: str | None,
    folder: Path,
) -> None:
    """Answer QUESTION with the moments where the answer begins.

    With - as QUESTION, questions are read from standard input, one a line.
    """
    from index.encoder import LazyEncoder
    from index.library import Library
    from query import search

    filters = Filters(Kind(kind) if kind else None, section, language)
    with Library.open(folder) as library:
        encoder = LazyEncoder(library.card)

        def answer(text: str) -> Answer:
            return search.ask(text, library, encoder.get(), k, filters, explained=explained)

        if question == "-":
            _stream(sys.stdin or (), answer, as_json)
            return
        found = answer(_argument(question))
    _show(found, as_json)
    if not found.moments:
        filtered = kind or section or language
        click.echo(f"seekpoint: {_NOTHING_LEFT if filtered else _NOTHING_INDEXED}", err=True)
    elif open_first:
        _open(found)


def _open(answer: Answer) -> None:
    import webbrowser

    if not answer.answered:
        click.echo("seekpoint: nothing here answers that, so nothing was opened", err=True)
    elif not answer.moments[0].link.startswith(_OPENED):  # an imported library may hold any
        click.echo("seekpoint: the first link leads neither to the web nor to a file, so it wasn't opened", err=True)
    elif not webbrowser.open(answer.moments[0].link):
        click.echo("seekpoint: no browser could be opened: name one in $BROWSER", err=True)


def _argument(question: str) -> str:
    """The question as it was typed, where the locale couldn't decode it; surrogates stand for its bytes then."""
    return question if question.isprintable() else os.fsencode(question).decode("utf-8", "replace")


def _stream(lines: Iterable[str], answer: Callable[[str], Answer], as_json: bool) -> None:
    """An answer a line; a line that asks nothing gets an object that says so, to keep answers and questions in step."""
    for line in lines:
        text = line.rstrip("\r\n")
        if not as_json:
            click.echo(f"? {clean(text)}")
        try:
            _show(answer(text), as_json)
        except UsageError as error:
            if as_json:
                _print_json({"question": text, "answered": False, "moments": [], "error": str(error)})
            else:
                click.echo(f"seekpoint: {error}", err=True)
        if sys.stdout:
            sys.stdout.flush()


def _show(answer: Answer, as_json: bool) -> None:
    from query import render

    if as_json:
        _print_json(render.to_json(answer))
    else:
        click.echo(render.to_text(answer, styled=bool(sys.stdout) and sys.stdout.isatty()))


def _print_json(value: object) -> None:
    encoding = (sys.stdout and sys.stdout.encoding) or ""
    click.echo(json.dumps(value, ensure_ascii=not encoding.lower().startswith("utf")))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@index_option
def status(as_json: bool, folder: Path) -> None:
    """Show what is indexed, what isn't, why, and what to do."""
    from index.library import Library
    from query import status as view

    with Library.open(folder) as library:
        statuses, sections, card = library.statuses(), library.sections(), library.card
    if as_json:
        _print_json(view.to_json(folder, card, statuses))
    else:
        click.echo(view.to_text(folder, card, statuses, sections, time.time()))
