"""A question: its vector, its terms and their weights, the resources it names, its translations, its spelling."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from functools import lru_cache
from itertools import chain
from math import inf, log
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import regex

from seekpoint.index.errors import UsageError, WordlessQuestion
from seekpoint.index.models.centring import centred, nearest_language
from seekpoint.index.store import Reader
from seekpoint.index.text import bm25
from seekpoint.index.text.clean import clean
from seekpoint.index.text.scripts import language_of, simplified, to_embed
from seekpoint.index.text.terms import (
    Term,
    content_terms,
    fold,
    has_content,
    is_function_word,
    joined,
    located_terms,
    terms,
)
from seekpoint.index.types import Alternatives, Encoder, Frequencies, Language, Scope, WordGroup
from seekpoint.query.answers import Respelling
from seekpoint.query.search.literal import QuestionSyntax, read_syntax
from seekpoint.query.search.settings import (
    COMMON,
    LONGEST_QUESTION,
    SALIENT_SHARE,
    UNKNOWN_SHARE,
    AskOptions,
    Tuning,
)

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors


# Candidates by meaning, by words and by translations, of each: many are neighbours of a better one. Words count in
# those alone, the ones with the highest BM25: where they count in all chunks, moment@5 falls by .008 on dev.
_CANDIDATES, _CANDIDATES_A_MOMENT = 80, 6
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
    """The words of a question with their weights in the library.

    `discriminative` are its terms but for those that tell chunks apart too little, `weights` the weights of those that
    the library has. `rarities` are the rarities of its content terms, by term; 1 is that of a term that the library
    has nowhere, nor a translation of it. `names` are the resources that the question names, and `name_terms` the terms
    that only name them. `translated` are its words with translations by target language, `groups` those that are looked
    up, with their shares of the score, and `translation_weights` the weights of their terms, by language. `rarest` are
    the terms that chunks are searched by, `rarest_beside_names` those but for `name_terms`, both with their weights,
    and `lit` those that quotes mark.
    """

    discriminative: Sequence[str]
    weights: Mapping[str, float]
    rarities: Mapping[str, float]
    names: TitleMatch
    name_terms: frozenset[str]
    translated: Mapping[str, Sequence[TranslatedWord]]
    groups: Sequence[tuple[WordGroup, float]]
    translation_weights: Mapping[str, Mapping[str, float]]
    rarest: Mapping[str, float]
    rarest_beside_names: Mapping[str, float]
    lit: Set[str]


class Query(NamedTuple):
    """A question with its options, its marks, its words in the library, and where to search; `average` is in terms."""

    syntax: QuestionSyntax
    question: ParsedQuestion
    terms: QueryTerms
    respelled: Sequence[Respelling]
    languages: Mapping[str, Language]
    average: float
    reader: Reader
    scope: Scope
    options: AskOptions
    tuning: Tuning

    @property
    def is_spoken(self) -> bool:
        """Whether the library has the question's language."""
        return self.question.language in self.languages

    @property
    def limit(self) -> int:
        """The number of candidates from each index, about."""
        return max(_CANDIDATES, _CANDIDATES_A_MOMENT * self.options.k)


def read(question: str, reader: Reader, encoder: Encoder, options: AskOptions, tuning: Tuning) -> Query:
    """Read a question, with the words that are meant for misspelt ones; raises UsageError if it's empty or too long."""
    languages = reader.languages()
    syntax = read_syntax(question)
    parsed = parse(syntax.text, encoder, languages)
    looked_up = look_up(parsed, reader, languages)
    chunks = sum(language.chunks for language in languages.values())
    if words := respellings(parsed, looked_up, reader, chunks):
        parsed = parse(respelled(parsed, words), encoder, languages)
        looked_up = look_up(parsed, reader, languages)
    average = sum(language.terms for language in languages.values()) / max(chunks, 1)
    scope = reader.scope(options.filters)
    return Query(syntax, parsed, looked_up, words, languages, average, reader, scope, options, tuning)


def parse(text: str, encoder: Encoder, languages: Mapping[str, Language]) -> ParsedQuestion:
    """Embed a question and detect its language; raises UsageError for one that is empty or too long."""
    if len(text) > LONGEST_QUESTION:
        raise UsageError(f"the question has {len(text):,} characters: ask in {LONGEST_QUESTION:,} at most")
    found = terms(text)
    if not found:
        shown = clean(text)[:_SHOWN]
        what = f"the question {shown} has no words" if shown else "the question is empty"
        raise WordlessQuestion(shown, f'{what}: ask in your own words, for instance `seekpoint ask "why masks?"`')
    means = {name: language.mean for name, language in languages.items()}
    vector = encoder.question(to_embed(text))
    guess = nearest_language(vector, means)
    vector = vector if guess is None else centred(vector, means[guess])
    language = language_of(text, guess)
    return ParsedQuestion(text, found, content_terms(text), language, vector)


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
    weights = {term: known[term] for term in discriminative if term in known}
    rarities = _rarities(question.content, frequencies, translated, languages)
    name_terms = frozenset(question.terms).difference(names.rest) if names.limits else frozenset[str]()
    return QueryTerms(
        discriminative=discriminative,
        weights=weights,
        rarities=rarities,
        names=names,
        name_terms=name_terms,
        translated=translated,
        groups=shares,
        translation_weights=translation_weights,
        rarest=_rarest(weights),
        rarest_beside_names=_rarest({term: weight for term, weight in weights.items() if term not in name_terms}),
        lit=_lit(question, rarities.keys(), weights.keys(), chain.from_iterable(translated.values())),
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


def _lit(
    question: ParsedQuestion, rarities: Set[str], weights: Set[str], translating: Iterable[TranslatedWord]
) -> set[str]:
    """The terms that quotes mark: the content words of the question, and the content words that translate one."""
    if not question.has_content:
        return set()
    words = (word for word in translating if not rarities.isdisjoint(terms(word.word)))
    found = {term for word in words for alternative in word.alternatives for term in alternative}
    return {*rarities, *(term for term in found - weights if not is_function_word(term))}


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


# Words across languages: a question's words in the chunks' languages, weighted as one term a word.
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
        WeightedWord(word, frequency, bm25.idf(frequency, chunks) if frequency else 0.0)
        for word, frequency in zip(words, frequencies, strict=True)
    ]


def shares(words: Sequence[WeightedWord]) -> list[tuple[TranslatedWord, float]]:
    """The words that any chunk has, each with its share of the highest BM25 that the question could reach."""
    known = [word for word in words if word.chunks]
    heaviest = max((word.weight for word in known), default=0.0)
    missing = (len(words) - len(known)) * UNKNOWN_SHARE * heaviest
    highest = (math.fsum(word.weight for word in known) + missing) * (bm25.K1 + 1)
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


# Misspelt words: one that the library has nowhere is read as a frequent one that differs by an edit or two. A word that
# the library has in its British or American spelling is read as that, however rare it is.

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
    unknown = {
        word: stem
        for word, stem in words.items()
        if looked_up.rarities[stem] == 1 and len(stem) >= _SHORT and _LATIN.fullmatch(word)
    }
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
            whole = meant + fold(word).removeprefix(unknown[word])  # with the ending of the word
            found.append(Respelling(word, whole if terms(whole) == [meant] else meant))
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
        and (len(stem) >= _DISTINCT or len(stem) != len(text) or sorted(stem) == sorted(text))  # no other letter
    }
