"""Changing one member of a JSON text, and leaving all else as somebody wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_MARGIN = re.compile(r"[ \t]*")


def value_of(text: str, opening: int, key: str) -> int | None:
    """Where a member's value begins, in the object that opens there; of several with one name the last counts."""
    return next((value for name, _, value, _ in reversed(_members(text, opening)) if name == key), None)


def with_member(text: str, opening: int, key: str, value: object) -> str:
    """The text with a member's value replaced, or the member put first, so that no other line changes."""
    newline = "\r\n" if "\r\n" in text else "\n"
    unit = found[1] if (found := re.search(r'\n([ \t]+)"', text)) else "  "

    def written(value: object, in_lines: bool, margin: str) -> str:
        dumped = json.dumps(value, ensure_ascii=False, indent=unit if in_lines else None)
        return dumped.replace("\n", newline + margin)

    members = _members(text, opening)
    for name, start, at, end in reversed(members):
        if name == key:
            return text[:at] + written(value, "\n" in text[at:end], _margin(text, start)) + text[end:]
    if members:
        gap = text[opening + 1 : members[0][1]]
        new = written(value, "\n" in gap, gap.rpartition("\n")[2])
        return f"{text[: opening + 1]}{gap}{json.dumps(key)}: {new},{gap or ' '}{text[members[0][1] :]}"
    in_lines, outer = "\n" in text.strip() or text.strip() == "{}", _margin(text, opening)
    before, after = (newline + outer + unit, newline + outer) if in_lines else ("", "")
    new = f"{before}{json.dumps(key)}: {written(value, in_lines, outer + unit)}{after}"
    return text[: opening + 1] + new + text[text.index("}", opening) :]


def without_member(text: str, opening: int, key: str) -> str:
    """The text without the members of a name, in the object that opens there."""
    members = _members(text, opening)
    for at in reversed([at for at, (name, *_) in enumerate(members) if name == key]):
        if at + 1 < len(members):
            start, end = members[at][1], members[at + 1][1]
        elif at:
            start, end = members[at - 1][3], members[at][3]
        else:
            start, end = opening + 1, text.index("}", members[at][3])
        return without_member(text[:start] + text[end:], opening, key)
    return text


def _members(text: str, opening: int) -> list[tuple[str, int, int, int]]:
    """Of each member its name, where it begins, and where its value begins and ends."""

    def scanned() -> Iterator[tuple[str, int, int, int]]:
        at = _after_space(text, opening + 1)
        while text[at] == '"':
            name, colon = _DECODER.raw_decode(text, at)
            value = _after_space(text, _after_space(text, colon) + 1)
            _, end = _DECODER.raw_decode(text, value)
            yield name, at, value, end
            at = _after_space(text, end)
            at = _after_space(text, at + 1) if text[at] == "," else at

    return [*scanned()]


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _margin(text: str, at: int) -> str:
    """The white space before the line in which a place is."""
    found = _MARGIN.match(text, text.rfind("\n", 0, at) + 1)
    return found[0] if found else ""
