"""A parsed question: its centred vector, its terms with their weights, the resources it names, its translations."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from functools import lru_cache
from math import log
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from seekpoint.index.errors import UsageError, WordlessQuestion
from seekpoint.index.models.centring import centred, nearest_language
from seekpoint.index.store import Reader
from seekpoint.index.text.clean import clean
from seekpoint.index.text.scripts import language_of, simplified, to_embed
from seekpoint.index.text.terms import Term, content_terms, has_content, is_function_word, joined, located_terms, terms
from seekpoint.index.types import Alternatives, Encoder, Frequencies, Language, WordGroup
from seekpoint.query.search import scoring
from seekpoint.query.search.scoring import discriminative_terms
from seekpoint.query.search.settings import COMMON, LONGEST_QUESTION, SALIENT_SHARE, UNKNOWN_SHARE

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
    weights = {term: scoring.idf(chunks, total) for term, chunks in frequencies.terms.items()}
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
    found = reader.translations(question.language, lookup_keys(question.text))
    return {target: translated_words(question.text, found.get(target, {})) for target in targets}


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
        weighted = weigh(words, [next(rest) for _ in words], languages[target].chunks)
        groups += [(WordGroup(word.alternatives, target), share) for word, share in shares(weighted)]
        weights[target] = salient_weights(weighted)
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


Title: TypeAlias = tuple[str, Sequence[str]]
"""The id of a resource, and the terms of its title or of a part of it."""

# One term is a word like any other.
_FEWEST_TERMS = 2


class TitleMatch(NamedTuple):
    """The ids of the resources that are named, and the question's terms beside the names."""

    resources: frozenset[str]
    rest: Sequence[str]

    @property
    def limits(self) -> bool:
        """Whether the named resources limit the search; a question that is only a name asks for the topic."""
        return bool(self.resources and self.rest)


def possible_titles(question_terms: Sequence[str], titles: Iterable[Title]) -> list[Title]:
    """The titles all of whose terms are in the question but for some at their ends."""
    present = set(question_terms)
    return [(resource_id, title) for resource_id, title in titles if _may_be_named(title, present)]


def match_titles(question_terms: Sequence[str], titles: Iterable[Title], weights: Mapping[str, float]) -> TitleMatch:
    """Find the titles that a question has, of possible ones; `weights` has the weights of their terms.

    Words at either end of a title that many chunks have, such as an article, needn't be there.
    """
    question = _joined(question_terms)
    cores = ((resource_id, _core(title, weights)) for resource_id, title in titles)
    found = {
        (resource_id, _joined(core))
        for resource_id, core in cores
        if len(core) >= _FEWEST_TERMS and _joined(core) in question
    }
    rest = question
    for title in sorted({title for _, title in found}, key=lambda title: (-len(title), question.index(title))):
        rest = rest.replace(title, "\0")
    resources = frozenset(resource_id for resource_id, _ in found)
    return TitleMatch(resources, [term for term in rest.split("\0") if term])


def _may_be_named(title: Sequence[str], present: Set[str]) -> bool:
    places = [place for place, term in enumerate(title) if term in present]
    return len(places) >= _FEWEST_TERMS and places[-1] - places[0] == len(places) - 1


def _core(title: Sequence[str], weights: Mapping[str, float]) -> Sequence[str]:
    """A title without the common words at its ends."""
    rare = [place for place, term in enumerate(title) if weights.get(term, COMMON) >= COMMON]
    return title[rare[0] : rare[-1] + 1] if rare else ()


def _joined(words: Sequence[str]) -> str:
    return "\0" + "\0".join(words) + "\0"


# Words across languages: what a question's words mean in the chunks' language, weighted as one term a word.
#
# All translations of a word count together, so that a word with many doesn't outweigh one with few: their frequencies
# are added, and the weight follows from the chunks that have any of them (Pirkola's structured query, 1998).

# The terms of the longest word that is looked up: two neighbouring characters are a term where no spaces are written.
_LONGEST_OVERLAP = 7
_MOST_WORDS = 3


class TranslatedWord(NamedTuple):
    """A word, as the question has it, with its translations."""

    word: str
    alternatives: Alternatives


class _Span(NamedTuple):
    """Where some neighbouring terms start and stop, and their key."""

    start: int
    stop: int
    key: str


class WeightedWord(NamedTuple):
    """A translated word, in how many chunks any of its translations is, and its weight."""

    word: TranslatedWord
    chunks: int
    weight: float


def lookup_keys(text: str) -> list[str]:
    """The keys of all that could be a word with translations."""
    return list(dict.fromkeys(span.key for span in _spans(text)))


def translated_words(text: str, translations: Mapping[str, Alternatives]) -> list[TranslatedWord]:
    """The words of a text that have translations, each once: left to right, the longest first, none inside another."""
    words: dict[str, TranslatedWord] = {}
    reached = 0
    for start, stop, key in _spans(text):
        if start >= reached and key in translations:
            words[key] = TranslatedWord(text[start:stop], translations[key])
            reached = stop
    return list(words.values())


def weigh(words: Sequence[TranslatedWord], frequencies: Sequence[int], chunks: int) -> list[WeightedWord]:
    """The words with the weight of each among the chunks of their language."""
    return [
        WeightedWord(word, frequency, scoring.idf(frequency, chunks) if frequency else 0.0)
        for word, frequency in zip(words, frequencies, strict=True)
    ]


def shares(words: Sequence[WeightedWord]) -> list[tuple[TranslatedWord, float]]:
    """The words that any chunk has, each with its share of the highest BM25 that the question could reach."""
    known = [word for word in words if word.chunks]
    heaviest = max((word.weight for word in known), default=0.0)
    missing = (len(words) - len(known)) * UNKNOWN_SHARE * heaviest
    highest = (math.fsum(word.weight for word in known) + missing) * (scoring.K1 + 1)
    return [(word.word, word.weight / highest) for word in known]


def salient_weights(words: Iterable[WeightedWord]) -> dict[str, float]:
    """The terms of the translations that tell where the answer is, each with its part of its word's weight."""
    words = list(words)
    least = SALIENT_SHARE * max((word.weight for word in words), default=0.0)
    weights: dict[str, float] = {}
    for word in words:
        if word.chunks and word.weight >= least:
            for alternative in word.word.alternatives:
                for term in alternative:
                    weights[term] = max(weights.get(term, 0.0), word.weight / len(alternative))
    return weights


@lru_cache(maxsize=16)
def _spans(text: str) -> tuple[_Span, ...]:
    """Neighbouring terms: left to right, at each place the longest first; a question is asked for several languages."""
    text = simplified(text)
    found = list(located_terms(text))
    return tuple(
        _Span(term.start, found[last].stop, joined(text, found[first : last + 1]))
        for first, term in enumerate(found)
        for last in range(_reach(found, first), first - 1, -1)
    )


def _reach(terms: Sequence[Term], first: int) -> int:
    """The last term of the longest word that could begin with the first: in a run of characters terms overlap."""
    overlap = _overlap(terms, first)
    last, most = first, first + (_LONGEST_OVERLAP if overlap else _MOST_WORDS)
    while last + 1 < min(len(terms), most) and _overlap(terms, last) == overlap:
        last += 1
    return last


def _overlap(terms: Sequence[Term], one: int) -> bool:
    return one + 1 < len(terms) and terms[one + 1].start < terms[one].stop
