"""Dry runs."""

from __future__ import annotations

import time

import pytest

import seekpoint
from seekpoint.index.errors import ForeignLibrary
from seekpoint.indexer.build_options import BuildOptions
from seekpoint.indexer.pipeline.build_report import DryRunReport, preview
from seekpoint.indexer.pipeline.planner import Step
from tests.indexer.builds import Workshop, webvtt

EN, ZH, NEW = "english0001", "zhongwen001", "brandnew001"
LINES = [(0.0, 10.0, "attention 注意力")]


def expected(workshop: Workshop, *sources: object, languages: tuple[str, ...] = (), **more: object) -> DryRunReport:
    workshop.fake.requests.clear()
    request = BuildOptions([str(source) for source in sources], languages=languages, **more)  # type: ignore[arg-type]
    found = preview(request, workshop.library, workshop.fake.web())
    assert workshop.fake.requests == []
    return found


def test_a_new_list_is_counted_whole_and_nothing_is_created(workshop: Workshop) -> None:
    captions = workshop.write(f"captions/讲座 [{ZH}].zh.vtt", webvtt("注意力")).parent
    listed = workshop.write("list.md", f"https://youtu.be/{EN}\n\nhttps://youtu.be/{ZH}\n\nhttps://a.org/page\n")
    found = expected(workshop, listed, captions=captions)
    assert (found.resources, found.requests, found.playlists, found.closed_until) == (3, 3, 0, 0.0)
    assert [found.steps[step] for step in (Step.ASK_YOUTUBE, Step.READ_CAPTIONS, Step.FETCH_TEXT)] == [1, 1, 1]
    assert not workshop.library.exists()
    assert expected(workshop, listed, languages=("en", "zh")).requests == 8


def test_indexed_and_waiting_resources_are_counted_apart(workshop: Workshop) -> None:
    workshop.fake.add_video(EN, tracks={"en": LINES})
    workshop.fake.make_blocked(ZH)
    listed = workshop.write("list.md", f"https://youtu.be/{EN}\n\nhttps://youtu.be/{ZH}\n")
    workshop.build(listed)
    listed.write_text(listed.read_text("utf-8") + f"\nhttps://youtu.be/{NEW}\n", "utf-8")
    before = workshop.content()
    found = expected(workshop, listed)
    assert [found.steps[step] for step in (Step.ASK_YOUTUBE, Step.WAIT, Step.NOTHING)] == [1, 1, 1]
    assert 3500 < found.closed_until - time.time() <= 3600
    assert workshop.content() == before
    assert seekpoint.ask("attention", workshop.library, encoder=workshop.encoder).answered


def test_a_folder_that_is_no_library_is_refused_as_a_build_would(workshop: Workshop) -> None:
    listed = workshop.write("list.md", f"https://youtu.be/{EN}")
    workshop.write("library/thesis.tex", "words")
    with pytest.raises(ForeignLibrary, match="other files"):
        expected(workshop, listed)
    workshop.library = listed
    with pytest.raises(ForeignLibrary, match="is a file"):
        expected(workshop, listed)
