"""A model's text, piece by piece, to sentences in plain text that cite marks of passages. All pure.

Whatever the model writes, a sentence without an existing mark is dropped, and so is one with a web address; tags,
control characters and Markdown's marks are removed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from seekpoint.index.text.clean import SENTENCE_END, clean

MOST_SENTENCES = 6
_LONGEST_SENTENCE = 500
# Characters, after which reading ends: four times what six sentences take.
_MOST_READ = 8000

# Marks as models copy them: [3b], [3 b], [3B, 4a], [3b][4a], (3b), 3b at the end, 【3b】 and ［3b］ in Chinese type,
# [3] for the passage. Without square brackets a mark has its letter, since (3) may be anything.
_LETTERED = r"[1-9][0-9]?\s?[A-Za-z]{1,2}"
_MARK = r"\^?[1-9][0-9]?(?:\s?[A-Za-z]{1,2})?"
_BETWEEN = r"\s?(?:[,，、;；–-]|\band\b|和)\s?"
_CITATION = (
    rf"(?:[\[【［]\s?{_MARK}(?:{_BETWEEN}{_MARK}){{0,9}}\s?[\]】］]"
    rf"|[(（]\s?{_LETTERED}(?:{_BETWEEN}{_LETTERED}){{0,9}}\s?[)）])"
)
_CITATIONS = re.compile(_CITATION)
_LABELS = re.compile(r"([1-9][0-9]?)\s?((?!and\b)[A-Za-z]{0,2})")
_BARE = re.compile(rf"(?<![0-9A-Za-z])({_LETTERED}(?:{_BETWEEN}{_LETTERED}){{0,3}})(?=\W*\Z)")
_CLOSING = ("]", "】", "］", ")", "）")
# A citation that may not have ended yet.
_UNFINISHED = re.compile(r"[\[【［(（][\w\s,，、;；^–-]{0,40}\Z")
_BOUNDARY = re.compile(rf"(?:{SENTENCE_END}|(?=\n))(?:\s*{_CITATION})*")
# Small models copy passages with their marks, which stand before what they mark.
_BEFORE = re.compile(rf"(?:[-*•#>]+\s+|\d{{1,2}}[.)]\s+)?(?:{_CITATION}\s*)+[^\s.!?。！？…:：[【［(（]")
_BOUNDARY_BEFORE = re.compile(rf"{SENTENCE_END}|(?=\n)")
# So that a mark is followed by a space, as SENTENCE_END expects it.
_STOP_BEFORE_CITATION = re.compile(r"""([.!?…][)"'”’»]*)(?=[\[【［(（])""")
_ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|vs|cf|approx|figs?|eqs?|sec|vol|dr|mrs?|ms|prof|st)\.\Z", re.IGNORECASE)

_THOUGHTS, _THOUGHTS_END = "<think>", "</think>"
TAG = re.compile(r"""</?[a-z][a-z0-9]*(?:\s+[a-z:-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+))?)*\s*/?>|<!--.*?-->""", re.I)
ADDRESS = re.compile(r"\w://|\bwww\.|\b(?:mailto|javascript):", re.IGNORECASE)
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_EMPTY = re.compile(r"(\*\*|`|_)\s*\1")
_BULLET = re.compile(r"\A\s*(?:[-*•#>]+|\d{1,2}[.)、])\s+")
_SPACE_BEFORE_MARK = re.compile(r"\s+(?=[.,;:!?。，；：！？、])")
_CHINESE_GAP = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])")
_WORD = re.compile(r"[^\W\d_]{2}|[\u3040-\u9fff\uac00-\ud7af]")


class MarkedSentence(NamedTuple):
    """A sentence in plain text, and the labels of the marks that it ends with, in their order."""

    text: str
    labels: tuple[str, ...]


class SentenceReader:
    """Reads a model's text on passages that have marks with these labels.

    A mark belongs to the sentence that it ends, or begins where the text begins with one.
    `is_done` is true once there are enough sentences, or so much text that no more is to be expected.
    """

    def __init__(self, labels: Collection[str]) -> None:
        self.is_done = False
        self._labels = labels
        self._left = ""
        self._read = 0
        self._kept = 0
        self._boundary: re.Pattern[str] | None = None

    def feed(self, piece: str) -> list[MarkedSentence]:
        """The sentences that are complete with this piece; each is known to be so once the next one begins."""
        self._left = _STOP_BEFORE_CITATION.sub(r"\1 ", (self._left + piece).lstrip())
        self._read += len(piece)
        complete, start = [], 0
        pattern = self._boundary or _boundary_of(self._left)
        while stop := _next_boundary(self._left, start, pattern):
            self._boundary = pattern
            complete.append(self._left[start:stop])
            start = stop
        self._left = self._left[start:].lstrip()
        sentences = self._keep(complete)
        self.is_done = self.is_done or self._read >= _MOST_READ
        return sentences

    def end(self) -> list[MarkedSentence]:
        """The last sentence, when the model has ended: it may lack its mark."""
        rest, self._left = self._left, ""
        pattern = self._boundary or _boundary_of(rest)
        bounds = [boundary.end() for boundary in pattern.finditer(f"{rest}\n") if ends(rest, boundary)]
        starts = [0, *bounds]
        return self._keep(rest[start:stop] for start, stop in zip(starts, [*bounds, len(rest)], strict=True))

    def _keep(self, texts: Iterable[str]) -> list[MarkedSentence]:
        kept = []
        for text in texts:
            if not self.is_done and (sentence := _marked_sentence(text, self._labels)):
                kept.append(sentence)
                self._kept += 1
                self.is_done = self._kept >= MOST_SENTENCES
        return kept


def _boundary_of(text: str) -> re.Pattern[str]:
    """Where the sentences of a text end, by its first one: a mark at the end of that belongs to it."""
    first = next((text[: end.start()] for end in _BOUNDARY_BEFORE.finditer(f"{text}\n") if ends(text, end)), text)
    before = _BEFORE.match(text)
    return _BOUNDARY_BEFORE if before and not _CITATIONS.search(first, before.end()) else _BOUNDARY


def _next_boundary(text: str, start: int, pattern: re.Pattern[str]) -> int | None:
    """The end of the sentence that begins at `start`, if it is there and something else follows."""
    for boundary in pattern.finditer(text, start):
        following = text[boundary.end() :].lstrip()
        if not following or _UNFINISHED.match(following):
            return None
        if text[start : boundary.end()].strip() and ends(text, boundary):
            return boundary.end()
    return None


def ends(text: str, boundary: re.Match[str]) -> bool:
    """Whether a boundary ends a sentence: a full stop may end an abbreviation, or stand before a small letter."""
    if not boundary[0].startswith("."):
        return True
    following = text[boundary.end() :].lstrip()
    is_cited = boundary[0].endswith(_CLOSING) or text[: boundary.start()].rstrip().endswith(_CLOSING)
    return is_cited or not (following[:1].islower() or _ABBREVIATED.search(text[: boundary.start() + 1]))


def _marked_sentence(text: str, known: Collection[str]) -> MarkedSentence | None:
    """The sentence in plain text, and its marks; `None` if it has no known mark, or isn't a plain sentence."""
    cited = "".join(_CITATIONS.findall(text))
    rest = _EMPTY.sub(" ", _CITATIONS.sub(" ", text))
    if not cited and (bare := _BARE.search(text)):
        cited, rest = bare[1], text[: bare.start()] + text[bare.end() :]
    written = (number + letter.lower() for number, letter in _LABELS.findall(cited))
    labels = tuple(dict.fromkeys(label for label in written if label in known))
    plain = without_markup(rest)
    is_plain = len(plain) <= _LONGEST_SENTENCE and _WORD.search(plain) and not ADDRESS.search(plain)
    return MarkedSentence(plain, labels) if labels and is_plain else None


def without_markup(text: str) -> str:
    """A line without tags, control characters and Markdown's marks."""
    line = clean(TAG.sub(" ", clean(_BULLET.sub("", text))))
    line = _SPACE_BEFORE_MARK.sub("", _BOLD.sub(r"\1", line).replace("`", ""))
    return _CHINESE_GAP.sub("", line)


def without_thoughts(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces but for what a reasoning model thinks first, which some servers leave in the text."""
    rest = iter(pieces)
    begun = ""
    for piece in rest:
        begun = (begun + piece).lstrip()
        if len(begun) >= len(_THOUGHTS):
            break
        yield ""
    if begun.startswith(_THOUGHTS):
        while _THOUGHTS_END not in begun and (thought := next(rest, None)) is not None:
            begun = begun[-len(_THOUGHTS_END) :] + thought
            yield ""
        begun = begun.partition(_THOUGHTS_END)[2]
    yield begun
    yield from rest
