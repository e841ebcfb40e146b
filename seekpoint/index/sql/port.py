"""The port over which the SQL of both backends reaches a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, Concatenate, LiteralString, ParamSpec, Protocol, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Database(Protocol):
    """A backend's database, for SQL with `?` for each value and `IN ?*` for a list of values."""

    added: str
    """The column by which resources are ordered as they were added."""

    chunk_rows: LiteralString
    """The query for the columns of `transcripts.ChunkRow`."""

    own_settings: frozenset[str]
    """The names of settings that describe this database alone."""

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

    def content_errors(self) -> AbstractContextManager[None]:
        """Report the errors of what decodes stored values as damage of the library."""
        ...


def decoding(method: Callable[Concatenate[Any, _P], _T]) -> Callable[Concatenate[Any, _P], _T]:
    """A method that decodes what the database `db` stores, within its `content_errors`."""

    @wraps(method)
    def checked(self: Any, /, *arguments: _P.args, **options: _P.kwargs) -> _T:  # noqa: ANN401
        with self.db.content_errors():
            return method(self, *arguments, **options)

    return checked
