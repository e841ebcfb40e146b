"""Where transcripts come from: one module a source."""

from __future__ import annotations

from dataclasses import dataclass, field

from index.types import Details, Transcript


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source gave for one resource: its transcripts, and what is known beside the words."""

    transcripts: tuple[Transcript, ...]
    details: Details = field(default_factory=Details)
