"""Where a phrase stands in a transcript, letter by letter, for the find box of a resource's page. All pure.

Case, accents, full-width forms, typographic quotation marks, runs of white space, line breaks between cues, and the
script of Chinese make no difference.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import regex

from seekpoint.index.text.scripts import simplified
from seekpoint.index.text.terms import UNSPACED

_SPACE = " "
_UNSPACED = regex.compile(f"[{UNSPACED}\u3000-\u303f\uff00-\uff0f]")
# Accents of Latin, Greek and Cyrillic letters. The marks of other scripts are letters of their own.
_ACCENTS = re.compile("[\u0300-\u036f]+")
_QUOTES = str.maketrans("‘’‚‛“”„‟", "''''\"\"\"\"")


class Part(NamedTuple):
    """A part of a text that is found: characters [start, stop) of the text with a number, from 0."""

    number: int
    start: int
    stop: int


class _Folded(NamedTuple):
    """Folded characters, and the index of the text and the offset in it that each comes from."""

    text: str
    places: Sequence[tuple[int, int]]


def occurrences(phrase: str, texts: Iterable[str]) -> list[list[Part]]:
    """Every place of a phrase in consecutive texts; a place that goes over the end of a text has several parts."""
    sought = _folded([phrase]).text
    if not sought:
        return []
    text, places = _folded(texts)
    found = (match.start() for match in re.finditer(re.escape(sought), text))
    return [list(_parts(places[start : start + len(sought)])) for start in found]


def _parts(places: Sequence[tuple[int, int]]) -> Iterator[Part]:
    for index, group in groupby(places, key=lambda place: place[0]):
        offsets = [offset for _, offset in group]
        yield Part(index, offsets[0], offsets[-1] + 1)


def _folded(texts: Iterable[str]) -> _Folded:
    """The texts as one: a space where there is white space or a text ends, but none beside a Chinese character."""
    characters: list[str] = []
    places: list[tuple[int, int]] = []
    is_gap = False
    for index, text in enumerate(texts):
        is_gap = bool(characters)
        for offset, character in enumerate(text):
            for folded in _fold(character):
                if folded == _SPACE:
                    is_gap = bool(characters)
                    continue
                if is_gap and not (_is_unspaced(folded) or _is_unspaced(characters[-1])):
                    characters.append(_SPACE)
                    places.append((index, offset))
                is_gap = False
                characters.append(folded)
                places.append((index, offset))
    return _Folded("".join(characters), places)


@lru_cache(maxsize=1 << 15)
def _fold(character: str) -> str:
    if character.isspace():
        return _SPACE
    decomposed = unicodedata.normalize("NFKD", simplified(character).translate(_QUOTES).lower())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))


@lru_cache(maxsize=1 << 15)
def _is_unspaced(character: str) -> bool:
    return bool(_UNSPACED.match(character))
