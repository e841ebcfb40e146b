"""A transcription in progress, on disk. It has one line per window, so that a kill loses one window at most."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple, Self

from seekpoint.files import parsed_json
from seekpoint.index.types import Cue


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
            self._read()

    def _read(self) -> None:
        valid_bytes = 0
        for line in self._path.read_bytes().splitlines(keepends=True):
            window = TranscribedWindow.parsed(line)
            if window is None:
                break
            self.windows.append(window)
            valid_bytes += len(line)
        os.truncate(self._path, valid_bytes)

    def add(self, window: TranscribedWindow) -> None:
        """Append a window."""
        with self._path.open("ab") as file:
            file.write(window.line())
        self.windows.append(window)
