"""The audio of a media file, decoded piece by piece into the samples that a speech model takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from seekpoint.files import open_file, real_path
from seekpoint.index.errors import unavailable
from seekpoint.index.text.clean import clean

if TYPE_CHECKING:
    import numpy as np
    from av import AudioFrame, AudioResampler
    from av.container import InputContainer
    from numpy.typing import NDArray

RATE = 16_000
"""Samples per second."""

_GAP = 0.5  # seconds; a longer gap in the audio is filled with silence
_MOST_SILENCE = 60 * RATE
# A day, for all gaps of a recording: a few bytes can say that years are missing. What comes after them is left.
_MOST_MISSING = 86_400 * RATE


class AudioStream:
    """The audio of a media file, read from start to end; `seconds` is the duration that the file declares."""

    def __init__(self, container: InputContainer) -> None:
        import numpy as np

        self.seconds = (container.duration or 0) / 1e6
        self._blocks = _blocks(container)
        self._rest: NDArray[np.int16] = np.empty(0, np.int16)

    def read(self, count: int) -> NDArray[np.float32]:
        """Read the next samples, from -1 to 1; fewer than `count` only at the end."""
        import numpy as np

        samples = np.concatenate([np.empty(0, np.int16), *self._parts(count)]).astype(np.float32)
        samples /= 32_768
        return samples

    def skip(self, count: int) -> None:
        """Skip samples by decoding them: in some formats, seeking isn't exact to the sample."""
        for _ in self._parts(count):
            pass

    def _parts(self, count: int) -> Iterator[NDArray[np.int16]]:
        while count > 0:
            if not self._rest.size:
                block = next(self._blocks, None)
                if block is None:
                    return
                self._rest = block
            part, self._rest = self._rest[:count], self._rest[count:]
            count -= part.size
            yield part


@contextmanager
def opened(media: Path) -> Iterator[AudioStream]:
    """Open the audio of a media file; raises Unfetched if it has none."""
    with container_of(media) as container:
        if not container.streams.audio:
            raise unavailable("no_sound")
        yield AudioStream(container)


@contextmanager
def container_of(media: Path) -> Iterator[InputContainer]:
    """Open a media file; raises Unfetched if it is none."""
    import av

    try:
        with open_file(media) as file:
            is_empty = not os.fstat(file.fileno()).st_size  # as are files that the kernel makes up, which may wait
    except OSError as error:
        raise unavailable("recording_unreadable", error=error.strerror) from error
    if is_empty:
        raise unavailable("recording_empty")
    av.logging.set_level(None)
    try:
        # Local files only: a playlist with web addresses may be named like a recording.
        container = av.open(str(real_path(media)), metadata_errors="ignore", options={"protocol_whitelist": "file"})
    except (av.FFmpegError, OSError, ValueError) as error:
        message = clean(str(getattr(error, "strerror", None) or error))[:100]
        raise unavailable("no_recording", error=message) from error
    with container:
        yield container


def _blocks(container: InputContainer) -> Iterator[NDArray[np.int16]]:
    """Decode, with silence for a late start and for gaps, so that times are those that a player shows."""
    import av
    import numpy as np

    container_start, length = (container.start_time or 0) / 1e6, (container.duration or 0) / 1e6
    resampler: AudioResampler | None = None
    shape: object = None
    produced = missing = 0
    for frame in _frames(container):
        frame_start = min((frame.time or 0.0) - container_start, length)
        gap = int((frame_start - produced / RATE) * RATE)
        if gap > _GAP * RATE:
            missing += gap
            if missing > _MOST_MISSING:
                break
            produced += gap
            for first in range(0, gap, _MOST_SILENCE):
                yield np.zeros(min(_MOST_SILENCE, gap - first), np.int16)
        blocks: list[AudioFrame] = []
        earlier_shape, shape = shape, (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler and shape != earlier_shape:  # the format may change within a file
            blocks += resampler.resample(None)
            resampler = None
        resampler = resampler or av.AudioResampler("s16", "mono", RATE)
        frame.pts = None
        blocks += resampler.resample(frame)
        for samples in map(_samples, blocks):
            produced += samples.size
            yield samples
    if resampler:
        yield from map(_samples, resampler.resample(None))


def _samples(block: AudioFrame) -> NDArray[np.int16]:
    import numpy as np

    return block.to_ndarray().reshape(-1).astype(np.int16, copy=False)


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    import av

    # Skip damaged packets; stop where the container is damaged.
    with suppress(av.FFmpegError, OSError):
        for packet in container.demux(container.streams.audio[0]):
            with suppress(av.FFmpegError):
                yield from packet.decode()
