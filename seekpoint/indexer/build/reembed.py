"""Re-embeds a library for another model, from the stored transcripts: nothing is fetched.

The library keeps answering with its old vectors until all is embedded. An interruption costs one resource at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.store import Due, Writer
from seekpoint.index.text.clean import counted
from seekpoint.index.types import Details, Encoder, Transcript
from seekpoint.indexer.build.stored_transcripts import coming
from seekpoint.indexer.build.windows import hand_on
from seekpoint.indexer.events import BuildEvents
from seekpoint.indexer.transcript.embedding import Embedder


def reembed(writer: Writer, encoder: Encoder, events: BuildEvents) -> int:
    """Convert a library to the encoder's model; returns the number of embedded passages."""
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
        hand_on(writer, successor.writer)
        events.begin(len(due))
        embedder = Embedder(successor.writer, LazyEncoder(encoder.card, encoder), events)
        for index, item in enumerate(due):
            later = coming(writer, [after.resource.id for after in due[index + 1 :]])
            _embed(item, later, writer, successor.writer, embedder, events)
    writer.succeed(successor)
    return embedder.embedded


def report_unfinished(writer: Writer, say: Callable[[str], None]) -> None:
    """Tell the user how to finish a re-embedding that was begun."""
    card = writer.unfinished_successor()
    if card:
        say(f"embedding all again for {card.name} isn't complete: --model {card.name} --reembed goes on with it")


def _embed(
    due: Due,
    later: Iterator[tuple[str, Transcript]],
    writer: Writer,
    target: Writer,
    embedder: Embedder,
    events: BuildEvents,
) -> None:
    resource_id = due.resource.id
    events.work_on(due.resource)
    embedded = [embedder.embed(resource_id, transcript, later) for transcript in writer.transcripts(resource_id)]
    details = writer.details([resource_id]).get(resource_id, Details())
    target.commit(resource_id, embedded, details, due.edition)
    events.finish(due.resource)
