"""Answers read by a language model in the terminal: `--llm` and its options."""

from __future__ import annotations

import os
import sys

import click

from seekpoint.query.answers import Reading
from seekpoint.query.output.terminal import is_styled, sentence_text
from seekpoint.query.reading.language_reader import LanguageReader, Steps
from seekpoint.query.reading.model import KEY, Endpoint

_WAITING, _ERASE = "A language model reads what was found… (Ctrl+C: as it was ranked)", "\r\x1b[K"
_INTERRUPTED = "the language model was interrupted: the moments are as they were ranked"


def load_reader(address: str, model: str | None, seconds: float) -> LanguageReader:
    """The reader at an address; the key is in the environment alone, so that no list of processes shows it."""
    return LanguageReader(Endpoint(address, model, os.environ.get(KEY)), seconds)


def read(steps: Steps, *, is_shown: bool) -> Reading:
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
