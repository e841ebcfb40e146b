"""Chapters for a recording whose source gives none, made of its transcript."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain, pairwise
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import regex

from seekpoint.index.text.clean import clean
from seekpoint.index.text.scripts import simplified
from seekpoint.index.text.terms import UNSPACED, content_terms, content_test, function_words, located_words, words
from seekpoint.index.text.transcript_text import CueText, columns
from seekpoint.index.types import Chapter, Cue, EmbeddedTranscript, ModelCard
from seekpoint.indexer.vocabulary.dictionary import cut

if TYPE_CHECKING:
    from seekpoint.index.types import Pieces
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
    """All phrases of a text, in order, with repetitions."""
    located = list(_words(text))
    joined = []  # whether each word and the next one may stand in a phrase
    for one, other in pairwise(located):
        between = text[one.stop : other.start]
        # White space between Chinese words is a pause.
        is_pause = between.isspace() and all(map(_UNSPACED.match, (text[one.stop - 1], text[other.start])))
        joined.append(not is_pause and bool(_JOINT.fullmatch(between)))
    joined.append(False)
    for first, begin in enumerate(located):
        size, before = 0, located[first - 1].key if first and joined[first - 1] else ""
        for last in range(first, len(located) if begin.is_content else first):
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


# Titles for the segments of a recording: the phrases that distinguish a segment from the rest. Extractive, pure.
#
# A phrase is up to four words that stand together, in Chinese up to eight characters, and neither begins nor ends with
# a word that says little. Its weight grows with how often it is said in the segment, how much more often
# than in the whole recording, with its size, and with how often it stands where a noun does.

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
        self.written, self.before, self.after = Counter[str](), Counter[str](), Counter[str]()

    @property
    def is_free(self) -> bool:
        """Whether it is a whole phrase, not a part of a word that the dictionaries lack."""
        return all(
            times <= max(_MOST_BOUND * self.written.total(), 1)
            or not _UNSPACED.fullmatch(neighbour)
            or is_empty(neighbour)
            for neighbour, times in (*self.before.most_common(1), *self.after.most_common(1))
        )

    @property
    def nominal(self) -> float:
        """How likely it is a noun, by the words before it: from 0 to 1."""
        nouns = sum(times for word, times in self.before.items() if word in _BEFORE_NOUNS)
        verbs = sum(times for word, times in self.before.items() if word in _BEFORE_VERBS)
        return (nouns + 1) / (nouns + verbs + 2)


def titles(segments: Sequence[str]) -> list[str]:
    """A title for each segment's text, all different; empty for one without a possible title."""
    phrases_of = [list(phrases(text)) for text in segments]
    usages: dict[Key, _Usage] = {}
    for phrase in chain.from_iterable(phrases_of):
        usage = usages.setdefault(phrase.key, _Usage(phrase.size))
        usage.written[phrase.written] += 1
        usage.before[phrase.before] += 1
        usage.after[phrase.after] += 1
    length = max(sum(map(len, segments)), 1)
    chosen: list[str] = []
    for text, group in zip(segments, phrases_of, strict=True):
        weights = {}
        for key, times in Counter(phrase.key for phrase in group).items():
            usage = usages[key]
            if usage.is_free:
                share = max(len(text) / length, 1e-6)
                telling = log(times + 0.3) * log(times / usage.written.total() / share)
                weights[key] = telling * (0.2 + min(usage.size, 6) / 4) * usage.nominal
        title = next((title for title in _titles(weights, usages) if title not in chosen), "")
        if columns(title) > MOST_COLUMNS:
            size = next(size for size in range(len(title), 0, -1) if columns(f"{title[:size]}…") <= MOST_COLUMNS)
            title = f"{title[:size].rstrip()}…"
        chosen.append(title)
    return chosen


def _titles(weights: Mapping[Key, float], usages: Mapping[Key, _Usage]) -> Iterator[str]:
    """Possible titles, best first: a phrase, with a second one of other words that weighs nearly as much."""
    keys = sorted(weights, key=lambda key: -weights[key])[:_CANDIDATES]
    for place, key in enumerate(keys):
        title = _joined([usages[key]])
        for other in keys[place + 1 :]:
            # A word alone is often an adjective or a verb.
            least_nominal = 0.0 if len(other) > 1 or _UNSPACED.match(other[0]) else _NOUN
            if weights[other] >= _SECOND * weights[key] and usages[other].nominal >= least_nominal:
                longer = _joined([usages[key], usages[other]])
                if not set(key) & set(other) and columns(longer) <= MOST_COLUMNS:
                    title = longer
                    break
        yield title


def _joined(usages: Sequence[_Usage]) -> str:
    """Phrases as they are written most often."""
    shown = [clean(usage.written.most_common(1)[0][0]) for usage in usages]
    title = ("、" if any(map(_UNSPACED.search, shown)) else ", ").join(shown)
    return title[:1].upper() + title[1:]


LEAST_DURATION = 600.0
"""Seconds. A shorter recording gets no chapters: its bar and its transcript can be looked over."""

# Seconds of the shortest unit, and the most units: with more, a recording of a whole day would take gigabytes.
_UNIT, _MOST_UNITS = 5.0, 1500


def with_chapters(embedded: EmbeddedTranscript, card: ModelCard) -> EmbeddedTranscript:
    """The transcript with chapters made of its text and of the vectors of its pieces, if it is long enough."""
    cues = embedded.transcript.cues
    if _end(cues) < LEAST_DURATION:
        return embedded
    pieces = None
    if embedded.pieces:
        from seekpoint.index.models.piece_vectors import dequantised

        cut, vectors = zip(*embedded.pieces, strict=True)
        pieces = dequantised([piece.start for piece in cut], vectors, card)
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

    last, least = said.cues[0].start, max(_UNIT, _end(said.cues) / _MOST_UNITS)
    places = [(0, last)]
    for offset in said.sentences(is_opening=True):
        second = said.second_at(offset)
        if offset and second - last >= least:
            places.append((offset, second))
            last = second
    for (offset, second), (stop, _) in pairwise([*places, (len(said.text), 0.0)]):
        yield Unit(offset, second, [term.text for term in content_terms(said.text[offset:stop])])


def _end(cues: Sequence[Cue]) -> float:
    return max(cue.end for cue in cues)
