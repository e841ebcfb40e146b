"""Asking a library that is open at the door, or named by its folder."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.index.types import Encoder, Filters
from seekpoint.query.answers import Answer
from seekpoint.query.search import pipeline
from seekpoint.query.search.settings import AskOptions


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
