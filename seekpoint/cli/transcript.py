"""`seekpoint transcript`: what is said or written in a resource, from a place on."""

from __future__ import annotations

import shlex
from bisect import bisect_left

import click

from seekpoint.cli.options import index_option, terminal_look, with_index
from seekpoint.index.address import Address
from seekpoint.index.text.clean import clean


@click.command()
@click.argument("name", metavar="RESOURCE")
@click.option("--at", metavar="TIME", help="Begin at this time, such as 754, 12:34 or 12m34s.")
@click.option("--heading", metavar="TEXT", help="Begin at the first chapter or heading with these words.")
@click.option("--page", metavar="N", type=click.IntRange(1), help="Begin at this page of a paper, or at this slide.")
@click.option(
    "--minutes",
    metavar="N",
    type=click.FloatRange(0, min_open=True),
    help="How many minutes of it; else all that follows.",
)
@click.option("--language", metavar="TAG", help="Which transcript, where there are several.")
@index_option
def transcript(
    name: str,
    at: str | None,
    heading: str | None,
    page: int | None,
    minutes: float | None,
    language: str | None,
    folder: Address,
) -> None:
    """Print what is said or written in RESOURCE, with its times or pages.

    RESOURCE is an id in `status --json`, a path, an address, or a link to a place, such as `ask` prints: then it begins
    there. Write -- before one that begins with a dash.
    """
    from seekpoint.cli.named_resource import NamedResources
    from seekpoint.index.open import open_reader
    from seekpoint.query.output.transcripts import to_text
    from seekpoint.query.serving.resource_cache import ResourceCache
    from seekpoint.query.transcript_paragraphs import position_at
    from seekpoint.query.transcript_places import Place, cue_at, indexed_resource, target_of, transcript_in

    with open_reader(folder) as library:
        cache = ResourceCache(library)
        resource = indexed_resource(NamedResources(library).id_of(name), cache)
        chosen = transcript_in(language, resource, cache)
        cues, chapters = chosen.cues, cache.chapters(resource.id, chosen)
    first = cue_at(cues, target_of(name, Place(at, heading, page), chapters, resource), resource)
    stop = len(cues)
    if minutes is not None:
        stop = max(first + 1, bisect_left(cues, cues[first].start + 60 * minutes, key=lambda cue: cue.start))
    click.echo(to_text(resource, chosen, chapters, (first, stop), **terminal_look()))
    if stop < len(cues):
        tag = f" --language {shlex.quote(clean(chosen.language))}" if language else ""
        more = f"`seekpoint transcript --at {cues[stop].start:.3f}{tag} -- {shlex.quote(clean(resource.id))}`"
        click.echo(f"seekpoint: {with_index(more)} reads on", err=True)
    if any(first <= position_at(cues, question.start) < stop for question in chosen.questions):
        more = f"`seekpoint questions -- {shlex.quote(clean(name))}`"
        click.echo(f"seekpoint: {with_index(more)} lists the questions that it answers", err=True)
