"""The shells complete what a user begins to type, as docs/asking.md sets it up."""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.test_architecture import HEAVY

SHELLS = ("bash", "zsh", "fish")
KINDS = ["video", "playlist", "page", "paper", "recording", "document"]
# Starts each shell interactively, without the user's settings and with the prompt `$ `.
INTERACTIVE = {
    "bash": (["--norc", "--noprofile", "-i"], "bind 'set bell-style none'; bind 'set enable-bracketed-paste off'"),
    "zsh": (["-f", "-i"], "unsetopt zle_bracketed_paste 2>/dev/null; autoload -Uz compinit; compinit -u -D"),
    "fish": (["--no-config", "-i"], "function fish_prompt; end; set -g fish_greeting"),
}
SET_UP = {
    "bash": 'eval "$(_SEEKPOINT_COMPLETE=bash_source seekpoint)"',
    "zsh": 'eval "$(_SEEKPOINT_COMPLETE=zsh_source seekpoint)"',
    "fish": "_SEEKPOINT_COMPLETE=fish_source seekpoint | source",
}
WAYS = [
    ("seekpoint bu\t", "build"),
    ("seekpoint ask --k\t", "ask --kind"),
    ("seekpoint ask --kind pl\t", "ask --kind playlist"),
    ("seekpoint ask 掩码 --sec\t", "ask 掩码 --section"),
]


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        shutil.which(shell) is None or sys.platform == "win32", reason=f"install {shell} to see it complete"
    )


def program(*arguments: str, **environment: str) -> str:
    command = [sys.executable, "-c", "from seekpoint.cli.main import main; main()", *arguments]
    result = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, env=os.environ | environment)
    assert result.stderr == b""
    return result.stdout.decode()


def completions(line: str, **environment: str) -> list[str]:
    """The completions that bash gets for a line whose last word is incomplete."""
    words = line.split(" ")
    said = program(
        COMP_WORDS="\n".join(words), COMP_CWORD=str(len(words) - 1), _SEEKPOINT_COMPLETE="bash_complete", **environment
    )
    return [offer.partition(",")[2] for offer in said.splitlines() if offer]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("seekpoint bu", ["build"]),
        ("seekpoint ask --k", ["--kind"]),
        ("seekpoint ask --kind p", ["playlist", "page", "paper"]),
        ("seekpoint ask --kind ", KINDS),
        ("seekpoint ask 什么是掩码？ --lang", ["--language"]),
        ("seekpoint nothing", []),
    ],
)
def test_commands_options_and_choices_are_offered(line: str, offered: list[str]) -> None:
    assert completions(line) == offered


def test_completion_imports_little() -> None:
    script = (
        "import atexit, json, sys\nfrom seekpoint.cli.main import main\n"
        f"atexit.register(lambda: print(json.dumps(sorted({HEAVY | {'prompt_toolkit'}} & sys.modules.keys()))))\n"
        "main()"
    )
    asked = {"COMP_WORDS": "seekpoint\nask\n--kind\n", "COMP_CWORD": "3", "_SEEKPOINT_COMPLETE": "bash_complete"}
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, cwd=ROOT, env=os.environ | asked
    )
    *offers, heavy = result.stdout.decode().splitlines()
    assert len(offers) == len(KINDS)
    assert json.loads(heavy) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_a_script(shell: str) -> None:
    script = program(_SEEKPOINT_COMPLETE=f"{shell}_source")
    assert f"_SEEKPOINT_COMPLETE={shell}_complete" in script


@pytest.mark.parametrize("shell", SHELLS)
def test_the_page_on_asking_says_how_it_is_set_up(shell: str) -> None:
    assert SET_UP[shell] in (ROOT / "docs" / "asking.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("shell", [pytest.param(shell, marks=needs(shell)) for shell in SHELLS])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_tab_completes(shell: str, tmp_path: Path) -> None:
    with_tab = Shell(shell, tmp_path)
    try:
        for line, completed in WAYS:
            assert with_tab.run(line) == completed
    finally:
        with_tab.end()


class Shell:
    """A shell at a pseudo-terminal, in which `seekpoint` says with which arguments it was called."""

    def __init__(self, name: str, folder: Path) -> None:
        import pty

        programs = folder / "bin"
        programs.mkdir()
        python = f"{shlex.quote(sys.executable)} -c 'from seekpoint.cli.main import main; main()'"
        (programs / "seekpoint").write_text(
            f'#!/bin/sh\n[ -n "$_SEEKPOINT_COMPLETE" ] && exec {python}\necho "called: $* (end)"\n', encoding="utf-8"
        )
        (programs / "seekpoint").chmod(0o755)
        path = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        options, settings = INTERACTIVE[name]
        self._pid, self._file = pty.fork()
        if self._pid == 0:
            os.environ |= {**path, **home, "TERM": "dumb" if name == "bash" else "xterm", "LC_ALL": "C.UTF-8"}
            os.execvp(name, [name, *options])
        self._seen = ""
        self._type(f"{settings}\n{SET_UP[name]}\n")
        self._type("seekpoint is ready\n")
        self._called("is ready")

    def run(self, line: str) -> str:
        """The arguments that a line with a tab calls the program with."""
        self._type(f"{line}\n")
        return self._called("")

    def end(self) -> None:
        os.close(self._file)
        os.waitpid(self._pid, 0)

    def _called(self, arguments: str) -> str:
        pattern = re.compile(rf"called: ({re.escape(arguments)}.*?) *\(end\)")
        while not (result := pattern.search(self._seen)):
            assert select.select([self._file], [], [], 30)[0], self._seen
            self._seen += os.read(self._file, 65536).decode(errors="replace")
        self._seen = self._seen[result.end() :]
        return result[1]

    def _type(self, keys: str) -> None:
        os.write(self._file, keys.encode())
