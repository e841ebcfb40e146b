"""What a language model would have noted of a library's talks."""

from __future__ import annotations

from pathlib import Path

from seekpoint.index.open import open_keeper, open_reader
from seekpoint.index.text.stretches import WHOLE, number_at, stretches_and_whole
from seekpoint.index.types import Chapter, NotedQuestion, ReadStretch


def note(
    library: Path,
    resource_id: str,
    *questions: tuple[float, str, str],
    titles: dict[float, str] | None = None,
    summary: str = "",
) -> None:
    """Note questions (second, language, text), titles of chapters and a summary of a resource's first transcript."""
    with open_reader(library) as reader:
        transcript = reader.transcripts(resource_id)[0]
    noted = [NotedQuestion(*question) for question in questions]
    chapters = [Chapter(start, title, generated=True) for start, title in (titles or {}).items()]
    with open_keeper(library) as keeper:
        for stretch in stretches_and_whole(transcript.cues):
            own = tuple(each for each in noted if number_at(each.start) == stretch.number)
            begun = tuple(each for each in chapters if number_at(each.start) == stretch.number)
            if stretch.number == WHOLE:
                if not summary:
                    break
                begun = (Chapter(0.0, summary, generated=True),)
            digest, language = stretch.digest, transcript.language
            keeper.keep(ReadStretch(resource_id, stretch.number, language, digest, "a test", own, begun))
