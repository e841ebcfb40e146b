"""The wheel: what it holds, and that it works where a user's own modules are named like folders of the package."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.indexer.builds import webvtt
from tests.paths import ROOT

pytestmark = pytest.mark.slow

SCRIPT = """
import hashlib

import numpy as np

import seekpoint


class HashEncoder:
    card = seekpoint.ModelCard("hashes", 64, "md5")

    def question(self, text):
        vector = np.full(64, 0.01, np.float32)
        for word in text.lower().split():
            vector[int(hashlib.md5(word.encode()).hexdigest(), 16) % 64] += 1
        return vector / np.linalg.norm(vector)

    def passages(self, texts):
        return np.stack([self.question(text) for text in texts])

    def parts(self, texts, ends):
        return None


encoder = HashEncoder()
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


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The paths of a fresh virtual environment with the wheel, which gets its dependencies from the running one.

    A path in a .pth file comes last, and .pth files in that folder don't count, so an editable install of this
    repository there isn't found.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=os.name != "nt")
    paths = sysconfig.get_paths("venv", vars={"base": str(folder), "platbase": str(folder)})
    python = str(Path(paths["scripts"], "python"))
    install = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)]
    run([sys.executable, "-m", "pip", "--python", python, *install], folder)
    Path(paths["purelib"], "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return paths | {"python": python, "seekpoint": str(Path(paths["scripts"], "seekpoint"))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder, with modules of the user's own that are named `query` and `index`."""
    (tmp_path / "query.py").write_text("raise RuntimeError('the user\\'s own query.py')", encoding="utf-8")
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "__init__.py").write_text("raise RuntimeError('the user\\'s own index')", encoding="utf-8")
    (tmp_path / "talks").mkdir()
    captions = webvtt("welcome to the talk", "attention weighs every word", "a mask hides the future", seconds=40)
    (tmp_path / "talks" / "Masks [aaaaaaaaaaa].en.vtt").write_text(captions, encoding="utf-8")
    return tmp_path


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
    assert {"seekpoint/py.typed", "seekpoint/index/types.py", "seekpoint/query/web/templates/ask.html"} <= members


def test_a_script_and_the_commands_work_beside_modules_of_the_same_names(
    environment: Mapping[str, str], folder: Path
) -> None:
    (folder / "script.py").write_text(SCRIPT, encoding="utf-8")
    location, result = run([environment["python"], "script.py"], folder).splitlines()
    assert Path(location).is_relative_to(environment["purelib"])
    assert result == "1 1:20 Masks"
    assert run([environment["seekpoint"], "--version"], folder) == f"seekpoint, version {version('seekpoint')}\n"
    status = run([environment["python"], "-m", "seekpoint", "status", "--index", "library"], folder)
    assert "Resources: 1 (1 indexed)" in status
