"""Misspelt words: one that the library has nowhere is read as a frequent one that differs by an edit or two.

A word that the library has in its British or American spelling is read as that, however rare it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import regex

from seekpoint.index.store import Reader
from seekpoint.index.text.terms import fold, located_terms, terms
from seekpoint.query.answers import Respelling
from seekpoint.query.search.question import ParsedQuestion, QueryTerms

_LATIN = regex.compile(r"[\p{Latin}\p{M}]+")
# Letters of a stem. Shorter ones have too many neighbours. From the second length on one letter may be another: shorter
# words that differ so are often both words, such as ankle and angle. From the third length on two edits are few.
_SHORT, _DISTINCT, _LONG = 5, 7, 9
# British and American: colour, recognise, analyse.
_SPELLINGS = (("our", "or"), ("is", "iz"), ("ys", "yz"))
# The share of the chunks that have the word which is meant, and their number, at least.
_LEAST_SHARE, _FEWEST_CHUNKS = 0.001, 5


def respellings(question: ParsedQuestion, looked_up: QueryTerms, reader: Reader, chunks: int) -> tuple[Respelling, ...]:
    """The words in Latin letters that none of the chunks has, each with the word of the library that is meant.

    Both begin with the same letter. Of several the one with the fewest edits is meant, then the most frequent one.
    """
    words = {question.text[term.start : term.stop]: term.text for term in question.content}
    unknown = {word: stem for word, stem in words.items() if looked_up.rarities[stem] == 1 and _is_long(word, stem)}
    if not unknown:
        return ()
    found = _otherwise_spelt(unknown, reader)
    unknown = {word: stem for word, stem in unknown.items() if word not in dict(found)}
    if not unknown:
        return tuple(found)
    vocabulary = reader.vocabulary({stem[0] for stem in unknown.values()})
    similar = {word: _similar(stem, vocabulary) for word, stem in unknown.items()}
    stems = [stem for edits in similar.values() for stem in edits]
    frequencies = reader.frequencies(stems).terms if stems else {}
    fewest = max(_FEWEST_CHUNKS, _LEAST_SHARE * chunks)
    for word, edits in similar.items():
        frequent = [stem for stem in edits if frequencies.get(stem, 0) >= fewest]
        if frequent:
            meant = min(frequent, key=lambda stem: (edits[stem], -frequencies[stem], stem))
            found.append(Respelling(word, _inflected(word, unknown[word], meant)))
    return tuple(found)


def _otherwise_spelt(words: Collection[str], reader: Reader) -> list[Respelling]:
    """The words that the library has in the other of both spellings."""
    forms = [(word, form, stem) for word in words for form, stem in _other_spellings(word).items()]
    frequencies = reader.frequencies([stem for _, _, stem in forms]).terms if forms else {}
    found = {word: form for word, form, stem in reversed(forms) if frequencies.get(stem)}
    return [Respelling(word, found[word]) for word in words if word in found]


def _other_spellings(word: str) -> dict[str, str]:
    """The British or American spellings of a word, with their stems."""
    pairs = [*_SPELLINGS, *((american, british) for british, american in _SPELLINGS)]
    forms = dict.fromkeys(fold(word).replace(one, other) for one, other in pairs if one in fold(word))
    return {form: terms(form)[0] for form in forms}


def respelled(question: ParsedQuestion, words: Sequence[Respelling]) -> str:
    """The text of a question with the words that are meant."""
    meant, text = dict(words), question.text
    for term in reversed(question.content):
        word = text[term.start : term.stop]
        text = f"{text[: term.start]}{meant.get(word, word)}{text[term.stop :]}"
    return text


def as_said(words: Sequence[Respelling], quotes: Sequence[str]) -> tuple[Respelling, ...]:
    """The respellings, with a word that the quotes say where the library knows only the stem of what is meant."""
    return tuple(
        one if one.meant in _other_spellings(one.word) else Respelling(one.word, _said_form(one.meant, quotes))
        for one in words
    )


def _said_form(meant: str, quotes: Sequence[str]) -> str:
    """The most frequent word of the quotes with the stem of the word that is meant; that one itself if it is said."""
    located = ((quote, located_terms(quote, set(terms(meant)))) for quote in quotes)
    forms = Counter(fold(quote[term.start : term.stop]) for quote, found in located for term in found)
    return meant if not forms or meant in forms else forms.most_common(1)[0][0]


def _is_long(word: str, stem: str) -> bool:
    return len(stem) >= _SHORT and _LATIN.fullmatch(word) is not None


def _similar(stem: str, vocabulary: list[str]) -> dict[str, int]:
    """The terms of the vocabulary that begin with the same letter and are near, with the number of edits."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    most = 2 if len(stem) >= _LONG else 1
    near = process.extract(stem, vocabulary, scorer=OSA.distance, score_cutoff=most, limit=None)
    return {
        text: edits
        for text, edits, _ in near
        if len(text) >= _SHORT
        and abs(len(text) - len(stem)) <= 1  # two letters more are an ending
        and text[0] == stem[0]
        and terms(text) == [text]
        and (len(stem) >= _DISTINCT or not _is_substitution(stem, text))
    }


def _is_substitution(stem: str, other: str) -> bool:
    """Whether a letter is another, where there is one edit."""
    return len(stem) == len(other) and sorted(stem) != sorted(other)


def _inflected(word: str, stem: str, meant: str) -> str:
    """The stem that is meant, with the ending of the word if that makes a word of the stem."""
    whole = meant + fold(word).removeprefix(stem)
    return whole if terms(whole) == [meant] else meant
