"""`seekpoint status`: what is indexed, what isn't, and why."""

from __future__ import annotations

import time

import click

from seekpoint.cli.options import index_option, print_json, with_index
from seekpoint.index.address import Address


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--check", is_flag=True, help="Verify all stored data first.")
@index_option
def status(as_json: bool, check: bool, folder: Address) -> None:
    """Show what is indexed, what isn't, why, and what to do."""
    from seekpoint.index.open import is_written, open_reader
    from seekpoint.query.output.status import to_json, to_text

    is_building = is_written(folder)
    with open_reader(folder) as library:
        if check:
            library.verify()
        statuses, sections, card = library.statuses(), library.sections(), library.card
    if as_json:
        print_json(to_json(folder, card, statuses))
    else:
        click.echo(with_index(to_text(folder, card, statuses, sections, time.time(), is_building=is_building)))
        if check:
            click.echo("\nChecked: all files are whole, as they were written")
