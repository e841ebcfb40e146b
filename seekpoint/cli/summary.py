"""Summaries by a language model in the terminal: `--llm` and `--llm-model`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import click

from seekpoint.index.errors import SummaryError
from seekpoint.query.output.terminal import sentence_text
from seekpoint.query.summary.model import KEY, Endpoint
from seekpoint.query.summary.summariser import Steps, Summariser

_WAITING, _ERASE = "A language model reads the moments…", "\r\x1b[K"


def load_summariser(address: str, model: str | None) -> Summariser:
    """The summariser for the model at an address; the key is in the environment alone, so that no list shows it."""
    return Summariser(Endpoint(address, model, os.environ.get(KEY)))


def print_summary(steps: Callable[[], Steps]) -> None:
    """Print each sentence as soon as it's there; what is missing and why is a line on standard error."""
    erase = ""
    if sys.stderr and sys.stderr.isatty():
        click.echo(_WAITING, nl=False, err=True)
        erase = _ERASE
    problem, has_begun = None, False
    try:
        for sentence in (sentence for step in steps() for sentence in step):
            if not has_begun:
                click.echo(erase, nl=False, err=True)
                click.echo("\nIn short, by a language model:")
                has_begun = True
            click.echo(sentence_text(sentence))
    except SummaryError as error:
        problem = str(error)
    finally:
        if not has_begun:
            click.echo(erase, nl=False, err=True)
    if problem:
        click.echo(f"seekpoint: {problem}", err=True)
