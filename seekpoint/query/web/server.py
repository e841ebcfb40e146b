"""The server that runs the application until it's interrupted: where it listens, and how patient it is."""

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

# Bytes of a request's line and headers: a question of 4,000 Chinese characters has 36,000.
_LONGEST_HEAD = 65_536
_BACKLOG = 512


class PatientProtocol(H11Protocol):
    """HTTP/1.1, that hangs up on who hasn't asked anything after so many seconds."""

    patience = 15.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(self.patience, self._drop_silent)

    def _drop_silent(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; raises UsageError where there is no such place, SeekpointError where it's taken."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        listener = socket.create_server(found[0][4][:2], family=found[0][0], backlog=_BACKLOG)
    except socket.gaierror as error:
        raise UsageError(f"{host} is no address of this machine: leave --host away, or give one") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SeekpointError(f"port {port} is taken: name another with --port, or 0 for any") from error
        reason = (error.strerror or str(error)).lower()
        raise SeekpointError(
            f"can't listen at {host}, port {port} ({reason}): name others with --host and --port"
        ) from error
    # Connections inherit it; asyncio sets it only where a socket names its protocol, and without it every answer
    # of two packets waits 40 ms for the other side's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def configured(
    app: ASGIApp, protocol: type[PatientProtocol] = PatientProtocol, lifespan: Literal["on", "off"] = "off"
) -> uvicorn.Config:
    """How the server answers; with a `lifespan` the application is told when it begins and ends."""
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
    """Answer until interrupted."""
    with suppress(KeyboardInterrupt):  # raised again once all is closed
        uvicorn.Server(configured(app, lifespan=lifespan)).run(sockets=[listener])
