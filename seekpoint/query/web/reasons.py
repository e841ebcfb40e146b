"""The reasons why entries aren't indexed, in the page's language: they are stored in English."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path

_HOLE = "…"


# An imported library may have reasons of any length.
_LONGEST = 400


@lru_cache(maxsize=1 << 12)
def translated_reason(reason: str, language: str) -> str | None:
    """A reason in a language; `None` if it has no translation.

    The catalogue has whole reasons, or causes and remedies, which a colon separates.
    """
    if len(reason) > _LONGEST:
        return None
    cause, colon, remedy = reason.rpartition(": ")
    while colon:
        if (first := _of_template(cause, language)) and (second := _of_template(remedy, language)):
            return f"{first}：{second}"
        cause, colon, rest = cause.rpartition(": ")
        remedy = f"{rest}: {remedy}"
    return _of_template(reason, language)


def _of_template(text: str, language: str) -> str | None:
    """The translation of the first template that a text fits; what fills its holes is translated too, if it can be."""
    for pattern, translation in _catalogue(language):
        if found := pattern.fullmatch(text):
            return translation.format(*(translated_reason(value, language) or value for value in found.groups()))
    return None


@cache
def _catalogue(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Each template as a pattern, with its translation; those that say most come first."""
    file = Path(__file__).parent / "words" / f"reasons.{language}.toml"
    templates = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
    ordered = sorted(templates, key=lambda template: -len(template.replace(_HOLE, "")))
    return [(_pattern(template), templates[template]) for template in ordered]


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("(.+)".join(map(re.escape, template.split(_HOLE))), re.DOTALL)
