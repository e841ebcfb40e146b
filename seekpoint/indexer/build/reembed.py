"""Embedding a library again for another model: from what is stored, so that nobody is asked for anything.

The library stays as it is, and answers, until all is embedded. An interruption costs no more than the resource in work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from seekpoint.indexer.transcript.embedding import Embedder
from seekpoint.indexer.build.events import Watcher
from seekpoint.index.embedded.reembedding import Due, Successor, begun, discard
from seekpoint.index.embedded.writer import Writer
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.text.clean import counted
from seekpoint.index.types import Encoder, Transcript

# Resources that are looked through for passages where a call of the encoder has room left.
_AHEAD = 16


def reembed(writer: Writer, encoder: Encoder, watcher: Watcher) -> int:
    """Make a library one of the encoder's model; returns how many passages were embedded for that."""
    if writer.card == encoder.card:
        discard(writer.folder)
        return 0
    with Successor.to(writer, encoder.card, watcher.say) as successor:
        due = successor.due(writer)
        if due:
            watcher.say(
                f"embedding {counted(len(due), 'resource')} again with {encoder.card.name}, nothing is fetched; "
                f"until that is done, the library answers with {writer.card.name}"
            )
        watcher.begin(len(due))
        embedder = Embedder(successor, LazyEncoder(encoder.card, encoder), watcher)
        for place, one in enumerate(due):
            _embed(one, _coming(writer, due[place + 1 : place + 1 + _AHEAD]), writer, successor, embedder, watcher)
    writer.succeed(successor.folder, encoder.card)
    discard(writer.folder)
    return embedder.embedded


def say_what_is_begun(writer: Writer, say: Callable[[str], None]) -> None:
    """A build without another model says of one that was begun how to go on."""
    card = begun(writer.folder)
    if card == writer.card:  # a kill came after it was done, and before it was tidied up
        discard(writer.folder)
    elif card:
        say(f"embedding all again for {card.name} isn't complete: --model {card.name} --reembed goes on with it")


def _embed(
    due: Due,
    coming: Iterator[tuple[str, Transcript]],
    writer: Writer,
    successor: Successor,
    embedder: Embedder,
    watcher: Watcher,
) -> None:
    resource_id = due.resource.id
    watcher.work_on(due.resource)
    embedded = [embedder.embed(resource_id, transcript, coming) for transcript in writer.transcripts(resource_id)]
    successor.commit(resource_id, embedded, writer.details(resource_id), due.edition)
    watcher.finish(due.resource)


def _coming(writer: Writer, next_ones: Sequence[Due]) -> Iterator[tuple[str, Transcript]]:
    for one in next_ones:
        yield from ((one.resource.id, transcript) for transcript in writer.transcripts(one.resource.id))
