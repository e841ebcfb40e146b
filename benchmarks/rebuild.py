"""Seconds that `seekpoint build` takes where nothing has changed: 10,000 small recordings, and the 70 lectures.

    python -m benchmarks.rebuild WORK [--lectures LIBRARY] [--resources 10000] [--runs 5]
        [--json FILE] [--docs FILE]

Lays out captions in WORK and builds a library of them once, with vectors by chance in place of the model's, since only
what surrounds the model is measured: the peak memory of that build too. LIBRARY is one of the 70 lectures of
$SEEKPOINT_SHARED; it's copied. Rebuilding has no network, so that a request would end it.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from seekpoint.index.types import Encoder, Parts, Vectors
from tests.readme import write_block
from tests.shared import SHARED

_CUES, _WORDS_A_CUE = 12, 9
_FIRST_BUILD = "first-build.json"
# Nothing listens there.
_NO_WEB = "http://127.0.0.1:9"


def main() -> None:
    """Measure both lists."""
    parser = machine.command_line("benchmarks.rebuild", __doc__, "rebuild")
    parser.add_argument("work", type=Path)
    parser.add_argument("--lectures", type=Path, metavar="LIBRARY")
    parser.add_argument("--resources", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    folder = options.work / str(options.resources)
    first = first_build(folder, options.resources)
    found: dict[str, Any] = {"machine": machine.describe(), "first": first, "rebuilds": {}}
    lists = {f"{options.resources:,} resources": (folder / "list.md", folder / "captions", folder / "library")}
    if options.lectures:
        copy = options.work / "lectures"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(options.lectures, copy)
        lists["70 lectures"] = SHARED / "resources" / "real-list.md", SHARED / "captions", copy
    for name, (reading_list, captions, library) in lists.items():
        found["rebuilds"][name] = rebuilt(reading_list, captions, library, options.runs)
    found["load"] = os.getloadavg()[0]
    text = to_text(found)
    print(text)
    machine.save(options.json, found)
    write_block(options.docs, "rebuild", text)


def lay_out(folder: Path, resources: int) -> None:
    """A reading list and its captions, of words by chance."""
    chance = random.Random(resources)
    words = [f"{start}{end}" for start in "bdfgklmnprst" for end in ("anor", "elis", "itum", "ovan", "ulter", "yrd")]
    captions = folder / "captions"
    captions.mkdir(parents=True, exist_ok=True)
    lines = ["# Recordings"]
    for number in range(resources):
        if number % 100 == 0:
            lines += ["", f"## Part {number // 100 + 1}", ""]
        video_id = f"small{number:06}"
        lines.append(f"- [Talk {number}](https://www.youtube.com/watch?v={video_id})")
        cues = (
            f"00:{k // 6:02}:{k % 6 * 10:02}.000 --> 00:{(k + 1) // 6:02}:{(k + 1) % 6 * 10:02}.000\n"
            f"{' '.join(chance.choices(words, k=_WORDS_A_CUE))}\n"
            for k in range(_CUES)
        )
        (captions / f"Talk [{video_id}].en.vtt").write_text("WEBVTT\n\n" + "\n".join(cues), encoding="utf-8")
    (folder / "list.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


class ByChance:
    """Vectors that a text alone decides, under the name of the bundled model."""

    def __init__(self) -> None:
        from seekpoint.index.models.encoder import BundledEncoder

        self.card = BundledEncoder().card

    def passages(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        rows = np.stack([self._row(text) for text in texts])
        vectors: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return vectors

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts:
        import numpy as np

        sums = [np.stack([self._row(text[:end]) for end in stops]) for text, stops in zip(texts, ends, strict=True)]
        return Parts(self.passages(texts), sums, [[10] * len(stops) for stops in ends])

    def question(self, text: str) -> Vectors:
        vector: Vectors = self.passages([text])[0]
        return vector

    def _row(self, text: str) -> Vectors:
        import numpy as np

        seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
        row: Vectors = np.random.default_rng(seed).standard_normal(self.card.dimension, np.float32)
        return row


def first_build(folder: Path, resources: int) -> dict[str, Any]:
    """Build the list unless that's done; its seconds and peak megabytes."""
    done = folder / _FIRST_BUILD
    if not done.exists():
        lay_out(folder, resources)
        shutil.rmtree(folder / "library", ignore_errors=True)
        taken = machine.run([sys.executable, "-m", "benchmarks.rebuild", "--build", str(folder)])
        machine.save(done, taken._asdict() | {"load": os.getloadavg()[0]})
    found: dict[str, Any] = json.loads(done.read_text("utf-8"))
    return found


def build(folder: Path) -> None:
    """What a process of its own does for `first_build`."""
    import seekpoint

    encoder: Encoder = ByChance()
    seekpoint.build(folder / "list.md", folder / "library", captions=folder / "captions", encoder=encoder)


def rebuilt(reading_list: Path, captions: Path, library: Path, runs: int) -> dict[str, Any]:
    """Seconds and peak megabytes of building what is built, and what the last one said; one before isn't counted."""
    command = [
        str(Path(sys.executable).with_name("seekpoint")),
        "build",
        str(reading_list),
        "--captions",
        str(captions),
    ]
    taken = [machine.run([*command, "--index", str(library), "--proxy", _NO_WEB]) for _ in range(runs + 1)][1:]
    return {
        "wall": [one.wall for one in taken],
        "processor": [one.processor for one in taken],
        "megabytes": max(one.megabytes for one in taken),
        "said": taken[-1].output.strip().splitlines()[-1],
    }


def to_text(found: Mapping[str, Any]) -> str:
    """The table, as Markdown."""
    about, first = found["machine"], found["first"]
    lines = ["| | least | median | least of the processor | peak | it said |", "|---|---|---|---|---|---|"]
    for name, one in found["rebuilds"].items():
        lines.append(
            f"| {name}, unchanged | {min(one['wall']):.2f} s | {statistics.median(one['wall']):.2f} s "
            f"| {min(one['processor']):.2f} s | {one['megabytes']:.0f} MB | {one['said']} |"
        )
    return "\n".join(
        [
            f"{about['processor']}, {about['cores']} cores, revision {about['revision']}; "
            f"{found['load']:.1f} processes at work. The first build of {next(iter(found['rebuilds']))} took "
            f"{first['processor']:.0f} s of the processor without a model, and {first['megabytes']:,.0f} MB at most.",
            "",
            *lines,
        ]
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--build"]:
        build(Path(sys.argv[2]))
    else:
        main()
