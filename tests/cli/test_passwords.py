"""No command shows the password in an address of a database, or takes such an address for a folder."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.cli.here import call
from tests.index.test_address import SECRET, addresses

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
    with chdir(folder):
        result = call(*command, text)
    assert result.exit_code in (1, 2) and result.stderr.count("\n") == 1, result
    assert SECRET not in result.stdout + result.stderr
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    "command",
    [
        *(["status"], [], ["build"], ["export"], ["import"], ["remove"], ["ask", "mask", "--per-resource"]),
        *(["build", "list.md", "--captions"], ["build", "list.md", "--glossary"]),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("text", [f"postgresql://me:p:@{SECRET}@127.0.0.1/talks", f"host=db password={SECRET}"])
def test_an_address_in_the_wrong_place_is_shown_without_its_password(
    command: list[str], text: str, tmp_path: Path
) -> None:
    result = call(*command, text, SEEKPOINT_INDEX=str(tmp_path / "library"))
    assert result.exit_code in (1, 2) and result.stderr
    assert SECRET not in result.stdout + result.stderr
