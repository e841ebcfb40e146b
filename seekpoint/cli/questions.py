"""`seekpoint questions`: the questions that a language model noted, to read or as a FAQ."""

from __future__ import annotations

import click

from seekpoint.cli.options import index_option, print_json, terminal_look, with_index
from seekpoint.index.address import Address
from seekpoint.index.text.languages import primary

_FORMATS = click.Choice(["plain", "markdown", "json"])
_NOTHING = "no question is noted there: `seekpoint build SOURCE --llm URL` has a language model read what is said"


@click.command()
@click.argument("name", metavar="[RESOURCE]", required=False)
@click.option("--format", "form", type=_FORMATS, default="plain", help="Print Markdown with links, or lines of JSON.")
@click.option("--language", metavar="TAG", help="In this language, where they were noted in it.")
@index_option
def questions(name: str | None, form: str, language: str | None, folder: Address) -> None:
    """List the questions that a language model noted, under chapters, with where each is answered.

    RESOURCE is an id in `status --json`, a path, an address, or a link to a place: then those that are answered from
    there on. Without it, those of all. They may be wrong.
    """
    from seekpoint.cli.named_resource import NamedResources
    from seekpoint.index.open import open_reader
    from seekpoint.query.noted_questions import answered_questions
    from seekpoint.query.output.noted_questions import to_json, to_markdown, to_text
    from seekpoint.query.serving.resource_cache import ResourceCache
    from seekpoint.query.transcript_places import Place, cue_at, indexed_resource, target_of, transcript_in

    count = 0
    with open_reader(folder) as library:
        cache = ResourceCache(library)
        ids = [indexed_resource(NamedResources(library).id_of(name), cache).id] if name else cache.order
        read = {stretch.resource_id for stretch in library.stretches() if stretch.questions}
        for resource in filter(None, (cache.resource(key) for key in ids if key in read)):
            if not cache.transcripts(resource.id):
                continue  # a build is about to fetch it again
            transcript = transcript_in(None, resource, cache)
            chapters = cache.chapters(resource.id, transcript)
            asked = answered_questions(transcript, chapters, primary(language or ""), plays=resource.kind.plays)
            if name:
                first = cue_at(transcript.cues, target_of(name, Place(), chapters, resource), resource)
                asked = [each for each in asked if each.position >= first]
            if form == "json":
                for row in to_json(resource, asked):
                    print_json(row)
            elif asked:
                is_plain = form == "plain"
                text = to_text(resource, asked, **terminal_look()) if is_plain else to_markdown(resource, asked)
                click.echo(f"\n{text}" if count else text)
            count += len(asked)
    if not count:
        click.echo(f"seekpoint: {with_index(_NOTHING)}", err=True)
