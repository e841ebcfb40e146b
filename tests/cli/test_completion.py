"""The shells complete what a user begins to type, as docs/asking.md sets it up."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from tests.cli.here import MAIN, Terminal, needs_terminal, run
from tests.index.libraries import CARD, SOURCE, resource
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


def library(folder: Path) -> str:
    """A library with headings, the last of which a shell would obey, and which it returns."""
    hostile = f"Why $(touch {folder}/owned) '掩码';"
    with EmbeddedWriter.acquire(folder / "library", CARD) as writer:
        paths = ("Attention", "Masks, causal"), ("注意力",), (hostile,), ("Attention",)
        writer.register(SOURCE, [resource(f"video00000{number}", *path) for number, path in enumerate(paths)])
    return hostile


def completions(line: str, code: str = MAIN, **environment: str) -> list[str]:
    """What bash gets for a line whose last word is incomplete: completions, and lines of `code`'s own."""
    words = line.split(" ")
    about = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1), "_SEEKPOINT_COMPLETE": "bash_complete"}
    result = run(code=code, **about, **environment)
    assert result.stderr == ""
    return [offer.removeprefix("plain,") for offer in result.stdout.splitlines() if offer]


def test_commands_options_and_choices_are_offered_and_little_is_imported() -> None:
    heavy = f"print(json.dumps(sorted({HEAVY | {'prompt_toolkit'}} & sys.modules.keys())))"
    code = f"import atexit, json, sys\natexit.register(lambda: {heavy})\n{MAIN}"
    kinds = ["video", "page", "paper", "recording", "document"]
    assert completions("seekpoint ask --kind ", code) == [*kinds, "[]"]
    assert completions("seekpoint ask 什么是掩码？ --lang") == ["--language"]
    assert completions("seekpoint nothing") == []


def test_headings_and_ids_of_the_library_are_offered(tmp_path: Path) -> None:
    library(tmp_path)
    heavy = f"print(json.dumps(sorted({HEAVY} & sys.modules.keys())))"
    code = f"import atexit, json, sys\natexit.register(lambda: {heavy})\n{MAIN}"
    own = {"SEEKPOINT_INDEX": str(tmp_path / "library")}
    headings = ["Attention", "Masks,\\\\ causal", "注意力", rf"Why\\ \\$\\(touch\\ {tmp_path}/owned\\)\\ \\'掩码\\'\\;"]
    assert completions("seekpoint ask --section ", code, **own) == [*headings, "[]"]
    assert completions("seekpoint ask --section 注", **own) == completions(
        f"seekpoint ask --index {tmp_path}/library --section 注"
    )
    assert completions("seekpoint ask 掩码 --section Mas", **own) == headings[1:2]
    assert completions("seekpoint ask --resource video000002", **own) == ["video000002"]
    assert completions("seekpoint ask --resource ", SEEKPOINT_INDEX=str(tmp_path / "none")) == []


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
    folder, heading = str(tmp_path), library(tmp_path)
    terminal = Terminal(
        *(shell, *options.split()),
        PATH=f"{programs}{os.pathsep}{os.environ['PATH']}",
        PYTHONPATH=str(ROOT),
        SEEKPOINT_INDEX=str(tmp_path / "library"),
        **{"HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder},
        **{"TERM": "dumb" if shell == "bash" else "xterm", "LC_ALL": "C.UTF-8"},
    )
    terminal.type(f"{settings}\n{set_up}\nseekpoint is ready\n")
    terminal.wait_for(r"called: is ready *\(end\)")
    for line in ("build", "ask --kind recording", "ask 掩码 --section"):
        terminal.type(f"seekpoint {line[:-3]}\t\n")
        assert terminal.wait_for(r"called: (.*?) *\(end\)")[1] == line
    terminal.type("seekpoint ask --section Wh\t\n")
    assert terminal.wait_for(r"called: (.*?) *\(end\)")[1] == f"ask --section {heading}"
    assert not (tmp_path / "owned").exists()
    terminal.hang_up()
