"""The page's texts in each of its languages, and the choice of the language that a browser prefers."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, reduce
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from seekpoint.index.text.languages import UNKNOWN, primary
from seekpoint.query.output.status import BESIDE_A_BUILD, STEPS

if TYPE_CHECKING:
    from opencc import OpenCC
    from starlette.requests import Request

    from seekpoint.index.reasons import Reason

TRADITIONAL = "zh-Hant"

LANGUAGES = {"en": "en", "zh": "zh-Hans", TRADITIONAL: TRADITIONAL}
"""The page's `lang` attribute, by its language."""

ENDONYMS = {"en": "English", "zh": "简体中文", TRADITIONAL: "繁體中文"}
"""The name of each language in itself."""

_TABLES = {
    language: tomllib.loads((Path(__file__).parent / "words" / f"{language}.toml").read_text("utf-8"))
    for language in ("en", "zh")
}
for _prefix, _steps in (("step", STEPS), ("beside", BESIDE_A_BUILD)):  # in `status` too
    _TABLES["en"] |= {f"{_prefix}_{step}": text for step, text in _steps.items()}
SCRIPT_WORDS = tuple(_TABLES["en"]["script"])
"""The keys of the texts that the page's script shows."""

WORDS: Mapping[str, Mapping[str, str]] = {language: table.pop("script") | table for language, table in _TABLES.items()}
"""The texts by language and key; those in traditional Chinese are made of the Chinese ones."""

_IN_TRADITIONAL = {"hant", "tw", "hk", "mo"}
_QUOTATION_MARKS = str.maketrans("“”", "「」")
# What OpenCC's words mean otherwise on this page: a type of values, to let go, a database, a query.
_IN_TAIWAN = {
    **{"型別": "類型", "釋出": "發布", "許可權": "權限", "資料庫": "知識庫", "查詢": "尋找"},
    **{"幻燈片": "投影片", "回車鍵": " Enter 鍵", "播放列表": "播放清單"},
}


def preferred_language(accept_language: str) -> str:
    """The page's language for an Accept-Language header; English if it names none of them."""
    known = [(0.0, 0, "en")]
    for order, part in enumerate(accept_language[:500].split(",")):
        tag, _, rest = part.strip().partition(";")
        with suppress(ValueError):
            weight = float(rest.strip().removeprefix("q=") or 1)
            if primary(tag.strip()) in WORDS and isfinite(weight) and weight > 0:
                known.append((weight, -order, _language_of_tag(tag.strip())))
    return max(known)[2]


def _language_of_tag(tag: str) -> str:
    subtags = {*tag.lower().split("-")}
    is_traditional = primary(tag) == "zh" and "hans" not in subtags and subtags & _IN_TRADITIONAL
    return TRADITIONAL if is_traditional else primary(tag)


@cache
def words_in(language: str) -> Mapping[str, str]:
    """The texts in a language by key."""
    return {key: in_script(text, language) for key, text in WORDS[primary(language)].items()}


def in_script(text: str, language: str) -> str:
    """A text of the page in the script of its language, with Taiwan's words in traditional Chinese."""
    if language != TRADITIONAL:
        return text
    text = _converter().convert(text).translate(_QUOTATION_MARKS)
    return reduce(lambda text, word: text.replace(word, _IN_TAIWAN[word]), _IN_TAIWAN, text)


@cache
def _converter() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("s2twp")


def reason_in(reason: Reason, language: str) -> str:
    """The text of a reason in the page's language."""
    text = reason.in_language(primary(language))
    return text if reason.is_foreign else in_script(text, language)


def translator(language: str) -> Callable[..., str]:
    """A function from a text's key, and the values in it, to the text in a language."""
    words = words_in(language)
    return lambda key, **values: words[key].format(**values)


def language_name(tag: str, language: str) -> str:
    """The name of a language in the page's `language`, else its tag; empty if it isn't known."""
    if primary(tag) == UNKNOWN:
        return ""
    return words_in(language)[primary(tag)] if primary(tag) in WORDS else tag


# The parameter and the cookie that hold the language which a reader has chosen.
CHOICE, COOKIE = "ui", "seekpoint_ui"


def language_of(request: Request) -> str:
    """The language that the address names, else the one that was chosen before, else the browser's."""
    for chosen in (request.query_params.get(CHOICE), request.cookies.get(COOKIE)):
        if chosen and chosen in LANGUAGES:
            return chosen
    return preferred_language(request.headers.get("accept-language", ""))
