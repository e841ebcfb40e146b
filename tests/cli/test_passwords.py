"""No command shows the password in an address of a database, or takes such an address for a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from seekpoint.cli.main import cli
from tests.index.secret_addresses import SECRET, addresses

COMMANDS = (
    ["status", "--index"],
    ["status", "--json", "--check", "--index"],
    ["ask", "掩码", "--index"],
    ["build", "https://127.0.0.1:1/讲座", "--index"],
    ["build", "https://127.0.0.1:1/讲座", "--dry-run", "--index"],
    ["build", "--worker", "--index"],
    ["export", "talks.zip", "--index"],
    ["init"],
)


@given(addresses())
@settings(max_examples=25)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_shows_a_password(command: list[str], tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("empty")
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(cli, [*command, text])
    finally:
        os.chdir(before)
    assert result.exit_code in (1, 2) and result.stderr.count("\n") == 1, result.output
    assert SECRET not in result.output
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        [],
        ["build"],
        ["export"],
        ["import"],
        ["remove"],
        ["ask", "mask", "--per-resource"],
        ["build", "list.md", "--captions"],
        ["build", "list.md", "--glossary"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("text", [f"postgresql://me:p:@{SECRET}@127.0.0.1/talks", f"host=db password={SECRET}"])
def test_an_address_in_the_wrong_place_is_shown_without_its_password(
    command: list[str], text: str, tmp_path: Path
) -> None:
    library = {"SEEKPOINT_INDEX": str(tmp_path / "library")}
    result = CliRunner(env=library).invoke(cli, [*command, text])
    assert result.exit_code in (1, 2) and result.stderr
    assert SECRET not in result.output
