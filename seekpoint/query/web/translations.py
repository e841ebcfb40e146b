"""The page's texts in each of its languages, and the choice of the language that a browser prefers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from seekpoint.index.text.language_tags import UNKNOWN, primary

if TYPE_CHECKING:
    from starlette.requests import Request


LANGUAGES = {"en": "en", "zh": "zh-Hans"}
"""The page's `lang` attribute, by primary subtag."""

ENDONYMS = {"en": "English", "zh": "中文"}
"""What each language calls itself."""

WORDS: Mapping[str, Mapping[str, str]] = {
    language: tomllib.loads((Path(__file__).parent / "words" / f"{language}.toml").read_text("utf-8"))
    for language in LANGUAGES
}
"""The texts by language and key."""

SCRIPT_WORDS = (
    "copied",
    "copy_failed",
    "playing",
    "cant_play",
    "failed",
    "play_from",
    "no_embed",
    "gone",
    "youtube_fault",
    "silent",
    "on_youtube",
    "on_youtube_at",
    "found_none",
    "found_at",
    "suggest_resource",
    "suggest_heading",
    "suggest_chapter",
    "suggest_earlier",
    "suggest_forget",
)
"""The keys of the texts that the page's script shows."""


def preferred_language(accept_language: str) -> str:
    """The page's language for an Accept-Language header; English if it names none of them."""
    weights = [_language_weight(part) for part in accept_language[:500].split(",")]
    known = [(weight, -order, name) for order, (name, weight) in enumerate(weights) if name in WORDS and weight > 0]
    return max(known, default=(0.0, 0, "en"))[2]


def translator(language: str) -> Callable[..., str]:
    """A function from a text's key, and the values in it, to the text in a language."""
    words = WORDS[language]

    def translate(key: str, **values: object) -> str:
        return words[key].format(**values)

    return translate


def language_name(tag: str, language: str) -> str:
    """The name of the language with a tag, in the page's `language`; the tag itself if there is no name for it.

    Empty for a language that isn't known.
    """
    if primary(tag) == UNKNOWN:
        return ""
    return WORDS[language].get(primary(tag), tag) if primary(tag) in WORDS else tag


def _language_weight(part: str) -> tuple[str, float]:
    tag, _, rest = part.strip().partition(";")
    try:
        weight = float(rest.strip().removeprefix("q=") or 1)
    except ValueError:
        weight = 0.0
    return primary(tag.strip()), weight if isfinite(weight) else 0.0


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


# The parameter and the cookie that hold the language which a reader has chosen.
CHOICE, COOKIE = "ui", "seekpoint_ui"


def language_of(request: Request) -> str:
    """The language that the address names, else the one that was chosen before, else the browser's."""
    for chosen in (request.query_params.get(CHOICE), request.cookies.get(COOKIE)):
        if chosen and chosen in WORDS:
            return chosen
    return preferred_language(request.headers.get("accept-language", ""))
