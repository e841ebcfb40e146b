"""A library on a server, open for reading: one snapshot, a transaction that sees no later commits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Self, cast

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import LibraryNotFound, LostConnection
from seekpoint.index.postgres import schema, transcripts
from seekpoint.index.postgres.session import ServerDatabase, Session, connect, content_errors, pooled
from seekpoint.index.settings import NAMES, LibrarySettings
from seekpoint.index.sql.catalogue import Catalogue
from seekpoint.index.sql.passages import Passages
from seekpoint.index.sql.port import Database
from seekpoint.index.store import Closing
from seekpoint.index.types import (
    CandidateQuery,
    Filters,
    Frequencies,
    Language,
    ModelCard,
    Revision,
    Scope,
    Vectors,
    WordGroup,
)

if TYPE_CHECKING:
    from seekpoint.index.postgres.words import WordProposals


# More than the connections that a process keeps, all of which may have broken.
_ATTEMPTS = 20


class ServerLibrary:
    """The rows and the indexes of a library on a server; `store.Reader` documents the methods."""

    _is_snapshot = True

    def __init__(self, session: Session, card: ModelCard, revision: Revision) -> None:
        self._session = session
        self._card = card
        self._revision = revision
        self.db: Database = ServerDatabase(session)
        self._languages: dict[str, Language] | None = None
        self._proposals: WordProposals | None = None

    @classmethod
    def open(cls, address: ServerAddress, *, lasting: bool = False) -> Self:
        """Open a library; raises LibraryError. A `lasting` reader shares connections with others of the process."""
        for attempt in range(_ATTEMPTS):
            session = pooled(address) if lasting else connect(address)
            try:
                session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                card = schema.check(session)  # the first query begins the snapshot
                return cls(session, card, revision_of(session))
            except LostConnection:  # the server was started again, or another took its place
                session.close()
                if attempt == _ATTEMPTS - 1:
                    raise
            except BaseException:
                session.close()
                raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        self._session.close()

    @property
    def address(self) -> ServerAddress:
        return self._session.address

    @property
    def card(self) -> ModelCard:
        return self._card

    @property
    def revision(self) -> Revision:
        return self._revision

    def verify(self) -> None:
        from seekpoint.index.postgres.verification import verify

        verify(self._session, self.card)

    @property
    def settings(self) -> LibrarySettings:
        stored = self._settings(*NAMES)
        return LibrarySettings.read(lambda name: (stored if name in NAMES else self._settings(name)).get(name))

    def _settings(self, *names: str) -> dict[str, str]:
        return dict(self._session.rows("SELECT name, value FROM setting WHERE name = ANY(%s)", [*names]))

    def languages(self) -> Mapping[str, Language]:
        if self._languages is None or not self._is_snapshot:
            from seekpoint.index.sql.stored_vectors import means_of

            with content_errors(self.address):
                stored = transcripts.chunk_languages(self._session)
                chunks, windows = means_of({name: totals for name, (totals, _) in stored.items()}, self.card)
            self._languages = {
                name: Language(totals.chunks, chunks[name], windows.get(name), terms)
                for name, (totals, terms) in stored.items()
            }
        return self._languages

    def scope(self, filters: Filters, resources: Collection[str] | None = None) -> Scope:
        from seekpoint.index.postgres.meaning import ServerScope, scope

        if filters == Filters() and resources is None:
            return ServerScope(None, None, sum(language.chunks for language in self.languages().values()))
        return scope(self._session, filters, Catalogue(self.db).kept_by(filters, resources))

    def frequencies(self, terms: Collection[str], groups: Sequence[WordGroup] = ()) -> Frequencies:
        words, sizes = self._words, {name: language.chunks for name, language in self.languages().items()}
        return Frequencies(words.frequencies(terms), words.group_frequencies(groups, sizes))

    def candidates(self, query: CandidateQuery) -> Sequence[int]:
        from seekpoint.index.postgres.meaning import ServerScope, nearest
        from seekpoint.index.sql.candidates import candidates

        words, means = self._words, {name: language.mean for name, language in self.languages().items()}

        def near(vector: Vectors, k: int, kept: ServerScope, without: Collection[str]) -> list[int]:
            return nearest(self._session, vector, k, kept, means, words.letters(without))

        def kept(scope: Scope | None) -> ServerScope:
            return cast("ServerScope", self.scope(Filters()) if scope is None else scope)

        return candidates(query, words, near, kept, may_share=False)

    def _numbers(self, terms: Collection[str]) -> Mapping[str, int]:
        return self._words.numbers(terms)

    @property
    def _words(self) -> WordProposals:
        from seekpoint.index.postgres.words import WordProposals

        if self._proposals is None or not self._is_snapshot:
            self._proposals = WordProposals(self._session, sum(one.chunks for one in self.languages().values()))
        return self._proposals


class PostgresReader(ServerLibrary, Passages, Catalogue, Closing):
    """A library on a server, open for reading."""


def revision_of(session: Session) -> Revision:
    """The current revision of a library."""
    rows = session.rows("SELECT sealed, committed FROM meta")
    return Revision(*rows[0]) if rows else Revision(None, None)


def is_written(address: ServerAddress) -> bool:
    """Whether a writer has locked a library."""
    with closing(connect(address)) as session:
        # A lock of the statement's own transaction, which ends with it.
        query = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
        return session.rows(query, address.library) != [(True,)]


def current_revision(address: ServerAddress) -> Revision:
    """The current revision of a library; no library has a revision of its own."""
    try:
        with closing(connect(address)) as session:
            return revision_of(session)
    except LibraryNotFound:
        return Revision(None, None)
