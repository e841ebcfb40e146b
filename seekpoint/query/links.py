"""Links to a place in a resource: to a second, a page, a heading, a sentence."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import PurePath
from urllib.parse import quote

from seekpoint.file_formats import ARCHIVES
from seekpoint.index.text.clean import without_passwords
from seekpoint.index.types import Cue, Kind, Resource
from seekpoint.video_sites import video_at

# https://www.w3.org/TR/media-frags/#naming-time
_FILE = re.compile(r"\.(?:mp4|m4v|webm|ogv|mp3|m4a|ogg|oga|opus|wav)(?:\?[^#]*)?\Z")
_ARXIV_ABSTRACT = re.compile(r"https://arxiv\.org/abs/")


def link(resource: Resource, start: float) -> str:
    """The address of a resource at `start` seconds, rounded down so that no word is cut off.

    It is the video's page if its site has no form that is known. A deep link takes hours, minutes and seconds of two
    digits: https://podlove.org/deep-link/.
    """
    seconds, url = int(start), without_passwords(resource.url)
    if resource.deep_link:
        return f"{resource.deep_link}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if resource.is_on_youtube:
        return f"{url}&t={seconds}s"
    if resource.kind is Kind.VIDEO:
        video = video_at(url)
        if video and video.site.mark:
            sign, name = video.site.mark[0], video.site.mark[1:]
            sign = "&" if sign == "?" and "?" in url else sign
            return f"{url}{sign}{name}={video.site.time.format(seconds=seconds, clock=timestamp(start))}"
        if video or not _FILE.search(url):
            return url
    return f"{url}#t={seconds}"


def text_link(resource: Resource, cue: Cue, fragment: str = "") -> str:
    """The address of a text at a cue: its page or slide, else its heading and the text fragment, if there is one."""
    url = without_passwords(resource.url)
    if cue.page is not None:
        return f"{_ARXIV_ABSTRACT.sub('https://arxiv.org/pdf/', url)}#page={cue.page}"
    directive = f":~:{fragment}" if fragment else ""
    anchor = quote(cue.anchor or "", safe="!$&'()*+,;=@/?")  # a colon would begin a directive
    return f"{url}#{anchor}{directive}" if anchor or directive else url


# Browsers show plain text line by line. Of Markdown they show the beginning, whatever the link says, and other programs
# open books and documents of Office.
_PLAIN, _NOT_FOUND = ".txt", frozenset({".md", *ARCHIVES})


def is_found_by_words(resource: Resource, quoted: Sequence[Cue]) -> bool:
    """Whether a browser finds cues of a text by their words, so that the link has a text fragment."""
    is_file = resource.url.startswith("file:")
    if resource.kind.plays or (resource.kind is Kind.DOCUMENT and not is_file):  # those of the web are no pages
        return False
    return quoted[0].page is None and PurePath(resource.url).suffix.lower() not in _NOT_FOUND


def quote_link(resource: Resource, quoted: Sequence[Cue], before: Sequence[Cue], headings: Collection[float]) -> str:
    """The address of a text at its quoted cues; `before` are all cues before them, where it is found by words.

    Headings, by their positions, may stand in a table of contents too.
    """
    above = next((n for n, cue in enumerate(quoted) if cue.start not in headings), len(quoted))
    if above == len(quoted) or not is_found_by_words(resource, quoted):
        return text_link(resource, quoted[0])
    from seekpoint.query.text_fragments import line_fragments, text_fragment

    fragment = line_fragments if PurePath(resource.url).suffix.lower() == _PLAIN else text_fragment
    return text_link(resource, quoted[0], fragment([cue.text for cue in (*before, *quoted)], len(before) + above))


def page_label(kind: Kind, page: int) -> str:
    """A page as `p. 7`, or a slide as `slide 7`."""
    return f"p. {page}" if kind.page_name == "page" else f"{kind.page_name} {page}"


def timestamp(seconds: float | None) -> str | None:
    """Seconds as `12:34`, or `1:02:03` from an hour on."""
    if seconds is None:
        return None
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
