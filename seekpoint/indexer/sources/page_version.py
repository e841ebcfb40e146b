"""What is remembered of a look at a page: enough to tell at the next one whether it has changed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import blake2b

from seekpoint.index.types import Transcript

_PREFIX = "web:"


@dataclass(frozen=True, slots=True)
class Look:
    """A look at an address, at `at` in Unix seconds.

    `etag` and `modified` are what its server calls this version, `digest` is of the words. What is `final` isn't
    looked at again: a paper stays as it is.
    """

    at: float
    digest: str
    etag: str | None = None
    modified: str | None = None
    final: bool = False

    @property
    def inputs(self) -> str:
        """The form in which a library keeps it."""
        return _PREFIX + json.dumps(asdict(self))

    @classmethod
    def of(cls, inputs: str | None) -> Look | None:
        """The look that a library kept; `None` for what was made from anything else."""
        return cls(**json.loads(inputs.removeprefix(_PREFIX))) if inputs and inputs.startswith(_PREFIX) else None


def digest_of(transcript: Transcript) -> str:
    """What tells two versions of a text apart."""
    lines = (f"{cue.text}\0{cue.anchor}\0{cue.page}" for cue in transcript.cues)
    return blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()
