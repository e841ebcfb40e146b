"""What was transcribed so far, on disk: one line a window, so that a kill loses the one in work at most."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple, Self

from seekpoint.index.types import Cue


class Heard(NamedTuple):
    """What is said up to sample `stop`, found in a slice that began at sample `first`."""

    first: int
    stop: int
    language: str
    cues: tuple[Cue, ...]

    def line(self) -> bytes:
        cues = [[cue.start, cue.end, cue.text] for cue in self.cues]
        return json.dumps([self.first, self.stop, self.language, cues], ensure_ascii=False).encode() + b"\n"

    @classmethod
    def parsed(cls, line: bytes) -> Self | None:
        """Read a line; `None` where it isn't what was written."""
        if not line.endswith(b"\n"):
            return None
        try:
            first, stop, language, cues = json.loads(line)
            said = tuple(Cue(float(start), float(end), str(text)) for start, end, text in cues)
            return cls(int(first), int(stop), str(language), said)
        except (ValueError, TypeError):
            return None


class Notes:
    """The windows that are done, in order; damage takes away what follows it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.heard: list[Heard] = []
        if path.exists():
            self._read()

    def _read(self) -> None:
        whole = 0
        for line in self._path.read_bytes().splitlines(keepends=True):
            heard = Heard.parsed(line)
            if heard is None:
                break
            self.heard.append(heard)
            whole += len(line)
        os.truncate(self._path, whole)

    def add(self, heard: Heard) -> None:
        """Keep one more window."""
        with self._path.open("ab") as file:
            file.write(heard.line())
        self.heard.append(heard)
