"""The HTTP server: its socket, its limits and its run until interrupted."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NoReturn

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from seekpoint.index.errors import SeekpointError, UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

# Bytes of a request line and headers: a question of 4,000 Chinese characters takes 36,000.
_LONGEST_HEAD = 65_536
# Seconds that the server may take to end.
_SECONDS_TO_END = 1.5
# The most connections of one address, and in all. Up to three backlogs of accepted connections aren't counted yet, and
# the library has open files too: the sum stays below the limit of open files.
_MOST_OF_ADDRESS, _MOST_CONNECTIONS, _BACKLOG, _OPEN_FILES = 256, 512, 128, 1024


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 with a time limit of `request_seconds` for each request, head and body.

    Above the most connections, of one address or in all, the one that has waited longest for a request is closed;
    uvicorn's own limit refuses everyone while slow clients keep their connections.
    """

    request_seconds = 15.0
    _limit: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._limit_request()
        everyone = [each for each in self.connections if isinstance(each, BoundedProtocol)]
        own = [each for each in everyone if each.client and self.client and each.client[0] == self.client[0]]
        for held, most in ((own, _MOST_OF_ADDRESS), (everyone, _MOST_CONNECTIONS)):
            if len(held) > most:
                longest = min(held, key=lambda each: (each is self, not each._waits(), each._limit.when()))
                self.connections.discard(longest)
                longest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._limit.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._limit.cancel()
        self._limit_request()
        super().on_response_complete()

    def shutdown(self) -> None:
        """Close the connection also where an answer has begun: a reading or a recording would outlast the server."""
        super().shutdown()
        if self.cycle and self.cycle.response_started:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Close the connection instead where an answer has begun: uvicorn would raise an exception."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def _limit_request(self) -> None:
        self._limit = self.loop.call_later(
            self.request_seconds, lambda: self.transport.close() if self._waits() else None
        )

    def _waits(self) -> bool:
        """Whether the head of a request or the rest of its body is still to come."""
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises UsageError for an unknown host, SeekpointError if the port is taken."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        listener = socket.create_server(addresses[0][4][:2], family=addresses[0][0], backlog=_BACKLOG)
    except socket.gaierror as error:
        raise UsageError(f"{host} isn't an address of this machine: omit --host, or give one that is") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SeekpointError(f"port {port} is taken: name another with --port, or 0 for any") from error
        reason = (error.strerror or str(error)).lower()
        raise SeekpointError(
            f"can't listen at {host}, port {port} ({reason}): name others with --host and --port"
        ) from error
    # Connections inherit this option. asyncio sets it only for sockets that name their protocol, and without it every
    # response of two packets waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def server_config(
    app: ASGIApp, protocol: type[BoundedProtocol] = BoundedProtocol, lifespan: Literal["on", "off"] = "off"
) -> uvicorn.Config:
    """The server's configuration; with `lifespan` "on", the application gets ASGI's startup and shutdown events."""
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan=lifespan,
        log_level="error",  # a malformed request is a warning
        access_log=False,
        backlog=_BACKLOG,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        timeout_graceful_shutdown=1,
    )


class _Server(uvicorn.Server):
    """A server that doesn't wait for threads when it ends, and logs no traceback for requests that it cuts off."""

    def __init__(self, config: uvicorn.Config, end: Callable[[], NoReturn]) -> None:
        super().__init__(config)
        self._end = end

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        logging.getLogger("uvicorn.error").disabled = True
        with suppress(TimeoutError):
            await asyncio.wait_for(super().shutdown(sockets), _SECONDS_TO_END)
        self._end()  # the event loop would wait for the threads of its tasks


def serve(
    app: ASGIApp, listener: socket.socket, end: Callable[[], NoReturn], lifespan: Literal["on", "off"] = "off"
) -> NoReturn:
    """Run the server until it is interrupted; then `end` ends the process, in which threads may still work."""
    with suppress(ImportError, OSError, ValueError):  # Windows has no such limit
        from resource import RLIMIT_NOFILE, getrlimit, setrlimit

        soft, hard = getrlimit(RLIMIT_NOFILE)
        if 0 <= soft < _OPEN_FILES:  # 256 on a Mac
            setrlimit(RLIMIT_NOFILE, (_OPEN_FILES, hard))
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # a malformed upload is a warning
    _Server(server_config(app, lifespan=lifespan), end).run(sockets=[listener])
    end()
