"""What a language model would have noted of a library's talks."""

from __future__ import annotations

from pathlib import Path

from seekpoint.index.open import open_keeper, open_reader
from seekpoint.index.text.stretches import number_at, stretches
from seekpoint.index.types import Chapter, NotedQuestion, ReadStretch


def note(
    library: Path, resource_id: str, *questions: tuple[float, str, str], titles: dict[float, str] | None = None
) -> None:
    """Note questions (second, language, text) and titles of chapters of a resource's first transcript."""
    with open_reader(library) as reader:
        transcript = reader.transcripts(resource_id)[0]
    noted = [NotedQuestion(*question) for question in questions]
    chapters = [Chapter(start, title, generated=True) for start, title in (titles or {}).items()]
    with open_keeper(library) as keeper:
        for stretch in stretches(transcript.cues):
            own = tuple(each for each in noted if number_at(each.start) == stretch.number)
            begun = tuple(each for each in chapters if number_at(each.start) == stretch.number)
            digest, language = stretch.digest, transcript.language
            keeper.keep(ReadStretch(resource_id, stretch.number, language, digest, "a test", own, begun))
