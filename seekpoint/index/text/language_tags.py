"""Language tags (BCP 47): their primary subtags, and parsing lists of them."""

from __future__ import annotations

import re
from functools import cache

from seekpoint.index.errors import UsageError

UNKNOWN = "und"
"""The tag of a language that isn't known."""

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
# Chinese languages that captions write like Mandarin, and codes that ISO 639 has replaced but YouTube still uses.
_SAME = {"yue": "zh", "cmn": "zh", "iw": "he", "in": "id", "ji": "yi", "mo": "ro"}


@cache
def primary(tag: str) -> str:
    """The primary subtag of a language tag, normalised: `zh` for `zh-TW`, and also for `yue`."""
    subtag = tag.replace("_", "-").split("-", 1)[0].lower()
    return _SAME.get(subtag, subtag)


def is_tag(text: str) -> bool:
    """Whether a text has the form of a language tag; underscores may stand for its hyphens."""
    return _TAG.fullmatch(text.replace("_", "-")) is not None


def parse_tags(text: str) -> tuple[str, ...]:
    """The tags of a list such as `en,zh-TW`; raises UsageError for anything else."""
    tags = tuple(tag for part in text.split(",") if (tag := part.strip()))
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise UsageError(f"--languages takes tags such as en,zh-TW, not {tag!r}")
    return tags
