"""Words across languages: a question's words in the chunks' languages, weighted as one term a word.

All translations of a word count together, so that a word with many doesn't outweigh one with few: their frequencies are
added, and the weight follows from the chunks that have any of them (Pirkola's structured query, 1998).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, pairwise
from math import fsum
from typing import NamedTuple

from seekpoint.index.text import bm25
from seekpoint.index.text.languages import simplified
from seekpoint.index.text.terms import is_function_word, joined, located_terms
from seekpoint.index.types import Alternatives, Language, WordGroup
from seekpoint.query.search.settings import SALIENT_SHARE, UNKNOWN_SHARE

# The terms of the longest word that is looked up: two neighbouring characters are a term where no spaces are written.
_LONGEST_OVERLAP = 7
_MOST_WORDS = 3


class TranslatedWord(NamedTuple):
    """A word, as the question has it, with its translations."""

    word: str
    alternatives: Alternatives


def neighbours(text: str) -> list[tuple[int, int, str]]:
    """All that could be a word with translations, left to right, at each place the longest first.

    Each has neighbouring terms of the text: where they start and stop, and their key.
    """
    text = simplified(text)
    located = list(located_terms(text))
    # In a run of characters terms overlap.
    overlap = [*(after.start < before.stop for before, after in pairwise(located)), False]
    spans = []
    for first, term in enumerate(located):
        last, most = first, first + (_LONGEST_OVERLAP if overlap[first] else _MOST_WORDS)
        while last + 1 < min(len(located), most) and overlap[last] == overlap[first]:
            last += 1
        for end in range(last, first - 1, -1):
            spans.append((term.start, located[end].stop, joined(text, located[first : end + 1])))
    return spans


def translated_words(
    text: str, spans: Iterable[tuple[int, int, str]], translations: Mapping[str, Alternatives]
) -> list[TranslatedWord]:
    """The spans of a text that have translations, each word once: the first and longest, none inside another.

    Translations that are function words, such as *what* for 什么, say nothing of what the question is about.
    """
    words: dict[str, TranslatedWord] = {}
    reached = 0
    for start, stop, key in spans:
        if start >= reached and key in translations:
            reached = stop
            telling = tuple(each for each in translations[key] if not all(map(is_function_word, each)))
            if telling:
                words[key] = TranslatedWord(text[start:stop], telling)
    return list(words.values())


def weigh(
    translated: Mapping[str, Sequence[TranslatedWord]],
    frequencies: Iterable[int],
    languages: Mapping[str, Language],
) -> tuple[list[tuple[WordGroup, float]], dict[str, dict[str, float]]]:
    """The words that any chunk has, and by language the terms of their translations that tell where the answer is.

    Each word has its share of the highest BM25 that the question could reach, and each term its part of its word's
    weight. `frequencies` are the numbers of chunks that have any translation of a word.
    """
    groups: list[tuple[WordGroup, float]] = []
    term_weights: dict[str, dict[str, float]] = {}
    rest = iter(frequencies)
    for target, words in translated.items():
        counted = zip(words, islice(rest, len(words)), strict=True)
        known = [(word, bm25.idf(count, languages[target].chunks)) for word, count in counted if count]
        heaviest = max((weight for _, weight in known), default=0.0)
        missing = (len(words) - len(known)) * UNKNOWN_SHARE * heaviest
        highest = (fsum(weight for _, weight in known) + missing) * (bm25.K1 + 1)
        weights = term_weights[target] = {}
        for word, weight in known:
            groups.append((WordGroup(word.alternatives, target), weight / highest))
            for alternative in word.alternatives if weight >= SALIENT_SHARE * heaviest else ():
                for term in alternative:
                    weights[term] = max(weights.get(term, 0.0), weight / len(alternative))
    return groups, term_weights
