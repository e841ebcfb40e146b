"""The shells complete what a user begins to type, as docs/asking.md sets it up."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.here import MAIN, Terminal, needs_terminal, run
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


def program(code: str = MAIN, **environment: str) -> str:
    result = run(code=code, **environment)
    assert result.stderr == ""
    return result.stdout


def completions(line: str, code: str = MAIN) -> list[str]:
    """What bash gets for a line whose last word is incomplete: completions, and lines of `code`'s own."""
    words = line.split(" ")
    environment = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    said = program(code, **environment, _SEEKPOINT_COMPLETE="bash_complete")
    return [offer.removeprefix("plain,") for offer in said.splitlines() if offer]


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
    heavy = f"print(json.dumps(sorted({HEAVY | {'prompt_toolkit'}} & sys.modules.keys())))"
    code = f"import atexit, json, sys\natexit.register(lambda: {heavy})\n{MAIN}"
    assert completions("seekpoint ask --kind ", code) == [*KINDS, "[]"]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_a_script_and_the_page_on_asking_says_how(shell: str) -> None:
    assert f"_SEEKPOINT_COMPLETE={shell}_complete" in program(_SEEKPOINT_COMPLETE=f"{shell}_source")
    assert SET_UP[shell] in (ROOT / "docs" / "asking.md").read_text(encoding="utf-8")


@needs_terminal
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_tab_completes(shell: str, tmp_path: Path) -> None:
    """In the shell, `seekpoint` says with which arguments it was called."""
    if shutil.which(shell) is None:
        pytest.skip(f"install {shell} to see it complete")
    programs = tmp_path / "bin"
    programs.mkdir()
    python = f"{shlex.quote(sys.executable)} -c '{MAIN}'"
    (programs / "seekpoint").write_text(
        f'#!/bin/sh\n[ -n "$_SEEKPOINT_COMPLETE" ] && exec {python}\necho "called: $* (end)"\n', encoding="utf-8"
    )
    (programs / "seekpoint").chmod(0o755)
    folder = str(tmp_path)
    options, settings = INTERACTIVE[shell]
    terminal = Terminal(
        *(shell, *options),
        PATH=f"{programs}{os.pathsep}{os.environ['PATH']}",
        PYTHONPATH=str(ROOT),
        **{"HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder},
        **{"TERM": "dumb" if shell == "bash" else "xterm", "LC_ALL": "C.UTF-8"},
    )
    terminal.type(f"{settings}\n{SET_UP[shell]}\nseekpoint is ready\n")
    terminal.wait_for(r"called: is ready *\(end\)")
    for line, completed in WAYS:
        terminal.type(f"{line}\n")
        assert terminal.wait_for(r"called: (.*?) *\(end\)")[1] == completed
    terminal.hang_up()
