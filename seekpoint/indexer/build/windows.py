"""Windows for what a library holds without them: `build --windows`.

They are for models that give no token vectors, which embed windows by themselves. Other models have windows anyway.
"""

from __future__ import annotations

from collections.abc import Sequence

from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.store import WINDOWS, WITHOUT_PIECES, Reader, Writer
from seekpoint.index.text.clean import counted
from seekpoint.index.types import Details, EmbeddedTranscript, ResourceStatus
from seekpoint.indexer.build.stored_transcripts import coming
from seekpoint.indexer.events import BuildEvents
from seekpoint.indexer.transcript.embedding import Embedder

# The values of the setting: resources may be without windows, or none is.
_DUE, _DONE = "due", "done"


def want_windows(writer: Writer) -> None:
    """Let this build and all later ones embed windows by themselves."""
    if writer.setting(WINDOWS) is None:
        writer.put_setting(WINDOWS, _DUE)


def hand_on(writer: Writer, successor: Writer) -> None:
    """Let a successor embed windows if the library does; what it had embedded before is looked through at the end."""
    if writer.setting(WINDOWS) is not None:
        writer.put_setting(WINDOWS, _DUE)
        successor.put_setting(WINDOWS, _DUE)


def are_due(library: Reader, *, wanted: bool) -> bool:
    """Whether a build, which may want windows, has to look for stored resources without them."""
    setting = library.setting(WINDOWS)
    return library.setting(WITHOUT_PIECES) is not None and (setting == _DUE or (wanted and setting is None))


def add_windows(writer: Writer, encoder: LazyEncoder, events: BuildEvents) -> int:
    """Embed the windows of stored resources without any; returns their number. It goes on after an interruption."""
    embedder = Embedder(writer, encoder, events)
    if are_due(writer, wanted=False):
        due = [status for status in writer.statuses() if status.chunks and not writer.known(status.id).pieces]
        if due:
            events.say(f"embedding the windows of {counted(len(due), 'resource')}, nothing is fetched")
        events.begin(len(due))
        standings = writer.standings()
        for index, status in enumerate(due):
            later = coming(writer, [after.id for after in due[index + 1 :]])
            events.work_on(status.resource)
            embedded = [embedder.embed(status.id, transcript, later) for transcript in writer.transcripts(status.id)]
            _commit(status, embedded, writer, standings[status.id].inputs)
            events.finish(status.resource)
    if writer.setting(WINDOWS) is not None:
        writer.put_setting(WINDOWS, _DONE)
    return embedder.embedded


def _commit(status: ResourceStatus, embedded: Sequence[EmbeddedTranscript], writer: Writer, inputs: str | None) -> None:
    """Store a resource again, in the state that it had."""
    details = writer.details([status.id]).get(status.id, Details())
    with writer.transaction():
        writer.commit(status.id, embedded, details, inputs or "")
        writer.set_state(status.id, status.state, reason=status.reason, retry_after=status.retry_after, inputs=inputs)
