"""Videos that pages show beside their text: each is a resource of its own, if it has captions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Self, TypeAlias

from seekpoint.index.store import Reader, Writer
from seekpoint.index.types import Kind, Resource
from seekpoint.indexer.fetch.fetcher import is_same_server
from seekpoint.indexer.reading_list.addresses import short_hash
from seekpoint.indexer.reading_list.parser import ReadingList, merge
from seekpoint.indexer.sources.sites.videos import video_named_by

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

    def private(self, private: Collection[str]) -> set[str]:
        """The ids of the videos on the servers of the pages with these ids, which may be in a private network."""
        own = (shown for page, shown in self._by_page.items() if {page, short_hash(shown[0])} <= {*private})
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
