"""Transcripts and chapters of episodes: which of several is read, and those in HTML and JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from html import unescape
from itertools import pairwise
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

from lxml import etree

from seekpoint.files import parsed_json
from seekpoint.index.errors import SourceError
from seekpoint.index.reasons import Reason
from seekpoint.index.text.language_identification import language_of
from seekpoint.index.text.languages import UNKNOWN, primary
from seekpoint.index.types import Chapter, Cue, Origin, Transcript
from seekpoint.indexer.sources.caption_formats import UNSPACED
from seekpoint.indexer.sources.captions import parse_captions
from seekpoint.indexer.sources.metadata import stated_chapters, stated_seconds
from seekpoint.indexer.sources.pages.charset import decoded
from seekpoint.indexer.sources.podcasts.feed import Episode, TranscriptLink
from seekpoint.indexer.sources.sandbox import sandboxed
from seekpoint.indexer.transcript.cues import sentences, tidy
from seekpoint.indexer.transcript.speakers import speaker_name

# In the order in which they are tried: exact times first, perhaps none last.
_TYPES = {
    "text/vtt": 0,
    "application/x-subrip": 1,
    "application/srt": 1,
    "text/srt": 1,
    "application/json": 2,
    "text/html": 4,
    "text/plain": 5,
}
_SUFFIXES = {".vtt": 0, ".srt": 1, ".json": 2, ".html": 4, ".htm": 4, ".txt": 5}
_OTHER = 3
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?!\?xml|tt\b|timedtext|transcript)")
# Seconds. Within a longer block, nobody can tell when something was said.
_LONGEST_BLOCK = 300.0
_CHARACTERS_A_SECOND = 15
# In seconds, and characters: how single words are joined.
_PAUSE, _LONGEST_PHRASE, _LONGEST_WORD = 1.5, 8.0, 12
_ENDS = (".", "?", "!", "。", "？", "！")
_COLONS = (":", "：")
# Characters. The name of a speaker or of a work isn't longer.
_LONGEST_CITE = 500


def chosen(links: Sequence[TranscriptLink], spoken: str, languages: Sequence[str]) -> list[list[TranscriptLink]]:
    """The transcripts to read, for each wanted language those to try in turn; by default, of the one that is spoken.

    A transcript without a language counts as one in the language that is `spoken`.
    """

    def in_language(language: str) -> list[TranscriptLink]:
        same = (link for link in links if primary(link.language or spoken) == primary(language))
        return sorted(same, key=_rank)

    if languages:
        return [group for language in languages if (group := in_language(language))]
    return [group] if (group := in_language(spoken) or sorted(links, key=_rank)) else []


def _rank(link: TranscriptLink) -> int:
    suffix = PurePosixPath(urlsplit(link.url).path).suffix.lower()
    return _TYPES.get(link.media_type, _SUFFIXES.get(suffix, _OTHER))


def read_transcript(
    data: bytes, link: TranscriptLink, episode: Episode, read: Callable[..., Transcript] = sandboxed
) -> Transcript:
    """Have a transcript in any format `read`; raises SourceError, also if it has no times, and Unfetched."""
    transcript = read(parse_transcript, data, link, episode.details.duration)
    declared = link.language or ("" if transcript.language == UNKNOWN else transcript.language) or episode.language
    return replace(transcript, language=language_of([cue.text for cue in transcript.cues], declared))


def parse_transcript(data: bytes, link: Sequence[str], duration: float | None) -> Transcript:
    """Parse a transcript in the language that it declares; raises SourceError. Call it in the sandbox."""
    link = TranscriptLink(*link)
    name = PurePosixPath(urlsplit(link.url).path).name or "transcript"
    if _MARKUP.match(data):
        transcript = Transcript(UNKNOWN, Origin.MANUAL, _timed_html(decoded(data), duration))
    else:
        try:
            transcript = parse_captions(data, name)
        except SourceError as error:
            if _rank(link) >= _TYPES["text/html"]:
                raise SourceError(Reason("transcript_untimed")) from error
            raise
        transcript = replace(transcript, cues=tuple(_phrases(transcript.cues)))
    return replace(transcript, origin=Origin.MANUAL)


def _phrases(cues: Sequence[Cue]) -> Iterator[Cue]:
    """The cues, where most are single words joined to phrases: a place is quoted by its cues."""
    if 2 * sum(len(cue.text.split()) == 1 and len(cue.text) <= _LONGEST_WORD for cue in cues) <= len(cues):
        yield from cues
        return
    phrase: Cue | None = None
    for cue in cues:
        is_same = phrase and phrase._replace(start=0, end=0, text="") == cue._replace(start=0, end=0, text="")
        is_whole = phrase and (phrase.text.endswith(_ENDS) or cue.end - phrase.start > _LONGEST_PHRASE)
        if phrase and is_same and not is_whole and cue.start - phrase.end < _PAUSE:
            space = "" if UNSPACED.match(phrase.text[-1]) and UNSPACED.match(cue.text) else " "
            phrase = phrase._replace(end=cue.end, text=f"{phrase.text}{space}{cue.text}")
        else:
            yield from (phrase,) if phrase else ()
            phrase = cue
    yield from (phrase,) if phrase else ()


def read_chapters(data: bytes) -> tuple[Chapter, ...]:
    """Parse chapters in the JSON of podcast:chapters; raises SourceError. Call it in the sandbox."""
    with suppress(ValueError):
        match parsed_json(data):
            case {"chapters": [*chapters]}:
                shown = (mark for mark in chapters if isinstance(mark, dict) and mark.get("toc") is not False)
                marks = ((str(mark.get("startTime")), str(mark.get("title") or "")) for mark in shown)
                return stated_chapters((stated_seconds(start), unescape(title)) for start, title in marks)
    raise SourceError("they aren't JSON chapters")


def _timed_html(text: str, duration: float | None) -> tuple[Cue, ...]:
    """The sentences of a transcript in HTML, at its times; raises SourceError if there are too few times."""
    page = _TimedText()
    # It holds no tree, and takes linear time; html.parser takes quadratic time for tags without an end.
    with suppress(etree.LxmlError):
        etree.fromstring(text.encode(), etree.HTMLParser(target=page, encoding="utf-8", huge_tree=True))
    starts = [block.start for block in page.blocks]
    last = starts[-1] if starts else 0.0
    rest = sum(len(part) for part in page.blocks[-1].parts) / _CHARACTERS_A_SECOND if starts else 0.0
    end = max(last, duration or last + rest)
    has_words = any(block.parts for block in page.blocks)
    if not has_words or any(stop - start > _LONGEST_BLOCK for start, stop in pairwise((*starts, end))):
        raise SourceError(Reason("transcript_untimed"))
    # Each ends where the next one begins.
    blocks = tidy(Cue(block.start, end, " ".join(block.parts), speaker=block.speaker) for block in page.blocks)
    # Sentences are quoted; each begins where its block does, as far as anyone knows.
    return tuple(block._replace(text=sentence) for block in blocks for sentence in sentences(block.text))


class _Block(NamedTuple):
    start: float
    speaker: str | None
    parts: list[str]


class _TimedText:
    """Collects what stands behind each `<time>`. `<cite>` beside it names the speaker, up to the next name."""

    def __init__(self) -> None:
        self._data: list[str] = []
        self.blocks: list[_Block] = []
        self._within = ""
        self._cited = ""
        self._speaker: str | None = None

    def start(self, tag: str, _: object) -> None:
        self._take()
        if tag in ("time", "cite", "script", "style", "title"):
            self._within = tag
        if tag == "cite" and self._cited and self.blocks:
            self._say("")

    def end(self, tag: str) -> None:
        self._take()
        if tag == self._within:
            self._within = ""

    def data(self, data: str) -> None:
        self._data.append(data)

    def close(self) -> None:
        self._take()

    def _take(self) -> None:
        data, self._data = "".join(self._data), []
        if self._within == "time" and (start := stated_seconds(data)) is not None:
            self._begin(start)
        elif self._within == "cite":
            self._cited += data.strip()
            if len(self._cited) > _LONGEST_CITE and self.blocks:
                self._say("")
        elif not self._within and self.blocks and data.strip():
            if self._cited.endswith(_COLONS) or (self._cited and not self.blocks[-1].parts):
                self._begin(self.blocks[-1].start)
            self._say(data)

    def _begin(self, start: float) -> None:
        if self._cited:
            self._speaker, self._cited = speaker_name(self._cited.rstrip(":： ")), ""
        self.blocks.append(_Block(start, self._speaker, []))

    def _say(self, data: str) -> None:
        """Take in what is said, behind the title of a work that was cited."""
        self.blocks[-1].parts.extend(filter(None, (self._cited, data)))
        self._cited = ""
