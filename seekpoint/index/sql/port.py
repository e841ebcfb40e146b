"""The tables that both backends share (`tables.sql`), and the interface by which shared SQL reaches a database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, LiteralString, ParamSpec, Protocol, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

SCRIPT = Path(__file__).with_name("tables.sql").read_text(encoding="utf-8")
_COMMENT, _TABLE = re.compile(r"--.*"), re.compile(r"^CREATE TABLE (\w+)([^;]*);", re.MULTILINE)
_COLUMN, _PARENT = re.compile(r"(\w+) (?:TEXT|INTEGER|REAL|BLOB)\b"), re.compile(r"(\w+) [A-Z ]+ REFERENCES (\w+)")


def tables_of(script: str) -> dict[str, str]:
    """The definition of each table in a script, by the table's name."""
    return dict(_TABLE.findall(_COMMENT.sub("", script)))


def parents_of(script: str) -> dict[str, tuple[str, str]]:
    """The tables that refer to a parent table: the column that does, and the parent."""
    return {name: (match[1], match[2]) for name, body in tables_of(script).items() if (match := _PARENT.search(body))}


COLUMNS = {name: ", ".join(_COLUMN.findall(body)) for name, body in tables_of(SCRIPT).items()}
"""The columns of each table, as SQL names them."""

CATALOGUE = (
    *("resource", "listing", "playlist_entry", "name", "translation", "setting", "kept"),
    *("stretch", "question_block"),
)
"""The tables beside those of transcripts, in an order in which rows come after those that they refer to."""


class Database(Protocol):
    """A backend's database, for SQL with `?` for each value and `IN ?*` for a list of values."""

    added: str
    """The column by which resources are ordered as they were added."""

    bodies: LiteralString
    """The digest, the vector and the terms of chunks as bytes, and the tables that have them, as SQL selects them."""

    own_settings: frozenset[str]
    """The names of settings that describe this database alone."""

    def rows(self, sql: LiteralString, *values: object) -> Sequence[Sequence[Any]]:
        """The rows of a query."""
        ...

    def each(self, sql: LiteralString, *values: object) -> Iterable[Sequence[Any]]:
        """The rows of a query, of a file one by one, since those of a forged one may take any amount of memory.

        Errors of the file come as they are.
        """
        ...

    def run(self, sql: LiteralString, *values: object) -> None:
        """Run a statement."""
        ...

    def run_many(self, sql: LiteralString, values: Iterable[Sequence[object]]) -> None:
        """Run a statement for each row of values."""
        ...

    def add(self, target: LiteralString, rows: Iterable[Sequence[object]]) -> None:
        """Add rows to a table, named as `table (columns)`."""
        ...

    def content_errors(self) -> AbstractContextManager[None]:
        """Report errors in decoding stored values as damage of the library."""
        ...


def decoding(method: Callable[Concatenate[Any, _P], _T]) -> Callable[Concatenate[Any, _P], _T]:
    """Wrap a method so that errors in decoding rows of `self.db` are reported as damage."""

    @wraps(method)
    def checked(self: Any, /, *arguments: _P.args, **options: _P.kwargs) -> _T:  # noqa: ANN401
        with self.db.content_errors():
            return method(self, *arguments, **options)

    return checked
