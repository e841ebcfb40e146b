"""The tables that both backends have, as `tables.sql` describes them."""

from __future__ import annotations

import re
from pathlib import Path

SCRIPT = Path(__file__).with_name("tables.sql").read_text(encoding="utf-8")
_COMMENT, _TABLE = re.compile(r"--.*"), re.compile(r"^CREATE TABLE (\w+)([^;]*);", re.MULTILINE)
_COLUMN, _PARENT = re.compile(r"(\w+) (?:TEXT|INTEGER|REAL|BLOB)\b"), re.compile(r"(\w+) [A-Z ]+ REFERENCES (\w+)")


def tables_of(script: str) -> dict[str, str]:
    """What a script says of each table, by its name."""
    return dict(_TABLE.findall(_COMMENT.sub("", script)))


def parents_of(script: str) -> dict[str, tuple[str, str]]:
    """The tables that refer to a parent table: the column that does, and the parent."""
    return {name: (match[1], match[2]) for name, body in tables_of(script).items() if (match := _PARENT.search(body))}


COLUMNS = {name: ", ".join(_COLUMN.findall(body)) for name, body in tables_of(SCRIPT).items()}
"""The columns of each table, as SQL names them."""

CATALOGUE = ("resource", "listing", "playlist_entry", "name", "translation", "setting", "kept")
"""The tables beside those of transcripts, in an order in which rows come after those that they refer to."""
