"""The port through which the SQL that both backends share reaches a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, LiteralString, Protocol


class Database(Protocol):
    """A backend's database, for SQL with `?` for each value and `IN ?*` for a list of values."""

    added: str
    """The column by which resources are ordered as they were added."""

    def rows(self, sql: LiteralString, *values: object) -> Sequence[Sequence[Any]]:
        """The rows of a query."""
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
