"""Everything that Seekpoint raises on purpose.

SeekpointError              one line for the user: what is wrong, where, what to do
├── UsageError              the call itself makes no sense (exit code 2)
├── SourceError             a reading list, folder or caption file that can't be read
├── ModelError              an embedding model that can't be loaded
├── LibraryError            a library that can't be opened or written
│   ├── LibraryNotFound
│   ├── ForeignLibrary      the folder holds something else
│   │   ├── NewerLibrary    a later version's library
│   │   └── UnreleasedLibrary   one from before the first release
│   ├── DamagedLibrary
│   ├── LockedLibrary       another build is writing
│   └── ModelMismatch
└── Unfetched               a resource that gave no transcript, with the state it ends in
    └── Halt                the next request would fare no better: the run stops asking
        ├── Blocked         YouTube refuses this address: the next runs don't ask for a while either
        └── Unreachable     there is no connection
"""

from __future__ import annotations

from seekpoint.index.types import State


class SeekpointError(Exception):
    """The base: its text is shown to the user as it stands."""


class UsageError(SeekpointError):
    """The call itself makes no sense."""


class SourceError(SeekpointError):
    """A reading list, folder or caption file can't be read."""


class ModelError(SeekpointError):
    """An embedding model can't be loaded."""


class LibraryError(SeekpointError):
    """A library can't be opened or written."""


class LibraryNotFound(LibraryError):
    """There is no library where one was expected."""


class ForeignLibrary(LibraryError):
    """The folder holds something else, or a library of a newer version."""


class NewerLibrary(ForeignLibrary):
    """A later Seekpoint wrote it."""


class UnreleasedLibrary(ForeignLibrary):
    """A Seekpoint from before the first release wrote it."""


class DamagedLibrary(LibraryError):
    """A file of the library isn't what was written."""


class LockedLibrary(LibraryError):
    """Another process is writing to the library."""


class ModelMismatch(LibraryError):
    """The library's vectors were made by another model."""


class Unfetched(SeekpointError):
    """A resource gave no transcript.

    `retry_after` is in seconds from now; `None` means that nothing but a change on the user's side helps.
    """

    def __init__(self, state: State, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason
        self.retry_after = retry_after


class Halt(Unfetched):
    """The next request would fare no better."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(State.DEFERRED, reason, retry_after)


class Blocked(Halt):
    """YouTube refuses this address: asking on makes it worse."""


class Unreachable(Halt):
    """There is no connection; the next build may try at once."""
