"""Downloads reading lists from the web: GitHub, gists, GitLab, and plain files."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seekpoint.file_formats import LIST_SUFFIXES
from seekpoint.index.errors import SourceError, Unfetched
from seekpoint.index.types import State
from seekpoint.indexer.fetch.fetcher import FetchedPage, Fetcher
from seekpoint.indexer.fetch.http_session import Web

MOST_BYTES = 20_000_000
"""The largest list that is read."""

_SUFFIXES = "|".join(sorted(suffix[1:] for suffix in LIST_SUFFIXES))
_LIST = rf"[^?]+\.(?:md|markdown|mkd|txt|{_SUFFIXES})"
# Patterns of addresses, the canonical page, and the address of the raw text.
_ADDRESSES = tuple(
    (re.compile(address, re.IGNORECASE), page, file)
    for address, page, file in (
        (
            rf"https?://(?:www\.)?github\.com/([^/?]+/[^/?]+)/blob/({_LIST})(?:\?.*)?",
            r"https://github.com/\1/blob/\2",
            r"https://raw.githubusercontent.com/\1/\2",
        ),
        (
            r"https?://gist\.github\.com/([^/?]+/[0-9a-f]+)/?(?:\?.*)?",
            r"https://gist.github.com/\1",
            r"https://gist.github.com/\1/raw",
        ),
        (rf"(https?://[^?]+)/-/blob/({_LIST})(?:\?.*)?", r"\1/-/blob/\2", r"\1/-/raw/\2"),
        (rf"https?://[^/?]+/{_LIST}(?:\?.*)?", r"\g<0>", r"\g<0>"),
    )
)


@dataclass(frozen=True, slots=True)
class RemoteList:
    """A list on the web: `page` shows it and is the base of its relative links, `file` is the address of its text."""

    page: str
    file: str


def remote_list_of(url: str) -> RemoteList | None:
    """The list that a canonical address names; `None` if it names none."""
    for address, page, file in _ADDRESSES:
        if match := address.fullmatch(url):
            return RemoteList(match.expand(page), match.expand(file))
    return None


def fetch(remote: RemoteList, web: Web) -> FetchedPage:
    """Download the text of a list; raises SourceError."""
    try:
        page = Fetcher(web, lambda _: MOST_BYTES).get(remote.file, private=True)
    except Unfetched as failure:
        remedy = "; try again later" if failure.state is State.DEFERRED else ""
        raise SourceError(f"{failure.reason}{remedy}") from failure
    assert page  # only a conditional request can be answered with "not modified"
    return page
