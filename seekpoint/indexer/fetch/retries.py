"""What a request can come to: how often it is tried, and the state that one to YouTube leaves."""

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

# A retry is no news for the terminal.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class ServerFault(Unfetched):
    """The fault isn't that of what was asked for: the next request may well fare the same."""


class EmptyResponse(requests.RequestException):
    """YouTube answered with nothing."""


class ResponseTooLarge(requests.RequestException):
    """An answer was longer than anything that is worth reading."""


EMPTY_RESPONSE_ERRORS = (EmptyResponse, ParseError, requests.JSONDecodeError)


def is_transient(error: Exception) -> bool:
    """Whether the same request may well succeed in a moment."""
    return status_of(error) >= 500 or isinstance(error, CONNECTION_ERRORS)


def status_of(error: Exception) -> int:
    """The HTTP status that an error is about; 0 where there is none."""
    response = error.response if isinstance(error, requests.HTTPError) else None
    return 0 if response is None else response.status_code


def blocked() -> Blocked:
    """YouTube wants no more requests."""
    return Blocked(f"YouTube refuses requests from this address for now: {BLOCK_REMEDY}")


def server_fault(status: int) -> ServerFault:
    """YouTube answered with an HTTP status of 500 or more."""
    return ServerFault(State.DEFERRED, f"YouTube has a fault of its own (HTTP {status})", HOUR)


def connection_failure(error: Exception) -> Unfetched | None:
    """What became of a request that brought no usable answer; `None` where `error` is of another kind."""
    if status_of(error) >= 500:
        return server_fault(status_of(error))
    if isinstance(error, EMPTY_RESPONSE_ERRORS):
        reason = "YouTube gave an empty answer, likely a block in disguise: wait before you go on"
        return ServerFault(State.DEFERRED, reason, HOUR)
    if isinstance(error, requests.ReadTimeout):
        return ServerFault(State.DEFERRED, "youtube.com did not answer in time", HOUR)
    if isinstance(error, ResponseTooLarge):
        return Unfetched(State.UNAVAILABLE, "YouTube's answer has no end: not read", MONTH)
    for dropped, reason in _UNREACHABLE:
        if isinstance(error, dropped):
            return Unreachable(reason)
    return None
