"""The backend for libraries on PostgreSQL, with pgvector for meaning and pg_textsearch for words."""

from seekpoint.index.errors import LibraryError

try:
    import psycopg
    import psycopg_pool
except ModuleNotFoundError as error:
    if error.name not in ("psycopg", "psycopg_pool"):
        raise
    raise LibraryError(
        "a library on PostgreSQL needs psycopg: `pip install 'seekpoint[postgres]'`, or name a folder with --index"
    ) from error

__all__ = ["psycopg", "psycopg_pool"]
