"""A parsed question: its centred vector, its terms with their weights, the resources it names, its translations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import log
from typing import TYPE_CHECKING, NamedTuple

from seekpoint.index.errors import UsageError, WordlessQuestion
from seekpoint.index.models.centring import centred, nearest_language
from seekpoint.index.store import Frequencies, Language, Reader, WordGroup
from seekpoint.index.text.clean import clean
from seekpoint.index.text.scripts import language_of, to_embed
from seekpoint.index.text.terms import Term, content_terms, has_content, is_function_word, terms
from seekpoint.index.types import Encoder
from seekpoint.query.search import bm25, translation
from seekpoint.query.search.scoring import discriminative_terms
from seekpoint.query.search.settings import LONGEST_QUESTION
from seekpoint.query.search.title_match import TitleMatch, match_titles, possible_titles
from seekpoint.query.search.translation import TranslatedWord

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

# The rarest terms of a long question say what it is about.
_MOST_TERMS = 64
# Characters of a question in an error message.
_SHOWN = 40
# The number of chunks that a term counts as being in if it is in none, for its rarity.
_LEAST_CHUNKS = 0.3


class ParsedQuestion(NamedTuple):
    """A question with its terms, its language, and its vector without the mean of that language.

    `content` are the terms without function words, with their positions; all terms if it has function words alone.
    """

    text: str
    terms: Sequence[str]
    content: Sequence[Term]
    language: str
    vector: Vectors

    @property
    def has_content(self) -> bool:
        """Whether any of its terms says what it is about."""
        return has_content(self.text)


class QueryTerms(NamedTuple):
    """What a question is searched by.

    `discriminative` are its terms but for those that tell chunks apart too little, `weights` the weights of those that
    the library has. `rarities` are the rarities of its content terms, by term; 1 is that of a term that the library
    has nowhere, nor a translation of it. `names` are the resources that the question names, and `name_terms` the terms
    that only name them. `translated` are its words with translations by target language, `groups` those that are looked
    up, with their shares of the score, and `translation_weights` the weights of their terms, by language.
    """

    discriminative: Sequence[str]
    weights: Mapping[str, float]
    rarities: Mapping[str, float]
    names: TitleMatch
    name_terms: frozenset[str]
    translated: Mapping[str, Sequence[TranslatedWord]]
    groups: Sequence[tuple[WordGroup, float]]
    translation_weights: Mapping[str, Mapping[str, float]]

    def rarest(self, excluded: Collection[str] = ()) -> dict[str, float]:
        """The terms that are looked up, rarest first, without some, with their weights."""
        known = [term for term in dict.fromkeys(self.discriminative) if term in self.weights and term not in excluded]
        return {term: self.weights[term] for term in sorted(known, key=lambda term: -self.weights[term])[:_MOST_TERMS]}


def parse(text: str, encoder: Encoder, languages: Mapping[str, Language]) -> ParsedQuestion:
    """Embed a question and detect its language; raises UsageError for one that is empty or too long."""
    question_terms = _checked_terms(text)
    means = {name: language.mean for name, language in languages.items()}
    vector = encoder.question(to_embed(text))
    guess = nearest_language(vector, means)
    return ParsedQuestion(
        text,
        question_terms,
        content_terms(text),
        language_of(text, guess),
        vector if guess is None else centred(vector, means[guess]),
    )


def look_up(question: ParsedQuestion, reader: Reader, languages: Mapping[str, Language]) -> QueryTerms:
    """Look a question's words up, in three calls of the reader."""
    translated = _translated(question, reader, languages)
    groups = [WordGroup(word.alternatives, target) for target, words in translated.items() for word in words]
    titles = possible_titles(question.terms, reader.titles(question.terms))
    title_terms = [term for _, title in titles for term in title]
    frequencies = reader.frequencies([*dict.fromkeys([*question.terms, *title_terms])], groups)
    total = sum(language.chunks for language in languages.values())
    weights = {term: bm25.idf(chunks, total) for term, chunks in frequencies.terms.items()}
    known = {term: weights[term] for term in question.terms if term in weights}
    discriminative = discriminative_terms(known, question.terms)
    names = match_titles(question.terms, titles, weights)
    shares, translation_weights = _weighted(translated, frequencies.groups, languages)
    return QueryTerms(
        discriminative=discriminative,
        weights={term: known[term] for term in discriminative if term in known},
        rarities=_rarities(question.content, frequencies, translated, languages),
        names=names,
        name_terms=frozenset(question.terms).difference(names.rest) if names.limits else frozenset(),
        translated=translated,
        groups=shares,
        translation_weights=translation_weights,
    )


def lit_terms(question: ParsedQuestion, looked_up: QueryTerms) -> set[str]:
    """The terms that quotes mark: the content words of the question, and the content words that translate one."""
    if not question.has_content:
        return set()
    translating = {
        term
        for words in looked_up.translated.values()
        for word in words
        if not looked_up.rarities.keys().isdisjoint(terms(word.word))
        for alternative in word.alternatives
        for term in alternative
        if term not in looked_up.weights and not is_function_word(term)
    }
    return {*looked_up.rarities, *translating}


def _checked_terms(text: str) -> list[str]:
    """The question's terms; raises UsageError where it is too long, or has none."""
    if len(text) > LONGEST_QUESTION:
        raise UsageError(f"the question has {len(text):,} characters: ask in {LONGEST_QUESTION:,} at most")
    found = terms(text)
    if not found:
        shown = clean(text)[:_SHOWN]
        what = f"the question {shown} has no words" if shown else "the question is empty"
        raise WordlessQuestion(shown, f'{what}: ask in your own words, for instance `seekpoint ask "why masks?"`')
    return found


def _translated(
    question: ParsedQuestion, reader: Reader, languages: Mapping[str, Language]
) -> dict[str, Sequence[TranslatedWord]]:
    """The question's words that have translations, by the language of these."""
    targets = [target for target in languages if target != question.language]
    if not targets:
        return {}
    found = reader.translations(question.language, translation.lookup_keys(question.text))
    return {target: translation.translated_words(question.text, found.get(target, {})) for target in targets}


def _weighted(
    translated: Mapping[str, Sequence[TranslatedWord]],
    frequencies: Sequence[int],
    languages: Mapping[str, Language],
) -> tuple[list[tuple[WordGroup, float]], dict[str, Mapping[str, float]]]:
    """The groups that are looked up with their shares of the score, and the weights of their terms, by language."""
    groups: list[tuple[WordGroup, float]] = []
    weights: dict[str, Mapping[str, float]] = {}
    rest = iter(frequencies)
    for target, words in translated.items():
        weighted = translation.weigh(words, [next(rest) for _ in words], languages[target].chunks)
        groups += [(WordGroup(word.alternatives, target), share) for word, share in translation.shares(weighted)]
        weights[target] = translation.salient_weights(weighted)
    return groups, weights


def _rarities(
    content: Sequence[Term],
    frequencies: Frequencies,
    translated: Mapping[str, Sequence[TranslatedWord]],
    languages: Mapping[str, Language],
) -> dict[str, float]:
    """The rarity of each term, from 0 in every chunk to 1 in none; in its own spelling or in translation."""
    total = max(sum(language.chunks for language in languages.values()), 1)
    shares = {term.text: frequencies.terms.get(term.text, 0) / total for term in content}
    counts = iter(frequencies.groups)
    for target, words in translated.items():
        for word in words:
            share = next(counts) / languages[target].chunks
            shares |= {term: max(shares[term], share) for term in terms(word.word) if term in shares}
    least = _LEAST_CHUNKS / total
    return {term: log(max(share, least)) / log(least) for term, share in shares.items()}
