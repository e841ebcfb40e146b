"""The page's texts in each of its languages, and the choice of the language that a browser prefers."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from seekpoint.index.text.languages import UNKNOWN, primary

if TYPE_CHECKING:
    from starlette.requests import Request

LANGUAGES = {"en": "en", "zh": "zh-Hans"}
"""The page's `lang` attribute, by primary subtag."""

ENDONYMS = {"en": "English", "zh": "中文"}
"""The name of each language in itself."""

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
    known = [(0.0, 0, "en")]
    for order, part in enumerate(accept_language[:500].split(",")):
        tag, _, rest = part.strip().partition(";")
        with suppress(ValueError):
            weight = float(rest.strip().removeprefix("q=") or 1)
            if primary(tag.strip()) in WORDS and isfinite(weight) and weight > 0:
                known.append((weight, -order, primary(tag.strip())))
    return max(known)[2]


def translator(language: str) -> Callable[..., str]:
    """A function from a text's key, and the values in it, to the text in a language."""
    words = WORDS[language]
    return lambda key, **values: words[key].format(**values)


def language_name(tag: str, language: str) -> str:
    """The name of a language in the page's `language`, else its tag; empty if it isn't known."""
    if primary(tag) == UNKNOWN:
        return ""
    return WORDS[language].get(primary(tag), tag) if primary(tag) in WORDS else tag


# The parameter and the cookie that hold the language which a reader has chosen.
CHOICE, COOKIE = "ui", "seekpoint_ui"


def language_of(request: Request) -> str:
    """The language that the address names, else the one that was chosen before, else the browser's."""
    for chosen in (request.query_params.get(CHOICE), request.cookies.get(COOKIE)):
        if chosen and chosen in WORDS:
            return chosen
    return preferred_language(request.headers.get("accept-language", ""))
