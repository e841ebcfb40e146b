"""The stored transcripts of the resources that are embedded next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seekpoint.index.store import Writer
from seekpoint.index.types import Transcript

# Resources ahead, whose passages may fill a batch.
_AHEAD = 16


def coming(writer: Writer, ids: Sequence[str]) -> Iterator[tuple[str, Transcript]]:
    """The transcripts of the first few of these resources, each with its resource's id."""
    for resource_id in ids[:_AHEAD]:
        yield from ((resource_id, transcript) for transcript in writer.transcripts(resource_id))
