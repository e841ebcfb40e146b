"""Seekpoint's front door: the command line, and the public Python API.

    >>> import seekpoint
    >>> seekpoint.build(["talks.md"], library="my-library")  # doctest: +SKIP
    >>> answer = seekpoint.ask("why does attention need a mask?", library="my-library")  # doctest: +SKIP
    >>> answer.moments[0].link  # doctest: +SKIP
    'https://www.youtube.com/watch?v=…&t=706s'

Importing this loads neither numpy nor FAISS nor torch.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from functools import lru_cache
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import click

import seekpoint.query.output.notebook  # noqa: F401 - so that answers show themselves there
from seekpoint.cli.options import default_folder
from seekpoint.index.embedded.library import Library as StoredLibrary
from seekpoint.index.errors import SeekpointError, UsageError
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Encoder, Kind, ModelCard, Resource, ResourceStatus, State
from seekpoint.query.answers import Answer, Doubt, Explanation, Filters, Moment, Window

if TYPE_CHECKING:
    from seekpoint.indexer.build.build import Report

__all__ = [
    "Answer",
    "Doubt",
    "Encoder",
    "Explanation",
    "Kind",
    "Library",
    "Moment",
    "Resource",
    "ResourceStatus",
    "SeekpointError",
    "State",
    "Window",
    "ask",
    "build",
    "open_library",
]


class Library(StoredLibrary):
    """A library, open for reading; use it as a context manager. Threads may share it."""

    def ask(
        self,
        question: str,
        *,
        k: int = 5,
        kind: Kind | str | None = None,
        section: str | None = None,
        language: str | None = None,
        resource: str | None = None,
        explained: bool = False,
        encoder: Encoder | None = None,
    ) -> Answer:
        """Answer a question; raises SeekpointError.

        Only resources of a `kind`, under a heading with the words of `section`, in a `language`, or the one with the id
        `resource` are searched. `explained` moments tell why they were found.
        """
        filters = _filters(kind, section, language, resource)
        return _asked(self, question, k, filters, explained=explained, encoder=encoder)


def open_library(path: str | os.PathLike[str] | None = None) -> Library:
    """Open a library for reading (`None`: the user's own); raises LibraryError. Close it, or use it in a `with`."""
    return Library.open_to_stay(_folder(path))


def build(
    sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    library: str | os.PathLike[str] | None = None,
    *,
    captions: str | os.PathLike[str] | None = None,
    languages: Sequence[str] = (),
    model: str | None = None,
    reembed: bool = False,
    encoder: Encoder | None = None,
    pace: float = 5.0,
    limit: int | None = None,
    cookies: str | os.PathLike[str] | None = None,
    proxy: str | None = None,
    prune: bool = False,
    retry: bool = False,
    translate: bool = True,
    glossary: str | os.PathLike[str] | None = None,
    transcribe: bool = False,
    whisper: str = "base",
) -> Report:
    """Index reading lists, or bring their index up to date, as `seekpoint build` does; raises SeekpointError.

    `translate` chooses the translations by which questions find words in another language, which takes some seconds.
    `reembed` embeds all that is stored again where `model` or `encoder` is another than the library's.
    `transcribe` listens to recordings without captions with `whisper`, the name or folder of a faster-whisper model.
    """
    from seekpoint.cli.build import language_tags
    from seekpoint.indexer.build.build import Request
    from seekpoint.indexer.build.build import build as run
    from seekpoint.indexer.build.planner import Choices
    from seekpoint.indexer.fetch.session import Web
    from seekpoint.indexer.sources import Sources

    if limit is not None and limit < 1:
        raise UsageError(f"the limit for a channel must be 1 or more, not {limit}")
    languages = language_tags(languages if isinstance(languages, str) else ",".join(languages))
    if isinstance(sources, str | os.PathLike):
        sources = [sources]
    request = Request(
        sources=[os.fspath(source) for source in sources],
        captions=None if captions is None else Path(captions),
        choices=Choices(languages, retry, whisper if transcribe else None),
        model=model,
        prune=prune,
        limit=limit,
        translate=translate,
        glossary=None if glossary is None else Path(glossary),
        reembed=reembed,
    )
    web = Web(proxy, None if cookies is None else Path(cookies))
    return run(request, _folder(library), Sources.through(web, languages, pace, limit), encoder=encoder)


def ask(
    question: str,
    library: StoredLibrary | str | os.PathLike[str] | None = None,
    *,
    k: int = 5,
    kind: Kind | str | None = None,
    section: str | None = None,
    language: str | None = None,
    resource: str | None = None,
    explained: bool = False,
    encoder: Encoder | None = None,
) -> Answer:
    """Answer a question from a library, open or named by its folder, as `Library.ask` does."""
    filters = _filters(kind, section, language, resource)
    with nullcontext(library) if isinstance(library, StoredLibrary) else open_library(library) as opened:
        return _asked(opened, question, k, filters, explained=explained, encoder=encoder)


def _filters(kind: Kind | str | None, section: str | None, language: str | None, resource: str | None) -> Filters:
    if kind and kind not in list(Kind):
        raise UsageError(f"no kind of resource is called {kind!r}: there are {', '.join(Kind)}")
    return Filters(Kind(kind) if kind else None, section, language, resource)


def _asked(
    library: StoredLibrary, question: str, k: int, filters: Filters, *, explained: bool, encoder: Encoder | None
) -> Answer:
    from seekpoint.query.search import pipeline

    return pipeline.ask(question, library, encoder or _encoder(library.card).get(), k, filters, explained=explained)


@lru_cache(maxsize=4)
def _encoder(card: ModelCard) -> LazyEncoder:
    return LazyEncoder(card)


def _folder(path: str | os.PathLike[str] | None) -> Path:
    return default_folder() if path is None else Path(path)


class _ShownError(click.ClickException):
    """One line on standard error."""

    def show(self, file: object = None) -> None:
        click.echo(f"seekpoint: {clean(self.message)}", err=True)


class _ShownUsageError(_ShownError):
    """One line for a call that makes no sense."""

    exit_code = 2


# Where each command is, to be imported when it is called.
_COMMANDS = {
    "build": ("seekpoint.cli.build", "build"),
    "ask": ("seekpoint.cli.ask", "ask"),
    "status": ("seekpoint.cli.ask", "status"),
    "remove": ("seekpoint.cli.build", "remove"),
    "export": ("seekpoint.cli.transfer", "export_library"),
    "import": ("seekpoint.cli.transfer", "import_library"),
    "serve": ("seekpoint.cli.serve", "serve"),
    "mcp": ("seekpoint.cli.mcp", "mcp"),
    "eval": ("seekpoint.cli.eval", "evaluate"),
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are named, so that none pays for another."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except SeekpointError as error:
            shown = _ShownUsageError if isinstance(error, UsageError) else _ShownError
            raise shown(str(error)) from error
        except KeyboardInterrupt:
            raise _ShownError(
                "interrupted; what was finished is kept, and the same command goes on from there"
            ) from None
        except BrokenPipeError:
            raise
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            raise _ShownError(
                f"{error.strerror or error}{where}: check the disk and the permissions, then try again"
            ) from error


@click.group(cls=_LazyGroup)
@click.version_option(package_name="seekpoint", prog_name="seekpoint")
def cli() -> None:
    """Ask a reading list a question, and land where the answer begins."""


# What a question imports makes some 60,000 objects, all of which stay.
_OBJECTS_BETWEEN_COLLECTIONS = 100_000


def main() -> None:
    """The `seekpoint` command."""
    # To look for garbage among what stays, and once more in parting, took a fifth of a question's time.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="replace")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that can't show a title is no reason to fail
    cli(prog_name="seekpoint")
