"""`seekpoint mcp`: the MCP server for assistants, over standard input and output or HTTP."""

from __future__ import annotations

import json
import os
import signal
import sys
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from seekpoint.cli import mcp_clients
from seekpoint.cli.interrupt import end, leave
from seekpoint.cli.options import index_option, rerank_option, token_option, with_index
from seekpoint.index.address import Address
from seekpoint.index.errors import LibraryNotFound, SeekpointError, UsageError
from seekpoint.index.text.clean import clean, printable
from seekpoint.index.types import Encoder, Section

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from seekpoint.indexer.fetch.http_session import Web
    from seekpoint.query.mcp.mcp_server import Server
    from seekpoint.query.mcp.tools import Adding

_HOST = "127.0.0.1"
_PATH = "/mcp"
_LIST = "list"


@click.command()
@click.option("--http", is_flag=True, help="Speak HTTP on this machine instead of standard input and output.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="With --http; 0 for any.")
@token_option("With --http: what assistants have to show.")
@click.option("--add", "may_add", is_flag=True, help="Let assistants add addresses, and note what they read.")
@click.option(
    "--install",
    metavar="CLIENT",
    type=click.Choice([*mcp_clients.CLIENTS, _LIST]),
    is_flag=False,
    flag_value=_LIST,
    help=f"Write this command into the settings of {', '.join(mcp_clients.CLIENTS)}; alone, list them.",
)
@click.option("--uninstall", metavar="CLIENT", type=click.Choice(mcp_clients.CLIENTS), help="Take it out of them.")
@click.option("--yes", is_flag=True, help="Write settings without asking.")
@rerank_option
@index_option
def mcp(
    http: bool,
    port: int,
    token: str | None,
    may_add: bool,
    install: str | None,
    uninstall: str | None,
    yes: bool,
    rerank: str | None,
    folder: Address,
) -> None:
    """Let assistants ask, over the Model Context Protocol.

    An assistant whose settings name this command starts it.
    """
    source = click.get_current_context().get_parameter_source
    for name in ("port", "token"):
        if not http and source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"--{name} is of no use without --http: give both, or leave it out")
    if install or uninstall or yes:
        if (install is None) == (uninstall is None) or http:
            raise UsageError("give either --install or --uninstall, and neither --http, --port nor --token with it")
        options = [*(["--add"] if may_add else []), *_reranked(rerank)]
        list_clients() if install == _LIST else change_settings(install, uninstall, yes, folder, options)
        return
    from seekpoint.index.models.reranker import load_reranker
    from seekpoint.query.mcp.mcp_server import make_server
    from seekpoint.query.serving.live_library import LiveLibrary

    live = LiveLibrary(folder, reranker=load_reranker(rerank))
    try:
        with live.reader():
            pass
    except LibraryNotFound as error:
        if not may_add:
            raise
        click.echo(f"seekpoint: {with_index(clean(str(error)))}", err=True)
    server = make_server(live, adding_to(folder, click.get_current_context().obj) if may_add else None)
    if http:
        from seekpoint.query.web.http_server import listen, serve

        with listen(_HOST, port) as listener:
            port = listener.getsockname()[1]
            click.echo(f"seekpoint: assistants connect to http://{_HOST}:{port}{_PATH}; Ctrl-C ends this", err=True)
            serve(http_application(server, port, token), listener, partial(end, live.close), "on")
    if sys.stdin and sys.stdin.isatty():
        click.echo("seekpoint: waiting for an assistant on standard input; Ctrl-C ends this", err=True)
    signal.signal(signal.SIGINT, leave)  # else Ctrl-C would wait for the thread that reads standard input
    server.run()


def _reranked(name: str | None) -> list[str]:
    """The option --rerank, for a process that starts in another folder."""
    if name is None:
        return []
    return ["--rerank", str(Path(name).absolute()) if Path(name).is_dir() else name]


def list_clients() -> None:
    """Print each client, its settings file, and whether that names Seekpoint."""
    for name in mcp_clients.CLIENTS:
        client = mcp_clients.find_client(name, sys.platform, Path.home(), os.environ)
        try:
            text = mcp_clients.read_settings(client)
            if text is None:
                state = f"{client.file} isn't there yet"
            else:
                is_named = mcp_clients.uninstalled(text, client) != text
                state = f"{client.file} {'names' if is_named else 'does not name'} Seekpoint"
        except ValueError as error:
            state = f"{client.file} {error}"
        except SeekpointError as error:
            state = str(error)
        click.echo(clean(f"{name}: {state}"))


def change_settings(
    install: str | None, uninstall: str | None, yes: bool, library: Address, options: Sequence[str]
) -> None:
    """Show what changes in the settings of the client to install to, or to uninstall from, ask, and write it."""
    from seekpoint.index.open import open_reader

    name = install or uninstall or ""
    client = mcp_clients.find_client(name, sys.platform, Path.home(), os.environ)
    server, by_hand = {}, f"take {mcp_clients.NAME} out of it by hand"
    if install:
        program = mcp_clients.program(Path(sysconfig.get_path("scripts")), sys.executable)
        server = mcp_clients.entry(client, program, library, options)
        snippet = json.dumps({client.key: {mcp_clients.NAME: server}}, ensure_ascii=False)
        by_hand = f"put this into it by hand: {snippet}"
        if "--add" not in options:
            with open_reader(library):
                pass
    before = mcp_clients.read_settings(client)
    text = before or ""
    try:
        after = mcp_clients.installed(text, client, server) if install else mcp_clients.uninstalled(text, client)
    except ValueError as error:
        raise SeekpointError(f"{client.file} {error}, and stays as it is: {by_hand}") from error
    file = clean(str(client.file))
    if after == text:
        click.echo(f"{file}: nothing to change")
        return
    for line in mcp_clients.difference(client, text, after):
        click.echo(printable(line))
    if not yes:
        if not (sys.stdin and sys.stdin.isatty()):
            raise UsageError(f"nothing is written to {client.file}, for nobody can be asked here: give --yes")
        click.echo("Write this? [y/N] ", nl=False, err=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise SeekpointError(f"{client.file} stays as it is: answer y to have it written")
    copy = mcp_clients.write_settings(client, before, after)
    kept = f"; {clean(str(copy))} is what was there" if copy else ""
    click.echo(f"{file}: {'written' if install else 'taken out'}: start {name} again{kept}")


def adding_to(
    library: Address,
    make_web: Callable[[str | None, Path | None], Web] | None = None,
    encoder: Encoder | None = None,
    **changed: Any,  # noqa: ANN401
) -> Adding:
    """A function that adds an address to a library; tests replace the web and the encoder, and change options."""

    def add(address: str, tell: Callable[[str], None]) -> Sequence[Section]:
        from seekpoint.cli.options import quiet
        from seekpoint.index.types import NamedBy
        from seekpoint.indexer.build_options import MessageEvents, Sources
        from seekpoint.indexer.fetch.http_session import Web
        from seekpoint.indexer.pipeline.addition import NEWEST, added, check_one
        from seekpoint.indexer.pipeline.build import build

        quiet()
        check_one(address)
        options = replace(added([address], NamedBy.ASSISTANT), limit=NEWEST, **changed)
        sources = Sources.through((make_web or Web)(None, None), options)
        report = build(options, library, sources, encoder=encoder, events=MessageEvents(tell))
        return report.sections

    return add


def http_application(server: Server, port: int, token: str | None) -> ASGIApp:
    """The server as a web application that accepts only this machine's own names, so that no web page reaches it."""
    from mcp.server.transport_security import TransportSecuritySettings

    from seekpoint.query.web.security import AccessPolicy, guarded, token_missing

    names = [f"{_HOST}:{port}", f"localhost:{port}"]
    app = server.streamable_http_app(
        streamable_http_path=_PATH,
        json_response=True,
        stateless_http=True,
        transport_security=TransportSecuritySettings(
            allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
        ),
    )
    return guarded(app, AccessPolicy.for_host(_HOST, token=token), token_missing())
