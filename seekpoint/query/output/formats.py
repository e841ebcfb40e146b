"""The formats of `ask --format` beside plain text and JSON.

A new format is a function from an answer to its text, in exports.py or a module of its own, and a line in `FORMATS`.
The module is imported when the format is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

from seekpoint.query.answers import Answer


class Format(NamedTuple):
    """The module of a format, and its functions for the first answer of a stream and for those that follow."""

    module: str
    first: str
    following: str

    def render(self, answer: Answer, *, is_first: bool = True) -> str:
        """The text of an answer, the first of a stream or a later one."""
        module = import_module(f"seekpoint.query.output.{self.module}")
        text: str = getattr(module, self.first if is_first else self.following)(answer)
        return text


FORMATS: Mapping[str, Format] = {
    "markdown": Format("exports", "to_markdown", "to_markdown"),
    "csv": Format("exports", "to_csv", "to_csv_rows"),
    "m3u": Format("exports", "to_m3u", "to_m3u"),
}
