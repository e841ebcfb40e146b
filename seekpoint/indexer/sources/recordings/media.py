"""The sound of a media file, as a speech model hears it, a stretch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from seekpoint.index.errors import Unfetched
from seekpoint.index.text.clean import clean
from seekpoint.index.types import State

if TYPE_CHECKING:
    import numpy as np
    from av import AudioFrame, AudioResampler
    from av.container import InputContainer
    from numpy.typing import NDArray

RATE = 16_000
"""Samples a second."""

_GAP = 0.5  # seconds by which sound may be late before silence stands in for what is missing
_MOST_SILENCE = 60 * RATE


class Sound:
    """What is heard in a media file, read from its beginning to its end; `seconds` is how long it says it is."""

    def __init__(self, container: InputContainer) -> None:
        import numpy as np

        self.seconds = (container.duration or 0) / 1e6
        self._blocks = _blocks(container)
        self._left: NDArray[np.int16] = np.empty(0, np.int16)

    def read(self, count: int) -> NDArray[np.float32]:
        """Read the next samples, from -1 to 1; fewer than `count` at the end alone."""
        import numpy as np

        samples = np.concatenate([np.empty(0, np.int16), *self._parts(count)]).astype(np.float32)
        samples /= 32_768
        return samples

    def skip(self, count: int) -> None:
        """Pass over the next samples; seeking would be faster, but not to the sample in every format."""
        for _ in self._parts(count):
            pass

    def _parts(self, count: int) -> Iterator[NDArray[np.int16]]:
        while count > 0:
            if not self._left.size:
                block = next(self._blocks, None)
                if block is None:
                    return
                self._left = block
            part, self._left = self._left[:count], self._left[count:]
            count -= part.size
            yield part


@contextmanager
def opened(media: Path) -> Iterator[Sound]:
    """Open a media file; raises Unfetched where there is nothing to hear."""
    import av

    _check(media)
    av.logging.set_level(None)
    try:
        # What looks like a recording may be a playlist of addresses on the web.
        container = av.open(str(media.resolve()), metadata_errors="ignore", options={"protocol_whitelist": "file"})
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = clean(str(getattr(error, "strerror", None) or error))[:100]
        raise _unheard(f"no recording that can be read ({reason}): see whether a player plays it") from error
    with container:
        if not container.streams.audio:
            raise _unheard("it has no sound, so nothing can be transcribed")
        yield Sound(container)


def _check(media: Path) -> None:
    try:
        with media.open("rb") as file:
            is_empty = not file.read(1)
    except OSError as error:
        raise _unheard(f"it can't be read ({error.strerror}): check the file") from error
    if is_empty:
        raise _unheard("the file is empty: fetch or copy it again")


def _unheard(reason: str) -> Unfetched:
    return Unfetched(State.UNAVAILABLE, reason)


def _blocks(container: InputContainer) -> Iterator[NDArray[np.int16]]:
    """Decode, with silence where sound starts late or has gaps: times are those that a player shows."""
    import numpy as np

    begin, length = (container.start_time or 0) / 1e6, (container.duration or 0) / 1e6
    resampler = _Resampler()
    made = 0
    for frame in _frames(container):
        at = min((frame.time or 0.0) - begin, length)
        late = int((at - made / RATE) * RATE)
        if late > _GAP * RATE:
            made += late
            for first in range(0, late, _MOST_SILENCE):
                yield np.zeros(min(_MOST_SILENCE, late - first), np.int16)
        for block in resampler.resampled(frame):
            made += block.size
            yield block
    yield from resampler.resampled(None)


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    import av

    # A damaged packet is passed over, and a damaged container ends where it can't be read on.
    with suppress(av.FFmpegError, OSError):
        for packet in container.demux(container.streams.audio[0]):
            with suppress(av.FFmpegError):
                yield from packet.decode()


class _Resampler:
    """Brings frames to one channel of 16-bit samples; sound may change its form in the middle."""

    def __init__(self) -> None:
        self._shape: object = None
        self._inner: AudioResampler | None = None

    def resampled(self, frame: AudioFrame | None) -> Iterator[NDArray[np.int16]]:
        """Give what is ready; `None` brings the rest."""
        import av

        shape = None if frame is None else (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._inner is not None and shape != self._shape:
            yield from self._given(None)
            self._inner = None
        if frame is not None:
            self._inner = self._inner or av.AudioResampler("s16", "mono", RATE)
            self._shape = shape
            frame.pts = None
            yield from self._given(frame)

    def _given(self, frame: AudioFrame | None) -> Iterator[NDArray[np.int16]]:
        import numpy as np

        if self._inner is not None:
            for made in self._inner.resample(frame):
                yield made.to_ndarray().reshape(-1).astype(np.int16, copy=False)
