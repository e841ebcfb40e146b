"""Shared by commands: options that several have, and JSON output."""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from seekpoint.index.address import Address, check_not_a_file, folder_of, parse_address
from seekpoint.index.errors import UsageError
from seekpoint.index.open import default_folder
from seekpoint.index.text.clean import clean, counted

if TYPE_CHECKING:
    from seekpoint.indexer.fetch.http_session import Web
    from seekpoint.query.reading.model import Endpoint

_TOKEN = "SEEKPOINT_TOKEN"
_SHORTEST_TOKEN = 16
_Command = TypeVar("_Command", bound=Callable[..., object])


class AddressType(click.Path):
    """The address of a library: a folder, which a shell can complete, or a database."""

    name = "address"

    def convert(  # type: ignore[override]
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        address = parse_address(os.fspath(value))
        if folder := folder_of(address):
            check_not_a_file(folder)
        return address


_INDEX = "--index"
index_option = click.option(
    _INDEX,
    "folder",
    metavar="ADDRESS",
    type=AddressType(),
    envvar="SEEKPOINT_INDEX",
    default=default_folder,
    help="The library: its folder, or postgresql://HOST/DATABASE; $SEEKPOINT_INDEX, else your data folder.",
)
_HINT = re.compile(
    r"`(seekpoint (?:ask|build|digest|import|kept|questions|remove|serve|status|transcript)\b(?![^`]*--index)[^`]*"
    r"|seekpoint init)`"
)


def note_index(group: click.Context) -> None:
    """Note the library that --index gives to a command of the group, for `with_index`."""
    for argument, following in pairwise([*group.args, ""]):
        if argument == "--":
            break
        option, _, value = argument.partition("=")
        if option == _INDEX and (value or following):
            with suppress(UsageError):  # the command says what is wrong with it
                group.meta[_INDEX] = parse_address(value or following)


def with_index(text: str) -> str:
    """A text whose commands in backticks name the library that --index gave, so that they can be run as they are."""
    context = click.get_current_context(silent=True)
    library = context.meta.get(_INDEX) if context else None
    if library is None:
        return text
    address = shlex.quote(clean(str(library)))

    def named(hint: re.Match[str]) -> str:
        command, dashes, question = hint[1].partition(" -- ")
        option = "" if command == "seekpoint init" else f"{_INDEX} "
        return f"`{command} {option}{address}{dashes}{question}`"

    return _HINT.sub(named, text)


rerank_option = click.option(
    "--rerank",
    metavar="NAME",
    help="Order the first 20 moments with this cross-encoder, a name of the hub or a folder; takes seconds.",
)


def llm_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --llm and its options to a command, which takes the `reader` that they name; `None` without --llm."""

    def as_reader(endpoint: Endpoint, seconds: float) -> object:
        from seekpoint.query.reading.language_reader import LanguageReader

        return LanguageReader(endpoint, seconds)

    help_text = (
        "Let the language model at this address (OpenAI's API, such as Ollama's) read what was found, answer in "
        "sentences, and put first what it cites; $SEEKPOINT_LLM. Its key: $SEEKPOINT_LLM_KEY."
    )
    late = "How long it may take; then the moments stay as they were ranked."
    return _with_llm(command, as_reader, help_text, "SEEKPOINT_LLM", 120, late)


def llm_reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """The same for a command that sends all of a library: no variable sets --llm, and `reader` is what it names."""
    help_text = (
        "Let the language model at this address (OpenAI's API, such as Ollama's) read once what is indexed, and note "
        "which questions are answered where. Its key: $SEEKPOINT_LLM_KEY."
    )
    late = "How long it may take for five minutes of talk."
    return _with_llm(command, lambda endpoint, seconds: (endpoint, seconds), help_text, None, 600, late)


def _with_llm(
    command: Callable[..., None],
    reader_of: Callable[[Endpoint, float], object],
    help_text: str,
    variable: str | None,
    most: int,
    late: str,
) -> Callable[..., None]:
    @wraps(command)
    def with_reader(
        *args: object, llm: str | None, llm_model: str | None, llm_seconds: float, **options: object
    ) -> None:
        reader = None
        if llm:
            from seekpoint.query.reading.model import KEY, Endpoint

            # The key is in the environment alone, so that no list of processes shows it.
            reader = reader_of(Endpoint(llm, llm_model, os.environ.get(KEY)), llm_seconds)
        command(*args, reader=reader, **options)

    seconds = click.option(
        "--llm-seconds", type=click.FloatRange(1, 3600), default=most, show_default=True, metavar="N", help=late
    )
    name = click.option(
        "--llm-model", metavar="NAME", envvar="SEEKPOINT_LLM_MODEL", help="Which of its models; $SEEKPOINT_LLM_MODEL."
    )
    return click.option("--llm", metavar="URL", envvar=variable, help=help_text)(name(seconds(with_reader)))


def web_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --cookies, --cookies-from-browser and --proxy to a command."""
    proxy = click.option("--proxy", metavar="URL", help="Go through a proxy, such as http://localhost:8080.")
    browser = click.option(
        "--cookies-from-browser", "browser", metavar="NAME", help="Send the cookies of a browser, such as firefox."
    )
    file = click.Path(path_type=Path)
    cookies = click.option("--cookies", metavar="FILE", type=file, help="Send the cookies of a cookies.txt.")
    return cookies(browser(proxy(command)))


def make_web(cookies: Path | None, browser: str | None, proxy: str | None) -> Web:
    """The web that these options give; a caller of `cli` may replace it, as tests do."""
    from seekpoint.indexer.fetch.cookies import one_source
    from seekpoint.indexer.fetch.http_session import Web

    web: Web = (click.get_current_context().obj or Web)(proxy, one_source(cookies, browser))
    if cookies or browser:
        click.echo("YouTube may suspend the account of these cookies: take one that you can do without.", err=True)
    return web


def token_option(meaning: str) -> Callable[[_Command], _Command]:
    """Add --token TOKEN to a command; a token that is easily guessed is a UsageError."""
    return click.option("--token", envvar=_TOKEN, callback=_checked_token, help=meaning)


def _checked_token(_: click.Context, __: click.Parameter, token: str | None) -> str | None:
    if token is None and os.environ.get(_TOKEN) == "":  # which click takes for none, and everyone could ask
        raise UsageError(f"${_TOKEN} is empty: give it a token, or unset it")
    if token is not None and (len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable()):
        raise UsageError(f"a token has {_SHORTEST_TOKEN} or more characters, all of them ASCII: give a longer --token")
    if token is not None and token != token.strip():
        raise UsageError("a token neither begins nor ends with a space: give another --token")
    return token


def terminal_look() -> dict[str, Any]:
    """How texts are printed on standard output: whether `styled`, and the `width` of a terminal's lines."""
    from seekpoint.query.output.terminal import is_styled

    width = shutil.get_terminal_size().columns if sys.stdout and sys.stdout.isatty() else None
    return {"styled": is_styled(sys.stdout), "width": width}


def print_json(value: object) -> None:
    """Print one line of JSON, in ASCII if standard output isn't UTF-8."""
    encoding = (sys.stdout and sys.stdout.encoding) or ""
    click.echo(json.dumps(value, ensure_ascii=not encoding.lower().startswith("utf")))


def say_left_out(starts: Sequence[float | None]) -> None:
    """Say how many moments, by their starts, a playlist has no place for."""
    if left_out := starts.count(None):
        texts = f"{counted(left_out, 'moment')} of {len(starts)}"
        click.echo(f"seekpoint: {texts} left out: texts have no place in a playlist", err=True)


_NOWHERE = logging.NullHandler()


def quiet() -> None:
    """Keep libraries from logging to the terminal, in a process that is a command.

    stamina tells each retry to structlog, which prints, wherever that is installed. Python prints warnings that no
    handler takes, and a library that sets up logging of its own does so only where nobody has.
    """
    from stamina.instrumentation import set_on_retry_hooks

    set_on_retry_hooks(())
    logging.getLogger().addHandler(_NOWHERE)
