"""Reasons why resources aren't indexed: a code and values, which are rendered in each language of `reasons.toml`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Self

from seekpoint.files import parsed_json
from seekpoint.index.text.clean import clean, without_passwords

_JOINTS = {"en": (": ", "; "), "zh": ("：", "；")}
# An imported library may have reasons of any length and depth.
_LONGEST_ROW, _LONGEST_VALUE, _LONGEST_CODE, _MOST_VALUES, _DEEPEST = 20_000, 600, 60, 20, 3
_UNKNOWN, _OTHER = "unknown", "other"


@cache
def catalogue() -> Mapping[str, Mapping[str, list[str]]]:
    """The causes and remedies by code and language, with the names of values in braces."""
    import tomllib

    return tomllib.loads((Path(__file__).parent / "reasons.toml").read_text("utf-8"))


class Reason(str):
    """The English text of a reason, with the code and the values that a library stores.

    Values are text from outside, which is cleaned and holds no passwords, or reasons, which are rendered in the same
    language.
    """

    __slots__ = ("code", "values")
    code: str
    values: Mapping[str, str | Reason | tuple[Reason, ...]]

    def __new__(cls, code: str, /, **values: object) -> Self:
        """Make a reason; one with a code that this version doesn't know says so."""
        cleaned = {name: _cleaned(value) for name, value in values.items()}
        reason = super().__new__(cls, _rendered(code, cleaned, "en"))
        reason.code, reason.values = code, cleaned
        return reason

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (self.code,), dict(self.values)

    @classmethod
    def of(cls, text: object) -> Reason:
        """The reason itself, or one that only has a text of another program."""
        return text if isinstance(text, Reason) else cls(_OTHER, text=text)

    @classmethod
    def stored(cls, row: str) -> Reason:
        """The reason in a library's row; a row in another form is text of another program."""
        return _stored(str(row)[:_LONGEST_ROW])

    def to_row(self) -> str:
        """The code and the values, as a library stores them."""
        return json.dumps(_as_json(self), ensure_ascii=False)

    def in_language(self, language: str) -> str:
        """The text in a language of the page; English for another one."""
        return _rendered(self.code, self.values, language if language in _JOINTS else "en")

    @property
    def is_foreign(self) -> bool:
        """Whether it is text of another program, in any language."""
        return self.code == _OTHER


@lru_cache(maxsize=1 << 10)  # thousands of resources may wait for one reason
def _stored(row: str) -> Reason:
    try:
        return _reason(parsed_json(row))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return Reason.of(row)


def row_of(reason: str | None) -> str | None:
    """The row that stores a reason; `None` without one."""
    return None if reason is None else Reason.of(reason).to_row()


def _rendered(code: str, values: Mapping[str, str | Reason | tuple[Reason, ...]], language: str) -> str:
    colon, semicolon = _JOINTS[language]
    texts: dict[str, str] = defaultdict(lambda: "…")  # for values that a row lacks
    for name, value in values.items():
        reasons = value if isinstance(value, tuple) else (value,)
        texts[name] = semicolon.join(
            each.in_language(language) if isinstance(each, Reason) else each for each in reasons
        )
    if code not in catalogue():
        texts = {"code": code, "values": ", ".join(texts.values())}
        code = _UNKNOWN
    return colon.join(part.format_map(texts) for part in catalogue()[code][language])


def _cleaned(value: object) -> str | Reason | tuple[Reason, ...]:
    if isinstance(value, tuple):
        return tuple(Reason.of(each) for each in value[:_MOST_VALUES])
    return value if isinstance(value, Reason) else clean(without_passwords(str(value)))[:_LONGEST_VALUE]


def _as_json(value: str | Reason | tuple[Reason, ...]) -> object:
    if isinstance(value, Reason):
        return {"code": value.code, "values": {name: _as_json(part) for name, part in value.values.items()}}
    return [_as_json(each) for each in value] if isinstance(value, tuple) else value


def _reason(row: Any, depth: int = 0) -> Reason:  # noqa: ANN401
    """The reason in parsed JSON; raises ValueError or TypeError for another form."""
    if depth > _DEEPEST or not isinstance(row["code"], str):
        raise ValueError(row)

    def value_of(value: object) -> object:
        if isinstance(value, list):
            return tuple(_reason(each, depth + 1) for each in value[:_MOST_VALUES])
        return _reason(value, depth + 1) if isinstance(value, dict) else value

    values = {str(name): value_of(value) for name, value in list(row["values"].items())[:_MOST_VALUES]}
    return Reason(clean(row["code"])[:_LONGEST_CODE], **values)
