"""Language tags (BCP 47), as far as they matter here."""

from __future__ import annotations


def primary(tag: str) -> str:
    """The primary subtag of a language tag: `zh` of `zh-TW`."""
    return tag.replace("_", "-").split("-", 1)[0].lower()
