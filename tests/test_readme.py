"""README.md says what the program does."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from seekpoint.cli.main import cli
from tests import readme
from tests.paths import ROOT

TEXT = readme.README.read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_help_texts_are_the_programs() -> None:
    assert readme.replaced(TEXT, "help", readme.help_block()) == TEXT, "run: python -m tests.readme"


@pytest.mark.model
def test_the_examples_are_what_the_program_prints(example_library: Path) -> None:
    def unscored(text: str) -> str:
        return re.sub(r'"score": [\d.]+', '"score": …', text)  # differs a little from processor to processor

    assert unscored(readme.updated(TEXT, example_library)) == unscored(TEXT), "run: python -m tests.readme"


def test_every_command_line_in_it_is_one() -> None:
    lines = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
    calls = [shlex.split(line)[1:] for line in lines if line.startswith("seekpoint ")]
    assert len(calls) >= 3
    for name, *arguments in calls:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None, name
        command.make_context(name, arguments)  # raises where an option or argument doesn't exist


def test_the_make_targets_in_it_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"^make (\w+)$", TEXT, re.MULTILINE))
    assert named == {"demo", "test"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in named)


def test_every_dependency_is_explained() -> None:
    required = {re.split(r"[<>=;\[ ]", line)[0].lower() for line in PROJECT["dependencies"]}
    table = TEXT[TEXT.index("| dependency | for |") :]
    explained = {
        name.strip().lower() for row in re.findall(r"^\| ([\w, -]+) \|", table, re.MULTILINE) for name in row.split(",")
    }
    assert required == explained - {"dependency"}


def test_the_links_in_it_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT)
    assert targets
    assert all((ROOT / target).exists() for target in targets)


@pytest.mark.model
def test_the_python_in_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "#t=" in lines[0] and "raining" in lines[0]
