"""`seekpoint export` and `seekpoint import` as a user calls them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import seekpoint
from seekpoint.cli.main import cli
from tests.index.libraries import build, files, first, run_script
from tests.index.transfer.test_hostile_archives import forge_database
from tests.paths import ROOT

MAIN = "from seekpoint.cli.main import main; main()"
QUESTIONS = (
    "Why do we need three different matrices for queries, keys and values?\n什么是掩码？\nHow long to boil an egg?\n"
)


def call(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)), input=stdin)


def test_a_library_is_exported_and_imported(tmp_path: Path) -> None:
    library, file, new = tmp_path / "library", tmp_path / "讲座.seekpoint", tmp_path / "new"
    build(library)
    result = call("export", file, "--index", library)
    assert (result.exit_code, result.stdout) == (0, f"{file}: 3 resources, 5 chunks, 0.0 MB\n")
    result = call("import", file, "--index", new)
    assert (result.exit_code, result.stdout) == (0, f"{new}: 3 resources, 5 chunks, 0.0 MB\n")
    assert result.stderr == (
        "seekpoint: 1 list of whoever wrote it: no build reads one before you name it:\n  talks.md\n"
        "seekpoint: to ask it, the model topics must be on this machine or come from the hub\n"
    )
    assert first(new, "掩码") == "zhuyili0001"


def test_links_that_are_not_opened_are_listed(tmp_path: Path) -> None:
    library, file = tmp_path / "library", tmp_path / "talks.zip"
    build(library)
    call("export", file, "--index", library)
    forge_database(
        file,
        "UPDATE resource SET url = 'file://host/share/run.exe' WHERE id = 'attention01'",
        "UPDATE resource SET url = 'file:///tmp/掩码.scr' WHERE id = 'zhuyili0001'",
    )
    result = call("import", file, "--index", tmp_path / "new")
    assert result.exit_code == 0
    _, _, first_line, *links, _ = result.stderr.splitlines()
    assert first_line.startswith("seekpoint: 2 links in it will not be opened, ")
    assert links == ["  file:///tmp/掩码.scr", "  file://host/share/run.exe"]


def test_only_some_of_very_many_links_are_listed(tmp_path: Path) -> None:
    library, file = tmp_path / "library", tmp_path / "talks.zip"
    build(library, {f"mask{k:07}": ["mask"] for k in range(30)})
    call("export", file, "--index", library)
    forge_database(file, "UPDATE resource SET url = 'file:///' || id || '.exe'")
    lines = call("import", file, "--index", tmp_path / "new").stderr.splitlines()[2:]
    assert lines[0].startswith("seekpoint: 30 links in it will not be opened, ")
    assert (len(lines), lines[-2]) == (23, "  and 10 more: `seekpoint status --json` has all")


def test_one_chunk_is_in_the_singular(tmp_path: Path) -> None:
    build(tmp_path / "library", {"one": ["mask"]})
    assert "1 resource, 1 chunk," in call("export", tmp_path / "one.zip", "--index", tmp_path / "library").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["export", "new.zip", "--index", "none"], 1, ["there is no library in none", "seekpoint build"]),
        (["export", "talks.zip", "--index", "library"], 1, ["talks.zip is there already", "--force"]),
        (["export", "none/talks.zip", "--index", "library"], 1, ["there is no folder none"]),
        (["export", "library", "--force", "--index", "library"], 1, ["library isn't a file"]),
        (["export"], 2, ["FILE"]),
        (["import", "none.zip", "--index", "new"], 1, ["there is no file none.zip"]),
        (["import", "library", "--index", "new"], 1, ["library isn't a file", "seekpoint export"]),
        (["import", "list.md", "--index", "new"], 1, ["list.md isn't a file that `seekpoint export` wrote"]),
        (["import", "cut.zip", "--index", "new"], 1, ["cut.zip is damaged", "export it again"]),
        (["import", "talks.zip", "--index", "library"], 1, ["holds a library already", "--index", "--replace"]),
        (["import", "talks.zip", "--index", "other", "--replace"], 1, ["holds other files (notes.txt)", "--index"]),
        (["import", "talks.zip", "--index", "list.md"], 1, ["list.md is a file"]),
        (["import"], 2, ["FILE"]),
    ],
    ids=str,
)
def test_an_impossible_transfer_is_an_error_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    build(Path("library"))
    assert call("export", "talks.zip", "--index", "library").exit_code == 0
    Path("cut.zip").write_bytes(Path("talks.zip").read_bytes()[:-100])
    Path("list.md").write_text("# Talks", "utf-8")
    Path("other").mkdir()
    Path("other/notes.txt").touch()
    before = sorted(tmp_path.rglob("*"))
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    assert all(word in result.stderr for word in words), result.stderr
    if code == 1:
        assert result.stderr.startswith("seekpoint: ") and result.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_missing_permissions_are_reported(tmp_path: Path) -> None:
    build(tmp_path / "library")
    file, closed = tmp_path / "talks.zip", tmp_path / "closed"
    call("export", file, "--index", tmp_path / "library")
    closed.mkdir(mode=0o555)
    for arguments in (
        ["export", closed / "talks.zip", "--index", tmp_path / "library"],
        ["import", file, "--index", closed / "new"],
    ):
        result = call(*arguments)
        assert result.exit_code == 1 and "permission denied" in result.stderr and result.stderr.count("\n") == 1
    file.chmod(0)
    result = call("import", file, "--index", tmp_path / "new")
    assert result.exit_code == 1 and "can't read" in result.stderr


@pytest.mark.parametrize("mount", ["mount -t tmpfs none place", "mount --bind other place"])
@pytest.mark.parametrize("holds_library", [True, False])
def test_a_mount_point_is_named_as_the_reason(tmp_path: Path, mount: str, holds_library: bool) -> None:
    build(tmp_path / "library")
    file = tmp_path / "talks.zip"
    call("export", file, "--index", tmp_path / "library")
    (tmp_path / "place").mkdir()
    shutil.copytree(tmp_path / "library", tmp_path / "other") if holds_library else (tmp_path / "other").mkdir()
    command = f"exec {sys.executable} -c '{MAIN}' import talks.zip --index place --replace"
    script = f"{mount} || exit 99; cp -r other/. place 2>/dev/null; {command}"
    result = in_namespace(script, tmp_path)
    assert (result.returncode, result.stdout) == (1, ""), result.stderr
    assert result.stderr == (
        f"seekpoint: {tmp_path / 'place'} is a mount point, which nothing can take the place of: "
        "name a new folder in it with --index\n"
    )
    assert not list(tmp_path.glob(".*"))


def in_namespace(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script that mounts, in namespaces of its own; skips where the system doesn't allow that."""
    unshare = shutil.which("unshare")
    if not unshare:
        pytest.skip("needs unshare")
    command = [unshare, "--map-root-user", "--mount", "sh", "-c", script]
    result = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    if result.returncode == 99 or "unshare failed" in result.stderr:
        pytest.skip("needs a namespace in which it may mount")
    return result


@pytest.mark.parametrize("command", ["export", "import"])
def test_help_imports_little_and_explains_paths(command: str) -> None:
    script = f"""
import atexit
from seekpoint.cli.main import cli
atexit.register(lambda: print({{"numpy", "faiss", "zipfile", "sqlite3", "filelock"}} & sys.modules.keys() or "light"))
cli(["{command}", "--help"])
"""
    result = run_script(script)
    assert "keep the paths" in " ".join(result.stdout.split())
    assert result.stdout.splitlines()[-1] == "light", result.stderr


@pytest.mark.model
def test_the_examples_answers_are_the_same_to_the_byte(example_library: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "talks.seekpoint", tmp_path / "new"
    assert call("export", file, "--index", example_library).exit_code == 0
    result = call("import", file, "--index", new)
    assert (result.exit_code, result.stderr.count("\n")) == (0, 2)

    def answers(folder: Path) -> str:
        result = call("ask", "-", "--json", "--explain", "--index", folder, stdin=QUESTIONS)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert answers(new) == answers(example_library)
    old, status = (json.loads(call("status", "--json", "--index", folder).stdout) for folder in (example_library, new))
    assert (old.pop("library"), status.pop("library")) == (str(example_library), str(new))
    assert status == old
    seekpoint.build([ROOT / "examples" / "reading-list.md"], new)  # the list is the owner's by that
    before = files(new)
    seekpoint.build([ROOT / "examples" / "reading-list.md"], new)
    assert files(new) == before
