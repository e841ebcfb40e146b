"""Keeping the indexes of a library small: `bm25` never gives back the room of chunks that were replaced."""

from __future__ import annotations

from contextlib import suppress

from seekpoint.index.errors import LibraryError
from seekpoint.index.postgres.session import Session

# The key of the advisory lock that keeps two processes from making the same index anew.
_LOCK = 0x736B7076
# The index is made anew from so many times its size as a fresh one, in bytes a chunk, and not below a size. A merge of
# all segments doubles it, and later ones use these pages again. Made anew it is one segment of the lowest level, so the
# next merge there, after some sixty lectures, rewrites all of it, and questions to this server wait.
_MOST_GROWTH, _SMALL = 2.5, 1 << 23
# How long to wait for questions that began before; they take no second.
_WAIT_SECONDS = 10


def tidy(session: Session, least: int = _SMALL, wait_seconds: int = _WAIT_SECONDS) -> None:
    """Make the index of words anew if it has grown too much, while questions go on; not within a transaction.

    Those that began before are waited for, so many seconds. Does nothing for a role that may not, while another process
    is at it, or to an index of less than `least` bytes.
    """
    if session.rows("SELECT pg_try_advisory_lock(%s, hashtext(current_schema()))", _LOCK) != [(True,)]:
        return
    try:
        if _is_grown(session, least):
            with suppress(LibraryError):
                _make_anew(session, wait_seconds)
    finally:
        session.run("SELECT pg_advisory_unlock(%s, hashtext(current_schema()))", _LOCK)


def _is_grown(session: Session, least: int) -> bool:
    [(size, chunks, fresh)] = session.rows(
        """SELECT coalesce(pg_relation_size(to_regclass('chunk_words')), 0),
                  (SELECT coalesce(sum(chunks), 0)::bigint FROM language), (SELECT words_bytes FROM meta)"""
    )
    return bool(size > least and (fresh is None or size > _MOST_GROWTH * fresh * max(chunks, 1)))


def _make_anew(session: Session, wait_seconds: int) -> None:
    session.run("DROP INDEX IF EXISTS chunk_words_ccnew")  # of one that was interrupted
    session.run(f"SET lock_timeout = '{wait_seconds}s'")
    try:
        session.run("REINDEX INDEX CONCURRENTLY chunk_words")
    finally:
        session.run("RESET lock_timeout")
    keep_size(session)


def keep_size(session: Session) -> None:
    """Note the size of the index as that of a fresh one."""
    session.run(
        """UPDATE meta SET words_bytes = pg_relation_size('chunk_words')
             / (SELECT greatest(sum(chunks), 1) FROM language)"""
    )
