"""Put faults into the product one by one and see that a test notices each: `python -m tests.mutate`.

Works on a copy of the checkout, without ../shared. Exits 1 where a fault goes unnoticed or no longer fits the code.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.paths import ROOT

_LEFT_OUT = {".git", ".venv", "build", "dist", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}

# Faults are to be noticed by the quick tests.
_QUICK = ("-m", "not slow and not nightly")

# Files that move with the code are named here alone.
SEARCH = "seekpoint/query/search"
RANKING, MOMENTS = (f"{SEARCH}/{name}.py" for name in ("ranking", "moments"))
CANDIDATES = "seekpoint/index/embedded/word_search.py"
RUNNER = "seekpoint/indexer/pipeline/runner.py"
FROZEN, YOUTUBE = "tests/query/search/frozen", "tests/indexer/pipeline/test_build_youtube.py"


class Mutation(NamedTuple):
    """A fault: what stands in a file, what takes its place, and the tests that are to notice."""

    name: str
    file: str
    old: str
    new: str
    tests: str


# Each with what stands in the file, and what takes its place.
_FAULTS: Mapping[tuple[str, str], Sequence[tuple[str, str, str]]] = {
    (RANKING, FROZEN): [
        (
            "windows don't rank anew",
            "(1 - own) * found[hit.chunk.id].meaning if hit.chunk.id in found else",
            "(1 - own) * hit.dense if hit.chunk.id in found else",
        ),
        ("the window around looks ahead only", "cosines(AROUND / 2, AROUND / 2)", "cosines(0, AROUND / 2)"),
        ("references don't come last", "[chunk.is_reference for chunk in chunks]", "[False for chunk in chunks]"),
        ("a title that is named adds nothing", "np.minimum(score + tuning.named, 1.0)", "np.minimum(score, 1.0)"),
    ],
    (RANKING, "tests/query/search"): [
        ("one resource may take all of the first places", "counts[hit.chunk.resource_id] >= per_resource", "False"),
    ],
    (MOMENTS, FROZEN): [
        (
            "nearness is that of the passage found, not of the one before",
            "opening_windows if second < chunk.start else own_windows",
            "own_windows",
        ),
        (
            "a title's words tell the second",
            "words.name_terms if chunk.resource_id in words.names.resources else",
            "frozenset() if chunk.resource_id in words.names.resources else",
        ),
    ],
    (CANDIDATES, FROZEN): [
        (
            "what only words find is no candidate",
            "words.by_terms(query.terms, query.limit, keep, without), translated()",
            "translated()",
        ),
    ],
    (RUNNER, YOUTUBE): [
        (
            "a second language that was deferred counts as done",
            'State.INDEXED, job.standing.inputs or ""',
            "State.INDEXED, encode(job.provenance)",
        ),
    ],
    ("seekpoint/index/text/bm25.py", "tests/query/search"): [
        ("a long passage's words count as a short one's", "    if lengths is not None:\n", "    if lengths is None:\n"),
    ],
    ("seekpoint/query/links.py", "tests/query/links"): [
        ("a link rounds its second up", "    seconds = int(start)\n", "    seconds = int(start) + 1\n"),
    ],
    ("seekpoint/query/web/forms.py", "tests/query/web/test_kept_moments.py"): [
        (
            "a form is taken from any site",
            "if not hmac.compare_digest(given.encode(), self.secret.encode()):",
            "if given is None:",
        ),
    ],
    ("seekpoint/index/reasons.py", "tests/index/test_reasons.py"): [
        ("a reason is English on every page", 'language if language in _JOINTS else "en")', '"en")'),
    ],
    ("seekpoint/index/settings.py", "tests/indexer/pipeline/test_settings.py"): [
        (
            "another model's scale counts",
            "known = self.cosine_scale\n        return known if known and known.model == card.fingerprint else None",
            "return self.cosine_scale",
        ),
    ],
    ("seekpoint/index/sql/names.py", "tests/index/embedded/test_translations.py"): [
        ("translations of words that are gone stay", '        db.run("DELETE FROM translation")\n', ""),
    ],
    ("seekpoint/query/filters.py", "tests/query/test_filters.py"): [
        ("Taiwan's Chinese is taken for simplified", '"tw": "hant"', '"tw": "hans"'),
    ],
}
MUTATIONS = [
    Mutation(name, file, old, new, tests) for (file, tests), faults in _FAULTS.items() for name, old, new in faults
]


def main() -> int:
    """Print a table of the faults and what notices them; 0 where each is noticed."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(ROOT, copy, ignore=_left_out)
        unharmed = {tests: _failing(copy, tests) for tests in dict.fromkeys(one.tests for one in MUTATIONS)}
        rows = [(one.name, _noticed(copy, one)) for one in MUTATIONS]
    for tests, failing in unharmed.items():
        if failing:
            print(f"{tests} fails without any fault: {failing[0]}")
    for name, verdict in rows:
        print(f"{name:<62} {verdict}")
    return int(any(unharmed.values()) or any(not verdict.startswith("yes") for _, verdict in rows))


def _left_out(folder: str, names: list[str]) -> set[str]:
    return _LEFT_OUT.intersection(names) if Path(folder) == ROOT else {"__pycache__"}.intersection(names)


def _noticed(copy: Path, mutation: Mutation) -> str:
    """Whether a test fails with this fault in the copy, and which is the first."""
    path = copy / mutation.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutation.old) != 1:
        return f"no: {mutation.file} has the old text {text.count(mutation.old)} times, not once"
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        failing = _failing(copy, mutation.tests)
    finally:
        path.write_text(text, encoding="utf-8")
    return f"yes  {failing[0]}" + (f" and {len(failing) - 1} more" if failing[1:] else "") if failing else "no"


def _failing(copy: Path, tests: str) -> Sequence[str]:
    options = ["-B", "-m", "pytest", "-n0", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider"]
    command = [sys.executable, *options, *_QUICK, tests]
    environment = os.environ | {"SEEKPOINT_SHARED": str(copy / "nowhere"), "PYTHONPATH": str(copy)}
    ran = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, encoding="utf-8")
    if ran.returncode not in (0, 1):
        raise SystemExit(f"pytest ends with {ran.returncode} in {tests}:\n{ran.stdout}{ran.stderr}")
    return re.findall(r"^(?:FAILED|ERROR) \S+::(.+?)(?: - .*)?$", ran.stdout, re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main())
