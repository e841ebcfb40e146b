"""What all commands share: the --index option and where the user's own library lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., object])


def default_folder() -> Path:
    """The user's own library, where neither --index nor $SEEKPOINT_INDEX names another."""
    from platformdirs import user_data_path

    return user_data_path("seekpoint") / "library"


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
