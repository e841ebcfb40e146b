"""Shared by commands: the --index option, and JSON output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from seekpoint.index.open import default_folder

_Command = TypeVar("_Command", bound=Callable[..., object])


def index_option(command: _Command) -> _Command:
    """Add --index DIR to a command."""
    return click.option(
        "--index",
        "folder",
        metavar="DIR",
        type=click.Path(path_type=Path),
        envvar="SEEKPOINT_INDEX",
        default=default_folder,
        help="The library's folder; $SEEKPOINT_INDEX, else your data folder.",
    )(command)


def print_json(value: object) -> None:
    """Print one line of JSON, in ASCII if standard output isn't UTF-8."""
    encoding = (sys.stdout and sys.stdout.encoding) or ""
    click.echo(json.dumps(value, ensure_ascii=not encoding.lower().startswith("utf")))
