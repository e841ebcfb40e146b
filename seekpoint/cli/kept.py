"""`seekpoint kept`: the kept moments, to read or as a file."""

from __future__ import annotations

import click

from seekpoint.cli.options import index_option, print_json, say_left_out, terminal_look, with_index
from seekpoint.index.address import Address
from seekpoint.index.errors import UsageError
from seekpoint.index.text.clean import clean, counted
from seekpoint.query.output.kept_files import KEPT_FORMATS

_NOTHING = "nothing is kept yet: `seekpoint ask QUESTION --keep 1` keeps the first moment of an answer"


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["plain", "json", *KEPT_FORMATS]),
    default="plain",
    help="Print Markdown for notes or Pandoc, the cited entries, cards for Anki, a playlist, or JSON.",
)
@click.option("--collection", metavar="NAME", help="Only those in the collection with this name.")
@click.option("--drop", "dropped", metavar="LINK", multiple=True, help="Keep the moment with this link no longer.")
@index_option
def kept(form: str, collection: str | None, dropped: tuple[str, ...], folder: Address) -> None:
    """List the moments that were kept, on the page or by `ask --keep`, with their notes and links."""
    from seekpoint.index.open import open_reader
    from seekpoint.query.keeping import under_headings
    from seekpoint.query.output.kept_files import to_json, to_text
    from seekpoint.query.serving.resource_cache import ResourceCache

    if dropped:
        if form != "plain" or collection is not None:
            raise UsageError("--drop lists nothing: leave out --format and --collection")
        _drop(dropped, folder)
        return
    with open_reader(folder) as library:
        cache = ResourceCache(library)
        present = cache.kept_here
        moments = [each for each in cache.kept if collection in (None, each.collection)]
        if form == "json":
            print_json(to_json(moments, present))
            return
        moments = [under_headings(each, cache) for each in moments]
    if form == "plain" and moments:
        click.echo(to_text(moments, present, **terminal_look()))
    elif moments:
        click.echo(KEPT_FORMATS[form].render(moments), nl=False)
        if form == "m3u":
            say_left_out([each.start for each in moments])
    if not moments:
        nothing = _NOTHING if collection is None else f"nothing is kept in the collection “{clean(collection)}”"
        click.echo(f"seekpoint: {with_index(nothing)}", err=True)


def _drop(dropped: tuple[str, ...], folder: Address) -> None:
    """Keep moments no longer: each by its link or, where several have the same one, by its id and place."""
    from seekpoint.index.open import open_keeper, open_reader

    with open_reader(folder) as library:
        held = library.kept()
    named = {each: f"{each.resource.id} {each.place}" for each in held}
    gone = set()
    for name in map(clean, dropped):
        found = [each for each, full in named.items() if name in (clean(each.link), full)]
        if not found:
            raise UsageError(f"no moment with the link {name} is kept: `seekpoint kept` lists them")
        if len(found) > 1:
            others = " or ".join(f'"{named[each]}"' for each in found)
            raise UsageError(f"{len(found)} kept moments have the link {name}: give one of {others} instead")
        gone.add(found[0])
    with open_keeper(folder) as keeper:
        for each in gone:
            keeper.annotate(each.resource.id, each.place, None)
    click.echo(f"seekpoint: {counted(len(held) - len(gone), 'moment')} kept", err=True)
