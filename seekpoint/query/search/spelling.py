"""Misspelt words: the words of the library, its titles and its headings that are meant.

A word that neither the library has nor a list of English words is read as one of the library's that is near. A word
that the library has in its British or American spelling is read as that, however rare it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import chain
from math import inf
from pathlib import Path
from typing import NamedTuple

import regex

from seekpoint.index.store import Reader
from seekpoint.index.text.terms import Term, fold, located_terms, terms
from seekpoint.query.answers import Respelling

_LATIN = regex.compile(r"[\p{Latin}\p{M}]+")
# Letters of a word. Shorter ones have too many neighbours. From the second length on one edit is evidence enough for a
# word that isn't frequent, from the third on for a rare one, and from the last on two edits are.
_SHORT, _DISTINCT, _TELLING, _LONG = 5, 7, 8, 9
# British and American: colour, recognise, analyse, defence.
_SPELLINGS = (("our", "or"), ("is", "iz"), ("ys", "yz"), ("ence", "ense"))
# The number of chunks that have the word which is meant, and their share, at least; and the share for a short word.
_FEWEST_CHUNKS, _LEAST_SHARE, _FREQUENT_SHARE = 5, 0.001, 0.002
# The number for a rare word that isn't on the list. Fewer have misspelt words of captions.
_FEWEST_UNLISTED = 3
# Sounds as in Soundex (Russell, 1918), in words of so many letters, and the initials that sound alike.
_SOUNDS = {
    ord(letter): str(sound)
    for sound, letters in enumerate(("aeiouyhw", "bfpv", "cgjkqsxz", "dt", "l", "mn", "r"))
    for letter in letters
}
_SOUNDING, _INITIALS = 8, ("cks", "fp", "gj")
_REPEATED = re.compile(r"(.)\1+")
# Endings that tell that a stem is of a listed word, and the letters of one that may make an unlisted word of it.
_ENDINGS, _LONG_ENDING = ("", "e", "ic", "ing", "ion"), 3


class _Similar(NamedTuple):
    """A word that may be meant; `is_usual` says whether the edits are a usual slip, `rank` is its place on the list."""

    word: str
    stem: str
    edits: int
    is_usual: bool
    rank: float


def respellings(
    text: str, content: Sequence[Term], rarities: Mapping[str, float], reader: Reader, chunks: int
) -> tuple[Respelling, ...]:
    """The words in Latin letters that the library has nowhere, each with the word of the library that is meant.

    `rarities` are those of the content terms of the text, and `chunks` is the number that the library has. Of several
    the one with the fewest edits is meant, then the most frequent one in the library, then in English.
    """
    words = {text[term.start : term.stop]: term.text for term in content}
    unknown = {
        word: stem
        for word, stem in words.items()
        if rarities[stem] == 1 and len(word) >= _SHORT and _LATIN.fullmatch(word)
    }
    if not unknown:
        return ()
    forms = [(word, form, stem) for word in unknown for form, stem in _other_spellings(word).items()]
    frequencies = reader.frequencies([stem for _, _, stem in forms]).terms if forms else {}
    spelt = {word: form for word, form, stem in reversed(forms) if frequencies.get(stem)}
    meant = [Respelling(word, spelt[word]) for word in unknown if word in spelt]
    unknown = {word: stem for word, stem in unknown.items() if word not in spelt and not _is_english(word)}
    if not unknown:
        return tuple(meant)
    vocabulary = reader.vocabulary({initial for word in unknown for initial in _initials(word)})
    similar = {word: _similar(fold(word), stem, vocabulary) for word, stem in unknown.items() if stem not in vocabulary}
    stems = list({other.stem for others in similar.values() for other in others})
    frequencies = reader.frequencies(stems).terms if stems else {}
    for word, others in similar.items():
        likely = [
            (other.edits - other.is_usual / 2, -count, other.rank, other.word)
            for other in others
            if _is_likely(other, count := frequencies.get(other.stem, 0), vocabulary[other.stem], word, chunks)
        ]
        if likely:
            meant.append(Respelling(word, min(likely)[-1]))
    return tuple(meant)


def _is_likely(other: _Similar, count: int, is_title: bool, word: str, chunks: int) -> bool:
    """Whether a word is frequent enough to be meant, which so many chunks have, or a title.

    A word with a capital inside is a name, and so is one that begins with a capital and isn't near another name: of
    these only usual slips are mended.
    """
    is_name = not word[1:].islower() or (word[:1].isupper() and other.rank < inf)
    if not other.is_usual and (is_name or (len(word) < _DISTINCT and count < _FREQUENT_SHARE * chunks)):
        return False
    if is_title or count >= max(_FEWEST_CHUNKS, _LEAST_SHARE * chunks):
        return True
    return (other.is_usual or len(word) >= _TELLING) and count >= (_FEWEST_UNLISTED if other.rank == inf else 1)


def _other_spellings(word: str) -> dict[str, str]:
    """The British or American spellings of a word, with their stems."""
    pairs = [*_SPELLINGS, *((american, british) for british, american in _SPELLINGS)]
    forms = dict.fromkeys(fold(word).replace(spelt, other) for spelt, other in pairs if spelt in fold(word))
    return {form: terms(form)[0] for form in forms}


def _similar(word: str, stem: str, vocabulary: Mapping[str, bool]) -> list[_Similar]:
    """The words near one: listed ones whose stem the vocabulary has, and stems of others with the word's ending."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    listed = [list(_english_words(initial)) for initial in _initials(word)]
    near = [process.extract(word, some, scorer=OSA.distance, score_cutoff=2, limit=None) for some in listed]
    forms = {other: stems[0] for other, *_ in chain(*near) if len(stems := terms(other)) == 1}
    ending = word.removeprefix(stem)
    for other, *_ in process.extract(stem, list(vocabulary), scorer=OSA.distance, score_cutoff=2, limit=None):
        whole = other + ending if terms(other + ending) == [other] else other
        is_listed = any(other + each in _english_words(other[0]) for each in _ENDINGS)
        if terms(whole) == [other] and (not is_listed or (whole != other and len(ending) >= _LONG_ENDING)):
            forms.setdefault(whole, other)
    edited = [(other, other_stem, OSA.distance(word, other)) for other, other_stem in forms.items()]
    return [
        _Similar(other, other_stem, edits, is_usual, _english_words(other[0]).get(other, inf))
        for other, other_stem, edits in edited
        if other_stem in vocabulary and (is_usual := _is_usual(word, other, edits)) is not None
    ]


def _is_usual(word: str, other: str, edits: int) -> bool | None:
    """Whether a word differs from another by a usual slip: of letters, doubling or sound; None if it isn't near.

    One that has another ending isn't near.
    """
    is_longer = word.startswith(other)
    if edits > 2 or (edits == 2 and (word[-1] != other[-1] or abs(len(word) - len(other)) == 2)):
        return None
    if edits == 1 and len(word) == len(other) and sorted(word) == sorted(other):
        return True
    if _REPEATED.sub(r"\1", word) == _REPEATED.sub(r"\1", other):
        return True
    if len(word) >= _SOUNDING and not is_longer and _sound(word) == _sound(other):
        return True
    is_near = word[0] == other[0] and edits <= (2 if len(word) >= _LONG else 1) and not is_longer
    return False if is_near else None


def _initials(word: str) -> set[str]:
    """The letters that a word may begin with; where sounds count, those that sound alike."""
    first = fold(word)[0]
    alike = [letters for letters in _INITIALS if first in letters and len(word) >= _SOUNDING]
    return {first, *chain.from_iterable(alike)}


def _sound(word: str) -> str:
    """The consonants of a word as classes of sounds, each run once."""
    return _REPEATED.sub(r"\1", word.translate(_SOUNDS).replace("0", ""))


def _is_english(word: str) -> bool:
    """Whether an English word is spelt so, in Britain or America."""
    return any(form in _english_words(form[0]) for form in (fold(word), *_other_spellings(word)))


@lru_cache(maxsize=64)
def _english_words(initial: str) -> dict[str, int]:
    """The English words with an initial, each with its place by frequency: the list of symspellpy, without its code."""
    return {word: rank for rank, word in enumerate(re.findall(rf"\n({initial}\S*)", _english_list()))}


@cache
def _english_list() -> str:
    package = find_spec("symspellpy")
    assert package and package.origin
    listed = Path(package.origin).with_name("frequency_dictionary_en_82_765.txt").read_text("utf-8-sig")
    return f"\n{listed}"


def respelled(text: str, content: Sequence[Term], words: Sequence[Respelling]) -> str:
    """The text of a question, with these content terms, with the words that are meant."""
    meant = dict(words)
    for term in reversed(content):
        word = text[term.start : term.stop]
        text = f"{text[: term.start]}{meant.get(word, word)}{text[term.stop :]}"
    return text


def as_said(words: Sequence[Respelling], quotes: Sequence[str]) -> tuple[Respelling, ...]:
    """The respellings; a word that is made of a stem is the most frequent one with that stem in the quotes.

    It stays if it is said, or no such word is, or if it is English.
    """
    said = []
    for word, meant in words:
        forms: Counter[str] = Counter()
        if meant not in _other_spellings(word) and not _is_english(meant):
            for quote in quotes:
                located = located_terms(quote, set(terms(meant)))
                forms.update(fold(quote[term.start : term.stop]) for term in located)
        said.append(Respelling(word, meant if not forms or meant in forms else forms.most_common(1)[0][0]))
    return tuple(said)
