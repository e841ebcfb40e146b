"""Transcribes recordings by a speech model. Transcription can be resumed, and its results are cached."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from filelock import FileLock, Timeout

from seekpoint.files import parsed_json, real_path, replacing
from seekpoint.index.errors import SeekpointError, Unfetched, UsageError, unavailable
from seekpoint.index.models.encoder import absolute_name
from seekpoint.index.reasons import Reason
from seekpoint.index.types import Cue, Origin, State, Transcript
from seekpoint.indexer.transcript.cues import tidy

if TYPE_CHECKING:
    from seekpoint.indexer.sources.recordings.media import AudioStream
    from seekpoint.indexer.sources.recordings.speech import AudioWindow, SpeechModel


_HOUR = 3600.0
_CACHE_VERSION = 1  # part of the cache key: raise it when the same audio gives another transcript
_SLICE_SECONDS = 600  # 40 MB of samples
_MOST_OF_IT = 0.95
_EDGE_SECONDS = 1  # speech this close to the end of a slice may continue in the next one


def check_installed() -> None:
    """Raise UsageError unless faster-whisper is installed."""
    if not find_spec("faster_whisper"):
        raise UsageError('--transcribe needs one more package: pip install "seekpoint[transcribe]"')


class Transcriber:
    """Transcribes the audio of media files.

    `model` is a size that faster-whisper knows, the id of such a model on Hugging Face, or a folder. `progress` gets
    seconds of audio, done and in total; an exception that it raises interrupts the transcription, which can be resumed.
    Raises UsageError if faster-whisper isn't installed.
    """

    def __init__(
        self,
        model: str,
        cache: Path | None = None,
        say: Callable[[str], None] = lambda line: None,
        progress: Callable[[float, float], None] = lambda done, total: None,
    ) -> None:
        from platformdirs import user_cache_path

        check_installed()
        self._model = absolute_name(model)
        self._cache = cache or user_cache_path("seekpoint") / "transcripts"
        self._say = say
        self._progress = progress

    def finished(self, key: str) -> Transcript | None:
        """The cached transcript for a key, or `None`; raises Unfetched if it is empty."""
        whole = _read(self._cache_file(key))
        return None if whole is None else _to_transcript(whole)

    def transcribe(self, media: Path, key: str = "") -> Transcript:
        """Transcribe a media file, or return its cached transcript.

        `key` identifies the content; by default it is made of path, size and time. Raises Unfetched if the file has no
        audio or no speech, and ModelError.
        """
        from seekpoint.indexer.sources.recordings.media import opened

        cache_file = self._cache_file(key or _identity(media))
        whole = _read(cache_file)
        if whole is None:
            with opened(media) as audio, self._locked(cache_file):
                whole = self._transcribe(audio, PartialTranscript(cache_file.with_suffix(".part")), media.name)
                with replacing(cache_file) as file:
                    file.write(whole.line())
                cache_file.with_suffix(".part").unlink(missing_ok=True)
        return _to_transcript(whole)

    def _cache_file(self, key: str) -> Path:
        parts = json.dumps([_CACHE_VERSION, self._model, None, key])  # None: a language that is detected
        return self._cache / f"{blake2b(parts.encode(), digest_size=12).hexdigest()}.json"

    @contextmanager
    def _locked(self, cache_file: Path) -> Iterator[None]:
        try:
            cache_file.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(cache_file.with_suffix(".lock"), timeout=0):
                yield
        except Timeout as error:
            raise Unfetched(State.DEFERRED, Reason("being_transcribed"), _HOUR) from error
        except OSError as error:
            raise SeekpointError(
                f"transcripts can't be kept in {self._cache} ({error.strerror}): make room there, or name another "
                "cache folder with $XDG_CACHE_HOME"
            ) from error

    @cached_property
    def _speech(self) -> SpeechModel:
        from seekpoint.indexer.sources.recordings.speech import SpeechModel

        return SpeechModel(self._model, self._say)

    def _transcribe(self, audio: AudioStream, partial: PartialTranscript, name: str) -> TranscribedWindow:
        import numpy as np

        from seekpoint.indexer.sources.recordings.media import RATE

        first = partial.windows[-1].first if partial.windows else 0
        language = partial.windows[0].language if partial.windows else ""
        audio.skip(first)
        samples = audio.read(_SLICE_SECONDS * RATE)
        if not samples.size and not first:
            raise unavailable("nothing_heard")
        while samples.size:
            windows: Sequence[AudioWindow] = self._speech.windows(samples)
            # The first sample of the next slice, and the windows that lie within this one.
            rest = samples.size
            if samples.size >= _SLICE_SECONDS * RATE:
                rest -= _EDGE_SECONDS * RATE
                if windows and windows[-1].stop > rest:
                    windows, rest = windows[:-1], windows[-1].first
            done = partial.windows[-1].stop if partial.windows else 0
            for window in (window for window in windows if first + window.stop > done):
                language = language or self._speech.language(samples, windows)
                cues = self._speech.cues(samples, window, language)
                offset, stop = first / RATE, first + window.stop
                timed = tuple(Cue(round(offset + cue.start, 2), round(offset + cue.end, 2), cue.text) for cue in cues)
                partial.add(TranscribedWindow(first, stop, language, timed))
                self._progress(stop / RATE, max(audio.seconds, stop / RATE))
            samples = np.concatenate([samples[rest:], audio.read(rest)])
            first += rest
            self._progress(first / RATE, max(audio.seconds, first / RATE))
        decoded = first / RATE
        if decoded < _MOST_OF_IT * audio.seconds:
            self._say(f"{name}: its sound ends after {decoded:.0f} of {audio.seconds:.0f} seconds: is the file whole?")
        language = partial.windows[0].language if partial.windows else ""
        return TranscribedWindow(0, first, language, tuple(cue for window in partial.windows for cue in window.cues))


def _read(cache_file: Path) -> TranscribedWindow | None:
    try:
        return TranscribedWindow.parsed(cache_file.read_bytes())
    except OSError:
        return None


def _to_transcript(whole: TranscribedWindow) -> Transcript:
    cues = tidy(whole.cues)
    if not cues:
        raise Unfetched(State.NO_TRANSCRIPT, Reason("nothing_said"))
    return Transcript(whole.language, Origin.GENERATED, cues)


def _identity(media: Path) -> str:
    try:
        stat = media.stat()
    except OSError:
        return str(media)  # opening the file reports the error
    return json.dumps([str(real_path(media)), stat.st_size, stat.st_mtime_ns])


class TranscribedWindow(NamedTuple):
    """The cues of a window that ends at sample `stop`; `first` is the first sample of the slice it was found in."""

    first: int
    stop: int
    language: str
    cues: tuple[Cue, ...]

    def line(self) -> bytes:
        cues = [[cue.start, cue.end, cue.text] for cue in self.cues]
        return json.dumps([self.first, self.stop, self.language, cues], ensure_ascii=False).encode() + b"\n"

    @classmethod
    def parsed(cls, line: bytes) -> Self | None:
        """Parse a line; `None` if it is incomplete or damaged."""
        if not line.endswith(b"\n"):
            return None
        try:
            first, stop, language, cues = parsed_json(line)
            parsed_cues = tuple(Cue(float(start), float(end), str(text)) for start, end, text in cues)
            return cls(int(first), int(stop), str(language), parsed_cues)
        except (ValueError, TypeError):
            return None


class PartialTranscript:
    """The finished windows, in order. A damaged line and all lines after it are dropped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.windows: list[TranscribedWindow] = []
        if path.exists():
            valid_bytes = 0
            for line in path.read_bytes().splitlines(keepends=True):
                window = TranscribedWindow.parsed(line)
                if window is None:
                    break
                self.windows.append(window)
                valid_bytes += len(line)
            os.truncate(path, valid_bytes)

    def add(self, window: TranscribedWindow) -> None:
        """Append a window."""
        with self._path.open("ab") as file:
            file.write(window.line())
        self.windows.append(window)
