"""What Seekpoint needs at run time, directly and through others: a bill of materials, and an audit of it.

python -m tests.dependencies sbom FILE     writes a software bill of materials in CycloneDX's JSON
python -m tests.dependencies audit [OPTION...]     asks for known vulnerabilities, with pip-audit's options
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.paths import ROOT

NAME = "seekpoint"
NAMED_EVERYWHERE = "click"


class Unaudited(Exception):
    """No database of vulnerabilities could be asked; the text says why."""


def installed() -> dict[str, Distribution]:
    """The installed packages that Seekpoint needs at run time, itself left out, by their canonical names."""
    packages: dict[str, Distribution] = {}
    needed: list[tuple[str, frozenset[str]]] = [(NAME, frozenset())]
    for name, extras in needed:  # which grows meanwhile
        try:
            packages[name] = distribution(name)
        except PackageNotFoundError:
            continue  # of another system, by a marker of the package that names it
        for each in map(Requirement, packages[name].requires or ()):
            package = canonicalize_name(each.name), frozenset(each.extras)
            is_needed = not each.marker or any(each.marker.evaluate({"extra": extra}) for extra in {"", *extras})
            if is_needed and package not in needed:
                needed.append(package)
    del packages[NAME]
    return dict(sorted(packages.items()))


def sbom(file: Path) -> None:
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--no-validate"]
    command += ["--pyproject", str(ROOT / "pyproject.toml")]
    document = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    needed = installed()
    kept = {part["bom-ref"]: part for part in document["components"] if canonicalize_name(part["name"]) in needed}
    document["components"] = list(kept.values())
    roots = {document["metadata"]["component"]["bom-ref"]}
    document["dependencies"] = [
        each | {"dependsOn": [name for name in each.get("dependsOn", ()) if name in kept]}
        for each in document["dependencies"]
        if each["ref"] in kept.keys() | roots
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def audit(*options: str) -> list[str]:
    """The vulnerabilities that are known, a line each; raises Unaudited if no database can be asked from here."""
    packages = installed()
    _vulnerabilities({NAMED_EVERYWHERE: packages[NAMED_EVERYWHERE]}, options)  # else each package would be asked for
    return _vulnerabilities(packages, options)


def _vulnerabilities(packages: Mapping[str, Distribution], options: Sequence[str]) -> list[str]:
    with TemporaryDirectory() as folder:
        pins = Path(folder, "pins.txt")
        pins.write_text("".join(f"{name}=={each.version.partition('+')[0]}\n" for name, each in packages.items()))
        command = [sys.executable, "-m", "pip_audit", "-r", str(pins), "--no-deps", "--disable-pip", "-f", "json"]
        command += ["--progress-spinner", "off", "--desc", "off", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        results = json.loads(done.stdout)["dependencies"]
    except ValueError as error:
        raise Unaudited((done.stderr.strip().splitlines() or ["it says nothing"])[-1]) from error
    asked = [each for each in results if "skip_reason" not in each]
    if not asked:
        raise Unaudited(results[0]["skip_reason"])
    return [
        f"{each['name']} {each['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no release'}"
        for each in asked
        for fault in each["vulns"]
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["sbom"]:
        sbom(Path(sys.argv[2]))
    else:
        try:
            sys.exit("\n".join(audit(*sys.argv[2:])) or None)
        except Unaudited as reason:
            print(f"pip-audit is skipped, since its database can't be asked from here: {reason}")
