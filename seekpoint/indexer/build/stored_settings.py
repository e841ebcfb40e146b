"""Settings that builds store in a library as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from seekpoint.files import parsed_json
from seekpoint.index.store import Reader

_Value = TypeVar("_Value")


def stored_setting(library: Reader, name: str, shape: Callable[[Any], _Value]) -> _Value | None:
    """A setting in the form that `shape` gives its JSON; `None` where it is missing or ill-formed.

    Only another's library has ill-formed ones. Each setting is something that a build finds again.
    """
    try:
        text = library.setting(name)
        return shape(parsed_json(text)) if text else None
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None
