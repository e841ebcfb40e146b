"""The progress of a build, as the page shows it."""

from __future__ import annotations

import pytest

from seekpoint.cli.build_process import ProgressEvents
from seekpoint.index.types import Kind, Resource


@pytest.mark.parametrize(
    ("title", "url", "shown"),
    [
        ("", "file:///home/me/library/files/%E6%8E%A9%E7%A0%81.txt", "掩码.txt"),
        ("", "https://example.org/masks.html", "https://example.org/masks.html"),
        ("Masks", "file:///home/me/library/files/masks.txt", "Masks"),
    ],
)
def test_a_file_without_a_title_is_told_by_its_name(title: str, url: str, shown: str) -> None:
    events = ProgressEvents(lambda progress: None)
    events.work_on(Resource("an id", Kind.DOCUMENT, title, url, ()))
    assert events.progress.title == shown
