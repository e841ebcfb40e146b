"""A model's text, piece by piece, to sentences in plain text that cite moments. All pure.

Whatever the model writes, a sentence without a citation of an existing moment is dropped, and so is one with a web
address; tags, control characters and Markdown's marks are removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from seekpoint.index.text.clean import SENTENCE_END, clean
from seekpoint.query.answers import Answer, CitedSentence

MOST_SENTENCES = 6
_LONGEST_SENTENCE = 500
# Characters, after which reading ends: four times what six sentences take.
_MOST_READ = 8000

# [1], [1, 3], [2-4], [^1], and in Chinese type 【1】 and ［1，3］.
_NUMBER = r"\^?[1-9][0-9]?"
_CITATION = rf"[\[【［]\s?{_NUMBER}(?:\s?[,，、;–-]\s?{_NUMBER}){{0,9}}\s?[\]】］]"
_CITATIONS = re.compile(_CITATION)
_RANGES = re.compile(rf"({_NUMBER})(?:\s?[–-]\s?({_NUMBER}))?")
_CLOSING = ("]", "】", "］")
# A citation that may not have ended yet.
_UNFINISHED = re.compile(r"[\[【［][\s\d,，、;^–-]{0,40}\Z")
_BOUNDARY = re.compile(rf"(?:{SENTENCE_END}|(?=\n))(?:\s*{_CITATION})*")
# So that a mark is followed by a space, as SENTENCE_END expects it.
_MARK_BEFORE_CITATION = re.compile(r"""([.!?…][)"'”’»]*)(?=[\[【［])""")
_ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|vs|cf|approx|figs?|eqs?|sec|vol|dr|mrs?|ms|prof|st)\.\Z", re.IGNORECASE)

_THOUGHTS, _THOUGHTS_END = "<think>", "</think>"
_TAG = re.compile(
    r"""</?[a-z][a-z0-9]*(?:\s+[a-z:-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+))?)*\s*/?>|<!--.*?-->""", re.I
)
_ADDRESS = re.compile(r"\w://|\bwww\.|\b(?:mailto|javascript):", re.IGNORECASE)
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_BULLET = re.compile(r"\A\s*(?:[-*•#>]+|\d{1,2}[.)、])\s+")
_SPACE_BEFORE_MARK = re.compile(r"\s+(?=[.,;:!?。，；：！？、])")
_CHINESE_GAP = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])")
_WORD = re.compile(r"[^\W\d_]{2}|[\u3040-\u9fff\uac00-\ud7af]")


class SentenceReader:
    """Reads a model's text on an answer with `moments` moments.

    `is_done` is true once there are enough sentences, or so much text that no more is to be expected.
    """

    def __init__(self, moments: int) -> None:
        self.is_done = False
        self._moments = moments
        self._left = ""
        self._read = 0
        self._kept = 0

    def feed(self, piece: str) -> list[CitedSentence]:
        """The sentences that are complete with this piece; each is known to be so once the next one begins."""
        self._left = _MARK_BEFORE_CITATION.sub(r"\1 ", (self._left + piece).lstrip())
        self._read += len(piece)
        complete, start = [], 0
        while stop := _next_boundary(self._left, start):
            complete.append(self._left[start:stop])
            start = stop
        self._left = self._left[start:].lstrip()
        found = self._keep(complete)
        self.is_done = self.is_done or self._read >= _MOST_READ
        return found

    def end(self) -> list[CitedSentence]:
        """The last sentence, when the model has ended: it may lack its mark."""
        rest, self._left = self._left, ""
        bounds = [found.end() for found in _BOUNDARY.finditer(f"{rest}\n") if _ends(rest, found)]
        starts = [0, *bounds]
        return self._keep(rest[start:stop] for start, stop in zip(starts, [*bounds, len(rest)], strict=True))

    def _keep(self, texts: Iterable[str]) -> list[CitedSentence]:
        kept = []
        for text in texts:
            if not self.is_done and (sentence := _cited_sentence(text, self._moments)):
                kept.append(sentence)
                self._kept += 1
                self.is_done = self._kept >= MOST_SENTENCES
        return kept


def _next_boundary(text: str, start: int) -> int | None:
    """The end of the sentence that begins at `start`, if it is there and something else follows."""
    for found in _BOUNDARY.finditer(text, start):
        following = text[found.end() :].lstrip()
        if not following or _UNFINISHED.match(following):
            return None
        if text[start : found.end()].strip() and _ends(text, found):
            return found.end()
    return None


def _ends(text: str, boundary: re.Match[str]) -> bool:
    """Whether a boundary ends a sentence: a full stop may end an abbreviation, or stand before a small letter."""
    if not boundary[0].startswith("."):
        return True
    following = text[boundary.end() :].lstrip()
    is_cited = boundary[0].endswith(_CLOSING) or text[: boundary.start()].rstrip().endswith(_CLOSING)
    return is_cited or not (following[:1].islower() or _ABBREVIATED.search(text[: boundary.start() + 1]))


def _cited_sentence(text: str, moments: int) -> CitedSentence | None:
    """The sentence in plain text, and its citations; `None` if it cites no moment, or isn't a plain sentence."""
    cited = set[int]()
    for citation in _CITATIONS.findall(text):
        for first, last in _RANGES.findall(citation):
            low = int(first.removeprefix("^"))
            cited.update(range(low, min(int(last.removeprefix("^")) if last else low, moments) + 1))
    line = clean(_TAG.sub(" ", clean(_BULLET.sub("", _CITATIONS.sub(" ", text)))))
    line = _SPACE_BEFORE_MARK.sub("", _BOLD.sub(r"\1", line).replace("`", ""))
    plain = _CHINESE_GAP.sub("", line)
    is_plain = len(plain) <= _LONGEST_SENTENCE and _WORD.search(plain) and not _ADDRESS.search(plain)
    return CitedSentence(plain, tuple(sorted(cited))) if cited and is_plain else None


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


class ChatModel(Protocol):
    """A language model that answers messages (`role` and `content`)."""

    def stream(self, messages: Sequence[Mapping[str, str]]) -> Generator[str, None, None]:
        """The text, a piece after the other; an empty one now and then while none comes. Raises SummaryError."""
        ...

    def masked(self, text: str) -> str:
        """A text of the model's, without the secrets that it is asked with."""
        ...


Steps: TypeAlias = Generator[Sequence[CitedSentence], None, None]
"""The sentences of a summary, as each is complete; a step takes some two seconds at most, and may have none."""

Summarise: TypeAlias = Callable[[Answer], Steps]
"""Begins the summary of an answer."""
