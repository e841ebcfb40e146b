"""Chapters for a recording whose source gives none, made of its transcript."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice, pairwise
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import regex

from seekpoint.index.text.clean import clean
from seekpoint.index.text.languages import simplified
from seekpoint.index.text.terms import UNSPACED, content_terms, content_test, function_words, located_words, words
from seekpoint.index.text.transcript_text import CueText, columns
from seekpoint.index.types import Chapter, Cue, EmbeddedTranscript, ModelCard, Pieces
from seekpoint.indexer.vocabulary.dictionary import cut

if TYPE_CHECKING:
    from seekpoint.indexer.transcript.segmentation import Unit


Key: TypeAlias = tuple[str, ...]
"""The words of a phrase, as stems or in simplified characters."""

# The sizes of phrases: a word counts 2, a character of a script without spaces 1.
LONGEST = 8
_WORD = 2
_LEAST = 2
# Characters between the words of a phrase.
_JOINT = regex.compile(r"[\s\-‐’'/]*")
_HAN = regex.compile(r"\p{Han}+")

# The words without content that may stand inside a phrase.
_INSIDE = frozenset(words("of the a an in for to and with on per by vs 的 与 和 之"))


class Phrase(NamedTuple):
    """A phrase in a text: its words, how it is written there, its size, and the words before and after it."""

    key: Key
    written: str
    size: int
    before: str
    after: str


class _Word(NamedTuple):
    """A word in a text: its key, offsets and size; whether a phrase may begin or end with it, or have it inside."""

    key: str
    start: int
    stop: int
    size: int
    is_content: bool
    is_inside: bool


def phrases(text: str) -> Iterator[Phrase]:
    """All phrases of a text, in order, with repetitions.

    A phrase is up to four words that stand together, in Chinese up to eight characters, and neither begins nor ends
    with a word that says little.
    """
    located = list(_words(text))
    joined = [_is_joined(text, word, after) for word, after in pairwise(located)] + [False]
    for first, begin in enumerate(located):
        if not begin.is_content:
            continue
        size, before = 0, located[first - 1].key if first and joined[first - 1] else ""
        for last in range(first, len(located)):
            word = located[last]
            size += word.size
            if size > LONGEST or not (word.is_content or word.is_inside):
                break
            if word.is_content and size >= _LEAST:
                key = tuple(each.key for each in located[first : last + 1])
                after = located[last + 1].key if joined[last] else ""
                yield Phrase(key, text[begin.start : word.stop], size, before, after)
            if not joined[last]:
                break


def _is_joined(text: str, word: _Word, after: _Word) -> bool:
    """Whether two words may stand in a phrase; white space between Chinese words is a pause."""
    between = text[word.stop : after.start]
    is_pause = between.isspace() and all(map(_UNSPACED.match, (text[word.stop - 1], text[after.start])))
    return not is_pause and bool(_JOINT.fullmatch(between))


def _words(text: str) -> Iterator[_Word]:
    """The words of a text; Chinese is cut by the dictionaries."""
    is_content = content_test(text)
    plain = simplified(text)
    place = 0
    for word, stem in zip(located_words(text), located_words(text, stemmed=True), strict=True):
        if word.start < place:
            continue
        run = _HAN.match(plain, word.start)
        if run:
            for part in cut(run[0]):
                place = word.start if place < word.start else place
                yield _Word(part, place, place + len(part), len(part), not is_empty(part), part in _INSIDE)
                place += len(part)
        else:
            yield _Word(
                stem.text,
                word.start,
                word.stop,
                1 if _UNSPACED.match(word.text) else _WORD,
                is_content(stem) and not is_empty(word.text),
                word.text in _INSIDE,
            )


def is_empty(word: str) -> bool:
    """Whether a word is empty: a listed one, a number, a letter, or Chinese made of listed characters alone."""
    listed = _listed()
    if word in listed or word.isdecimal():
        return True
    return all(character in listed for character in word) if _HAN.fullmatch(word) else len(word) == 1


@cache
def _listed() -> frozenset[str]:
    """The words that say little, and function words."""
    files = sorted((Path(__file__).parent / "empty_words").glob("*.txt"))
    listed = (*" ".join(file.read_text("utf-8") for file in files).split(), *function_words())
    return frozenset(part for word in listed for part in ([word] if _HAN.search(word) else words(word)))


MOST_COLUMNS = 60
"""The width of the longest title."""

# Words before a noun, and words before a verb.
_BEFORE_NOUNS = frozenset(
    words("the a an this that these those your our my his her their its of in with for about on by no")
)
_BEFORE_VERBS = frozenset(words("to i you we they he she it who can will would should could might must don didn not"))
# The share of a phrase's occurrences that may go on with the same character: more, and it is a part of a word.
_MOST_BOUND = 0.7
# The share of the first phrase's weight from which a second phrase is added.
_SECOND = 0.6
_CANDIDATES = 12
_NOUN = 0.7
_UNSPACED = regex.compile(f"[{UNSPACED}]")


class _Usage:
    """How a phrase is used in the whole recording."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.written = Counter[str]()
        self.before = Counter[str]()
        self.after = Counter[str]()

    def add(self, phrase: Phrase) -> None:
        self.written[phrase.written] += 1
        self.before[phrase.before] += 1
        self.after[phrase.after] += 1

    @property
    def count(self) -> int:
        return self.written.total()

    @property
    def text(self) -> str:
        """The phrase as it is written most often."""
        return clean(self.written.most_common(1)[0][0])

    @property
    def is_free(self) -> bool:
        """Whether it is a whole phrase, not a part of a word that the dictionaries lack."""
        return all(
            times <= max(_MOST_BOUND * self.count, 1) or not _UNSPACED.fullmatch(neighbour) or is_empty(neighbour)
            for neighbour, times in (*self.before.most_common(1), *self.after.most_common(1))
        )

    @property
    def nominal(self) -> float:
        """How likely it is a noun, by the words before it: from 0 to 1."""
        nouns = sum(times for word, times in self.before.items() if word in _BEFORE_NOUNS)
        verbs = sum(times for word, times in self.before.items() if word in _BEFORE_VERBS)
        return (nouns + 1) / (nouns + verbs + 2)


def titles(segments: Sequence[str]) -> list[str]:
    """A title for each segment's text, all different; empty for one without a possible title. Pure.

    A title is a phrase that distinguishes the segment from the rest. The weight of a phrase grows with how often it is
    said in the segment, how much more often than in the whole recording, with its size, and with how often it stands
    where a noun does.
    """
    phrases_of = [list(phrases(text)) for text in segments]
    usages: dict[Key, _Usage] = {}
    for phrase in (phrase for group in phrases_of for phrase in group):
        usages.setdefault(phrase.key, _Usage(phrase.size)).add(phrase)
    length = max(sum(map(len, segments)), 1)
    titled: dict[str, None] = {}
    chosen = []
    for text, group in zip(segments, phrases_of, strict=True):
        weights = _weights(Counter(phrase.key for phrase in group), usages, len(text) / length)
        title = next((_shortened(each) for each in _titles(weights, usages) if each not in titled), "")
        titled[title] = None
        chosen.append(title)
    return chosen


def _weights(counts: Counter[Key], usages: Mapping[Key, _Usage], share: float) -> dict[Key, float]:
    """The weights of a segment's phrases, the heaviest first; `share` is that of the segment in the recording."""

    def weight(key: Key) -> float:
        usage, times = usages[key], counts[key]
        telling = log(times + 0.3) * log(times / usage.count / max(share, 1e-6))
        return telling * (0.2 + min(usage.size, 6) / 4) * usage.nominal

    weights = {key: weight(key) for key in counts if usages[key].is_free}
    return dict(sorted(weights.items(), key=lambda item: -item[1]))


def _titles(weights: Mapping[Key, float], usages: Mapping[Key, _Usage]) -> Iterator[str]:
    """Possible titles, best first: a phrase, with a second one of other words that weighs nearly as much."""
    keys = list(islice(weights, _CANDIDATES))
    for place, key in enumerate(keys):
        others = (
            other
            for other in keys[place + 1 :]
            if weights[other] >= _SECOND * weights[key]
            and not set(key) & set(other)
            # A word alone is often an adjective or a verb.
            and (len(other) > 1 or _UNSPACED.match(other[0]) or usages[other].nominal >= _NOUN)
        )
        longer = (_joined([usages[key].text, usages[other].text]) for other in others)
        yield next((title for title in longer if columns(title) <= MOST_COLUMNS), _joined([usages[key].text]))


def _joined(shown: Sequence[str]) -> str:
    title = ("、" if any(map(_UNSPACED.search, shown)) else ", ").join(shown)
    return title[:1].upper() + title[1:]


def _shortened(title: str) -> str:
    if columns(title) <= MOST_COLUMNS:
        return title
    size = next(size for size in range(len(title), 0, -1) if columns(f"{title[:size]}…") <= MOST_COLUMNS)
    return f"{title[:size].rstrip()}…"


LEAST_DURATION = 600.0
"""Seconds. A shorter recording gets no chapters: its bar and its transcript can be looked over."""

# Seconds of the shortest unit, and the most units: with more, a recording of a whole day would take gigabytes.
_UNIT, _MOST_UNITS = 5.0, 1500


def with_chapters(embedded: EmbeddedTranscript, card: ModelCard) -> EmbeddedTranscript:
    """The transcript with chapters made of its text and of the vectors of its pieces, if it is long enough."""
    cues = embedded.transcript.cues
    if _end(cues) < LEAST_DURATION:
        return embedded
    pieces: Pieces | None = None
    if embedded.pieces:
        from seekpoint.index.models.piece_vectors import dequantised

        stored, vectors = zip(*embedded.pieces, strict=True)
        pieces = dequantised([piece.start for piece in stored], vectors, card)
    return replace(embedded, transcript=replace(embedded.transcript, chapters=chapters(cues, pieces)))


def chapters(cues: Sequence[Cue], pieces: Pieces | None = None) -> tuple[Chapter, ...]:
    """The chapters of a recording, which begin with sentences; none if its subject doesn't change. Pure."""
    from seekpoint.indexer.transcript.segmentation import boundaries

    said = CueText(cues)
    parts = list(units(said))
    begins = [0, *(parts[k].offset for k in boundaries(parts, _end(cues), pieces))]
    texts = [said.text[first:stop] for first, stop in pairwise([*begins, len(said.text)])]
    starts = [0.0, *(said.second_at(offset) for offset in begins[1:])]
    chapters = [
        Chapter(start, title, generated=True) for start, title in zip(starts, titles(texts), strict=True) if title
    ]
    return tuple(chapters) if len(chapters) > 1 else ()


def units(said: CueText) -> Iterator[Unit]:
    """Divide a transcript into units: each begins with a sentence, and some seconds after the one before."""
    from seekpoint.indexer.transcript.segmentation import Unit

    least = max(_UNIT, _end(said.cues) / _MOST_UNITS)
    places = [(0, said.cues[0].start)]
    for offset in said.sentences(is_opening=True):
        second = said.second_at(offset)
        if offset and second - places[-1][1] >= least:
            places.append((offset, second))
    for (offset, second), (stop, _) in pairwise([*places, (len(said.text), 0.0)]):
        yield Unit(offset, second, [term.text for term in content_terms(said.text[offset:stop])])


def _end(cues: Sequence[Cue]) -> float:
    return max(cue.end for cue in cues)
