"""What someone meant who called a command that there isn't."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from seekpoint.index.text.clean import clean

_ADDRESS = re.compile(r"https?://|www\.|(?:youtu\.be|(?:m\.)?youtube\.com|arxiv\.org)/", re.IGNORECASE)
_LIKE_A_QUESTION = re.compile(r"\s|[?？]$|[^\x00-\x7f]")
_SHOWN = 60


def suggestion(name: str, commands: Sequence[str]) -> str:
    """What to do instead: build what is a file or an address, ask a question, or the command that is spelt alike."""
    shown = shlex.quote(clean(name)[:_SHOWN])
    if _ADDRESS.match(name) or _exists(name):
        return f"`seekpoint build {shown}` indexes it"
    if _LIKE_A_QUESTION.search(name.strip()):
        return f"`seekpoint ask {shown}` asks it"
    if close := get_close_matches(name.lower(), commands, 1):
        return f"did you mean `{close[0]}`?"
    return "`seekpoint --help` lists the commands"


def _exists(name: str) -> bool:
    with suppress(OSError, ValueError):  # a name may be too long for a path
        return bool(name) and Path(name).exists()
    return False
