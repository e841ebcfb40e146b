"""Recordings without captions: transcribed by a speech model, resumable, and never twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from seekpoint.index.embedded.manifest import replacing
from seekpoint.index.errors import SeekpointError, Unfetched, UsageError
from seekpoint.index.models.encoder import model_name
from seekpoint.index.types import Cue, Origin, State, Transcript
from seekpoint.indexer.sources.recordings.partial_transcript import Heard, Notes
from seekpoint.indexer.transcript.cues import tidy

if TYPE_CHECKING:
    from seekpoint.indexer.sources.recordings.media import Sound
    from seekpoint.indexer.sources.recordings.speech import Samples, Speech, Window

_HOUR = 3600.0
_WAY_OF_WORKING = 1  # part of what names a transcript in the cache: raised when the same sound gives another one
_SLICE_SECONDS = 600  # 40 MB of samples
_MOST_OF_IT = 0.95
_EDGE_SECONDS = 1  # what is said this close to where a slice ends may go on in the next


def check_installed() -> None:
    """Raise UsageError unless faster-whisper is there."""
    if not find_spec("faster_whisper"):
        raise UsageError('--transcribe needs one more package: pip install "seekpoint[transcribe]"')


class Transcriber:
    """Turns the sound of media files into transcripts.

    `model` is a size that faster-whisper knows, the id of such a model on Hugging Face, or a folder; `language` is a
    BCP 47 tag, by default what the model makes out. `progress` gets seconds of sound, done and in all; what it raises
    ends the work, which goes on where it was the next time. Raises UsageError where faster-whisper isn't installed.
    """

    def __init__(
        self,
        model: str = "base",
        cache: Path | None = None,
        say: Callable[[str], None] = lambda line: None,
        progress: Callable[[float, float], None] = lambda done, total: None,
        language: str | None = None,
    ) -> None:
        check_installed()
        self._model = model_name(model)
        self._cache = cache or _user_cache()
        self._say = say
        self._progress = progress
        self._language = language

    def finished(self, key: str) -> Transcript | None:
        """What was transcribed earlier under a key; `None` where nothing was.

        Raises Unfetched where nothing is said in it.
        """
        heard = _read(self._named(key))
        return None if heard is None else _transcript(heard)

    def transcribe(self, media: Path, key: str = "") -> Transcript:
        """Transcribe a media file, or give what is known already.

        `key` says what is in it, where something does so better than its path, size and time. Raises Unfetched where
        nothing can be heard or is said, and ModelError.
        """
        from seekpoint.indexer.sources.recordings.media import opened

        place = self._named(key or _identity(media))
        heard = _read(place)
        if heard is None:
            with opened(media) as sound, self._alone(place):
                heard = self._heard(sound, Notes(place.with_suffix(".part")), media.name)
                with replacing(place) as file:
                    file.write(heard.line())
                place.with_suffix(".part").unlink(missing_ok=True)
        return _transcript(heard)

    def _named(self, key: str) -> Path:
        parts = json.dumps([_WAY_OF_WORKING, self._model, self._language, key])
        return self._cache / f"{blake2b(parts.encode(), digest_size=12).hexdigest()}.json"

    @contextmanager
    def _alone(self, place: Path) -> Iterator[None]:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(place.with_suffix(".lock"), timeout=0):
                yield
        except Timeout as error:
            reason = "another build is transcribing it: build again when that one is done"
            raise Unfetched(State.DEFERRED, reason, _HOUR) from error
        except OSError as error:
            raise SeekpointError(
                f"transcripts can't be kept in {self._cache} ({error.strerror}): make room there, or name another "
                "cache folder with $XDG_CACHE_HOME"
            ) from error

    @cached_property
    def _speech(self) -> Speech:
        from seekpoint.indexer.sources.recordings.speech import Speech

        speech = Speech(self._model, self._say)
        if self._language:
            speech.check(self._language)
        return speech

    def _heard(self, sound: Sound, notes: Notes, name: str) -> Heard:
        import numpy as np

        from seekpoint.indexer.sources.recordings.media import RATE

        first = notes.heard[-1].first if notes.heard else 0
        sound.skip(first)
        samples = sound.read(_SLICE_SECONDS * RATE)
        if not samples.size and not first:
            raise Unfetched(State.UNAVAILABLE, "nothing in it can be heard: see whether a player plays it")
        while samples.size:
            windows, rest = _whole(self._speech.windows(samples), samples.size)
            self._take_down(notes, windows, samples, first, sound.seconds)
            samples = np.concatenate([samples[rest:], sound.read(rest)])
            first += rest
            self._progress(first / RATE, max(sound.seconds, first / RATE))
        heard = first / RATE
        if heard < _MOST_OF_IT * sound.seconds:
            self._say(f"{name}: its sound ends after {heard:.0f} of {sound.seconds:.0f} seconds: is the file whole?")
        language = notes.heard[0].language if notes.heard else ""
        return Heard(0, first, language, tuple(cue for heard in notes.heard for cue in heard.cues))

    def _take_down(self, notes: Notes, windows: Sequence[Window], samples: Samples, first: int, seconds: float) -> None:
        from seekpoint.indexer.sources.recordings.media import RATE

        done = notes.heard[-1].stop if notes.heard else 0
        language = notes.heard[0].language if notes.heard else self._language or ""
        for window in windows:
            stop = first + window.stop
            if stop <= done:
                continue
            language = language or self._speech.language(samples, windows)
            cues = self._speech.cues(samples, window, language)
            begin = first / RATE
            moved = tuple(Cue(round(begin + cue.start, 2), round(begin + cue.end, 2), cue.text) for cue in cues)
            notes.add(Heard(first, stop, language, moved))
            self._progress(stop / RATE, max(seconds, stop / RATE))


def _whole(windows: Sequence[Window], size: int) -> tuple[Sequence[Window], int]:
    """The windows that a slice holds whole, and the sample that the next one begins with."""
    from seekpoint.indexer.sources.recordings.media import RATE

    edge = size - _EDGE_SECONDS * RATE
    if size < _SLICE_SECONDS * RATE:
        return windows, size
    if windows and windows[-1].stop > edge:
        return windows[:-1], windows[-1].first
    return windows, edge


def _read(place: Path) -> Heard | None:
    try:
        return Heard.parsed(place.read_bytes())
    except OSError:
        return None


def _transcript(heard: Heard) -> Transcript:
    cues = tidy(heard.cues)
    if not cues:
        raise Unfetched(State.NO_TRANSCRIPT, "nothing is said in it")
    return Transcript(heard.language, Origin.GENERATED, cues)


def _identity(media: Path) -> str:
    try:
        found = media.stat()
    except OSError:
        return str(media)  # opening it will say what is wrong
    return json.dumps([str(media.resolve()), found.st_size, found.st_mtime_ns])


def _user_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("seekpoint") / "transcripts"
