"""Embedding a library again for another model: from what is stored, so that nobody is asked for anything.

The library stays as it is, and answers, until all is embedded. An interruption costs no more than the resource in work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.store import Due, Writer
from seekpoint.index.text.clean import counted
from seekpoint.index.types import Details, Encoder, Transcript
from seekpoint.indexer.build.events import BuildEvents
from seekpoint.indexer.transcript.embedding import Embedder

# Resources that are looked through for passages where a call of the encoder has room left.
_AHEAD = 16


def reembed(writer: Writer, encoder: Encoder, events: BuildEvents) -> int:
    """Make a library one of the encoder's model; returns how many passages were embedded for that."""
    if writer.card == encoder.card:
        writer.discard_successor()
        return 0
    with writer.successor(encoder.card, events.say) as successor:
        due = successor.due()
        if due:
            events.say(
                f"embedding {counted(len(due), 'resource')} again with {encoder.card.name}, nothing is fetched; "
                f"until that is done, the library answers with {writer.card.name}"
            )
        events.begin(len(due))
        embedder = Embedder(successor.writer, LazyEncoder(encoder.card, encoder), events)
        for place, one in enumerate(due):
            _embed(
                one, _coming(writer, due[place + 1 : place + 1 + _AHEAD]), writer, successor.writer, embedder, events
            )
    writer.succeed(successor)
    return embedder.embedded


def say_what_is_begun(writer: Writer, say: Callable[[str], None]) -> None:
    """A build without another model says of one that was begun how to go on."""
    card = writer.unfinished_successor()
    if card:
        say(f"embedding all again for {card.name} isn't complete: --model {card.name} --reembed goes on with it")


def _embed(
    due: Due,
    coming: Iterator[tuple[str, Transcript]],
    writer: Writer,
    target: Writer,
    embedder: Embedder,
    events: BuildEvents,
) -> None:
    resource_id = due.resource.id
    events.work_on(due.resource)
    embedded = [embedder.embed(resource_id, transcript, coming) for transcript in writer.transcripts(resource_id)]
    details = writer.details([resource_id]).get(resource_id, Details())
    target.commit(resource_id, embedded, details, due.edition)
    events.finish(due.resource)


def _coming(writer: Writer, next_ones: Sequence[Due]) -> Iterator[tuple[str, Transcript]]:
    for one in next_ones:
        yield from ((one.resource.id, transcript) for transcript in writer.transcripts(one.resource.id))
