"""`seekpoint ask`: the moments where an answer begins."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from seekpoint.cli.options import (
    index_option,
    llm_options,
    print_json,
    rerank_option,
    say_left_out,
    terminal_look,
    with_index,
)
from seekpoint.index.address import Address
from seekpoint.index.errors import SeekpointError, UsageError
from seekpoint.index.open import default_folder
from seekpoint.index.text.clean import clean, counted
from seekpoint.index.types import HOLDING_MOMENTS, Filters
from seekpoint.query.answers import Answer, Reading
from seekpoint.query.filters import filters_of
from seekpoint.query.output.exports import FOLLOWING, FORMATS
from seekpoint.query.output.terminal import is_styled, positions, sentence_text, to_text
from seekpoint.query.search.settings import LONGEST_QUESTION, MOST_MOMENTS, OPTION_HELP, PER_RESOURCE, AskOptions

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from seekpoint.index.store import Reader
    from seekpoint.query.reading.language_reader import LanguageReader, Steps
    from seekpoint.query.serving.live_library import SharedEncoder

_SHOWN = 60
# A question that click takes for options, and a word that it leaves out.
_QUESTION, _LEFT_OUT = re.compile(r"-(?!-).*\s"), re.compile(r"-(?!help$)(?:[a-zA-Z]{3}|[^\x00-\x7f]).*")
_IN_QUOTES = 'put quotation marks around the question, as in `seekpoint ask "attention -mask"`'
# Characters that bash may obey. click's script reads the lines with backslashes, of which one in two is left.
_SPECIAL, _ESCAPED = re.compile(r"[^\w.,:@%+=/-]"), r"\\\\\g<0>"
_NOT_OPENED = "nothing here answers that, so nothing was opened"
_WAITING, _ERASE = "A language model reads what was found… (Ctrl+C: as it was ranked)", "\r\x1b[K"
_INTERRUPTED = "the language model was interrupted: the moments are as they were ranked"


class _Asking(click.Command):
    """A command whose question may look like options, since -word leaves out what has the word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if asked := next(filter(_QUESTION.match, given), None):
                shown = shlex.quote(clean(asked)[:_SHOWN])
                line = f"a question that begins with a dash comes last, after --: `seekpoint ask -- {shown}`"
            elif word := next(filter(_LEFT_OUT.fullmatch, given), None):
                line = f"{clean(word)[:_SHOWN]} is no option: {_IN_QUOTES}"
            elif type(error) is click.UsageError:
                options, rest, _ = self.make_parser(ctx).parse_args(given)
                shown = shlex.quote(clean(" ".join([options["question"], *rest]))[:_SHOWN])
                line = f"the question is in pieces: put quotation marks around it, as in `seekpoint ask {shown}`"
            else:
                raise
            raise UsageError(line) from error


def _completing(values: Callable[[Reader], Iterable[str]]) -> Callable[..., list[CompletionItem]]:
    """Complete an option by values of the library that --index or the environment names."""

    def complete(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from seekpoint.index.open import open_reader

        offered = list[str]()
        with suppress(SeekpointError), open_reader(context.params.get("folder") or default_folder()) as library:
            offered = [value for value in dict.fromkeys(map(clean, values(library))) if value.startswith(begun)]
        if os.environ.get("_SEEKPOINT_COMPLETE") == "bash_complete":  # which inserts a value as it is
            offered = [_SPECIAL.sub(_ESCAPED, value) for value in offered]
        return list(map(CompletionItem, offered))

    return complete


@click.command(cls=_Asking)
@click.argument("question", required=False)
@click.option("-k", "k", type=click.IntRange(1, MOST_MOMENTS), default=5, show_default=True, help=OPTION_HELP["k"])
@click.option(
    "--per-resource",
    type=click.IntRange(1, MOST_MOMENTS),
    default=PER_RESOURCE,
    show_default=True,
    help=OPTION_HELP["per_resource"],
)
@click.option("--also", metavar="QUESTION", multiple=True, help=OPTION_HELP["also"])
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with - as the question, an object a line.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["plain", "json", *FORMATS]),
    help="Print Markdown for notes or Pandoc, the cited entries, CSV, or a playlist of what plays.",
)
@click.option("--open", "open_first", is_flag=True, help="Open the first moment in the browser, if it answers.")
@click.option(
    "--keep", "rank", metavar="RANK", type=click.IntRange(1), help="Keep the moment of this rank; `kept` lists it."
)
@click.option("--note", metavar="TEXT", help="With --keep: a note on it.")
@click.option("--explain", "explained", is_flag=True, help=OPTION_HELP["explained"])
@click.option("--kind", type=click.Choice([kind.value for kind in HOLDING_MOMENTS]), help=OPTION_HELP["kind"])
@click.option(
    "--section",
    metavar="TEXT",
    shell_complete=_completing(lambda library: (each for section in library.sections() for each in section.path)),
    help=OPTION_HELP["section"],
)
@click.option("--language", metavar="TAG", help=OPTION_HELP["language"])
@click.option(
    "--resource",
    metavar="ID",
    shell_complete=_completing(lambda library: library.standings()),
    help="Only this resource, by its id in `status --json`, its path or an address.",
)
@click.option("--speaker", metavar="NAME", help=OPTION_HELP["speaker"])
@click.option("--after", metavar="DATE", help=OPTION_HELP["after"])
@click.option("--before", metavar="DATE", help=OPTION_HELP["before"])
@click.option("--added", metavar="SINCE", help=OPTION_HELP["added"])
@rerank_option
@llm_options
@index_option
def ask(
    question: str | None,
    k: int,
    per_resource: int,
    also: tuple[str, ...],
    as_json: bool,
    form: str | None,
    open_first: bool,
    rank: int | None,
    note: str | None,
    explained: bool,
    rerank: str | None,
    reader: LanguageReader | None,
    folder: Address,
    **named: str | None,
) -> None:
    """Answer QUESTION with the moments where the answer begins.

    A "phrase" in quotation marks has to be said word for word, and -word leaves out what has the word.

    Without QUESTION, a prompt is opened; with -, questions are read from standard input, one a line.
    """
    # OpenBLAS (in NumPy and in FAISS) starts threads that spin for a third of a question's processor time, although a
    # question has no matrix that is large enough for them.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from seekpoint.index.models.reranker import load_reranker
    from seekpoint.index.open import open_reader

    if as_json and form not in (None, "json"):
        raise UsageError(f"--json prints JSON, --format {form} doesn't: leave one of them out")
    _check_keeping(rank, note, question)
    if also and question in (None, "-"):
        raise UsageError("--also is another wording of one question: give that too")
    form = "json" if as_json else form or "plain"
    options = AskOptions(
        k, filters_of(**named), per_resource, explained, load_reranker(rerank), also=tuple(map(_decoded, also))
    )
    if question is None:
        _prompt(folder, options, reader, is_plain=form == "plain" and not open_first)
        return
    with open_reader(folder) as library:
        options = _within(options, library)
        nothing = with_index(_when_nothing(options.filters, library))
        answer = _answering(library, options, reader, form)
        if question == "-":
            _stream(sys.stdin or (), answer, form, nothing)
            return
        question = _decoded(question)
        result = answer(question)
        _print(result, form, nothing)
        if rank:
            _keep(rank, note, result, library)
    if not result.moments and not result.excluded:  # else the answer says so
        click.echo(f"seekpoint: {nothing}", err=True)
    if result.moments and open_first:
        _open(result)


def _decoded(text: str) -> str:
    """An argument; where the locale couldn't decode it, surrogates stand for its bytes."""
    return text if text.isprintable() else os.fsencode(text).decode("utf-8", "replace")


def _open(answer: Answer) -> None:
    from seekpoint.cli.prompt import browse

    if error := browse(answer.moments[0].link) if answer.answered else _NOT_OPENED:
        click.echo(f"seekpoint: {error}", err=True)


def _check_keeping(rank: int | None, note: str | None, question: str | None) -> None:
    if note is not None and not rank:
        raise UsageError("--note is a note on a moment that is kept: give --keep RANK too")
    if rank and question in (None, "-"):
        raise UsageError('--keep takes a moment of one question: give it, as in `seekpoint ask "why masks?" --keep 1`')


def _keep(rank: int, note: str | None, answer: Answer, library: Reader) -> None:
    """Keep a moment of the answer as the page does; a note replaces that of a moment which is kept already."""
    from seekpoint.index.open import open_keeper
    from seekpoint.query.keeping import LONGEST_TEXT, in_lines, to_keep

    if rank > len(answer.moments):
        raise UsageError(f"there is no moment {rank} to keep: the answer has {counted(len(answer.moments), 'moment')}")
    text = in_lines(note or "")
    if len(text) > LONGEST_TEXT:
        raise UsageError(f"the note has {len(text):,} characters: the most is {LONGEST_TEXT:,}")
    moment = answer.moments[rank - 1]
    quoted = library.transcripts(moment.resource.id, moment.language, *moment.cues)
    kept = to_keep(moment, next((cue.anchor for each in quoted for cue in each.cues), None), answer.question)
    same = [each for each in library.kept() if (each.resource.id, each.place) == (kept.resource.id, kept.place)]
    with open_keeper(library.address) as keeper:
        keeper.keep(replace(kept, note=text))
        if same and text:
            keeper.annotate(kept.resource.id, kept.place, text, same[0].collection)
    place = " · ".join([kept.resource.title, *positions(moment)])
    said = "has the note now" if same and text else "was kept already" if same else "is kept"
    click.echo(f"seekpoint: {place} {said}: {with_index('`seekpoint kept`')} lists what is kept", err=True)


def _answering(
    library: Reader, options: AskOptions, reader: LanguageReader | None, form: str
) -> Callable[[str], Answer]:
    """A function that answers a question from an open library."""
    from seekpoint.query.serving.live_library import SharedEncoder

    encoder = SharedEncoder.of(library)
    if not reader:
        return partial(_answer, library=library, encoder=encoder, options=options)
    find = partial(_answer, library=library, encoder=encoder)
    return partial(_read, find=find, options=options, library=library, reader=reader, form=form)


def _read(
    question: str,
    *,
    find: Callable[..., Answer],
    options: AskOptions,
    library: Reader,
    reader: LanguageReader,
    form: str,
) -> Answer:
    """Answer a question, and let the reader choose; in JSON a problem of its stands in the answer."""
    from seekpoint.query.answers import Reading
    from seekpoint.query.reading.language_reader import ordered

    found = list[Answer]()

    def steps() -> Steps:
        wider = yield from reader.translating(options, question, library)
        found.append(find(question, options=wider))
        return (yield from reader.steps(found[0], library)) if found[0].moments else Reading()

    reading = _read_out(steps(), is_shown=form == "plain")
    if reading.problem and form in FORMATS:
        click.echo(f"seekpoint: {reading.problem}", err=True)
    answer = found[0] if found else find(question, options=reader.options(options))
    return ordered(answer, reading, options.k) if answer.moments else answer


def _read_out(steps: Steps, *, is_shown: bool) -> Reading:
    """Read to the end; with `is_shown` each sentence is printed as soon as it's there, and a problem at the end."""
    is_terminal = bool(sys.stdout) and sys.stdout.isatty()
    erase = ""
    try:
        if is_styled(sys.stderr):
            click.echo(_WAITING, nl=False, err=True)
            erase = _ERASE
        while True:
            for sentence in next(steps):
                if is_shown:
                    click.echo(erase, nl=False, err=True)
                    click.echo(sentence_text(sentence, styled=is_styled(sys.stdout)))
                    erase = ""
    except StopIteration as end:
        reading: Reading = end.value
    except KeyboardInterrupt:
        if not (is_shown and is_terminal):
            raise
        steps.close()
        reading = Reading(problem=_INTERRUPTED)
    finally:
        click.echo(erase, nl=False, err=True)
    if is_shown and reading.sentences:
        click.echo()
    if is_shown and reading.problem:
        click.echo(f"seekpoint: {reading.problem}", err=True)
    return reading


def _prompt(folder: Address, options: AskOptions, reader: LanguageReader | None, *, is_plain: bool) -> None:
    if not is_plain or not (sys.stdin and sys.stdout and sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            'nothing is asked: give a question, such as `seekpoint ask "why masks?"`, or - to read them from standard '
            "input; the prompt needs a terminal, and no --json, --format or --open"
        )
    from seekpoint.cli.prompt import prompt
    from seekpoint.query.serving.live_library import LiveLibrary

    live = LiveLibrary(folder, reranker=options.reranker)

    def answer(question: str) -> Answer:
        explained = replace(options, explained=True)
        if not reader:
            return live.ask(question, explained)
        with live.reader() as library:
            find = partial(live.ask, within=library)
            return _read(question, find=find, options=explained, library=library, reader=reader, form="plain")

    try:
        with live.reader() as library:  # a missing library is an error before the first question
            options = _within(options, library)
            nothing = _when_nothing(options.filters, library)
        prompt(answer, explained=options.explained, when_nothing=with_index(nothing))
    finally:
        live.close()


def _within(options: AskOptions, library: Reader) -> AskOptions:
    """The options with the id of the resource that --resource names; raises UsageError for an unknown one."""
    from seekpoint.cli.named_resource import NamedResources

    if (name := options.filters.resource) is None:
        return options
    return replace(options, filters=replace(options.filters, resource=NamedResources(library).id_of(name)))


def _when_nothing(filters: Filters, library: Reader) -> str:
    """The line for an answer without moments; raises UsageError for an unknown language."""
    from seekpoint.query.filters import check_language, left_nothing

    languages = library.languages() if filters.language else ()
    if filters.language:
        check_language(filters.language, languages)
    told = "`seekpoint status`" if filters == Filters() else "`seekpoint status --json`"
    return left_nothing(filters, languages, told)


def _answer(question: str, *, library: Reader, encoder: SharedEncoder, options: AskOptions) -> Answer:
    """Answer a question; it is embedded while the search is imported, since the model releases the GIL."""
    from seekpoint.background import in_background

    def embed() -> None:
        from seekpoint.index.text.languages import to_embed
        from seekpoint.query.search.literal import read_syntax

        if len(question) <= LONGEST_QUESTION:  # else the search refuses it, and it takes seconds to embed
            encoder.question(to_embed(read_syntax(question).text))

    with in_background(embed) as embedded:
        from seekpoint.query.search import pipeline

        library.languages()
        embedded()
    return pipeline.ask(question, library, encoder, options)


def _stream(lines: Iterable[str], answer: Callable[[str], Answer], form: str, nothing: str) -> None:
    """Answer the questions, a line each; in JSON, an invalid one gets an object with the error, so that lines match."""
    is_first = True
    for line in lines:
        text = line.rstrip("\r\n")
        if form == "plain":
            click.echo(f"? {clean(text)}")
        try:
            _print(answer(text), form, nothing, is_first=is_first)
            is_first = False
        except UsageError as error:
            if form == "json":
                from seekpoint.query.output.json import error_json

                print_json(error_json(text, str(error)))
            else:
                click.echo(f"seekpoint: {with_index(str(error))}", err=True)
        if sys.stdout:
            sys.stdout.flush()


def _print(answer: Answer, form: str, nothing: str, *, is_first: bool = True) -> None:
    if form == "json":
        from seekpoint.query.output.json import to_json

        print_json(to_json(answer, nothing))
    elif form == "plain":
        click.echo(to_text(answer, **terminal_look()))
    else:
        click.echo((FORMATS if is_first else FOLLOWING)[form](answer))
        if form == "m3u":
            say_left_out([moment.start for moment in answer.moments])
