"""Aliases: addresses that stand for the resource to which an earlier fetch was led."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple, Self

from seekpoint.index.store import Reader, Writer
from seekpoint.index.types import NamedBy, Resource, State
from seekpoint.indexer.fetch.fetcher import is_same_server
from seekpoint.indexer.fetch.retries import DAY, MONTH
from seekpoint.indexer.reading_list.addresses import address_of, resource_of
from seekpoint.indexer.reading_list.parser import ReadingList, merge


class Alias(NamedTuple):
    """The resource at `url` that another address stands for, `until` a time in Unix seconds, or for good.

    The address of a feed begins with `feed:`. `listed` is the other address if a list named it. It is empty for the end
    of a temporary redirect, which stands for the first resource that led there, but not where a list names it.
    """

    url: str
    until: float | None = None
    listed: str = ""


class Aliases:
    """The aliases that earlier fetches found, by the ids that their addresses would have."""

    def __init__(self, by_id: Mapping[str, Alias]) -> None:
        self._by_id = dict(by_id)

    @classmethod
    def stored(cls, library: Reader, now: float) -> Self:
        """The aliases in a library; expired ones, and those of resources that were removed, are left out."""
        aliases = {name: Alias(*alias) for name, alias in library.settings.aliases.items()}
        known = library.standings() if aliases else {}
        return cls(
            {
                name: alias
                for name, alias in aliases.items()
                if now < (alias.until or now + 1) and (end := resource_of(alias.url)) and end.id in known
            }
        )

    def resolve(self, resource: Resource) -> Resource:
        """The resource that a listed one stands for, with its title and sections."""
        alias = self._by_id.get(resource.id)
        named = resource_of(alias.url, resource.title, resource.sections) if alias and alias.listed else None
        return named or resource

    def end_of(self, resource: Resource, end: Resource) -> Resource:
        """The resource that one is whose address ends at `end`: itself, if it ends there."""
        alias = self._by_id.get(end.id) if end.id != resource.id else None
        return (alias and resource_of(alias.url, end.title, end.sections)) or end

    def applied(self, lists: Iterable[ReadingList]) -> list[ReadingList]:
        """The lists with the resources that theirs stand for."""
        return [replace(listed, resources=merge(map(self.resolve, listed.resources))) for listed in lists]

    def private(self, lists: Iterable[ReadingList]) -> set[str]:
        """The ids of the resources that may be in a private network: the owner's lists here name their server."""
        own = (listed for listed in lists if listed.named_by is NamedBy.OWNER and not listed.is_remote)
        named = (resource for listed in own for resource in listed.resources)
        pairs = ((self.resolve(resource), resource) for resource in named)
        return {end.id for end, resource in pairs if is_same_server(end.url, resource.url)}

    def record(
        self, writer: Writer, resource: Resource, end: Resource, now: float, *, is_permanent: bool, inputs: str = ""
    ) -> Resource:
        """Store where the address of a resource ends, and move its listings there; returns the resource that it is.

        A resource that is new to the library gets `inputs`: so the episodes of a feed move with it. Where a redirect
        isn't permanent, the first resource that ends at an address stays what it is, and others that end there become
        it for a day.
        """
        target = self.end_of(resource, end)
        if target.id == resource.id:
            if (alias := self._by_id.get(resource.id)) and end.id == resource.id and not alias.listed:
                del self._by_id[resource.id]
                writer.put_settings(aliases=self._by_id)
            return resource
        is_new = not writer.statuses([target.id])
        with writer.transaction():
            if not is_permanent and target.id == end.id and is_new:
                self._keep(writer, end, Alias(address_of(resource), now + MONTH))
                return resource
            self._keep(writer, resource, Alias(address_of(target), None if is_permanent else now + DAY, resource.url))
            writer.move(resource.id, target)
            if is_new and inputs:
                writer.set_state(target.id, State.PENDING, inputs=inputs)
        return target

    def _keep(self, writer: Writer, resource: Resource, alias: Alias) -> None:
        """Store an alias, also for those of the resource that it replaces: an alias never leads to another one."""
        others = {
            name: other._replace(url=alias.url) if other.url == address_of(resource) else other
            for name, other in self._by_id.items()
        }
        self._by_id = others | {resource.id: alias}
        writer.put_settings(aliases=self._by_id)
