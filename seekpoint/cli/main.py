"""The `seekpoint` command: the group of commands, and errors in one line."""

from __future__ import annotations

import atexit
import gc
import os
import re
import shlex
import signal
import sys
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from seekpoint.cli.interrupt import EXIT_CODE, INTERRUPTED, interruptible
from seekpoint.cli.options import note_index, with_index
from seekpoint.index.address import folder_of, parse_address
from seekpoint.index.errors import SeekpointError, UsageError
from seekpoint.index.open import default_folder, library_exists
from seekpoint.index.text.clean import clean, without_passwords


class _ShownError(click.ClickException):
    """One line on standard error."""

    def show(self, file: object = None) -> None:
        click.echo(f"seekpoint: {clean(without_passwords(self.message))}", err=True)


class _ShownUsageError(_ShownError):
    exit_code = 2


class _ShownInterrupt(_ShownError):
    exit_code = EXIT_CODE


# The module and the function of each command; the module is imported when the command is called.
_COMMANDS = {
    "build": ("seekpoint.cli.build", "build"),
    "ask": ("seekpoint.cli.ask", "ask"),
    "transcript": ("seekpoint.cli.transcript", "transcript"),
    "questions": ("seekpoint.cli.questions", "questions"),
    "kept": ("seekpoint.cli.kept", "kept"),
    "digest": ("seekpoint.cli.digest", "digest"),
    "status": ("seekpoint.cli.status", "status"),
    "remove": ("seekpoint.cli.remove", "remove"),
    "export": ("seekpoint.cli.transfer", "export_library"),
    "import": ("seekpoint.cli.transfer", "import_library"),
    "init": ("seekpoint.cli.init", "init"),
    "serve": ("seekpoint.cli.serve", "serve"),
    "mcp": ("seekpoint.cli.mcp", "mcp"),
    "eval": ("seekpoint.cli.eval", "evaluate"),
}
_SHOWN = 60


_HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


class _LazyGroup(click.Group):
    """A group that imports a command when it is called, so that no command pays for the imports of another."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[name]
        command: click.Command = getattr(import_module(module), attribute)
        command.context_settings = {**_HELP, **command.context_settings}  # click keeps the names that it meets first
        return command

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Say how to begin, where neither the environment nor the data folder has a library."""
        with suppress(SeekpointError, OSError):
            folder = folder_of(parse_address(os.environ.get("SEEKPOINT_INDEX") or str(default_folder())))
            if folder and not library_exists(folder):
                formatter.write_paragraph()
                formatter.write_text("There is no library yet: `seekpoint build SOURCE` makes one.")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args:  # which click answers with the help
            return super().parse_args(ctx, args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _shown(error, ctx.command_path) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            raise UsageError(f"no command is called {clean(name)[:_SHOWN]}: {_suggestion(name)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        note_index(ctx)
        try:
            return interruptible(lambda: super(_LazyGroup, self).invoke(ctx))
        except SeekpointError as error:
            shown = _ShownUsageError if isinstance(error, UsageError) else _ShownError
            raise shown(with_index(str(error))) from error
        except click.UsageError as error:
            raise _shown(error, f"{ctx.command_path} {ctx.invoked_subcommand}") from error
        except KeyboardInterrupt:
            raise _ShownInterrupt(INTERRUPTED) from None
        except BrokenPipeError:
            if os.name == "posix":  # as other programs end when `head` has read enough, so that shells know why
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)
                signal.raise_signal(signal.SIGPIPE)
            raise
        except OSError as error:
            reason = f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
            raise _ShownError(f"{reason}: check the disk and the permissions, then try again") from error


def _shown(error: click.UsageError, command: str) -> _ShownUsageError:
    """An error of click's in one line, which begins small and ends in the remedy."""
    remedy, said = f"`{command} --help` says what there is", error.format_message()
    if isinstance(error, click.NoSuchOption):
        said = f"no option is called {error.option_name}"
        if close := get_close_matches(error.option_name, error.possibilities or (), 1):
            remedy = f"did you mean {close[0]}?"
    said = said.rstrip(".")
    return _ShownUsageError(f"{said[:1].lower()}{said[1:]}: {remedy}")


@click.group("seekpoint", cls=_LazyGroup, context_settings=_HELP)
@click.version_option(package_name="seekpoint", prog_name="seekpoint")
def cli() -> None:
    """Ask a reading list a question, and land where the answer begins."""


# The imports of `ask` make some 60,000 objects, all of which stay alive.
_OBJECTS_BETWEEN_COLLECTIONS = 100_000


def main() -> None:
    """The `seekpoint` command."""
    # The garbage collector would take a fifth of a question's time on imported objects, none of which is garbage.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="replace")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a title with characters that the terminal lacks is no error
    cli(prog_name="seekpoint")


_ADDRESS = re.compile(r"https?://|www\.|(?:youtu\.be|(?:m\.)?youtube\.com|arxiv\.org)/", re.IGNORECASE)
_LIKE_A_QUESTION = re.compile(r"\s|[?？]$|[^\x00-\x7f]")


def _suggestion(name: str) -> str:
    """The remedy for an unknown command: build a file or address, ask a question, or use a command of similar name."""
    shown = shlex.quote(clean(name)[:_SHOWN])
    is_there = False
    with suppress(OSError, ValueError):  # a name may be too long for a path
        is_there = bool(name) and Path(name).exists()
    if is_there or _ADDRESS.match(name):
        return f"`seekpoint build {shown}` indexes it"
    if _LIKE_A_QUESTION.search(name.strip()):
        return f"`seekpoint ask {shown}` asks it"
    if close := get_close_matches(name.lower(), _COMMANDS, 1):
        return f"did you mean `{close[0]}`?"
    return "`seekpoint --help` lists the commands"
