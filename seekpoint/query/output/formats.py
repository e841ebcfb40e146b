"""The formats of `ask --format` beside plain text and JSON.

A new format is a module beside this one, with a function from an answer to its text, and a line in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from seekpoint.query.answers import Answer
from seekpoint.query.output.csv import to_csv
from seekpoint.query.output.m3u import to_m3u
from seekpoint.query.output.markdown import to_markdown


@dataclass(frozen=True, slots=True)
class Format:
    """How answers are written; `following` writes those after the first of a stream, if they differ."""

    first: Callable[[Answer], str]
    following: Callable[[Answer], str] | None = None

    def render(self, answer: Answer, *, is_first: bool = True) -> str:
        """The text of an answer, the first of a stream or a later one."""
        return self.first(answer) if is_first or self.following is None else self.following(answer)


FORMATS: Mapping[str, Format] = {
    "markdown": Format(to_markdown),
    "csv": Format(to_csv, following=partial(to_csv, with_header=False)),
    "m3u": Format(to_m3u),
}
