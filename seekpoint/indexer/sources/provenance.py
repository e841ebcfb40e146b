"""What a resource's transcripts were made from, and the text by which a library stores it.

A build compares it with what it would use now, to see what is done and what has changed.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from seekpoint.files import parsed_json
from seekpoint.index.store import LISTED


@dataclass(frozen=True, slots=True)
class FromYouTube:
    """YouTube's captions in these languages; without any, in the spoken one."""

    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FromFiles:
    """Caption files (`files`), or a local document (`file`).

    The digest is of the contents; the stamp is one of sizes and times, empty if those aren't reliable.
    """

    kind: Literal["files", "file"]
    digest: str
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class FromSpeech:
    """A speech model; `recording` is the size and time of a local file."""

    model: str
    recording: str = ""


@dataclass(frozen=True, slots=True)
class FromPage:
    """A web page as it was at `at`, in Unix seconds.

    `etag` and `modified` are the server's validators, `digest` covers the text. A `final` page isn't fetched again:
    papers don't change.
    """

    at: float
    digest: str
    etag: str | None = None
    modified: str | None = None
    final: bool = False

    def is_same_text(self, other: Provenance | None) -> bool:
        """Whether another version has the same text."""
        return isinstance(other, FromPage) and other.digest == self.digest


@dataclass(frozen=True, slots=True)
class FromListing:
    """A playlist that says that the video is unavailable."""


Provenance: TypeAlias = FromYouTube | FromFiles | FromSpeech | FromPage | FromListing

_SPEECH = re.compile(r"(.+):(\d+:\d+|)", re.DOTALL)


def encode(provenance: Provenance | None) -> str:
    """The text that a library stores as a resource's `inputs`."""
    match provenance:
        case None:
            return ""
        case FromYouTube(languages):
            return f"youtube:{','.join(languages)}"
        case FromFiles(kind, digest, stamp):
            return f"{kind}:{digest}" + (f":{stamp}" if stamp else "")
        case FromSpeech(model, recording):
            return f"transcribed:{model}:{recording}"
        case FromPage():
            return f"web:{json.dumps(asdict(provenance))}"
        case FromListing():
            return LISTED


def decode(inputs: str | None) -> Provenance | None:
    """The provenance in a resource's `inputs`; `None` for a text that `encode` doesn't write."""
    match (inputs or "").partition(":"):
        case "youtube", _, languages:
            return FromYouTube(tuple(filter(None, languages.split(","))))
        case ("files" | "file") as kind, _, version:
            digest, _, stamp = version.partition(":")
            return FromFiles(kind, digest, stamp)
        case "transcribed", _, model if speech := _SPEECH.fullmatch(model):
            return FromSpeech(speech[1], speech[2])
        case "web", _, page:
            return _page(page)
    return FromListing() if inputs == LISTED else None


def _page(text: str) -> FromPage | None:
    with suppress(ValueError, TypeError):
        match FromPage(**parsed_json(text)):
            case FromPage(float(), str(), str() | None, str() | None, bool()) as page:
                return page
    return None
