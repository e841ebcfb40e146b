"""Films and sounds of some seconds with subtitles or chapters inside, made by av."""

from __future__ import annotations

import struct
import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

Lines: TypeAlias = Sequence[tuple[float, float, str]]

_HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def film(path: Path, *streams: tuple[str, Lines | None], start: int = 0) -> Path:
    """Make an MP4 or MKV file with subtitles in these languages, by their codes there, from `start` seconds on.

    Those without lines are images.
    """
    av = pytest.importorskip("av", reason='subtitles need one more package: pip install "seekpoint[transcribe]"')
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=1)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        is_mp4 = path.suffix == ".mp4"
        subtitles = []
        for language, lines in streams:
            stream = container.add_stream("dvdsub" if lines is None else "mov_text" if is_mp4 else "srt")
            stream.codec_context.subtitle_header = _HEADER
            stream.metadata["language"] = language
            stream.time_base = Fraction(1, 1000)
            subtitles.append((stream, lines))
        for second in range(3):
            frame = av.VideoFrame(32, 32, "yuv420p")
            frame.pts, frame.time_base = start + second, Fraction(1, 1)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        for stream, lines in subtitles:
            for begin, end, text in lines or ():
                said = text.encode()
                packet = av.Packet(struct.pack(">H", len(said)) + said if is_mp4 else said)
                packet.pts = packet.dts = round(1000 * (start + begin))
                packet.duration, packet.time_base = round(1000 * (end - begin)), Fraction(1, 1000)
                packet.stream = stream
                container.mux(packet)
    return path


_CODECS = {".mp3": "libmp3lame", ".opus": "libopus"}


def sound(path: Path, *chapters: tuple[float, str], start: int = 0, said: Path | None = None) -> Path:
    """Make a recording with chapters, of starts and titles, that begins at `start` seconds.

    It is silent and six seconds long, or what is `said` in a WAV file.
    """
    av = pytest.importorskip("av", reason='chapters need one more package: pip install "seekpoint[transcribe]"')
    rate, samples = 16_000, np.zeros(6 * 16_000, np.int16)
    if said:
        with wave.open(str(said)) as file:
            rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16)
    ends = [*(begin for begin, _ in chapters[1:]), 1000.0]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(_CODECS.get(path.suffix, "aac"), rate=rate)
        stream.layout = "mono"
        container.set_chapters(
            [
                dict(
                    id=number,
                    start=round(1000 * (start + begin)),
                    end=round(1000 * (start + end)),
                    time_base=Fraction(1, 1000),
                    metadata={"title": title} if title else {},
                )
                for number, ((begin, title), end) in enumerate(zip(chapters, ends, strict=False), 1)
            ]
        )
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.sample_rate, frame.pts = rate, start * rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
