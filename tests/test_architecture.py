"""The rules that keep the house in order."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import seekpoint

ROOT = Path(__file__).resolve().parent.parent
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


@pytest.mark.parametrize(
    "statement", ["import seekpoint", "import seekpoint; seekpoint.cli(['--help'], standalone_mode=False)"]
)
def test_the_front_door_is_light(statement: str) -> None:
    check = (
        f"import sys; {statement}; print(sorted({{'numpy', 'faiss', 'torch', 'rich', 'requests'}} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.splitlines()[-1] == "[]"


def test_all_that_is_public_is_listed() -> None:
    tree = ast.parse((ROOT / "seekpoint.py").read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    public = {name for name in defined if not name.startswith("_")} - {"main", "cli"}
    assert public <= set(seekpoint.__all__)
    assert all(hasattr(seekpoint, name) for name in seekpoint.__all__)


def test_every_command_and_option_has_a_help_text() -> None:
    import click

    context = click.Context(seekpoint.cli)
    for name in seekpoint.cli.list_commands(context):
        command = seekpoint.cli.get_command(context, name)
        assert command is not None
        assert command.help
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        assert all(option.help for option in options), name
