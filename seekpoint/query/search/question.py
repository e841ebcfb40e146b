"""A question: its vector, its terms and their weights, the resources it names, its translations, its spelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from math import inf, log
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from seekpoint.index.errors import UsageError, WordlessQuestion
from seekpoint.index.models.centring import background, centred, nearest_language
from seekpoint.index.store import Reader
from seekpoint.index.text import bm25
from seekpoint.index.text.clean import clean
from seekpoint.index.text.languages import language_of, to_embed
from seekpoint.index.text.terms import (
    Term,
    content_terms,
    has_content,
    is_function_word,
    terms,
)
from seekpoint.index.types import Encoder, Frequencies, Language, Scope, Vectors, WordGroup
from seekpoint.query.answers import Respelling
from seekpoint.query.search.definitions import asked_name
from seekpoint.query.search.literal import QuestionSyntax
from seekpoint.query.search.settings import COMMON, LONGEST_QUESTION, AskOptions, Tuning
from seekpoint.query.search.spelling import respelled, respellings
from seekpoint.query.search.translated_words import TranslatedWord, neighbours, translated_words, weigh

# Candidates by meaning, by words and by translations, of each: many are neighbours of a better one. Words count in
# those alone, the ones with the highest BM25: where they count in all chunks, moment@5 falls by .008 on dev.
_CANDIDATES, _CANDIDATES_A_MOMENT = 80, 6
# The rarest terms of a long question say what it is about.
_MOST_TERMS = 64
# Characters of a question in an error message.
_SHOWN = 40
# The number of chunks that a term counts as being in if it is in none, for its rarity.
_LEAST_CHUNKS = 0.3
# With 3 the off-topic questions without an answer rise by .055 on broad and .065 on lectures, the answered ones by .006
# and .013; with 10 by a third of that.
_TIMES = 3.0


class ParsedQuestion(NamedTuple):
    """A question with its terms, its language, its vector as `embedded`, and that without the mean of its language.

    `content` are the terms without function words, with their positions; all terms if it has function words alone, and
    `has_content` is false. `name` are the terms of the name, if it asks what something is and nothing else.
    """

    text: str
    terms: Sequence[str]
    content: Sequence[Term]
    language: str
    vector: Vectors
    has_content: bool
    embedded: Vectors
    name: Sequence[str] = ()


class QueryTerms(NamedTuple):
    """The words of a question with their weights in the library.

    `discriminative` are its terms but for those that tell chunks apart too little, `weights` the weights of those that
    the library has. `rarities` are the rarities of its content terms, by term; 1 is that of a term that the library has
    nowhere, nor a translation of it. `titled` are terms that titles say, by resource. `names` are the resources that
    the question names, and `name_terms` the terms that only name them. `translated` are its words with translations by
    target language, `groups` those that are looked up, with their shares of the score, and `translation_weights` the
    weights of their terms, by language. `rarest` are the terms that chunks are searched by, `rarest_beside_names` those
    but for `name_terms`, both with their weights, and `lit` those that quotes mark.
    """

    discriminative: Sequence[str]
    weights: Mapping[str, float]
    rarities: Mapping[str, float]
    titled: Mapping[str, Set[str]]
    names: TitleMatch
    name_terms: frozenset[str]
    translated: Mapping[str, Sequence[TranslatedWord]]
    groups: Sequence[tuple[WordGroup, float]]
    translation_weights: Mapping[str, Mapping[str, float]]
    rarest: Mapping[str, float]
    rarest_beside_names: Mapping[str, float]
    lit: Set[str]


class Query(NamedTuple):
    """A question with its options, its marks, its words in the library, and where to search; `average` is in terms.

    `said` is how much of the question the candidates say word for word, by the id of the chunk: 1 is all of it.
    """

    syntax: QuestionSyntax
    question: ParsedQuestion
    terms: QueryTerms
    respelled: Sequence[Respelling]
    languages: Mapping[str, Language]
    average: float
    reader: Reader
    encoder: Encoder
    scope: Scope
    options: AskOptions
    tuning: Tuning
    said: Mapping[int, float] = MappingProxyType({})

    @property
    def is_spoken(self) -> bool:
        """Whether the library has the question's language."""
        return self.question.language in self.languages

    @property
    def names(self) -> list[Sequence[str]]:
        """The name that it asks for, in terms, and the translations of the whole name; empty without one."""
        name = self.question.name
        if not name:
            return []
        words = (word for each in self.terms.translated.values() for word in each if terms(word.word) == name)
        return [name, *(each for word in words for each in word.alternatives)]

    @property
    def limit(self) -> int:
        """The number of candidates from each index, about."""
        return max(_CANDIDATES, _CANDIDATES_A_MOMENT * self.options.k)


def read(syntax: QuestionSyntax, reader: Reader, encoder: Encoder, options: AskOptions, tuning: Tuning) -> Query:
    """Read a question, with the words that are meant for misspelt ones; raises UsageError if it's empty or too long."""
    languages = reader.languages()
    parsed = parse(syntax.text, encoder, languages)
    looked_up = look_up(parsed, reader, languages)
    chunks = sum(language.chunks for language in languages.values())
    if words := respellings(parsed.text, parsed.content, looked_up.rarities, reader, chunks):
        parsed = parse(respelled(parsed.text, parsed.content, words), encoder, languages)
        looked_up = look_up(parsed, reader, languages)
    average = sum(language.terms for language in languages.values()) / max(chunks, 1)
    scope = reader.scope(options.filters)
    return Query(syntax, parsed, looked_up, words, languages, average, reader, encoder, scope, options, tuning)


def parse(text: str, encoder: Encoder, languages: Mapping[str, Language]) -> ParsedQuestion:
    """Embed a question and detect its language; raises UsageError for one that is empty or too long."""
    if len(text) > LONGEST_QUESTION:
        raise UsageError(f"the question has {len(text):,} characters: ask in {LONGEST_QUESTION:,} at most")
    question_terms = terms(text)
    if not question_terms:
        shown = clean(text)[:_SHOWN]
        what = f"the question {shown} has no words" if shown else "the question is empty"
        raise WordlessQuestion(shown, f'{what}: ask in your own words, for instance `seekpoint ask "why masks?"`')
    means = {name: language.mean for name, language in languages.items()}
    vector = encoder.question(to_embed(text))
    guess = nearest_language(vector, means)
    language = language_of(text, guess)
    mean = means.get(guess or "")
    if language not in means:
        mean = background(encoder.card.name).get(language, mean)
    without = vector if mean is None else centred(vector, mean)
    return ParsedQuestion(
        text, question_terms, content_terms(text), language, without, has_content(text), vector, asked_name(text)
    )


def look_up(question: ParsedQuestion, reader: Reader, languages: Mapping[str, Language]) -> QueryTerms:
    """Look a question's words up, in three calls of the reader."""
    targets = [target for target in languages if target != question.language]
    spans = neighbours(question.text) if targets else []
    keys = list(dict.fromkeys(key for *_, key in spans))
    translations = reader.translations(question.language, keys) if targets else {}
    translated = {target: translated_words(question.text, spans, translations.get(target, {})) for target in targets}
    groups = [WordGroup(word.alternatives, target) for target, words in translated.items() for word in words]
    named = reader.titles(question.terms)
    titles = possible_titles(question.terms, named)
    title_terms = [term for _, title in titles for term in title]
    frequencies = reader.frequencies([*dict.fromkeys([*question.terms, *title_terms])], groups)
    total = sum(language.chunks for language in languages.values())
    weights = {term: bm25.idf(chunks, total) for term, chunks in frequencies.terms.items()}
    known = {term: weights[term] for term in question.terms if term in weights}
    if question.has_content and not any(term.text in known for term in question.content):
        known = {}  # function words alone say nothing of what the question is about
    discriminative = discriminative_terms(known, question.terms)
    names = match_titles(question.terms, titles, weights)
    weights = {term: known[term] for term in discriminative if term in known}
    titled: dict[str, set[str]] = {}
    for resource_id, title in named:
        titled.setdefault(resource_id, set()).update({*title} & {*question.terms})
    known_rarities = rarities(question, frequencies, translated, languages, set().union(*titled.values()))
    name_terms = frozenset(question.terms).difference(names.rest) if names.limits else frozenset[str]()
    shares, translation_weights = weigh(translated, frequencies.groups, languages)
    return QueryTerms(
        discriminative=discriminative,
        weights=weights,
        rarities=known_rarities,
        titled=titled,
        names=names,
        name_terms=name_terms,
        translated=translated,
        groups=shares,
        translation_weights=translation_weights,
        rarest=_rarest(weights),
        rarest_beside_names=_rarest({term: weight for term, weight in weights.items() if term not in name_terms}),
        lit=_lit(known_rarities.keys(), weights.keys(), translated) if question.has_content else set(),
    )


def discriminative_terms(weights: Mapping[str, float], question_terms: Sequence[str]) -> list[str]:
    """The terms that fewer than a third of the chunks have; all terms if there is none among the known ones.

    Common terms have the longest posting lists by far, and answers are as good without them. In a library of a few
    chunks every term is in more than a third of them.
    """
    if all(weight < COMMON for weight in weights.values()):
        return list(question_terms)
    return [term for term in question_terms if weights.get(term, inf) >= COMMON]


def _rarest(weights: Mapping[str, float]) -> dict[str, float]:
    """The heaviest terms that are looked up, the rarest first, with their weights."""
    return dict(sorted(weights.items(), key=lambda item: -item[1])[:_MOST_TERMS])


def _lit(content: Set[str], weights: Set[str], translated: Mapping[str, Sequence[TranslatedWord]]) -> set[str]:
    """The terms that quotes mark: the content words of the question, and the content words that translate one."""
    foreign = {
        term
        for words in translated.values()
        for word in words
        if not content.isdisjoint(terms(word.word))
        for alternative in word.alternatives
        for term in alternative
    }
    return {*content, *(term for term in foreign - weights if not is_function_word(term))}


def rarities(
    question: ParsedQuestion,
    frequencies: Frequencies,
    translated: Mapping[str, Sequence[TranslatedWord]],
    languages: Mapping[str, Language],
    titled: Set[str],
) -> dict[str, float]:
    """The rarity of each content term, from 0 in every chunk to 1 in none; in its own spelling or in translation.

    A term of a title counts as one of a chunk, if none has it. A translation that is more than _TIMES as frequent as
    the term itself says little: it stands for other words too (*stain* for 上色).
    """
    total = max(sum(language.chunks for language in languages.values()), 1)
    least, is_spoken = _LEAST_CHUNKS / total, question.language in languages
    own = {term.text: frequencies.terms.get(term.text, term.text in titled) / total for term in question.content}
    shares, counts = dict(own), iter(frequencies.groups)
    for target, words in translated.items():
        for word in words:
            share = next(counts) / languages[target].chunks
            for term in own.keys() & {*terms(word.word)}:
                most = _TIMES * max(own[term], least) if is_spoken else 1.0
                shares[term] = max(shares[term], min(share, most))
    return {term: log(max(share, least)) / log(least) for term, share in shares.items()}


# One term is a word like any other.
_FEWEST_TERMS = 2
# The id of a resource, and the terms of its title or of a part of it.
_Title: TypeAlias = tuple[str, Sequence[str]]


class TitleMatch(NamedTuple):
    """The ids of the resources that are named, and the question's terms beside the names."""

    resources: frozenset[str]
    rest: Sequence[str]

    @property
    def limits(self) -> bool:
        """Whether the named resources limit the search; a question that is only a name asks for the topic."""
        return bool(self.resources and self.rest)


def possible_titles(question_terms: Sequence[str], titles: Iterable[_Title]) -> list[_Title]:
    """The titles all of whose terms are in the question but for some at their ends."""
    present, possible = set(question_terms), []
    for resource_id, title in titles:
        places = [place for place, term in enumerate(title) if term in present]
        if len(places) >= _FEWEST_TERMS and places[-1] - places[0] == len(places) - 1:
            possible.append((resource_id, title))
    return possible


def match_titles(question_terms: Sequence[str], titles: Iterable[_Title], weights: Mapping[str, float]) -> TitleMatch:
    """Find the titles that a question has, of possible ones; `weights` has the weights of their terms.

    Words at either end of a title that many chunks have, such as an article, needn't be there.
    """
    question = "\0".join(["", *question_terms, ""])
    resources, names = set(), set()
    for resource_id, title in titles:
        rare = [place for place, term in enumerate(title) if weights.get(term, COMMON) >= COMMON]
        core = title[rare[0] : rare[-1] + 1] if rare else ()
        joined_core = "\0".join(["", *core, ""])
        if len(core) >= _FEWEST_TERMS and joined_core in question:
            resources.add(resource_id)
            names.add(joined_core)
    rest = question
    for name in sorted(names, key=lambda name: (-len(name), question.index(name))):
        rest = rest.replace(name, "\0")
    return TitleMatch(frozenset(resources), [term for term in rest.split("\0") if term])
