"""The files of .github: what workflows call is there, with the versions that pyproject.toml names."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.paths import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = {path.stem: path for path in (GITHUB / "workflows").glob("*.yml")}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def loaded(path: Path) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def steps(name: str, key: str) -> Iterator[str]:
    jobs = loaded(WORKFLOWS[name])["jobs"].values()
    return (step[key] for job in jobs for step in job.get("steps", ()) if key in step)


def test_workflows_test_on_each_change_each_night_and_publish_with_what_is_there() -> None:
    assert WORKFLOWS.keys() == {"test", "nightly", "publish"}
    assert loaded(WORKFLOWS["publish"])[True] == {"push": {"tags": ["v*"]}}, "YAML reads `on` as true"
    assert next(steps("nightly", "run")) == "make nightly"
    tiers = re.findall(r'-m "[^"]+"', MAKEFILE[MAKEFILE.index("\ntest:") : MAKEFILE.index("\ntest-rest:")])
    assert list(steps("test", "run"))[-1] == f"python -m pytest {tiers[0]}"
    runs = "\n".join(run for name in WORKFLOWS for run in steps(name, "run"))
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", runs)) <= targets
    scripts = re.findall(r"(?<!\S)((?:scripts|\.ci)/\S+)", runs)
    assert scripts and all((ROOT / script).is_file() for script in scripts)
    # A checkout on Windows has no modes, so Git is asked.
    listed = subprocess.run(["git", "ls-files", "-s", *scripts], cwd=ROOT, capture_output=True, text=True, check=False)
    assert {line.split()[0] for line in listed.stdout.splitlines()} <= {"100755"}


def test_the_matrices_have_the_versions_that_the_classifiers_name() -> None:
    supported = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    jobs = loaded(WORKFLOWS["test"])["jobs"].values()
    matrices = [job["strategy"]["matrix"] for job in jobs]
    assert [matrix["python"] for matrix in matrices] == [supported] * 2
    assert PROJECT["requires-python"] == f">={supported[0]}"
    images = [job["container"]["image"] for job in jobs if "container" in job]
    assert images == ["python:${{ matrix.python }}-trixie"]
    assert {system for matrix in matrices for system in matrix.get("system", ())} == {"macos-latest", "windows-latest"}


def test_a_workflow_may_only_read_and_its_actions_have_a_major_version() -> None:
    for name, path in WORKFLOWS.items():
        workflow = loaded(path)
        assert workflow["permissions"] == {"contents": "read"} and "group" in workflow["concurrency"], name
        grants = {key: job["permissions"] for key, job in workflow["jobs"].items() if "permissions" in job}
        assert grants == ({"publish": {"id-token": "write"}} if name == "publish" else {})
        assert all(re.fullmatch(r"[\w./-]+@(v|release/v)\d+", action) for action in steps(name, "uses")), name
        assert all("timeout-minutes" in job for job in workflow["jobs"].values() if "uses" not in job), name


@pytest.mark.skipif(os.name == "nt", reason="a shell script: run the test on Linux or macOS")
def test_a_release_is_built_of_its_own_tag_alone() -> None:
    refused = subprocess.run([ROOT / "scripts" / "build-release", "v99.0"], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    version = PROJECT["version"]
    assert refused.stderr == (
        f"The tag v99.0 doesn't name the version of pyproject.toml, {version}: set the version, or tag v{version}\n"
    )


def test_issue_forms_ask_for_something_and_dependabot_groups_packages_and_actions() -> None:
    for path in (GITHUB / "ISSUE_TEMPLATE" / f"{form}.yml" for form in ("bug", "feature")):
        fields = [field for field in loaded(path)["body"] if field["type"] != "markdown"]
        assert len({field["id"] for field in fields}) == len(fields)
        assert all(field["attributes"]["label"] for field in fields)
        assert any(field.get("validations", {}).get("required") for field in fields)
        assert all((ROOT / page).is_file() for page in re.findall(r"[\w/]+\.md", path.read_text(encoding="utf-8")))
    updates = loaded(GITHUB / "dependabot.yml")["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"pip", "github-actions"}
    assert all(update["groups"] for update in updates)
