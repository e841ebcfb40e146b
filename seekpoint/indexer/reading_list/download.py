"""Downloads reading lists from the web: GitHub, gists, GitLab, and plain files."""

from __future__ import annotations

import re
from dataclasses import dataclass

import requests

from seekpoint.index.errors import SourceError
from seekpoint.indexer.fetch.retries import CONNECTION_ERRORS, RETRY_TWICE, ResponseTooLarge, is_transient
from seekpoint.indexer.fetch.session import Web

_LIST = r"[^?]+\.(?:md|markdown|mkd|txt)"
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
# Charsets in HTTP headers; Python has further codecs that aren't charsets.
_CHARSET = re.compile(
    r"charset\s*=\s*[\"']?((?:big5|cp|euc|gb|iso|koi8|ks|mac|shift|utf|windows|x)[\w.:-]*)", re.IGNORECASE
)

_FAILURES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (ResponseTooLarge, "too much for a reading list: split it"),
    (requests.TooManyRedirects, "it leads from one address to the next without end: check it"),
    (requests.exceptions.ProxyError, "the proxy gives no connection: check its settings"),
    (requests.exceptions.SSLError, "no trusted connection: check the clock and the proxy"),
    (requests.Timeout, "no answer in time: try again later"),
    (CONNECTION_ERRORS, "no connection: check the address and the network"),
    (requests.exceptions.InvalidSchema, "it leads to what isn't on the web: give the address of the file itself"),
)
_BROKEN = "it isn't an address, or leads to what is none: check it"
_DOWNLOAD = "download it in a browser and give the file"
_REFUSALS = {
    404: f"nothing is there (HTTP 404): check the address; if it takes a login, {_DOWNLOAD}",
    410: "it is gone (HTTP 410): ask for its new address",
    429: "the server wants fewer requests (HTTP 429): try again later",
}


@dataclass(frozen=True, slots=True)
class RemoteList:
    """A list on the web: `page` shows it and is the base of its relative links, `file` is the address of its text."""

    page: str
    file: str


@dataclass(frozen=True, slots=True)
class Download:
    """A downloaded list: `charset` is empty if not declared, `address` is the one after redirects."""

    data: bytes
    charset: str
    address: str


def remote_list_of(url: str) -> RemoteList | None:
    """The list that a canonical address names; `None` if it names none."""
    for address, page, file in _ADDRESSES:
        if match := address.fullmatch(url):
            return RemoteList(match.expand(page), match.expand(file))
    return None


def fetch(remote: RemoteList, web: Web) -> Download:
    """Download the text of a list; raises SourceError."""
    try:
        with web.session() as session:
            response = RETRY_TWICE(is_transient, _get, session, remote.file)
    except requests.HTTPError as error:
        raise SourceError(_refusal(error.response.status_code)) from error
    except (requests.RequestException, ValueError) as error:
        reason = next((reason for kind, reason in _FAILURES if isinstance(error, kind)), _BROKEN)
        raise SourceError(reason) from error
    charset = _CHARSET.search(response.headers.get("Content-Type", ""))
    return Download(response.content, charset[1] if charset else "", response.url)


def _get(session: requests.Session, url: str) -> requests.Response:
    response = session.get(url)
    if response.status_code != requests.codes.ok:
        raise requests.HTTPError(response=response)
    return response


def _refusal(status: int) -> str:
    if status >= 500:
        return f"the server has a fault of its own (HTTP {status}): try again later"
    return _REFUSALS.get(status, f"the server doesn't give it (HTTP {status}): {_DOWNLOAD}")
