"""Subtitles that lie inside a recording, as captions in the languages of their streams."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from seekpoint.index.errors import Unfetched, unavailable
from seekpoint.index.reasons import Reason
from seekpoint.index.text.languages import primary
from seekpoint.index.types import Cue, Origin, State, Transcript
from seekpoint.indexer.sources.recordings.media import container_of
from seekpoint.indexer.sources.sandbox import sandboxed
from seekpoint.indexer.transcript.cues import spoken, tidy

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.subtitles.stream import SubtitleStream

SUBTITLED = frozenset({".m4v", ".mkv", ".mov", ".mp4", ".webm"})
"""The suffixes of recordings that may hold subtitles."""

# Overrides of ASS, the form in which all text is decoded: bold, colours, positions.
_STYLE = re.compile(r"\{\\[^{}]*\}")
# Bytes of all subtitles of a recording, compressed or not, and those that a line counts beside its text. A film of two
# hours has 100 kB in each language.
_MOST_BYTES, _BESIDE_TEXT = 20_000_000, 40
_IMAGES = frozenset({"dvb_subtitle", "dvbsub", "dvd_subtitle", "dvdsub", "hdmv_pgs_subtitle", "pgssub", "xsub"})


def can_read_subtitles() -> bool:
    """Whether the package that reads them, `av`, is installed."""
    return find_spec("av") is not None


def has_subtitles(path: Path) -> bool:
    """Whether a recording has subtitles as text."""
    with suppress(Unfetched):
        return sandboxed(_has_text, os.fsencode(path))
    return False


def _has_text(path: bytes) -> bool:
    with container_of(Path(os.fsdecode(path))) as container:
        return bool(_text_streams(container))


def without_captions(path: Path) -> Reason:
    """The reason that a recording has none."""
    is_unread = path.suffix.lower() in SUBTITLED and not can_read_subtitles()
    names = f"{path.stem}.LANGUAGE.vtt (.srt, .json3, …)"
    return Reason("subtitles_unread" if is_unread else "no_captions_beside", names=names, folder=path.parent)


def read_subtitles(path: Path, languages: Sequence[str] = ()) -> tuple[Transcript, ...]:
    """The subtitles of a recording, one transcript a language, only in `languages` if any are given.

    Raises Unfetched if there are none.
    """
    held = sandboxed(_subtitles_in, os.fsencode(path))
    wanted = {primary(tag) for tag in languages}
    chosen = tuple(each for each in held if not wanted or primary(each.language) in wanted)
    if not chosen:
        available = ", ".join(sorted(each.language for each in held))
        reason = Reason("no_captions_in", wanted=", ".join(languages), available=available)
        raise Unfetched(State.NO_TRANSCRIPT, reason if held else without_captions(path))
    return chosen


def _text_streams(container: InputContainer) -> list[SubtitleStream]:
    streams = (each for each in container.streams.subtitles if each.codec_context)
    return [each for each in streams if each.codec_context.name not in _IMAGES]


def _subtitles_in(path: bytes) -> tuple[Transcript, ...]:
    """A transcript a language, in the order of the streams; of several in one language that with most cues."""
    from yt_dlp.utils import ISO639Utils

    from seekpoint.index.text.language_identification import language_of

    lines: dict[int, list[Cue]] = {}
    transcripts: dict[str, Transcript] = {}
    with container_of(Path(os.fsdecode(path))) as container:
        streams = _text_streams(container)
        for index, cue in _lines(container, streams):
            lines.setdefault(index, []).append(cue)
        for stream in streams:
            cues = tidy(spoken(lines.get(stream.index, ())))
            # There is no tag for bibliographic codes, such as `chi` and `ger` (ISO 639-2/B).
            tag = ISO639Utils.long2short(stream.language or "")
            language = language_of([cue.text for cue in cues], tag) if cues else ""
            if cues and (language not in transcripts or len(cues) > len(transcripts[language].cues)):
                transcripts[language] = Transcript(language, Origin.LOCAL, cues)
    return tuple(transcripts.values())


def _lines(container: InputContainer, streams: Sequence[SubtitleStream]) -> Iterator[tuple[int, Cue]]:
    """The lines of all streams, each with the number of its stream, at the times that a player shows.

    Raises Unfetched for more than any film has: a few bytes may be unpacked to 10 MB.
    """
    import av
    from av.stream import Discard

    if not streams:  # which `demux` would take for all
        return
    for other in container.streams:
        if other not in streams:
            other.discard = Discard.all  # which spares reading it
    offset = (container.start_time or 0) / 1e6
    left = _MOST_BYTES
    # Skip damaged packets; stop where the container is damaged.
    with suppress(av.FFmpegError, OSError):
        for packet in container.demux(streams):
            left -= packet.size + _BESIDE_TEXT
            if left < 0:
                raise unavailable("text_too_large", size=f"{_MOST_BYTES / 1e6:.0f}")
            if packet.size and packet.pts is not None and packet.time_base is not None:
                start = float(packet.pts * packet.time_base) - offset
                end = start + float((packet.duration or 0) * packet.time_base)
                with suppress(av.FFmpegError):
                    for line in packet.decode():
                        said = getattr(line, "dialogue", b"") or getattr(line, "text", b"")
                        text = _STYLE.sub("", said.decode("utf-8", "replace")).replace("\\h", " ")
                        yield packet.stream.index, Cue(start, end, text)
