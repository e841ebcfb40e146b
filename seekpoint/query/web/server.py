"""The HTTP server: its socket, its timeouts and its run until interrupted."""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from seekpoint.index.errors import SeekpointError, UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

# Bytes of a request line and headers: a question of 4,000 Chinese characters takes 36,000.
_LONGEST_HEAD = 65_536
_BACKLOG = 512


class IdleTimeoutProtocol(H11Protocol):
    """HTTP/1.1 that closes a connection if no complete request has come after `idle_timeout` seconds."""

    idle_timeout = 15.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(self.idle_timeout, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises UsageError for an unknown host, SeekpointError if the port is taken."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        listener = socket.create_server(addresses[0][4][:2], family=addresses[0][0], backlog=_BACKLOG)
    except socket.gaierror as error:
        raise UsageError(f"{host} is no address of this machine: leave --host away, or give one") from error
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
    app: ASGIApp, protocol: type[IdleTimeoutProtocol] = IdleTimeoutProtocol, lifespan: Literal["on", "off"] = "off"
) -> uvicorn.Config:
    """The server's configuration; with `lifespan` "on", the application gets ASGI's startup and shutdown events."""
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan=lifespan,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        timeout_graceful_shutdown=3,
    )


def serve(app: ASGIApp, listener: socket.socket, lifespan: Literal["on", "off"] = "off") -> None:
    """Run the server until it is interrupted."""
    with suppress(KeyboardInterrupt):  # uvicorn raises it again after the shutdown
        uvicorn.Server(server_config(app, lifespan=lifespan)).run(sockets=[listener])
