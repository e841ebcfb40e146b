"""Put faults into the product one by one and see that a test notices each: `python -m tests.mutate`.

Works on a copy of the checkout, without ../shared. Exits 1 where a fault goes unnoticed or no longer fits the code.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.paths import ROOT

_LEFT_OUT = {".git", ".venv", "build", "dist", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}

# A name, a file of the package, the quick tests that are to notice, and a change of the file as a diff shows it.
FAULTS = """
windows don't rank anew
query/search/ranking.py query/search/frozen
-(1 - own) * by_chunk[hit.chunk.id].meaning if hit.chunk.id in by_chunk else
+(1 - own) * hit.dense if hit.chunk.id in by_chunk else

the window around looks ahead only
query/search/ranking.py query/search/frozen
-cosines(AROUND / 2, AROUND / 2)
+cosines(0, AROUND / 2)

references don't come last
query/search/ranking.py query/search/frozen
-[chunk.is_reference for chunk in chunks]
+[False for chunk in chunks]

a title that is named adds nothing
query/search/ranking.py query/search/frozen
-np.minimum(score + tuning.named, 1.0)
+np.minimum(score, 1.0)

one resource may take all of the first places
query/search/ranking.py query/search
-counts[hit.chunk.resource_id] >= per_resource
+False

nearness is that of the passage found, not of the one before
query/search/moments.py query/search/frozen
-opening_windows if second < chunk.start else own_windows
+own_windows

a title's words tell the second
query/search/moments.py query/search/frozen
-words.name_terms if chunk.resource_id in words.names.resources else
+frozenset() if chunk.resource_id in words.names.resources else

what only words find is no candidate
index/sql/candidates.py query/search/frozen
-words.by_terms(query.terms, limit, keep, without), translated()
+translated()

a second language that was deferred counts as done
indexer/pipeline/runner.py indexer/pipeline/test_build_youtube.py
-State.INDEXED, job.standing.inputs or ""
+State.INDEXED, encode(job.provenance)

a long passage's words count as a short one's
index/text/bm25.py query/search
-    if lengths is not None:
+    if lengths is None:

a link rounds its second up
query/links.py query/links
-    seconds, url = int(start), resource.url
+    seconds, url = int(start) + 1, resource.url

a form is taken from any site
query/web/forms.py query/web/test_kept_moments.py
-if not hmac.compare_digest(given.encode(), self.secret.encode()):
+if given is None:

a reason is English on every page
index/reasons.py index/test_reasons.py
-language if language in _JOINTS else "en")
+"en")

another model's scale counts
index/settings.py indexer/pipeline/test_model_settings.py
-known = self.cosine_scale
-        return known if known and known.model == card.fingerprint else None
+return self.cosine_scale

translations of words that are gone stay
index/sql/names.py index/embedded/test_translations.py
-        db.run("DELETE FROM translation")
+        pass

Taiwan's Chinese is taken for simplified
query/filters.py query/test_filters.py
-"tw": "hant"
+"tw": "hans"
"""


class Fault(NamedTuple):
    name: str
    file: str
    tests: str
    old: str
    new: str


def faults() -> Iterator[Fault]:
    for block in FAULTS.strip().split("\n\n"):
        name, where, *lines = block.splitlines()
        file, tests = where.split()
        old, new = ("\n".join(line[1:] for line in lines if line[0] == sign) for sign in "-+")
        yield Fault(name, f"seekpoint/{file}", f"tests/{tests}", old, new)


def main() -> int:
    """Print a table of the faults and what notices them; 0 where each is noticed."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(ROOT, copy, ignore=lambda _, names: {"__pycache__", *_LEFT_OUT}.intersection(names))
        unharmed = {tests: _failing(copy, tests) for tests in dict.fromkeys(fault.tests for fault in faults())}
        rows = [(fault.name, _noticed(copy, fault)) for fault in faults()]
    for tests, failing in unharmed.items():
        if failing:
            print(f"{tests} fails without any fault: {failing[0]}")
    for name, verdict in rows:
        print(f"{name:<62} {verdict}")
    return int(any(unharmed.values()) or any(not verdict.startswith("yes") for _, verdict in rows))


def _noticed(copy: Path, fault: Fault) -> str:
    """Whether a test fails with this fault in the copy, and which is the first."""
    path = copy / fault.file
    text = path.read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        return f"no: {fault.file} has the old text {text.count(fault.old)} times, not once"
    path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    try:
        failing = _failing(copy, fault.tests)
    finally:
        path.write_text(text, encoding="utf-8")
    return f"yes  {failing[0]}" + (f" and {len(failing) - 1} more" if failing[1:] else "") if failing else "no"


def _failing(copy: Path, tests: str) -> Sequence[str]:
    options = ["-B", "-m", "pytest", "-n0", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider"]
    command = [sys.executable, *options, "-m", "not slow and not nightly", tests]
    environment = os.environ | {"SEEKPOINT_SHARED": str(copy / "nowhere"), "PYTHONPATH": str(copy)}
    ran = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, encoding="utf-8")
    if ran.returncode not in (0, 1):
        raise SystemExit(f"pytest ends with {ran.returncode} in {tests}:\n{ran.stdout}{ran.stderr}")
    return re.findall(r"^(?:FAILED|ERROR) \S+::(.+?)(?: - .*)?$", ran.stdout, re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main())
