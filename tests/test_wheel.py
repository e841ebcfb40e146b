"""The wheel: what it holds, and that it works where a user's own modules are named like folders of the package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from email.parser import BytesParser
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.indexer.builds import webvtt
from tests.paths import ROOT

pytestmark = pytest.mark.slow

SCRIPT = """
import seekpoint
from fakes import TopicEncoder

encoder = TopicEncoder()
report = seekpoint.build("talks", "library", encoder=encoder, translate=False)
moment = seekpoint.ask("what does a mask hide", "library", encoder=encoder).moments[0]
print(seekpoint.__file__)
print(report.updated, moment.timestamp, moment.resource.title)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)], folder)
    (built,) = folder.glob("*.whl")
    return built


def environment(wheel: Path, folder: Path) -> Mapping[str, str]:
    """The paths of a fresh virtual environment with the wheel, which gets its dependencies from the running one.

    A path in a .pth file comes last, and .pth files in that folder don't count, so an editable install of this
    repository there isn't found.
    """
    venv.create(folder, symlinks=os.name != "nt")
    paths = sysconfig.get_paths("venv", vars={"base": str(folder), "platbase": str(folder)})
    python = str(Path(paths["scripts"], "python"))
    install = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)]
    run([sys.executable, "-m", "pip", "--python", python, *install], folder)
    Path(paths["purelib"], "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return paths | {"python": python, "seekpoint": str(Path(paths["scripts"], "seekpoint"))}


def run(command: list[str], folder: Path) -> str:
    """The standard output of a command, without this test run's import path."""
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    variables |= {"PYTHONUTF8": "1", "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_every_file_of_the_package_and_its_metadata_alone(wheel: Path) -> None:
    members = set(ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in members} == {"seekpoint", f"seekpoint-{version('seekpoint')}.dist-info"}
    files = [path for path in (ROOT / "seekpoint").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    package = {path.relative_to(ROOT).as_posix() for path in files}
    assert package - members == set()
    assert {Path(name).suffix for name in package} >= {".py", ".typed", ".sql", ".html", ".css", ".js", ".tsv"}
    metadata = BytesParser().parsebytes(ZipFile(wheel).read(f"seekpoint-{version('seekpoint')}.dist-info/METADATA"))
    assert metadata["Author"] and metadata["Author"] in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert {"seekpoint/py.typed", "seekpoint/index/types.py", "seekpoint/query/web/templates/ask.html"} <= members


def test_a_script_and_the_commands_work_beside_modules_of_the_same_names(wheel: Path, tmp_path: Path) -> None:
    installed, folder = environment(wheel, tmp_path / "environment"), tmp_path / "user's"
    for name in ("index", "talks"):
        (folder / name).mkdir(parents=True)
    for name in ("query.py", "index/__init__.py"):
        (folder / name).write_text("raise RuntimeError('a module of the user\\'s own')", encoding="utf-8")
    captions = webvtt("welcome to the talk", "attention weighs every word", "a mask hides the future", seconds=40)
    (folder / "talks" / "Masks [aaaaaaaaaaa].en.vtt").write_text(captions, encoding="utf-8")
    shutil.copy(ROOT / "tests" / "fakes.py", folder)
    (folder / "script.py").write_text(SCRIPT, encoding="utf-8")
    location, result = run([installed["python"], "script.py"], folder).splitlines()
    assert Path(location).is_relative_to(installed["purelib"])
    assert result == "1 1:20 Masks"
    assert run([installed["seekpoint"], "--version"], folder) == f"seekpoint, version {version('seekpoint')}\n"
    status = run([installed["python"], "-m", "seekpoint", "status", "--index", "library"], folder)
    assert "Resources: 1 (1 indexed)" in status
