"""What the entries of a list are: the resources that addresses stand for, and the videos that their pages show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import NamedTuple, Self, TypeAlias

from seekpoint.index.store import Reader, Writer
from seekpoint.index.types import Kind, NamedBy, Resource, State
from seekpoint.indexer.fetch.fetcher import is_same_server
from seekpoint.indexer.fetch.retries import DAY, MONTH
from seekpoint.indexer.reading_list.addresses import address_of, resource_of, short_hash
from seekpoint.indexer.reading_list.parser import ReadingList, merge
from seekpoint.indexer.sources.sites.videos import video_named_by


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
        """The resource that a listed one stands for, with its title, its sections and what its list states."""
        alias = self._by_id.get(resource.id)
        named = resource_of(alias.url, resource.title, resource.sections) if alias and alias.listed else None
        return replace(named, stated=resource.stated) if named else resource

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


Shown: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
"""The address of a page, and the addresses and titles of the videos that it shows."""


class ShownVideos:
    """The videos that pages show, by the id of the page; they are listed after it until one has no captions.

    `changes` counts those that this run has found and dropped.
    """

    def __init__(self, by_page: Mapping[str, Shown]) -> None:
        self._by_page = dict(by_page)
        self._beside: set[str] = set()
        self.changes = 0

    @classmethod
    def stored(cls, library: Reader) -> Self:
        """The videos that the pages of a library show; those of removed pages are left out."""
        shown = library.settings.shown
        known = library.standings() if shown else {}
        return cls({page: videos for page, videos in shown.items() if page in known})

    def pairs(self) -> Iterator[tuple[str, Resource]]:
        """Each page's address with a video that it shows."""
        yield from ((shown[0], video) for shown in self._by_page.values() for video in _videos(shown))

    def applied(self, lists: Sequence[ReadingList]) -> list[ReadingList]:
        """The lists with the videos that their pages show, in the sections of the page."""
        named = {resource.id for listed in lists for resource in listed.resources}
        self._beside = {video.id for _, video in self.pairs()} - named

        def shown(resources: Iterable[Resource]) -> Iterator[Resource]:
            for resource in resources:
                yield resource
                for video in _videos(self._by_page.get(resource.id, ("", ()))):
                    yield replace(video, sections=resource.sections)

        return [replace(listed, resources=merge(shown(listed.resources))) for listed in lists]

    def private(self, private: Set[str]) -> set[str]:
        """The ids of the videos on the servers of the pages with these ids, which may be in a private network."""
        own = (shown for page, shown in self._by_page.items() if {page, short_hash(shown[0])} <= private)
        return {video.id for shown in own for video in _videos(shown) if is_same_server(video.url, shown[0])}

    def is_beside(self, video_id: str) -> bool:
        """Whether a video is listed only since a page shows it."""
        return video_id in self._beside

    def keep(self, writer: Writer, page: Resource, videos: Sequence[Resource]) -> None:
        """Store which videos a page shows now."""
        shown = (page.url, tuple((video.url, video.title) for video in videos))
        if self._by_page.get(page.id, ("", ())) != shown and (videos or page.id in self._by_page):
            self._by_page[page.id] = shown
            self.changes += len(videos)
            self._store(writer)

    def drop(self, writer: Writer, video_id: str) -> None:
        """Take out a video that has no captions, and that no list names."""
        for page, (url, videos) in self._by_page.items():
            ids = [video.id for video in _videos((url, videos))]
            self._by_page[page] = url, tuple(video for video, key in zip(videos, ids, strict=True) if key != video_id)
        self.changes += 1
        with writer.transaction():
            self._store(writer)
            writer.remove([video_id])

    def _store(self, writer: Writer) -> None:
        self._by_page = {page: shown for page, shown in self._by_page.items() if shown[1]}
        writer.put_settings(shown=self._by_page)


def _videos(shown: Shown) -> Iterator[Resource]:
    """The videos that a page shows: of a known site, or recordings."""
    page, videos = shown
    for url, title in videos:
        named = video_named_by(page, url, title)
        yield named if named and named.kind is Kind.VIDEO else Resource(short_hash(url), Kind.VIDEO, title, url)
