"""The language that a search is limited to: whether it is one, and whether the library has it. Pure."""

from __future__ import annotations

from collections.abc import Collection

from seekpoint.index.errors import UsageError
from seekpoint.index.text.clean import clean
from seekpoint.index.text.language_tags import is_tag, primary

_SHOWN = 40


def check_language(tag: str, known: Collection[str]) -> None:
    """Raise UsageError for what is no language tag, unless the library has it; `known` are its primary subtags."""
    if primary(tag) not in known and not is_tag(tag):
        raise UsageError(
            f"{clean(tag)[:_SHOWN]!r} is no language tag: give one such as en, zh or zh-Hant; {_held(known)}"
        )


def lacking(tag: str | None, known: Collection[str]) -> str | None:
    """What to say of a language that the library doesn't have; `None` if it has it."""
    if not tag or primary(tag) in known:
        return None
    return f"nothing here is in {clean(tag)[:_SHOWN]}: {_held(known)}"


def _held(known: Collection[str]) -> str:
    return f"the library has {', '.join(map(clean, sorted(known)))}" if known else "nothing is indexed yet"
