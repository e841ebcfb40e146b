"""Pages on the web: their article, else the video that they show."""

from __future__ import annotations

from dataclasses import dataclass

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import Resource
from seekpoint.indexer.fetch.retries import MONTH
from seekpoint.indexer.sources.documents import DocumentReader
from seekpoint.indexer.sources.provenance import FetchResult, FromPage
from seekpoint.indexer.sources.sites.videos import VideoSites, is_no_video

# Reasons for which a page in HTML has no article to read, and may yet have a video; documents have others.
_WITHOUT_ARTICLE = {"made_by_script", "navigation_only", "page_empty", "page_of_markup"}
_MEDIA = ("video/", "audio/")
_LISTING = "mpegurl"


@dataclass(frozen=True, slots=True)
class PagesWithVideos:
    """Reads an address as a page, and asks for its video if there is no article on it."""

    documents: DocumentReader
    sites: VideoSites

    def fetch(
        self, resource: Resource, now: float, earlier: FromPage | None = None, *, private: bool = False
    ) -> FetchResult:
        """Fetch a page or its video; raises Unfetched, with the reason of the page if there is no video."""
        try:
            return self.documents.fetch(resource, now, earlier, private=private)
        except Unfetched as failure:
            if earlier or not _may_have_video(failure):
                raise
            without_article = failure
        try:
            return self.sites.fetch(resource, now, private=private)
        except Unfetched as failure:
            if not is_no_video(failure):
                raise
            raise Unfetched(without_article.state, without_article.reason, MONTH) from None


def _may_have_video(failure: Unfetched) -> bool:
    media_type = str(failure.reason.values.get("media_type", ""))
    is_media = media_type.startswith(_MEDIA) or _LISTING in media_type
    return failure.reason.code in _WITHOUT_ARTICLE or (failure.reason.code == "no_page" and is_media)
