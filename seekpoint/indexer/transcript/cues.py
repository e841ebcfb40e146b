"""Cues from any source, for indexing: the spoken words, clean, in order, and the chunks and pieces that they make up.

Chunks are measured in seconds and tokens, pieces in seconds, neither in words or sentences: generated captions have no
punctuation, Chinese has no spaces.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, takewhile
from typing import NamedTuple
from unicodedata import normalize

from seekpoint.index.text.clean import SENTENCE_END, clean
from seekpoint.index.types import Chunk, Cue, Piece
from seekpoint.indexer.transcript.speakers import named

LONGEST = 45.0
"""The longest duration of a cue, in seconds."""

MOST_SECONDS = 1e7
"""The latest time in any source, 115 days. The longest text, as if read aloud, ends before (text_timeline)."""

MOST_TOKENS = 400
"""The longest input, as estimated by `tokens`; multilingual-e5 takes 512, and some scripts exceed the estimate."""

SECONDS = 45.0
OVERLAP = 15.0
PIECE_SECONDS = 10.0
"""The longest duration of a chunk, of what it shares with the one before, and the least of a piece."""

# A cue below this many tokens is a single phrase: it isn't split, however long it is shown.
_SHORTEST = 20
# About five words. Shorter "sentences" are mostly abbreviations, and a sentence cut there loses its meaning.
_SHORTEST_SENTENCE = 6

_WIDE = re.compile(
    "[\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
_SENTENCE_END = re.compile(SENTENCE_END)
_PHRASE_END = re.compile(r"\s|[，、；：،؛]")


def tokens(text: str) -> float:
    """Estimate the model's tokens: one per character in scripts without spaces, else one per four characters."""
    return (len(text) + 3 * len(_WIDE.findall(text))) / 4


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text; one that is too short, such as `Fig.`, is joined to the next one."""
    first = 0
    for end in _SENTENCE_END.finditer(text):
        stop = end.end()
        rest = text[stop : stop + 4 * _SHORTEST_SENTENCE + 1]
        if min(tokens(text[first:stop]), tokens(rest)) >= _SHORTEST_SENTENCE:
            yield text[first:stop].strip()
            first = stop
    if rest := text[first:].strip():
        yield rest


def tidy(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """Clean and order cues and split overlong ones. Nothing but white space and control characters is lost.

    A cue without a start, or with one beyond MOST_SECONDS, is dropped.
    """
    cleaned = []
    for cue in cues:
        text = clean(cue.text)
        if text and abs(cue.start) <= MOST_SECONDS:
            start = max(0.0, cue.start)
            end = max(start, cue.end) if cue.end <= MOST_SECONDS else start
            cleaned.append(cue._replace(start=start, end=end, text=text))
    # In reverse, because cues with the same start all end at the start of the next later one.
    trimmed: list[Cue] = []
    next_start = current_start = float("inf")
    for cue in reversed(sorted(cleaned, key=lambda cue: cue.start)):
        if cue.start < current_start:
            next_start, current_start = current_start, cue.start
        trimmed.append(cue if cue.end <= next_start else cue._replace(end=next_start))
    return tuple(piece for cue in reversed(trimmed) for piece in _pieces(cue))


def _pieces(cue: Cue) -> Iterator[Cue]:
    seconds = cue.end - cue.start
    if seconds <= LONGEST and tokens(cue.text) <= MOST_TOKENS:
        yield cue
        return
    first = 0
    for stop in _cuts(cue.text, seconds):
        start, end = (cue.start + seconds * (offset / len(cue.text)) for offset in (first, stop))
        if text := cue.text[first:stop].strip():
            yield cue._replace(start=start, end=end, text=text)
        first = stop


def _cuts(text: str, seconds: float) -> Iterator[int]:
    """The end offset of each piece."""
    # An array, because a text of 20 MB may have no line end.
    token_offsets = array("d", accumulate(map(tokens, text), initial=0.0))
    by_time = token_offsets[-1] * LONGEST / seconds if seconds > LONGEST else MOST_TOKENS
    most = max(_SHORTEST, min(MOST_TOKENS, by_time))
    breaks = [[end.end() for end in pattern.finditer(text)] for pattern in (_SENTENCE_END, _PHRASE_END)]
    first = 0
    while token_offsets[-1] - token_offsets[first] > most:
        furthest = bisect_right(token_offsets, token_offsets[first] + most) - 1
        first = _best_cut(text, breaks, (first + furthest + 1) // 2, furthest)
        yield first
    yield len(text)


def _best_cut(text: str, breaks: list[list[int]], nearest: int, furthest: int) -> int:
    for offsets in breaks:
        index = bisect_right(offsets, furthest) - 1
        if index >= 0 and offsets[index] >= nearest:
            return offsets[index]
    cut = furthest
    while cut > nearest and unicodedata.category(text[cut])[0] == "M":
        cut -= 1
    return cut


def chunk(cues: Sequence[Cue]) -> list[Chunk]:
    """Chunks of at most SECONDS and MOST_TOKENS; each overlaps the previous one by at most OVERLAP seconds.

    A longer cue is a chunk of its own. The cues must be in order, as `tidy` returns them.
    """
    token_offsets = list(accumulate((tokens(f"{cue.text} ") for cue in cues), initial=0.0))

    def fits(first: int, last: int, share: float = 1.0) -> bool:
        duration = cues[last].end - cues[first].start
        return duration <= SECONDS * share and token_offsets[last + 1] - token_offsets[first] <= MOST_TOKENS * share

    chunks = []
    first = stop = 0
    while stop < len(cues):
        while first < stop and not (fits(first, stop - 1, OVERLAP / SECONDS) and fits(first, stop)):
            first += 1
        stop += 1
        while stop < len(cues) and fits(first, stop):
            stop += 1
        inside = cues[first:stop]
        chunks.append(Chunk(first, stop, inside[0].start, max(cue.end for cue in inside), _text(inside)))
    return chunks


def pieces(cues: Sequence[Cue]) -> list[Piece]:
    """Consecutive pieces; a new one starts at the first cue PIECE_SECONDS or more after the piece's start."""
    firsts = [0] if cues else []
    for k, cue in enumerate(cues):
        if cue.start - cues[firsts[-1]].start >= PIECE_SECONDS:
            firsts.append(k)
    spans = zip(firsts, [*firsts[1:], len(cues)], strict=False)
    return [Piece(first, stop, cues[first].start, _text(cues[first:stop])) for first, stop in spans]


def _text(cues: Sequence[Cue]) -> str:
    return " ".join(cue.text for cue in cues)


class CaptionLine(NamedTuple):
    """A line of a caption as shown on the screen.

    `start` is the time of its first word, if known. `has_times`: the line contains times of single words.
    """

    text: str
    start: float | None = None
    has_times: bool = False


# Rolling captions show two to four lines at a time.
_SCREEN_LINES = 4


def without_repeated_lines(captions: Iterable[tuple[Cue, Sequence[CaptionLine]]]) -> Iterator[Cue]:
    """Yield each line of rolling captions once, where it appears first. A line with word times is always new."""
    previous: list[str] = []
    for cue, screen in captions:
        lines = [line for line in screen if line.text.strip()]
        old = [line.text.strip() for line in takewhile(lambda line: not line.has_times, lines[:_SCREEN_LINES])]
        repeated = next((n for n in range(min(len(previous), len(old)), 0, -1) if previous[-n:] == old[:n]), 0)
        start = cue.start
        texts_by_start: dict[float, list[str]] = {}
        for line in lines[repeated:]:
            if line.start is not None and start < line.start < cue.end:
                start = line.start
            texts_by_start.setdefault(start, []).append(line.text)
        for line_start, texts in texts_by_start.items():
            yield cue._replace(start=line_start, text="\n".join(texts))
        previous = [line.text.strip() for line in lines[-_SCREEN_LINES:]] or previous


# Descriptions of sounds, as they stand alone in brackets, in lower case.
_SOUND = re.compile(
    "music|music playing|upbeat music|gentle music|soft music|background music|theme music|intro music|outro music|"
    "applause|audience applause|applause and cheering|cheers and applause|cheering|cheers|clapping|laughter|laughing|"
    "laughs|laugh|audience laughing|audience laughter|audience laughs|chuckles|chuckling|giggles|coughing|coughs|cough|"
    "clears throat|sighs|gasps|sniffs|silence|blank audio|blank_audio|no audio|inaudible|unintelligible|indistinct|"
    "crosstalk|"
    "音乐|音樂|背景音乐|背景音樂|掌声|掌聲|鼓掌|笑声|笑聲|笑|大笑|欢呼|歡呼|欢呼声|歡呼聲|咳嗽|静音|靜音|听不清|聽不清|"
    "听不清楚|聽不清楚|音楽|拍手|歓声|笑い|笑い声|無音|음악|박수|박수 소리|웃음|웃음소리|환호|"
    "música|aplausos|risas|risa|risos|musique|applaudissements|rires|rire|musik|applaus|beifall|gelächter|lachen|musica|"
    "applausi|risate|muziek|gelach|applåder|skratt|latter|bifald|musiikki|aplodit|naurua|muzyka|oklaski|brawa|śmiech|"
    "hudba|potlesk|smích|muzică|aplauze|râsete|zene|taps|nevetés|müzik|alkış|kahkaha|gülme|музыка|аплодисменты|смех|"
    "музика|оплески|сміх|μουσική|χειροκρότημα|γέλια|מוזיקה|מחיאות כפיים|צחוק|موسيقى|تصفيق|ضحك|موسیقی|تشویق|خنده|"
    "संगीत|तालियां|तालियाँ|हंसी|हँसी|เพลง|ดนตรี|เสียงปรบมือ|เสียงหัวเราะ|âm nhạc|nhạc|vỗ tay|tiếng cười|tepuk tangan|"
    "tertawa"
)

_NOTES = "♩♪♫♬🎵🎶"
# A bracket right after a word is an index, as in `a[music]`.
_BRACKET = re.compile(
    r"(?<![A-Za-z0-9_])(?:\[([^\[\]]{1,40})\]|［([^［］]{1,40})］|【([^【】]{1,40})】|\(([^()]{1,40})\)|（([^（）]{1,40})）)"
)
_LONE_BRACKET = re.compile(r"\s*[\[［](?:[^\W\d_]|\s){2,40}[\]］]\s*")
_ARROWS = re.compile(r"^[ \t]*(?:>{2,3}[ \t]*)+", re.MULTILINE)
# A dash before a lower-case letter or a digit is no speaker mark: `- log p` is a minus.
_DASH = re.compile(r"^[ \t]*[-–—](?:[ \t]+(?=(\S))|[ \t]*$)", re.MULTILINE)
_NOTE = re.compile(f"[{_NOTES}]")


def spoken(cues: Iterable[Cue]) -> Iterator[Cue]:
    """Remove descriptions of sounds, names and marks of speakers. Text keeps its lines, and is empty without words."""
    for cue in named(cues):
        text = "" if _LONE_BRACKET.fullmatch(cue.text) else cue.text
        words = _NOTE.sub("", _BRACKET.sub(lambda bracket: "" if _is_sound(bracket) else bracket[0], text))
        words = _ARROWS.sub("", words)
        words = _DASH.sub(lambda dash: dash[0] if dash[1] and (dash[1].islower() or dash[1].isdigit()) else "", words)
        yield cue._replace(text=words if words == text or any(map(str.isalnum, words)) else "")


def _is_sound(bracket: re.Match[str]) -> bool:
    inside = " ".join(next(filter(None, bracket.groups())).split())
    # YouTube writes `[ __ ]` for a censored word.
    bare = normalize("NFC", inside).casefold().strip(f"{_NOTES} _.…!,")
    return bool(_SOUND.fullmatch(bare)) or (not bare and ("__" in inside or any(c in _NOTES for c in inside)))
