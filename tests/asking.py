"""Libraries of captions, and asking one that is open at the door, or named by its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import seekpoint
from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.index.types import Encoder, Filters
from seekpoint.query.answers import Answer
from seekpoint.query.search import pipeline
from seekpoint.query.search.settings import AskOptions
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt


def library_of(folder: Path, talks: Mapping[str, Sequence[str]], seconds: float = 10.0) -> Path:
    """A library of videos, by the names of their captions, such as `Masks [aaaaaaaaaaa].en`: a cue a line."""
    for name, lines in talks.items():
        (folder / f"{name}.vtt").write_text(webvtt(*lines, seconds=seconds), encoding="utf-8")
    seekpoint.build(folder, folder / "library", encoder=TopicEncoder(), translate=False)
    return folder / "library"


def ask(
    question: str,
    library: Reader | Path,
    *,
    encoder: Encoder,
    k: int = 5,
    filters: Filters | None = None,
    explained: bool = False,
) -> Answer:
    with open_reader(library) if isinstance(library, Path) else nullcontext(library) as reader:
        return pipeline.ask(question, reader, encoder, AskOptions(k, filters or Filters(), explained=explained))
