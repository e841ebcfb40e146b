"""Chapters that lie inside a recording: those of MP4 and Matroska, and of ID3 in an MP3."""

from __future__ import annotations

import re
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import Chapter
from seekpoint.indexer.sources.metadata import stated_chapters
from seekpoint.indexer.sources.recordings.media import container_of

# FFmpeg gives a chapter of ID3 that has no title its id.
_ID = re.compile(r"ch(?:ap|p)?\d+")


def chapters_in(path: Path) -> tuple[Chapter, ...]:
    """The chapters of a recording, at the times that a player shows; none without the package `av`."""
    if find_spec("av"):
        with suppress(Unfetched), container_of(path) as container:
            # ID3 counts from the first sound, others in the time of the container, which may not begin at zero.
            offset = 0.0 if container.format.name == "mp3" else (container.start_time or 0) / 1e6
            marks = []
            for each in container.chapters():
                # Starts are rounded, since an MP4 may have each chapter twice, in two units.
                start = round(float(each["start"] * (each["time_base"] or 0)) - offset, 2)
                title = each["metadata"].get("title", "")
                marks.append((max(0.0, start), "" if _ID.fullmatch(title) else title))
            return stated_chapters(marks, (container.duration or 0) / 1e6 or None)
    return ()
