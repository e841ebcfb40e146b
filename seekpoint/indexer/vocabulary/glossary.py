"""Parses glossaries: a term and its translations per line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from seekpoint.files import read_text
from seekpoint.index.errors import SourceError
from seekpoint.index.text.clean import clean

# A word and one translation of it.
Pair: TypeAlias = tuple[str, str]

_FORM = "a term, a tab, and its translations with semicolons between"


def read_glossary(path: Path) -> list[Pair]:
    """Pairs of a term and one translation of it; raises SourceError."""
    shown = clean(str(path))
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it isn't in UTF-8"
        raise SourceError(f"can't read the glossary {shown}: {reason}") from error
    pairs = [pair for number, line in enumerate(lines, 1) for pair in _pairs(line, f"{shown}, line {number}")]
    if not pairs:
        raise SourceError(f"{shown}: no terms in it; write {_FORM} on each line")
    return pairs


def _pairs(line: str, position: str) -> Iterator[Pair]:
    """The pairs of a line; none for a blank line or a comment, which begins with `#`."""
    if not line.strip() or line.lstrip().startswith("#"):
        return
    term, *rest = (clean(column) for column in line.split("\t"))
    translations = [translation for part in rest[:1] for translation in map(str.strip, part.split(";")) if translation]
    if not term or not translations or len(rest) > 1:
        raise SourceError(f"{position}: write {_FORM}")
    yield from ((term, translation) for translation in translations)
