"""A question taken apart: its vector, its words with their weights, and what they are called in other languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.library import Library
from seekpoint.index.embedded.words.accumulators import Scores, Tally
from seekpoint.index.errors import UsageError
from seekpoint.index.text.scripts import language_of
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Encoder
from seekpoint.query.search import translation
from seekpoint.query.search.scoring import cheapest, coverage, telling
from seekpoint.query.search.settings import LONGEST_QUESTION, MOST_POSTINGS
from seekpoint.query.search.title_match import naming
from seekpoint.query.serving.question_encoder import to_embed

if TYPE_CHECKING:
    from seekpoint.index.embedded.translations import Alternatives
    from seekpoint.index.types import Vectors

# The rarest terms of a long question say what it is about.
_MOST_TERMS = 64


class Named(NamedTuple):
    """The ids of the resources that a question names, and of their chunks, where the names' `terms` tell nothing."""

    resources: frozenset[str]
    chunks: Ranges
    terms: frozenset[str]


class Asked(NamedTuple):
    """A question as it's asked: its terms, its language, and its centred vector."""

    question: str
    terms: Sequence[str]
    language: str
    vector: Vectors


class Sought(NamedTuple):
    """What is looked for: the question's language, what it names, its centred vector, and its words.

    `unknown` are its terms that the library has nowhere, nor a translation of them; `weights` are those of the terms
    that it has, but for those that tell nothing. How far chunks cover its terms and their translations is `lexical`, by
    their ids, and `translated`, by their places; `glosses` are the weights of the translations and `groups` the words
    that have any, by language.
    """

    question: str
    language: str
    named: Named
    vector: Vectors
    unknown: frozenset[str]
    weights: Mapping[str, float]
    lexical: Mapping[int, float]
    translated: Scores
    glosses: Mapping[str, Mapping[str, float]]
    groups: Mapping[str, Sequence[translation.Group]]


def understand(question: str, library: Library, encoder: Encoder) -> Asked:
    """Embed a question and see which language it's in; raises UsageError for an empty or endless one."""
    question_terms = _checked_terms(question)
    guess, vector = library.vectors.centred_question(encoder.question(to_embed(question)))
    return Asked(question, question_terms, language_of(question, guess), vector)


def seek(asked: Asked, library: Library, depth: int, keep: Ranges | None) -> Sought:
    """Look a question's words up, for `depth` chunks at most among those to keep."""
    question, question_terms, language, vector = asked
    groups = _groups(question, language, library)
    library.lexicon.frequencies(chain(question_terms, *map(translation.terms_of, groups.values())))  # all at once
    known = library.lexicon.weights(question_terms)
    telling_terms = telling(known, question_terms)
    weights = {term: known[term] for term in telling_terms if term in known}
    affordable = {target: _affordable(words, library) for target, words in groups.items() if words}
    unread = (library.synonyms.unread(map(_alternatives, words), target) for target, words in affordable.items())
    library.lexicon.read_ahead(chain(_rarest(telling_terms, weights, library), *unread))
    lexical = _covered(telling_terms, weights, library, depth, keep)
    named = _named(question_terms, library, keep)
    if len(named.chunks):
        others = [term for term in telling_terms if term not in named.terms]
        there = _covered(others, weights, library, depth, named.chunks)
        lexical |= {chunk_id: max(share, lexical.get(chunk_id, 0.0)) for chunk_id, share in there.items()}
    translated, glosses = _translated(affordable, library, keep)
    unknown = _untranslated(frozenset(question_terms) - known.keys(), groups)
    return Sought(question, language, named, vector, unknown, weights, lexical, translated, glosses, groups)


def _covered(
    wanted: Sequence[str], weights: Mapping[str, float], library: Library, depth: int, keep: Ranges | None
) -> dict[int, float]:
    """How far chunks cover the wanted terms, `depth` of those to keep at most."""
    return coverage(library.lexicon.best(_rarest(wanted, weights, library), depth, keep), weights, wanted)


def _rarest(wanted: Sequence[str], weights: Mapping[str, float], library: Library) -> list[str]:
    """Those of the wanted terms that are looked up."""
    lengths = library.lexicon.frequencies([term for term in wanted if term in weights])
    affordable = cheapest(lengths, MOST_POSTINGS)
    return sorted((term for term in lengths if term in affordable), key=lambda term: -weights[term])[:_MOST_TERMS]


def _named(question_terms: Sequence[str], library: Library, keep: Ranges | None) -> Named:
    resources, rest = naming(question_terms, library.names(question_terms), library.lexicon.weights)
    if not resources or not rest:  # a name alone asks for what it is the name of
        return Named(resources, Ranges.of([]), frozenset())
    there = library.holdings.of_resources(resources)
    chunks = there if keep is None else there.meet(keep)
    return Named(resources, chunks, frozenset(question_terms).difference(rest))


def _checked_terms(question: str) -> list[str]:
    """The question's terms; raises UsageError where too much is asked, or nothing."""
    if len(question) > LONGEST_QUESTION:
        raise UsageError(f"the question has {len(question):,} characters: ask in {LONGEST_QUESTION:,} at most")
    found = terms(question)
    if not found:
        raise UsageError('the question is empty: ask in your own words, for instance `seekpoint ask "why masks?"`')
    return found


def _groups(question: str, language: str, library: Library) -> dict[str, Sequence[translation.Group]]:
    """The question's words that have translations, by the language of these."""
    words = translation.candidates(question)
    return {
        target: translation.groups(question, library.translations(language, target, words))
        for target in library.languages
        if target != language
    }


def _affordable(words: Sequence[translation.Group], library: Library) -> list[translation.Group]:
    """Those of the words whose translations are looked up."""
    return translation.affordable(words, library.lexicon.frequencies(translation.terms_of(words)), MOST_POSTINGS)


def _translated(
    groups: Mapping[str, Sequence[translation.Group]], library: Library, keep: Ranges | None
) -> tuple[Scores, dict[str, Mapping[str, float]]]:
    """How far chunks in other languages cover the question's words in translation, and what those weigh."""
    covered = Scores(library.lexicon.span)
    glosses: dict[str, Mapping[str, float]] = {}
    tally = Tally(library.lexicon.span)
    for target, words in groups.items():
        counts = library.synonyms.counts([*map(_alternatives, words)], target, tally)
        weighed = translation.weigh(words, counts, len(library.holdings.spoken[target]))
        for part in translation.coverage(weighed):
            covered.add(part)
        glosses[target] = translation.weights(weighed)
    if keep is not None:
        covered.limit(library.lexicon.mask(keep))
    return covered, glosses


def _untranslated(unknown: frozenset[str], groups: Mapping[str, Sequence[translation.Group]]) -> frozenset[str]:
    """Those of some terms that aren't in a word with translations."""
    if not unknown:
        return unknown
    return unknown.difference(*(terms(group.word) for words in groups.values() for group in words))


def _alternatives(group: translation.Group) -> Alternatives:
    return group.alternatives
