"""The rules that keep the house in order."""

from __future__ import annotations

import ast
import json
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

import click
import pytest

import seekpoint
from tests.index.parts import build, run_script

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"numpy", "faiss", "torch", "rich", "requests", "yt_dlp", "youtube_transcript_api"} | {
    *("prompt_toolkit", "starlette", "uvicorn", "jinja2", "mcp", "pydantic", "trafilatura", "lxml", "pypdfium2")
}
FORBIDDEN = {"index": {"indexer", "query"}, "indexer": {"query"}, "query": {"indexer"}}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", FORBIDDEN)
def test_the_two_sides_meet_only_in_the_index(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files
    offenders = {str(path): found for path in files if (found := imported(path) & (FORBIDDEN[package] | {"seekpoint"}))}
    assert offenders == {}


def test_no_module_needs_one_that_needs_it() -> None:
    files = [ROOT / "seekpoint.py", *chain.from_iterable((ROOT / package).rglob("*.py") for package in FORBIDDEN)]
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}
    needs = {name: named_by(path) & modules.keys() - {name} for name, path in modules.items()}
    assert "seekpoint.index.embedded.library" in needs["seekpoint.query.search.pipeline"]
    assert "seekpoint.index.embedded.pieces.blocks" in needs["seekpoint.index.embedded.pieces.quantisation"]
    assert "seekpoint.indexer.sources" in needs["seekpoint.cli.build"]
    assert [*TopologicalSorter(needs).static_order()]  # which raises CycleError


def named_by(path: Path) -> set[str]:
    """The modules that a file imports anywhere in it, and what it imports of packages, by their full names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize(
    "arguments",
    [[], ["--help"], *([name, "--help"] for name in seekpoint.cli.list_commands(click.Context(seekpoint.cli)))],
)
def test_the_front_door_is_light(arguments: list[str]) -> None:
    assert heavy_modules_after(f"if {arguments}: seekpoint.cli({arguments}, standalone_mode=False)") == []


def test_status_is_light(tmp_path: Path) -> None:
    build(tmp_path)
    status = ["status", "--index", str(tmp_path)]
    assert heavy_modules_after(f"seekpoint.cli({status}, standalone_mode=False)") == []


def heavy_modules_after(statement: str) -> list[str]:
    """What takes long to import and was imported when a statement has run, in a process of its own."""
    script = f"import json, seekpoint\n{statement}\nprint(json.dumps(sorted({HEAVY} & sys.modules.keys())))"
    ran = run_script(script)
    found: list[str] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_all_that_is_public_is_listed() -> None:
    tree = ast.parse((ROOT / "seekpoint.py").read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    public = {name for name in defined if not name.startswith("_")} - {"main", "cli"}
    assert public <= set(seekpoint.__all__)
    assert all(hasattr(seekpoint, name) for name in seekpoint.__all__)


def test_every_command_and_option_has_a_help_text() -> None:
    context = click.Context(seekpoint.cli)
    for name in seekpoint.cli.list_commands(context):
        command = seekpoint.cli.get_command(context, name)
        assert command is not None
        assert command.help
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        assert all(option.help for option in options), name
