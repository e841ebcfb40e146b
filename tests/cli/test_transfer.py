"""`seekpoint export` and `seekpoint import` as a user calls them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.here import MAIN, call, one_line, run
from tests.index.libraries import build, first
from tests.index.transfer.test_hostile_archives import forge_database
from tests.paths import ROOT


def test_a_library_is_exported_and_imported(tmp_path: Path) -> None:
    library, file, new = tmp_path / "library", tmp_path / "讲座.seekpoint", tmp_path / "new"
    build(library)
    assert call("export", file, "--index", library) == (0, f"{file}: 3 resources, 5 chunks, 0.0 MB\n", "")
    assert call("import", file, "--index", new) == (
        0,
        f"{new}: 3 resources, 5 chunks, 0.0 MB\n",
        "seekpoint: 1 list of whoever wrote it: no build reads one before you name it:\n  talks.md\n"
        "seekpoint: to ask it, the model topics must be on this machine or come from the hub\n",
    )
    assert first(new, "掩码") == "zhuyili0001"


def test_links_that_are_not_opened_are_listed_but_only_some_of_very_many(tmp_path: Path) -> None:
    build(tmp_path / "one", {"one": ["mask"]})
    assert "1 resource, 1 chunk," in call("export", tmp_path / "one.zip", "--index", tmp_path / "one").stdout
    library, file = tmp_path / "library", tmp_path / "talks.zip"
    build(library, {f"mask{k:07}": ["mask"] for k in range(30)})
    call("export", file, "--index", library)
    forge_database(
        file,
        "UPDATE resource SET url = 'file:///zoo/' || id || '.exe'",
        "UPDATE resource SET url = 'file:///tmp/掩码.scr' WHERE id = 'mask0000002'",
    )
    lines = call("import", file, "--index", tmp_path / "new").stderr.splitlines()[2:]
    assert lines[0].startswith("seekpoint: 30 links in it will not be opened, only those ")
    assert (len(lines), lines[-2]) == (23, f"  and 10 more: `seekpoint status --json --index {tmp_path}/new` has all")
    assert lines[1:3] == ["  file:///tmp/掩码.scr", "  file:///zoo/mask0000000.exe"]


def test_an_impossible_transfer_is_an_error_in_one_line(
    tmp_path: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cut.zip").write_bytes(exported.read_bytes()[:-100])
    Path("list.md").write_text("# Talks", "utf-8")
    Path("other").mkdir()
    Path("other/notes.txt").touch()
    before = sorted(tmp_path.rglob("*"))
    for arguments, words in {
        "export new.zip --index none": ["there is no library in none", "seekpoint build"],
        "export talks.zip --index library": ["talks.zip is there already", "--force"],
        "export none/talks.zip --index library": ["there is no folder none"],
        "export library --force --index library": ["library isn't a file"],
        "import none.zip --index new": ["there is no file none.zip"],
        "import library --index new": ["library isn't a file", "seekpoint export"],
        "import list.md --index new": ["list.md isn't a file that `seekpoint export` wrote"],
        "import cut.zip --index new": ["cut.zip is damaged", "export it again"],
        "import talks.zip --index library": ["holds a library already", "--index", "--replace"],
        "import talks.zip --index other --replace": ["holds other files (notes.txt)", "--index"],
        "import talks.zip --index list.md": ["list.md is a file"],
    }.items():
        one_line(call(*arguments.split()), *words)
    assert sorted(tmp_path.rglob("*")) == before
    if os.name == "posix" and os.geteuid():  # a user whom permissions bind
        Path("closed").mkdir(mode=0o555)
        one_line(call("export", "closed/talks.zip", "--index", "library"), "permission denied")
        one_line(call("import", exported, "--index", "closed/new"), "permission denied")
        exported.chmod(0)
        one_line(call("import", exported, "--index", "new"), "can't read")


@pytest.mark.parametrize("command", ["export", "import"])
def test_help_imports_little_and_explains_paths(command: str) -> None:
    heavy = {"numpy", "faiss", "zipfile", "sqlite3", "filelock"}
    code = f"import atexit, sys; atexit.register(lambda: print({heavy} & sys.modules.keys() or 'light')); {MAIN}"
    result = run(command, "--help", code=code)
    assert "keep the paths" in " ".join(result.stdout.split())
    assert result.stdout.splitlines()[-1] == "light", result.stderr


@pytest.mark.parametrize(
    ("mount", "holds_library"), [("mount -t tmpfs none place", False), ("mount --bind other place", True)]
)
def test_a_mount_point_is_named_as_the_reason(tmp_path: Path, exported: Path, mount: str, holds_library: bool) -> None:
    """In namespaces in which it may mount, where the system allows that."""
    unshare = shutil.which("unshare")
    if not unshare:
        pytest.skip("needs unshare")
    (tmp_path / "place").mkdir()
    shutil.copytree(tmp_path / "library", tmp_path / "other") if holds_library else (tmp_path / "other").mkdir()
    command = f"exec {sys.executable} -c '{MAIN}' import talks.zip --index place --replace"
    script = f"{mount} || exit 99; cp -r other/. place 2>/dev/null; {command}"
    result = subprocess.run(
        [unshare, "--map-root-user", "--mount", "sh", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode == 99 or "unshare failed" in result.stderr:
        pytest.skip("needs a namespace in which it may mount")
    assert (result.returncode, result.stdout) == (1, ""), result.stderr
    assert result.stderr == (
        f"seekpoint: {tmp_path / 'place'} is a mount point, which nothing can take the place of: "
        "name a new folder in it with --index\n"
    )
    assert not list(tmp_path.glob(".*"))
