"""The resource that a user names at the terminal: by its id, its path, or an address that leads to it."""

from __future__ import annotations

import time

from seekpoint.index.errors import UsageError
from seekpoint.index.store import Reader
from seekpoint.index.text.clean import clean

_SHOWN = 200


class NamedResources:
    """Finds the resources of a library by what they are called."""

    def __init__(self, library: Reader) -> None:
        self._library = library
        self._known = library.standings()

    def find(self, name: str) -> str | None:
        """The id of the resource that has this id, path or address; `None` for a link to a place in it."""
        from seekpoint.indexer.reading_list.addresses import path_named, resource_of, resource_of_path

        candidates = [name]
        if name not in self._known and (resource := resource_of(name)):
            from seekpoint.indexer.pipeline.resolution import Aliases

            candidates += [resource.id, Aliases.stored(self._library, time.time()).resolve(resource).id]
        candidates.append(resource_of_path(path_named(name)).id)
        return next((each for each in candidates if each in self._known), None)

    def id_of(self, name: str) -> str:
        """The id of the resource that is called so, or that the link leads to; raises UsageError."""
        from seekpoint.query.link_targets import find_resource

        if found := self.find(name):
            return found
        if led := find_resource(name, (status.resource for status in self._library.statuses())):
            return led.id
        raise UsageError(
            f"nothing in the library is called {clean(name)[:_SHOWN]}: `seekpoint status --json` lists the ids"
        )
