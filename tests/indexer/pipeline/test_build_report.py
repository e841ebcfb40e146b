"""Summaries of builds and of dry runs."""

from __future__ import annotations

import re
import time

import pytest
from rich.cells import cell_len

from seekpoint.index.errors import ForeignLibrary
from seekpoint.index.types import Section, State
from seekpoint.indexer.pipeline.build_report import duration, outlook, render
from seekpoint.indexer.pipeline.planner import Step
from tests.indexer.builds import Workshop, webvtt

OK, LATER, GONE, NONE = State.INDEXED, State.DEFERRED, State.UNAVAILABLE, State.NO_TRANSCRIPT


def section(*path: str, source: str = "/lists/talks.md", **entries: State) -> Section:
    return Section(source, path, entries or {" ".join((source, *path)): OK})


def test_a_row_per_section_with_the_states_that_occur_if_there_are_several() -> None:
    assert render([]) == render([section("Basics")]) == render([section(a=OK, b=LATER)]) == ""
    sections = [
        section("Basics", a=OK, b=OK, c=LATER),
        section("Basics", "注意力机制", d=OK),
        section("Advanced", "Masks", e=LATER, f=NONE),
    ]
    assert render(sections) == (
        "Section       indexed  no transcript  deferred\n"
        "Basics              2                        1\n"
        "  注意力机制        1\n"
        "Advanced\n"
        "  Masks             0              1         1\n"
        "Total               3              1         2"
    )


def test_several_lists_have_a_row_each() -> None:
    sections = [
        section("第一部分", a=OK, b=LATER),
        section(c=OK),
        section(source="https://example.org/列表.md", a=OK),
    ]
    assert render(sections) == (
        "Section                      indexed  deferred\n"
        "/lists/talks.md                    2         1\n"
        "  第一部分                         1         1\n"
        "  (no heading)                     1\n"
        "https://example.org/列表.md        1\n"
        "Total                              2         1"
    )
    total = render([section("A", x=OK, y=OK), section("乙", x=OK)]).splitlines()[-1]
    assert total.split() == ["Total", "2"], "a resource counts once"


def test_long_headings_keep_to_the_width() -> None:
    width = 40
    sections = [section("长" * 300, a=OK, b=LATER), section("word " * 60, "x" * 300, c=GONE, d=NONE)]
    text = render(sections, width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert text.count("长") == 300 and text.count("x") >= 300
    assert len(render(sections, 200).splitlines()) < len(text.splitlines())


def test_headings_are_shown_literally_and_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "20", "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    evil = "\x1b[31m[bold]红[/bold] :skull: [link=https://evil.org]x\u202e\n"
    text = render([section(evil, source=evil), section(evil, evil), section("b", source="b.md")], 200)
    assert text.count("[bold]红[/bold] :skull: [link=https://evil.org]x") == 4
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text) == []


def test_a_long_table_omits_deeper_headings_and_says_so() -> None:
    sections = [section(f"Part {k // 5}", f"第{k}章", f"§{j}", a=OK, b=LATER) for k in range(20) for j in range(3)]
    text = render(sections)
    assert "§" not in text and text.count("章") == 20
    assert text.splitlines()[2].split() == ["第0章", "1", "1"]
    assert text.splitlines()[-2].split() == ["Total", "1", "1"]
    assert text.splitlines()[-1] == "(60 deeper sections are counted in those above them)"
    assert render([section(f"{k}") for k in range(40)]).count("\n") == 41


def test_durations_in_words() -> None:
    shown = {0.42: "0.4 s", 9.97: "10 s", 59.7: "1 min", 200.0: "3 min 20 s", 3599.9: "1 h", 250_000.0: "2 d 21 h"}
    assert {seconds: duration(seconds) for seconds in shown} == shown


EN, ZH, NEW = "english0001", "zhongwen001", "brandnew001"
LINES = [(0.0, 10.0, "attention 注意力")]


def test_new_indexed_and_waiting_resources_are_counted_apart_and_nothing_is_created(workshop: Workshop) -> None:
    workshop.fake.add_video(EN, tracks={"en": LINES})
    workshop.fake.make_blocked(ZH)
    listed = workshop.write("list.md", f"https://youtu.be/{EN}\n\nhttps://youtu.be/{ZH}\n\nhttps://a.org/page\n")
    captions = workshop.write(f"captions/讲座 [{ZH}].zh.vtt", webvtt("注意力")).parent
    found = workshop.preview(listed, captions=captions)
    assert (found.resources, found.requests, found.playlists, found.closed_until) == (3, 3, 0, 0.0)
    assert [found.steps[step] for step in (Step.ASK_YOUTUBE, Step.READ_CAPTIONS, Step.FETCH)] == [1, 1, 1]
    assert not workshop.library.exists()
    assert workshop.preview(listed, languages=("en", "zh")).requests == 8
    listed.write_text(f"https://youtu.be/{EN}\n\nhttps://youtu.be/{ZH}\n", "utf-8")
    workshop.build(listed)
    listed.write_text(listed.read_text("utf-8") + f"\nhttps://youtu.be/{NEW}\n", "utf-8")
    before = workshop.content()
    found = workshop.preview(listed)
    assert [found.steps[step] for step in (Step.ASK_YOUTUBE, Step.WAIT, Step.NOTHING)] == [1, 1, 1]
    assert 3500 < found.closed_until - time.time() <= 3600
    assert re.search(r"isn't asked before \d{4}-\d\d-\d\d \d\d:\d\d[+-]\d\d:\d\d;", outlook(found, 1.0)), (
        "with its zone"
    )
    assert workshop.content() == before


def test_the_time_between_requests_to_a_host_is_told_before_they_are_made(workshop: Workshop) -> None:
    pages = [f"https://{host}/{n}" for host in ("a.org", "讲座.中国") for n in range(601)]
    mixed = [f"https://{host}/{n}" for n in range(601) for host in ("a.org", "b.org", "c.org")]
    for urls, pace, waits, told in (
        (pages, 5.0, 3600.0, ", 1 h at least\n"),
        (mixed, 5.0, 1800.0, ", 30 min at least\n"),
        (mixed, 0.5, 300.0, ", 5 min at least\n"),
        (mixed, 0.0, 0.0, "other sites)\n"),
        (mixed[:3], 5.0, 0.0, "other sites)\n"),
    ):
        found = workshop.preview(workshop.write("list.txt", "\n".join(urls)), pace=pace)
        assert found.waits == waits
        assert told in f"{outlook(found, pace)}\n"


def test_a_folder_that_is_no_library_is_refused_as_a_build_would(workshop: Workshop) -> None:
    listed = workshop.write("list.md", f"https://youtu.be/{EN}")
    workshop.write("library/thesis.tex", "words")
    with pytest.raises(ForeignLibrary, match="other files"):
        workshop.preview(listed)
    workshop.library = listed
    with pytest.raises(ForeignLibrary, match="is a file"):
        workshop.preview(listed)
