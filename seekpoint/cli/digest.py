"""`seekpoint digest`: kept questions, asked of what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from seekpoint.cli.options import index_option, llm_options, print_json, terminal_look, with_index
from seekpoint.index.address import Address
from seekpoint.index.errors import UsageError
from seekpoint.index.store import Reader
from seekpoint.index.text.clean import clean, counted
from seekpoint.query.output.digest import FORMATS

if TYPE_CHECKING:
    from seekpoint.query.answers import Answer
    from seekpoint.query.reading.language_reader import LanguageReader
    from seekpoint.query.search.settings import AskOptions

_NOTHING = "no question is kept yet: `seekpoint digest --keep QUESTION` keeps one"


@click.command()
@click.option("--since", default="7d", show_default=True, help="A date, or 12h, 7d or 2w for so long ago.")
@click.option("--keep", "kept", metavar="QUESTION", multiple=True, help="Keep a question, to be asked from now on.")
@click.option("--also", metavar="QUESTION", multiple=True, help="With --keep: the question in other words, asked too.")
@click.option("--drop", "dropped", metavar="QUESTION", multiple=True, help="Keep a question no longer.")
@click.option(
    "--format", "form", type=click.Choice(["plain", "json", *FORMATS]), default="plain", help="Print a file instead."
)
@llm_options
@index_option
def digest(
    since: str,
    kept: tuple[str, ...],
    also: tuple[str, ...],
    dropped: tuple[str, ...],
    form: str,
    reader: LanguageReader | None,
    folder: Address,
) -> None:
    """Ask the kept questions of what came into the library lately, and list the moments that answer.

    Each build that brings something ends with it. With --llm, the moments are those that the model cites.
    """
    from seekpoint.index.open import open_reader
    from seekpoint.query.filters import seconds_since

    if (kept or dropped) and form != "plain":
        raise UsageError(f"--format {form} prints a digest: leave out --keep and --drop, or the format")
    if also and len(kept) != 1:
        raise UsageError("--also is another wording of a question that is kept: give one --keep QUESTION too")
    if kept or dropped:
        _change(kept, also, dropped, folder)
        return
    start = seconds_since(since)
    with open_reader(folder) as library:
        if not library.settings.questions:
            click.echo(f"seekpoint: {with_index(_NOTHING)}", err=True)
        if library.settings.questions or form != "plain":
            tell(library, start, form, reader)


def tell(library: Reader, since: float, form: str = "plain", reader: LanguageReader | None = None) -> None:
    """Print the digest of what came since a Unix second."""
    from seekpoint.query import digest as digests
    from seekpoint.query.output import digest as output
    from seekpoint.query.output.json import as_json
    from seekpoint.query.reading.language_reader import whole
    from seekpoint.query.search import pipeline
    from seekpoint.query.serving.live_library import SharedEncoder

    encoder = SharedEncoder.remembering(library)

    def ask(text: str, options: AskOptions) -> Answer:
        wider = whole(reader.translating(options, text, library)) if reader else options
        return pipeline.ask(text, library, encoder, wider)

    read = (lambda answer: whole(reader.steps(answer, library))) if reader else None
    found = digests.digest(library, ask, since, read=read)
    if found.problem:
        click.echo(f"seekpoint: {with_index(clean(found.problem))}", err=True)
    if form == "json":
        print_json(as_json(found))
    elif form == "plain":
        click.echo(output.to_text(found, **terminal_look()))
    else:
        click.echo(FORMATS[form](found))
    if not reader:  # whose translations aren't kept
        encoder.store(library)


def _change(kept: tuple[str, ...], also: tuple[str, ...], dropped: tuple[str, ...], folder: Address) -> None:
    from seekpoint.index.open import open_reader
    from seekpoint.query.digest import check_kept, keep_question

    with open_reader(folder) as library:
        for text in dropped:
            check_kept(text, library, "`seekpoint digest --format json`")
    for texts, is_kept in ((dropped, False), (kept, True)):
        for text in texts:
            keep_question(folder, text, also if is_kept else (), kept=is_kept)
    with open_reader(folder) as library:
        count = counted(len(library.settings.questions), "question")
    click.echo(f"{count} kept: each build asks what is new on them", err=True)
