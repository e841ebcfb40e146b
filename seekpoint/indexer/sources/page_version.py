"""The version of a web page, as stored in a library, to tell at the next visit whether the page has changed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import blake2b

from seekpoint.index.types import Transcript

_PREFIX = "web:"


@dataclass(frozen=True, slots=True)
class PageVersion:
    """A page as it was at `at`, in Unix seconds.

    `etag` and `modified` are the server's validators, `digest` covers the text. A `final` page isn't fetched again:
    papers don't change.
    """

    at: float
    digest: str
    etag: str | None = None
    modified: str | None = None
    final: bool = False

    @property
    def inputs(self) -> str:
        """The form that a library stores."""
        return _PREFIX + json.dumps(asdict(self))

    @classmethod
    def of(cls, inputs: str | None) -> PageVersion | None:
        """Parse what a library stored; `None` if the transcript wasn't made from a web page."""
        return cls(**json.loads(inputs.removeprefix(_PREFIX))) if inputs and inputs.startswith(_PREFIX) else None


def digest_of(transcript: Transcript) -> str:
    """A digest of the words, anchors and page numbers."""
    lines = (f"{cue.text}\0{cue.anchor}\0{cue.page}" for cue in transcript.cues)
    return blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()
