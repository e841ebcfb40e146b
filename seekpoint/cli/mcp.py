"""The command that gives assistants a seat: `mcp`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seekpoint.cli.options import index_option

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from seekpoint.query.mcp.server import Server

_HOST = "127.0.0.1"
_PATH = "/mcp"


@click.command()
@click.option("--http", is_flag=True, help="Speak HTTP on this machine instead of standard input and output.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="With --http; 0 for any.")
@index_option
def mcp(http: bool, port: int, folder: Path) -> None:
    """Let assistants ask, over the Model Context Protocol.

    An assistant starts this by itself when its settings name it.
    """
    from seekpoint.query.mcp.server import server
    from seekpoint.query.serving.live_library import LiveLibrary
    from seekpoint.query.serving.memory import keep_freed_memory

    keep_freed_memory()
    made = server(LiveLibrary(folder))
    if http:
        _serve(made, port)
        return
    if sys.stdin and sys.stdin.isatty():
        click.echo("seekpoint: waiting for an assistant on standard input; Ctrl-C ends this", err=True)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the thread that waits for input would hold up any other end
    made.run()


def _serve(made: Server, port: int) -> None:
    from seekpoint.query.web.server import listen
    from seekpoint.query.web.server import serve as run

    with listen(_HOST, port) as listener:
        port = listener.getsockname()[1]
        click.echo(f"seekpoint: assistants connect to http://{_HOST}:{port}{_PATH}; Ctrl-C ends this", err=True)
        run(over_http(made, port), listener, "on")


def over_http(made: Server, port: int) -> Starlette:
    """The server as an application that answers under this machine's own name alone: no web page can reach it."""
    from mcp.server.transport_security import TransportSecuritySettings

    names = [f"{_HOST}:{port}", f"localhost:{port}"]
    return made.streamable_http_app(
        streamable_http_path=_PATH,
        json_response=True,
        stateless_http=True,
        transport_security=TransportSecuritySettings(
            allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
        ),
    )
