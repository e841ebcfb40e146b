"""Videos that pages show beside their text: each is a resource of its own, if it has captions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from seekpoint.index.store import Reader, Writer
from seekpoint.index.types import Kind, Resource
from seekpoint.indexer.fetch.fetcher import is_same_server
from seekpoint.indexer.reading_list.addresses import short_hash
from seekpoint.indexer.reading_list.parser import ReadingList, merge
from seekpoint.indexer.sources.sites.videos import video_named_by

VideosByPage: TypeAlias = Mapping[str, tuple[str, tuple[tuple[str, str], ...]]]
"""By the id of a page its address, and the addresses and titles of the videos that it shows."""


def stored_videos(library: Reader) -> VideosByPage:
    """The videos that the pages of a library show; those of pages that were removed are left out."""
    shown = library.settings.shown
    known = library.standings() if shown else {}
    return {page: videos for page, videos in shown.items() if page in known}


def with_videos(lists: Iterable[ReadingList], by_page: VideosByPage) -> list[ReadingList]:
    """The lists with the videos that their pages show, in the sections of the page."""

    def shown(resources: Iterable[Resource]) -> Iterator[Resource]:
        for resource in resources:
            yield resource
            page, videos = by_page.get(resource.id, ("", ()))
            yield from (replace(_video(page, *one), sections=resource.sections) for one in videos)

    return [replace(one, resources=merge(shown(one.resources))) for one in lists]


class ShownVideos:
    """The videos that the pages of a library show, which are listed after their page until one has no captions.

    `changes` counts those that this run has found and dropped.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._by_page = dict(stored_videos(writer))
        self._beside: set[str] = set()
        self.changes = 0

    def pairs(self) -> Iterator[tuple[str, Resource]]:
        """Each page's address with a video that it shows."""
        for url, videos in self._by_page.values():
            yield from ((url, _video(url, *one)) for one in videos)

    def applied(self, lists: Iterable[ReadingList]) -> list[ReadingList]:
        """The lists with the videos that their pages show, in the sections of the page."""
        lists = list(lists)
        listed = {resource.id for one in lists for resource in one.resources}
        self._beside = {video.id for _, video in self.pairs()} - listed
        return with_videos(lists, self._by_page)

    def private(self, private: Collection[str]) -> set[str]:
        """The ids of the videos on the servers of the pages with these ids, which may be in a private network."""
        own = ((url, shown) for page, (url, shown) in self._by_page.items() if {page, short_hash(url)} <= {*private})
        videos = ((url, _video(url, *one)) for url, shown in own for one in shown)
        return {video.id for url, video in videos if is_same_server(video.url, url)}

    def is_beside(self, video_id: str) -> bool:
        """Whether a video is listed only since a page shows it."""
        return video_id in self._beside

    def keep(self, page: Resource, videos: Sequence[Resource]) -> None:
        """Store which videos a page shows now."""
        shown = (page.url, tuple((video.url, video.title) for video in videos))
        if self._by_page.get(page.id, ("", ())) != shown and (videos or page.id in self._by_page):
            self._by_page[page.id] = shown
            self.changes += len(videos)
            self._store()

    def drop(self, video_id: str) -> None:
        """Take out a video that has no captions, and that no list names."""
        for page, (url, videos) in self._by_page.items():
            self._by_page[page] = url, tuple(one for one in videos if _video(url, *one).id != video_id)
        self.changes += 1
        with self._writer.transaction():
            self._store()
            self._writer.remove([video_id])

    def _store(self) -> None:
        self._by_page = {page: shown for page, shown in self._by_page.items() if shown[1]}
        self._writer.put_settings(shown=self._by_page)


def _video(page: str, url: str, title: str) -> Resource:
    """The video at an address that a page shows: of a known site, or a recording."""
    named = video_named_by(page, url, title)
    return named if named and named.kind is Kind.VIDEO else Resource(short_hash(url), Kind.VIDEO, title, url)
