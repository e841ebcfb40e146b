"""Asking, serving assistants and moving a library without the packages that embed passages."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.cli.here import MAIN, one_line, run
from tests.paths import ROOT

LEFT_OUT = {"torch", "transformers", "sentence-transformers"}
WITHOUT = (
    """\
import importlib.machinery, sys
absent = {"torch", "transformers", "sentence_transformers", "sklearn", "scipy"}
find = importlib.machinery.PathFinder.find_spec
importlib.machinery.PathFinder.find_spec = lambda name, *rest: None if name in absent else find(name, *rest)
"""
    + MAIN
)
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a client", "version": "1"}}


@pytest.mark.slow
@pytest.mark.model
def test_all_commands_but_build_work_without_what_embeds_passages(example_library: Path, tmp_path: Path) -> None:
    where, archive, moved = ("--index", example_library), tmp_path / "library.zip", ("--index", tmp_path / "moved")
    hello = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO})
    for words, stdin, said in (
        (("ask", "Why do we need masks?", *where), "", "t="),
        (("status", *where), "", "7 of 7 indexed"),
        (("mcp", *where), hello + "\n", "serverInfo"),
        (("export", archive, *where), "", "7 resources"),
        (("import", archive, *moved), "", "7 resources"),
    ):
        ran = run(*words, stdin=stdin, code=WITHOUT)
        assert ran.exit_code == 0 and said in ran.stdout, (words, ran)
    (tmp_path / "掩码.md").write_text("掩码把未来藏起来。", "utf-8")
    told = one_line(run("build", tmp_path / "掩码.md", "--index", tmp_path / "new", code=WITHOUT))
    assert "`pip install torch sentence-transformers`" in told and not (tmp_path / "new").exists()


def test_the_image_leaves_out_what_embeds_passages_and_nothing_else(tmp_path: Path) -> None:
    text = (ROOT / "examples" / "compose" / "seekpoint" / "Dockerfile").read_text("utf-8")
    found = re.search(r"(?m)^FROM source AS asks\nRUN (sed .*) /source/pyproject.toml$", text)
    assert found
    file = tmp_path / "pyproject.toml"
    file.write_bytes((ROOT / "pyproject.toml").read_bytes())
    subprocess.run(f"{found[1]} {file}", shell=True, check=True)
    whole, left = (
        {
            re.split(r"[\[>=;]", each)[0].strip()
            for each in tomllib.loads(path.read_text("utf-8"))["project"]["dependencies"]
        }
        for path in (ROOT / "pyproject.toml", file)
    )
    assert whole - left == LEFT_OUT and left < whole
