"""Retries of requests, and the failures that requests to YouTube end in."""

from __future__ import annotations

import logging
import re
from xml.etree.ElementTree import ParseError

import requests
import stamina

from seekpoint.index.errors import Blocked, Unfetched, Unreachable
from seekpoint.index.types import State

HOUR = 3600.0
DAY = 24 * HOUR
MONTH = 30 * DAY

RETRY_TWICE = stamina.RetryingCaller(attempts=3, timeout=45.0, wait_initial=0.5, wait_max=5.0)
RETRY_ONCE = stamina.RetryingCaller(attempts=2, wait_initial=1.0)

CONNECTION_ERRORS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    requests.exceptions.RetryError,
)
BLOCK_REMEDY = "wait, or take another way out with --cookies FILE or --proxy URL"
BLOCK_MESSAGE = re.compile(r"try again later|not a bot", re.IGNORECASE)

_UNREACHABLE: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (requests.exceptions.ProxyError, "the proxy gives no connection: check its settings"),
    (requests.exceptions.SSLError, "no trusted connection to youtube.com: check clock and proxy"),
    (CONNECTION_ERRORS, "no connection to youtube.com: check the network"),
)

# stamina logs each retry as a warning, which would end up on stderr.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class PrivateAddress(Unreachable):
    """A host is in a private network: it isn't connected to."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} has an address in a private network: check the network")


class PrivateNetwork(Unfetched):
    """A list from the web, or a redirect, leads into a private network."""


class ServerFault(Unfetched):
    """A failure of the server or the network rather than of the resource: the next request will likely fail as well."""


class EmptyResponse(requests.RequestException):
    """YouTube sent an empty response."""


class ResponseTooLarge(requests.RequestException):
    """A response exceeds its limit of bytes, or a listing its limit of requests."""


EMPTY_RESPONSE_ERRORS = (EmptyResponse, ParseError, requests.JSONDecodeError)


def is_transient(error: Exception) -> bool:
    """Whether a retry may succeed."""
    return status_of(error) >= 500 or isinstance(error, CONNECTION_ERRORS)


def status_of(error: Exception) -> int:
    """The HTTP status of an error; 0 if it has none."""
    response = error.response if isinstance(error, requests.HTTPError) else None
    return 0 if response is None else response.status_code


def blocked() -> Blocked:
    """YouTube blocks this address."""
    return Blocked(f"YouTube refuses requests from this address for now: {BLOCK_REMEDY}")


def server_fault(status: int) -> ServerFault:
    """YouTube answered with HTTP status 500 or above."""
    return ServerFault(State.DEFERRED, f"YouTube has a fault of its own (HTTP {status})", HOUR)


def connection_failure(error: Exception) -> Unfetched | None:
    """The failure of a request without a usable response; `None` if `error` is of another kind."""
    if status_of(error) >= 500:
        return server_fault(status_of(error))
    if isinstance(error, EMPTY_RESPONSE_ERRORS):
        reason = "YouTube gave an empty answer, likely a block in disguise: wait before you go on"
        return ServerFault(State.DEFERRED, reason, HOUR)
    if isinstance(error, requests.ReadTimeout):
        return ServerFault(State.DEFERRED, "youtube.com did not answer in time", HOUR)
    if isinstance(error, ResponseTooLarge):
        return Unfetched(State.UNAVAILABLE, "YouTube's answer has no end: not read", MONTH)
    for kind, reason in _UNREACHABLE:
        if isinstance(error, kind):
            return Unreachable(reason)
    return None
