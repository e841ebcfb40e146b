"""`seekpoint serve`: the web page and the HTTP API."""

from __future__ import annotations

import hmac
import secrets
import webbrowser
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from seekpoint.cli.interrupt import end
from seekpoint.cli.options import index_option, llm_options, rerank_option, token_option, with_index
from seekpoint.files import read_file, real_path, replacing
from seekpoint.index.address import Address
from seekpoint.index.errors import LibraryNotFound, SeekpointError
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Filters
from seekpoint.query.filters import left_nothing
from seekpoint.query.serving.live_library import LiveLibrary

if TYPE_CHECKING:
    from seekpoint.query.reading.language_reader import LanguageReader
    from seekpoint.query.web.forms import Editing

_KEY_BYTES = 32


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 for any that is free.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@token_option("What everyone has to show; else made up where others can ask, and for --edit.")
@click.option("--name", "names", multiple=True, metavar="NAME", help="Another name that browsers know the server by.")
@click.option("--edit", is_flag=True, help="Let the page keep moments, and add to the library; it asks for the token.")
@click.option("--pictures", is_flag=True, help="Show pictures of videos and podcasts; the browser asks their sites.")
@rerank_option
@llm_options
@index_option
def serve(
    host: str,
    port: int,
    open_page: bool,
    token: str | None,
    names: tuple[str, ...],
    edit: bool,
    pictures: bool,
    rerank: str | None,
    reader: LanguageReader | None,
    folder: Address,
) -> None:
    """Serve the page to ask on, and the HTTP API.

    Only this machine can ask, unless --host names an address that others reach. They need the token then. On a machine
    that others use too, give --token, since they can ask as well.
    """
    from seekpoint.index.models.reranker import load_reranker
    from seekpoint.indexer.sources.papers.page_image import drawn_page
    from seekpoint.query.web.app import application
    from seekpoint.query.web.http_server import listen
    from seekpoint.query.web.http_server import serve as run
    from seekpoint.query.web.security import LOGIN, AccessPolicy, is_loopback

    if not is_loopback(host):
        click.echo(
            f"seekpoint: others can reach {host}: they need the token, and what goes there and back isn't encrypted",
            err=True,
        )
    key = ""
    if token is None and (edit or not is_loopback(host)):
        token, key = secrets.token_urlsafe(24), lasting_key(folder, edits=edit)
    reranker = load_reranker(rerank)
    if reranker:
        reranker.load()  # a name that is none is an error before anyone asks
    listener = listen(host, port)
    shown = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}"
    page = f"{address}{LOGIN}?token={quote(token, safe='')}" if token else address
    click.echo(f"Ask at {page}  (Ctrl+C ends it)")
    live = LiveLibrary(folder, reranker=reranker)
    editing = _editing(folder) if edit else None
    # The model and the library load while the user types.
    Thread(target=_warm_up, args=(live, click.get_current_context()), daemon=True).start()
    if open_page and not webbrowser.open(page):
        click.echo("seekpoint: no browser could be opened: name one in $BROWSER", err=True)

    def close() -> None:
        if editing:
            editing.builds.close()
        live.close()

    policy = AccessPolicy.for_host(host, names, token, pictures=pictures, key=key)
    run(application(live, policy, reader=reader, editing=editing, draw=drawn_page), listener, partial(end, close))


def lasting_key(library: Address, *, edits: bool = False) -> str:
    """A key for a library that lasts with the user's data, since the library's folder may be shared.

    A server that edits has another one than one that only answers. Where it can't be kept, it is another one each time.
    """
    from platformdirs import user_data_path

    path, secret = user_data_path("seekpoint") / "serve-key", secrets.token_bytes(_KEY_BYTES)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.stat().st_size != _KEY_BYTES:  # a full disk may have cut it short
            with replacing(path) as file:
                Path(file.name).chmod(0o600)
                file.write(secret)
        secret = read_file(path, _KEY_BYTES)
    own = real_path(library) if isinstance(library, Path) else library
    message = f"{'edit' if edits else 'ask'} {own}"
    return hmac.digest(secret, message.encode("utf-8", "surrogateescape"), "sha256").hex()


def _warm_up(live: LiveLibrary, context: click.Context) -> None:
    """Ask once; says where there is no library or nothing in it, and leaves any other error to the first question."""
    with suppress(SeekpointError), context.scope(cleanup=False):
        try:
            with live.reader() as library:
                languages = library.languages()
            if not languages:
                nothing = left_nothing(Filters(), languages, "`seekpoint status`")
                click.echo(f"seekpoint: {with_index(nothing)}", err=True)
            live.ask("seekpoint")
        except LibraryNotFound as error:
            click.echo(f"seekpoint: {with_index(clean(str(error)))}", err=True)


def _editing(library: Address) -> Editing:
    from seekpoint.cli.build_process import CHECKS, build_in_process, take_out
    from seekpoint.query.web.builds import Builds
    from seekpoint.query.web.forms import Editing

    builds = Builds(partial(build_in_process, library))
    return Editing(builds, partial(take_out, library), CHECKS)
