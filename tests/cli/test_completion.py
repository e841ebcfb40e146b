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

# Start each shell interactively, without the user's settings and with the prompt `$ `, and what sets completion up.
SHELLS = {
    "bash": (
        *("--norc --noprofile -i", "bind 'set bell-style none'; bind 'set enable-bracketed-paste off'"),
        'eval "$(_SEEKPOINT_COMPLETE=bash_source seekpoint)"',
    ),
    "zsh": (
        *("-f -i", "unsetopt zle_bracketed_paste 2>/dev/null; autoload -Uz compinit; compinit -u -D"),
        'eval "$(_SEEKPOINT_COMPLETE=zsh_source seekpoint)"',
    ),
    "fish": (
        *("--no-config -i", "function fish_prompt; end; set -g fish_greeting"),
        "_SEEKPOINT_COMPLETE=fish_source seekpoint | source",
    ),
}


def completions(line: str, code: str = MAIN) -> list[str]:
    """What bash gets for a line whose last word is incomplete: completions, and lines of `code`'s own."""
    words = line.split(" ")
    about = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1), "_SEEKPOINT_COMPLETE": "bash_complete"}
    result = run(code=code, **about)
    assert result.stderr == ""
    return [offer.removeprefix("plain,") for offer in result.stdout.splitlines() if offer]


def test_commands_options_and_choices_are_offered_and_little_is_imported() -> None:
    heavy = f"print(json.dumps(sorted({HEAVY | {'prompt_toolkit'}} & sys.modules.keys())))"
    code = f"import atexit, json, sys\natexit.register(lambda: {heavy})\n{MAIN}"
    kinds = ["video", "playlist", "page", "paper", "recording", "document"]
    assert completions("seekpoint ask --kind ", code) == [*kinds, "[]"]
    assert completions("seekpoint ask 什么是掩码？ --lang") == ["--language"]
    assert completions("seekpoint nothing") == []


@needs_terminal
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_tab_completes(shell: str, tmp_path: Path) -> None:
    """In the shell, `seekpoint` says with which arguments it was called."""
    options, settings, set_up = SHELLS[shell]
    assert set_up in (ROOT / "docs" / "asking.md").read_text(encoding="utf-8")
    assert f"_SEEKPOINT_COMPLETE={shell}_complete" in run(_SEEKPOINT_COMPLETE=f"{shell}_source").stdout
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
    terminal = Terminal(
        *(shell, *options.split()),
        PATH=f"{programs}{os.pathsep}{os.environ['PATH']}",
        PYTHONPATH=str(ROOT),
        **{"HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder},
        **{"TERM": "dumb" if shell == "bash" else "xterm", "LC_ALL": "C.UTF-8"},
    )
    terminal.type(f"{settings}\n{set_up}\nseekpoint is ready\n")
    terminal.wait_for(r"called: is ready *\(end\)")
    for line in ("build", "ask --kind playlist", "ask 掩码 --section"):
        terminal.type(f"seekpoint {line[:-3]}\t\n")
        assert terminal.wait_for(r"called: (.*?) *\(end\)")[1] == line
    terminal.hang_up()
