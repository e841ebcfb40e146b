"""How answers show themselves in a notebook; what that looks like is registered by who knows links."""

from __future__ import annotations

from functools import singledispatch


@singledispatch
def to_html(shown: object) -> str | None:
    """The HTML of something, `None` where nobody registered any."""
    return None


class Displayed:
    """Shows itself as HTML in a notebook."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        return to_html(self)
