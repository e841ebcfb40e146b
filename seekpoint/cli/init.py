"""`seekpoint init`: create a library on a server."""

from __future__ import annotations

import click

from seekpoint.cli.options import AddressType
from seekpoint.index.address import Address, folder_of
from seekpoint.index.errors import UsageError
from seekpoint.index.text.clean import clean


@click.command()
@click.argument("address", metavar="ADDRESS", type=AddressType())
@click.option("--model", metavar="NAME", help="The model that will embed the passages, as of `build`.")
@click.option("--reader", "readers", metavar="ROLE", multiple=True, help="Let a role of the server ask.")
@click.option("--builder", "builders", metavar="ROLE", multiple=True, help="Let a role of the server build, too.")
@click.option("--public", is_flag=True, help="Let every role of the server ask.")
def init(
    address: Address, model: str | None, readers: tuple[str, ...], builders: tuple[str, ...], public: bool
) -> None:
    """Create the library of ADDRESS, postgresql://HOST/DATABASE, or bring it up to date.

    The server needs the extensions vector and pg_textsearch, which a superuser may create. Whoever may create schemas
    in the database needs this command only to let others in: `build` creates a library that isn't there.
    """
    if folder_of(address):
        raise UsageError(
            f"{address} is a folder, and `build` makes it: give an address such as postgresql://HOST/talks"
        )
    from seekpoint.index.models.encoder import load_encoder
    from seekpoint.index.open import create_library

    wanted = load_encoder(model, lambda line: click.echo(f"seekpoint: {line}", err=True)).card
    card = create_library(address, wanted, readers=readers, builders=builders, public=public)
    open_to_all = "; every role of the server may read it" if public else ""
    click.echo(f"{clean(str(address))}: ready, for the model {clean(card.name)}{open_to_all}")
