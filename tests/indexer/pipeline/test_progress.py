"""Progress bars on standard error."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr

import pytest
from rich.cells import cell_len

from seekpoint.index.types import Kind, Resource, State
from seekpoint.indexer.pipeline.progress import ProgressBars, ProgressRate

HOSTILE = Resource(
    "x", Kind.VIDEO, "\x1b]0;owned\x07[bold]注意力\u202e[/] :skull: [link=https://evil.org]x", "https://a.org/x"
)


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")


def show(stream: io.StringIO, warning: str = "") -> str:
    """The output of a build of two resources."""
    with redirect_stderr(stream), ProgressBars() as bars:
        bars.begin([HOSTILE] * 2)
        for resource in (HOSTILE, HOSTILE):
            bars.work_on(resource)
            bars.embed(1, 2)
            if warning:
                bars.say(warning)
            bars.finish(resource)
    return stream.getvalue()


def test_titles_and_warnings_are_written_literally_in_bars_and_in_lines() -> None:
    name = "]0;owned[bold]注意力[/] :skull: [link=https://evil.org]x"
    assert show(io.StringIO()) == f"1/2 indexed: {name}\n2/2 indexed: {name}\n"
    warning = f"{HOSTILE.title}: kept as it was\nhere"
    line = f"seekpoint: {name}: kept as it was here\n"
    assert show(io.StringIO(), warning).count(line) == 2
    assert line.strip() in show(Terminal(), warning)
    shown = show(Terminal())
    assert "[bold]注意力[/] :skull: [link=" in shown and "2/2" in shown, "literally, without markup"
    assert "\x1b]" not in shown and "\x07" not in shown and "\u202e" not in shown and "indexed" not in shown
    assert show(io.StringIO(), "长 " * 300).count("\n") == 4, "a line each"


def test_without_a_terminal_each_resource_has_a_line_with_the_count_and_its_state() -> None:
    stream = io.StringIO()
    with redirect_stderr(stream), ProgressBars() as progress:
        progress.begin([HOSTILE] * 3)
        progress.work_on(HOSTILE)
        progress.embed(1, 2)
        for title, state in (("Masks", State.INDEXED), ("", State.NO_TRANSCRIPT), ("掩码", State.DEFERRED)):
            progress.finish(Resource("x", Kind.VIDEO, title, "https://a.org/x"), state)
        progress.begin([HOSTILE])
        progress.finish(Resource("x", Kind.DOCUMENT, "", "file:///home/%E6%8E%A9%E7%A0%81.txt"))
    lines = ["1/3 indexed: Masks", "2/3 no transcript: https://a.org/x", "3/3 deferred: 掩码", "1/1 indexed: 掩码.txt"]
    assert stream.getvalue().splitlines() == lines


@pytest.mark.parametrize("title", ["A very long title of a talk " * 8, "注意力机制里的掩码是怎么把未来藏起来的" * 5])
def test_a_long_title_is_shortened_and_the_count_is_not(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    now = 0.0
    terminal = Terminal()
    with redirect_stderr(terminal), ProgressBars(lambda: now) as bars:
        bars.begin([HOSTILE] * 4321)
        bars.work_on(Resource("x", Kind.VIDEO, title, "https://a.org/x"))
        for done in (0, 1, 12345):
            bars.embed(done, 98765)
            now += 10
            bars.embedded(12344 if done else 1)  # the first one after the model was loaded
        bars._progress.refresh()
    line = next(line for line in plain(terminal.getvalue()).splitlines() if "12345/98765" in line)
    assert line.startswith(title[:3]) and "…" in line and "1234 passages/s, 1 min 10 s left" in line
    assert cell_len(line) <= 60
    assert "0/4321" in plain(terminal.getvalue())


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "\n")


def test_the_rate_and_the_remaining_time_are_shown() -> None:
    now = 0.0
    terminal = Terminal()
    with redirect_stderr(terminal), ProgressBars(lambda: now) as bars:
        bars.begin([HOSTILE] * 2)
        bars.finish(HOSTILE)  # refused without work
        bars.work_on(HOSTILE)
        bars.embed(0, 410)
        now += 60
        bars.embedded(10)  # the model was loaded
        bars.embed(10, 410)
        now += 10
        bars.embedded(100)
        bars.embed(110, 410)
        bars._progress.refresh()
        bars.finish(HOSTILE)
        bars._progress.refresh()
        bars.begin([HOSTILE] * 3)  # the build that follows a re-embedding
        bars._progress.refresh()
        bars.work_on(Resource("x", Kind.DOCUMENT, "", "file:///home/%E6%8E%A9%E7%A0%81.txt"))
        bars.transcribe(1000.0, 1650.0)  # heard before an interruption
        now += 10
        bars.transcribe(1100.0, 1650.0)
        bars._progress.refresh()
    shown = plain(terminal.getvalue())
    assert "10.0 passages/s, 30 s left" in shown
    assert "about 30 s left" in shown
    assert "0/3" in shown and "2/3" not in shown
    assert "55 s left" in shown, "transcription has a rate of its own"
    assert "掩码.txt" in shown and "file:" not in shown, "a file is called by its name"


def test_the_time_left_of_a_build_is_told_only_where_it_is_known_and_then_right() -> None:
    now, told = 0.0, list[tuple[float, float]]()
    talk = Resource("x", Kind.VIDEO, "讲座", "https://www.youtube.com/watch?v=x")
    note, page = Resource("y", Kind.DOCUMENT, "notes", "file:///a.md"), Resource("z", Kind.PAGE, "p", "https://a.org")
    # A minute to load the model, a long talk and many short notes, then pages that take a pause each.
    resources, ahead = [talk, *[note] * 40, *[page] * 20], 0
    terminal = Terminal()
    with redirect_stderr(terminal), ProgressBars(lambda: now) as bars:
        bars.begin(resources)
        for resource in resources:
            bars.work_on(resource)
            now += 3 if resource is page else 0
            passages = 320 if resource is talk else 4
            done, ahead = min(ahead, passages), max(ahead - passages, 0)
            bars.embed(0, passages)
            while done < passages:
                bars.embed(done, passages)
                now += 6.4 if now else 60
                bars.embedded(64)  # some of the next resources are among them
                done, ahead = min(done + 64, passages), max(done + 64 - passages, 0)
            bars.embed(passages, passages)
            bars.finish(resource)
            if found := re.search(r"about (?:(\d+) min ?)?(?:(\S+) s)? left", bars._progress.tasks[0].fields["pace"]):
                told.append((now, 60 * int(found[1] or 0) + float(found[2] or 0)))
    assert len(told) > 15 and told[0][0] > 110, "when there were some pages too"
    for then, left in told:
        assert left == pytest.approx(now - then, rel=0.2, abs=1)


def test_the_rate_covers_the_last_half_minute() -> None:
    pace = ProgressRate()
    assert pace.each_second == 0
    pace.add(10, 100.0)
    for _ in range(40):
        pace.add(20, 1.0)
    assert pace.each_second == pytest.approx(20)
