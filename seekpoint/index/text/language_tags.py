"""Language tags (BCP 47), as far as they matter here."""

from __future__ import annotations

from functools import cache

# Chinese languages that captions write in the same characters, and codes that ISO 639 has replaced but YouTube uses.
_SAME = {"yue": "zh", "cmn": "zh", "iw": "he", "in": "id", "ji": "yi", "mo": "ro"}


@cache
def primary(tag: str) -> str:
    """The primary subtag of a language tag: `zh` of `zh-TW`, and of `yue` too."""
    subtag = tag.replace("_", "-").split("-", 1)[0].lower()
    return _SAME.get(subtag, subtag)
