"""All exceptions that Seekpoint raises on purpose."""

from __future__ import annotations

from seekpoint.index.reasons import Reason
from seekpoint.index.types import State


class SeekpointError(Exception):
    """The base class; its text is one line for the user: what is wrong, and what to do."""


class UsageError(SeekpointError):
    """The arguments of a call or command are invalid."""


class WordlessQuestion(UsageError):
    """A question without words; `question` is what was asked, for whoever says so other than in a terminal."""

    def __init__(self, question: str, reason: str) -> None:
        super().__init__(reason)
        self.question = question


class SourceError(SeekpointError):
    """A reading list, folder or caption file can't be read."""


class ModelError(SeekpointError):
    """An embedding model can't be loaded."""


class ReaderError(SeekpointError):
    """A language model doesn't read an answer to its end."""


class LibraryError(SeekpointError):
    """A library can't be opened or written."""


class LibraryNotFound(LibraryError):
    """There is no library where one was expected."""


class ForeignLibrary(LibraryError):
    """The folder has other files, or a library of another version."""


class NewerLibrary(ForeignLibrary):
    """A later version of Seekpoint wrote the library."""


class UnreleasedLibrary(ForeignLibrary):
    """A version of Seekpoint before the first release wrote the library."""


class DamagedLibrary(LibraryError):
    """A file is missing or not as it was written; it `is_mendable` if a build that is started again mends it."""

    def __init__(self, text: str, *, is_mendable: bool = False) -> None:
        super().__init__(text)
        self.is_mendable = is_mendable


class LockedLibrary(LibraryError):
    """Another process is writing to the library."""


class LostConnection(LibraryError):
    """The connection to the library's server broke; another one may do."""


class LostLease(LibraryError):
    """Another builder works on the resource now, since this one was silent for a while."""


class ModelMismatch(LibraryError):
    """The library's vectors were made by another model."""


class Unfetched(SeekpointError):
    """A resource has no transcript; `retry_after` is in seconds, `None` if only a change by the user helps."""

    def __init__(self, state: State, reason: Reason, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason
        self.retry_after = retry_after


def unavailable(code: str, **values: object) -> Unfetched:
    """The error for a resource that can't be read, with the reason of this code."""
    return Unfetched(State.UNAVAILABLE, Reason(code, **values))


class Halt(Unfetched):
    """The next requests would fail for the same reason."""

    def __init__(self, reason: Reason, retry_after: float | None = None) -> None:
        super().__init__(State.DEFERRED, reason, retry_after)


class Blocked(Halt):
    """YouTube blocks this network address; further requests prolong the block."""


class Unreachable(Halt):
    """There is no network connection; the next build may try at once."""
