"""What a build shows on standard error."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

import pytest

from index.types import Kind, Resource
from indexer.progress import ProgressBars

HOSTILE = Resource(
    "x", Kind.VIDEO, "\x1b]0;owned\x07[bold]注意力\u202e[/] :skull: [link=https://evil.org]x", "https://a.org/x"
)


class Terminal(io.StringIO):
    """A stream that says that a person looks at it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")


def show(stream: io.StringIO, warning: str = "") -> str:
    """What a build of two resources writes."""
    with redirect_stderr(stream), ProgressBars() as bars:
        bars.begin(2)
        for resource in (HOSTILE, HOSTILE):
            bars.work_on(resource)
            bars.embed(1, 2)
            if warning:
                bars.say(warning)
            bars.finish(resource)
    return stream.getvalue()


def test_nothing_is_written_where_nobody_looks() -> None:
    assert show(io.StringIO()) == ""


def test_warnings_are_written_everywhere_a_line_each() -> None:
    warning = f"{HOSTILE.title}: kept as it was\nhere"
    line = "seekpoint: ]0;owned[bold]注意力[/] :skull: [link=https://evil.org]x: kept as it was here\n"
    assert show(io.StringIO(), warning) == 2 * line
    assert line.strip() in show(Terminal(), warning)


def test_a_long_warning_stays_one_line() -> None:
    assert show(io.StringIO(), "长 " * 300).count("\n") == 2


def test_a_terminal_shows_the_title_as_it_is_written_and_nothing_it_could_do() -> None:
    shown = show(Terminal())
    assert "[bold]注意力[/] :skull: [link=" in shown and "2/2" in shown
    assert "\x1b]" not in shown and "\x07" not in shown and "\u202e" not in shown
