"""Chapters that lie inside a recording: those of MP4 and Matroska, and of ID3 in an MP3."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import Chapter
from seekpoint.indexer.sources.metadata import stated_chapters
from seekpoint.indexer.sources.recordings.media import container_of
from seekpoint.indexer.sources.sandbox import sandboxed

# Titles that only count or tell the time, as those of audiobooks and discs do, and as the ids that FFmpeg gives to
# chapters of ID3 without a title.
_COUNT = re.compile(r"(?:ch(?:p|ap|apter)?|part|track|kapitel|第)?[\W_]*\d[\d\W_]*[章回节節]?", re.IGNORECASE)


def chapters_in(path: Path) -> tuple[Chapter, ...]:
    """The chapters of a recording, at the times that a player shows; none without the package `av`.

    None, too, if it has only one, or if no title says what a chapter is about.
    """
    if find_spec("av"):
        with suppress(Unfetched):
            return sandboxed(_chapters_in, os.fsencode(path))
    return ()


def _chapters_in(path: bytes) -> tuple[Chapter, ...]:
    with container_of(Path(os.fsdecode(path))) as container:
        # ID3 counts from the first sound, others in the time of the container, which may not begin at zero.
        offset = 0.0 if container.format.name == "mp3" else (container.start_time or 0) / 1e6
        marks = []
        for each in container.chapters():
            # Starts are rounded, since an MP4 may have each chapter twice, in two units.
            start = round(float(each["start"] * (each["time_base"] or 0)) - offset, 2)
            marks.append((max(0.0, start), each["metadata"].get("title")))
        stated = stated_chapters(marks, (container.duration or 0) / 1e6 or None)
    is_titled = len(stated) > 1 and not all(_COUNT.fullmatch(chapter.title) for chapter in stated)
    return stated if is_titled else ()
