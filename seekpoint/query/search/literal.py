"""Words to be said as they are: phrases, exclusions, a speaker's words, and the share of a question that is said.

Quotation marks ask for a phrase, a minus before a word leaves it out. A mark without its partner, an apostrophe, and a
minus within a word or before a number are ordinary characters.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from math import fsum
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import regex
from numpy.typing import NDArray

from seekpoint.index.errors import UsageError
from seekpoint.index.text.terms import UNSPACED, Term, is_whole_word, located_words, terms, words
from seekpoint.index.types import Alternatives, CueSpan, Evidence, Filters, StoredChunk, TermMatrix
from seekpoint.query.search.settings import LONGEST_QUESTION

if TYPE_CHECKING:
    from seekpoint.index.store import Reader


# The characters that may mean something in a question.
_MARKS = frozenset('-－"“”„«»「『｢＂‘')
# Terms that tell a long phrase from all others. A line break is looked for after each of the first characters only.
_MOST_TERMS, _BROKEN = 32, 8


class Pattern(NamedTuple):
    """Consecutive words to look for, as they are written or `stemmed`; `text` is what the question says.

    Case, punctuation, line breaks and the script of Chinese make no difference. A chunk with the pattern has its
    `terms`, unless a line breaks within a word.
    """

    text: str
    words: tuple[str, ...]
    stemmed: bool
    terms: tuple[str, ...]

    @classmethod
    def of(cls, text: str, *, stemmed: bool = False) -> Self:
        """The pattern of a phrase, or of a `stemmed` word."""
        text = text.strip()
        return cls(text, tuple(words(text, stemmed=stemmed)), stemmed, tuple(dict.fromkeys(terms(text)))[:_MOST_TERMS])

    @property
    def alternatives(self) -> Alternatives:
        """All terms, or all but one bigram of characters, which a line break may have cut in two."""
        bigrams = [term for term in self.terms if not is_whole_word(term)]
        broken = [tuple(term for term in self.terms if term != each) for each in bigrams] if len(bigrams) > 1 else []
        return (self.terms, *broken[:_BROKEN])

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it stands in a text, from the left to the right."""
        located = list(located_words(text, stemmed=self.stemmed))
        joined, sought = _joined([word.text for word in located]), _joined(self.words)
        ends = [*accumulate(len(word.text) + 1 for word in located)]
        place = joined.find(sought)
        while place >= 0:
            first = bisect_left(ends, place + 1)
            yield located[first].start, located[first + len(self.words) - 1].stop
            place = joined.find(sought, place + 1)

    def is_in(self, text: str) -> bool:
        """Whether it stands anywhere in a text."""
        return _joined(self.words) in _joined(words(text, stemmed=self.stemmed))


# Terms of a question that tell a place where they are said one after the other: three words, or four characters.
_TELLING = 3
# A letter or digit of a script with spaces. A mark after one opens nothing: it is an apostrophe, or inches.
_LETTER = rf"[\p{{L}}\p{{N}}--[{UNSPACED}]]"
# Pairs of marks: the opening one, characters that can't stand between, the closing ones.
_PAIRS = (
    (rf'(?<!{_LETTER})"(?=\S)', r"\"", r"\""),
    ("“", r"“”\"", r"”\""),
    ("”", "“”", "”"),
    ("„", r"“”„\"", r"“”\""),
    *((opens, opens + closes, closes) for opens, closes in ("«»", "»«", "「」", "『』", "｢｣", "＂＂")),
)
_SINGLE = rf"(?<!{_LETTER})‘(?=[^‘’]*[\p{{L}}\p{{N}}])(?P<said>(?:[^‘’]|’(?={_LETTER}))*)’(?!{_LETTER})"
_QUOTED = "|".join(
    [rf"{opens}(?=[^{not_in}]*[\p{{L}}\p{{N}}])(?P<said>[^{not_in}]*)[{closes}]" for opens, not_in, closes in _PAIRS]
    + [_SINGLE]
)
_WORD = r"(?P<word>\p{L}[\p{L}\p{M}\p{N}]*(?:[-_.'’·]+[\p{L}\p{M}\p{N}]+)*)"
# Compiled where a question has marks: it takes 5 ms.
_MARKED = rf"(?<!\S)(?P<minus>[-－])(?:{_WORD}|{_QUOTED})|{_QUOTED}"
_MARK = regex.compile(r"(?<!\S)[-－](?=[\p{L}\"“”„«»「『｢＂‘])|[\"“”„«»「」『』｢｣＂‘]", regex.V1)
_STRAIGHT = '"＂'
_SPACES = regex.compile(r"\s+")


class QuestionSyntax(NamedTuple):
    """A question without its marks, its phrases, and its exclusions.

    `may_stress`: all phrases are in typographic marks, in which people also put words that they only stress.
    """

    text: str
    phrases: tuple[Pattern, ...] = ()
    excluded: tuple[Pattern, ...] = ()
    may_stress: bool = False

    @property
    def is_strict(self) -> bool:
        """Whether a phrase has to be said, or something is left out, which another wording needn't keep."""
        return bool(self.excluded) or (bool(self.phrases) and not self.may_stress)

    @property
    def whole(self) -> Pattern | None:
        """The question as a phrase, if it has enough words to tell a place, and no marks."""
        pattern = None if self.phrases or self.excluded else Pattern.of(self.text)
        return pattern if pattern and len(pattern.terms) >= _TELLING else None


@lru_cache(maxsize=16)
def read_syntax(question: str) -> QuestionSyntax:
    """Read the marks in a question; raises UsageError where it only leaves words out."""
    if len(question) > LONGEST_QUESTION or _MARKS.isdisjoint(question):
        return QuestionSyntax(question)
    phrases, excluded = dict[Pattern, None](), dict[Pattern, None]()
    marks = set[str]()

    def unmarked(mark: regex.Match[str]) -> str:
        said = str(mark["said"] or mark["word"])
        marks.update(() if mark["minus"] else mark[0][0])
        (excluded if mark["minus"] else phrases)[Pattern.of(said, stemmed=bool(mark["word"]))] = None
        return "" if mark["minus"] else said

    text = regex.sub(_MARKED, unmarked, question, flags=regex.V1)
    may_stress = bool(marks) and marks.isdisjoint(_STRAIGHT)
    if not excluded:
        return QuestionSyntax(text, tuple(phrases), may_stress=may_stress)
    text = _SPACES.sub(" ", text).strip()
    if not any(map(str.isalnum, text)):
        raise UsageError(
            f"the question only leaves words out ({question.strip()[:40]}): say what to find too, for instance "
            "`attention -mask`"
        )
    return QuestionSyntax(text, tuple(phrases), tuple(excluded), may_stress)


def without_marks(text: str) -> str:
    """A text that is asked as it is, such as a quote: without the marks that would mean something."""
    return str(_MARK.sub("", text))


def texts_of(chunks: Sequence[StoredChunk], reader: Reader) -> list[str]:
    """What is said in each chunk."""
    spans = [CueSpan(chunk.transcript_id, chunk.first, chunk.stop) for chunk in chunks]
    return [" ".join(cue.text for cue in cues) for cues in reader.cues(spans)]


def remaining(
    evidence: Evidence, phrases: Sequence[Pattern], excluded: Sequence[Pattern], reader: Reader
) -> tuple[Evidence, Evidence]:
    """The candidates that have nothing excluded, and those of them that have every phrase.

    The evidence has the counts of the patterns' terms.
    """
    patterns, chunks, words = [*excluded, *phrases], evidence.chunks, evidence.words
    rows = dict(zip(words.terms, words.counts, strict=True))
    possible = np.ones((len(patterns), len(chunks)), bool)
    for row, pattern in enumerate(patterns):
        for term in filter(is_whole_word, pattern.terms):  # a bigram of characters may be broken by a line break
            possible[row] &= rows[term] > 0 if term in rows else False
    read = np.flatnonzero(np.any(possible, axis=0)).tolist()
    texts = dict(zip(read, texts_of([chunks[index] for index in read], reader), strict=True))
    having = np.zeros_like(possible)
    for row, index in np.argwhere(possible).tolist():
        having[row, index] = patterns[row].is_in(texts[index])
    is_allowed = np.logical_not(having[: len(excluded)].any(axis=0))
    has_phrases = having[len(excluded) :].all(axis=0)
    return _of(evidence, is_allowed), _of(evidence, np.logical_and(is_allowed, has_phrases))


# The share of a passage that someone says from which it counts as theirs.
_OWN = 0.25


def spoken_by(evidence: Evidence, filters: Filters, reader: Reader, asked: Collection[str]) -> Evidence:
    """The candidates in which someone speaks whom the filter names; reads each transcript once.

    Those come last of which they say little, and no term that is `asked` for.
    """
    spans: dict[int, CueSpan] = {}
    for chunk in evidence.chunks:
        span = spans.get(chunk.transcript_id, CueSpan(chunk.transcript_id, chunk.first, chunk.stop))
        spans[span.transcript_id] = span._replace(first=min(span.first, chunk.first), stop=max(span.stop, chunk.stop))
    cues = dict(zip(spans, reader.cues([*spans.values()]), strict=True))
    chunks, chosen = [], np.zeros(len(evidence.chunks), bool)
    for index, chunk in enumerate(evidence.chunks):
        first = spans[chunk.transcript_id].first
        said = cues[chunk.transcript_id][chunk.first - first : chunk.stop - first]
        own = " ".join(cue.text for cue in said if filters.is_spoken_by(cue.speaker))
        is_little = len(own) < _OWN * sum(len(cue.text) for cue in said) and not set(asked).intersection(terms(own))
        chunks.append(chunk._replace(is_reference=chunk.is_reference or is_little))
        chosen[index] = bool(own)
    return _of(evidence._replace(chunks=chunks), chosen)


def _of(evidence: Evidence, chosen: NDArray[np.bool_]) -> Evidence:
    chunks, cosines, (terms, counts, lengths) = evidence
    indices = np.flatnonzero(chosen).tolist()
    matrix = TermMatrix(terms, counts[:, chosen], lengths[chosen])
    return Evidence([chunks[index] for index in indices], [cosines[index] for index in indices], matrix)


def _joined(parts: Sequence[str]) -> str:
    return "\0" + "\0".join(parts) + "\0"


# Words, or characters where these aren't spaced. Of a question with fewer than _LONG only the whole counts.
_RUN, _LONG = 3, 7
# The share of the terms of a long question that a passage has which is read, and of its content above which it is said.
_HAS, _SAYS = 0.6, 0.5
# Passages that are read. Of 150 short questions nine in ten have three at most with all their words; for a long one, in
# a library of 100,000 chunks, hundreds may have enough.
_MOST_READ, _MOST_OF_A_LONG = 60, 20
# Line breaks between characters: one in so many bigrams.
_LINE = 6
# The rarity of words that all passages have, so that they count where there are no others.
_LEAST_RARE = 0.01
# Added to the rarity of each term, so that function words tell passages apart, too.
_BESIDE = 0.1


def shares_said(
    evidence: Evidence,
    whole: Pattern,
    question: str,
    content: Sequence[Term],
    rarities: Mapping[str, float],
    reader: Reader,
) -> dict[int, float]:
    """The share of a question that each candidate says, by the id of the chunk: 1 is all of it, word for word.

    Below 1 it is the share, by rarity, of the content terms in runs of three said words. A word that the library lacks
    counts as much as the others do on average; pairs of characters that it lacks don't, since these are rarely words.
    """
    said = list(located_words(question))
    texts = _read(evidence, whole, rarities, reader, is_long=len(said) >= _LONG)
    shares = {chunk: 1.0 for chunk, text in texts.items() if whole.is_in(text)}
    if len(said) < _LONG:
        return shares
    known = (term for term in content if rarities[term.text] < 1)
    weighed = [(term.start, term.stop, max(rarities[term.text], _LEAST_RARE)) for term in known]
    lacking = sum(rarities[term.text] == 1 and is_whole_word(term.text) for term in content)
    total = fsum(weight for *_, weight in weighed) * (1 + lacking / max(len(weighed), 1)) or 1.0
    asked = _runs([word.text for word in said])
    for chunk in texts.keys() - shares.keys():
        having = {*_runs(words(texts[chunk]))}
        spans = [(said[k].start, said[k + _RUN - 1].stop) for k, run in enumerate(asked) if run in having]
        within = (weight for a, b, weight in weighed if any(start <= a and b <= stop for start, stop in spans))
        if (share := fsum(within) / total) > _SAYS:
            shares[chunk] = min(share, 0.99)
    return shares


def _runs(texts: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*(texts[k:] for k in range(_RUN)), strict=False))


def _read(
    evidence: Evidence, whole: Pattern, rarities: Mapping[str, float], reader: Reader, *, is_long: bool
) -> dict[int, str]:
    """The texts of the candidates that have most terms of a question, the rare ones first, by the id of the chunk."""
    rows = dict(zip(evidence.words.terms, evidence.words.counts, strict=True))
    none: NDArray[np.float64] = np.zeros(len(evidence.chunks))
    terms = whole.terms
    has = np.array([rows.get(term, none) > 0 for term in terms])
    are_words = np.array([is_whole_word(term) for term in terms])
    broken = (~has[~are_words]).sum(axis=0)
    possible = has[are_words].all(axis=0) & (broken <= 1 + np.sum(~are_words) // _LINE)
    if is_long:
        possible |= has.mean(axis=0) >= _HAS
    weights = [rarities.get(term, 0.0) + _BESIDE for term in terms]
    order = np.argsort(-(weights @ has), kind="stable").tolist()
    most = _MOST_OF_A_LONG if is_long else _MOST_READ
    chunks = [evidence.chunks[index] for index in order if possible[index]][:most]
    if not chunks:
        return {}
    return dict(zip((chunk.id for chunk in chunks), texts_of(chunks, reader), strict=True))
