"""Ctrl-C, at every moment from the first import on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.here import needs_terminal, one_line, run
from tests.paths import ROOT

MAIN = "from seekpoint.__main__ import main; main()"
LINE = "seekpoint: interrupted; what was finished is kept, and the same command goes on from there\n"

# Sends SIGINT at the import of that number, counted from the start of `main`. A job in the background ignores SIGINT.
AT_IMPORT = """if True:
    import os, signal, sys
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from seekpoint.__main__ import main
    left = int(sys.argv.pop(1))
    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            global left
            left -= 1
            if left == 0:
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                except KeyboardInterrupt as error:
                    raise ImportError("as extension modules turn it into") from error
    sys.meta_path.insert(0, Finder)
    main()"""


@pytest.mark.parametrize(
    ("command", "moment"),
    [
        *(("status", moment) for moment in (1, 2, 5, 20)),
        *((command, moment) for command in ("status", "build", "import", "eval", "mcp") for moment in (50, 110)),
    ],
)
def test_an_interrupt_during_an_import_is_one_line(tmp_path: Path, command: str, moment: int) -> None:
    operand = [] if command in ("status", "mcp") else [tmp_path / "none"]
    result = run(moment, command, *operand, "--index", tmp_path / "library", code=AT_IMPORT)
    assert result == (130, "", LINE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.model
@pytest.mark.parametrize("moment", [60, 150, 290])
def test_an_interrupt_of_a_question_is_one_line(example_library: Path, moment: int) -> None:
    result = run(moment, "ask", "what is softmax for?", "--index", example_library, code=AT_IMPORT)
    assert result == (130, "", LINE)


@pytest.mark.model
def test_an_interrupt_between_questions_is_one_line(example_library: Path) -> None:
    code = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n{MAIN}"
    command = [sys.executable, "-c", code, "ask", "--json", "-", "--index", str(example_library)]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write("什么是 softmax?\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == ("", LINE)
    assert process.returncode == 130


@needs_terminal
def test_an_interrupt_takes_the_line_of_a_progress_bar_and_shows_the_cursor(tmp_path: Path) -> None:
    import pty

    terminal, its_end = pty.openpty()
    ran = subprocess.run([sys.executable, "-c", AT_IMPORT, "5", "status"], cwd=ROOT, stderr=its_end, check=False)
    os.close(its_end)
    assert (ran.returncode, os.read(terminal, 1000).decode()) == (130, f"\r\x1b[K\x1b[?25h{LINE[:-1]}\r\n")
    os.close(terminal)


def test_hardly_anything_is_imported_before_interrupts_are_handled() -> None:
    code = """if True:
        import signal, sys
        def setting(number, handler, *, known=frozenset(sys.modules), set=signal.signal):
            sys.stderr.write(" ".join(sys.modules.keys() - known))
            return set(number, handler)
        signal.signal = setting
        from seekpoint.__main__ import main
        main()"""
    assert set(run("--version", code=code).stderr.split()) <= {
        *("__future__", "importlib", "importlib._bootstrap", "importlib._bootstrap_external", "warnings"),
        *("seekpoint", "seekpoint.__main__", "seekpoint.cli", "seekpoint.cli.interrupt"),
    }


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """A shell starts jobs in the background so: Ctrl-C is for the one in the foreground."""
    code = AT_IMPORT.replace("default_int_handler", "SIG_IGN")
    one_line(run(5, "status", "--index", tmp_path / "library", code=code), "there is no library in")
