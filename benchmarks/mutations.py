"""Reads a real article and a real paper after damaging them in many ways, as a build reads what comes from the web.

    python -m benchmarks.mutations [--count 500] [--seed 0]

Prints what came of them, how long the slowest took, and how much memory the processes did; ends with exit code 1 where
anything but a text or a refusal came, or a limit didn't hold.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]

from benchmarks.machine import describe, spread
from seekpoint.index.errors import Unfetched
from seekpoint.index.text.clean import clean
from seekpoint.index.text.language_identification import language_of
from seekpoint.index.types import Origin
from seekpoint.indexer.sources.documents import parse_document
from seekpoint.indexer.sources.sandbox import MEMORY, SECONDS, sandboxed
from seekpoint.indexer.transcript.text_timeline import transcript_of
from tests.shared import SHARED

Mutation = Callable[[bytes, random.Random], bytes]

_TAG = re.compile(rb"<[^<>]{1,400}>")
_PACKED = re.compile(rb"(?<=obj\r\n)<<((?:(?!endobj).)*?)>>stream\r\n(.*?)\r\nendstream", re.DOTALL)
_OBJECT = re.compile(rb"^(\d+) 0 obj", re.MULTILINE)
_JUNK = (
    *(b"\0", b"\x1b[31m", b"\xff\xfe", b"\xef\xbb\xbf", b"<", b"<!--", b"<![CDATA[", b"<script>", b"<plaintext>"),
    *(b"<textarea>", b"<svg><style>", b"<table><td>", b"<frameset>", b"<template>", b"<base href='javascript:'>"),
    *(b"<meta charset=utf-16>", b"<meta charset=gbk>", b"</body>", b"&#x110000;", b"&#0;", b"<p hidden>"),
    *(b"<h1 id='\">'>", b"<div>" * 300, b"<b><i>" * 3000, b"<p>" * 20_000, b"<ol><li>" * 200),
    *(b"endobj", b"endstream", b"stream\n", b"obj\n", b"<<", b">>", b"[" * 2000, b"(" * 2000, b"99999999999 0 R"),
    *(b"startxref\n0\n%%EOF", b"/Length -1", b"/Kids [2 0 R]", b" BT ", b" 1e99 0 0 1e99 0 0 Tm "),
    *(b" nan 0 0 0 0 0 cm ", b" q" * 5000),
)


def flipped(data: bytes, chance: random.Random) -> bytes:
    """Some bytes are others."""
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 5, 50, 500))):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def cut_short(data: bytes, chance: random.Random) -> bytes:
    """The end is missing, or the beginning."""
    place = chance.randrange(1, len(data))
    return data[:place] if chance.random() < 0.7 else data[place:]


def cut_out(data: bytes, chance: random.Random) -> bytes:
    """A span is missing."""
    start, stop = _span(data, chance)
    return data[:start] + data[stop:]


def doubled(data: bytes, chance: random.Random) -> bytes:
    """A span comes again, often many times."""
    start, stop = _span(data, chance)
    return data[:start] + data[start:stop] * chance.choice((2, 3, 20)) + data[stop:]


def swapped(data: bytes, chance: random.Random) -> bytes:
    """Two spans have changed places."""
    first, second, third, fourth = sorted(chance.randrange(len(data)) for _ in range(4))
    return data[:first] + data[third:fourth] + data[second:third] + data[first:second] + data[fourth:]


def littered(data: bytes, chance: random.Random) -> bytes:
    """Something stands in it that doesn't belong there."""
    for _ in range(chance.choice((1, 3, 20))):
        place = chance.randrange(len(data))
        junk = chance.randbytes(chance.choice((1, 30, 3000))) if chance.random() < 0.3 else chance.choice(_JUNK)
        data = data[:place] + junk + data[place:]
    return data


def tags_changed(data: bytes, chance: random.Random) -> bytes:
    """Tags are missing, doubled, others, unclosed or have lost their attributes."""
    tags = _TAG.findall(data)
    share = chance.choice((0.002, 0.02, 0.2))

    def change(found: re.Match[bytes]) -> bytes:
        if chance.random() > share:
            return found[0]
        name = re.match(rb"</?\w+", found[0])
        bare = name[0] + b">" if name else b""
        return chance.choice((b"", found[0] * 2, chance.choice(tags), found[0][:-1], bare, b"</div>", b"<div>"))

    return _TAG.sub(change, data)


BYTES: Sequence[Mutation] = (flipped, cut_short, cut_out, doubled, swapped, littered)
MARKUP: Sequence[Mutation] = (*BYTES, tags_changed, tags_changed)


def unpacked(data: bytes) -> bytes:
    """A PDF's first pages, uncompressed, so that damage hits what they say and not only checksums."""

    def unpack(found: re.Match[bytes]) -> bytes:
        if b"/FlateDecode" not in found[1] or b"/Predictor" in found[1] or b"/Image" in found[1]:
            return found[0]
        try:
            content = zlib.decompress(found[2])
        except zlib.error:
            return found[0]
        said = re.sub(rb"/Filter\s*\[?\s*/FlateDecode\s*\]?|/Length\s+\d+(\s+\d+\s+R)?", b"", found[1])
        return b"<<%s/Length %d>>stream\r\n%s\r\nendstream" % (said, len(content), content)

    # PDFium writes streams of objects as plain ones. Figures would be nine tenths of what there is to hit.
    saved = BytesIO()
    with closing(pypdfium2.PdfDocument(data)) as document, closing(pypdfium2.PdfDocument.new()) as shorter:
        shorter.import_pages(document, range(12))
        shorter.save(saved)
    # With a true table of where the objects are.
    body, _, rest = _PACKED.sub(unpack, saved.getvalue()).rpartition(b"\nxref\r\n")
    places = {int(found[1]): found.start(1) for found in _OBJECT.finditer(body)}
    entries = (b"%d 1\n%010d 00000 n \n" % place for place in sorted(places.items()))
    trailer = rest[rest.index(b"trailer") :].partition(b"startxref")[0]
    table = b"\nxref\n0 1\n0000000000 65535 f \n" + b"".join(entries) + trailer
    return body + table + b"startxref\n%d\n%%%%EOF\n" % (len(body) + 1)


def _span(data: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(data))
    return start, min(len(data), start + int(len(data) ** chance.uniform(0, 0.9)))


@dataclass
class Tally:
    """What came of the mutations of one document."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    slowest: str = ""
    most_memory: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, name: str, outcome: str, seconds: float) -> None:
        """Note one, with the name by which it can be made again."""
        self.outcomes[outcome] += 1
        if seconds > max(self.seconds, default=0.0):
            self.slowest = name
        self.seconds.append(seconds)

    @property
    def text(self) -> str:
        """A table."""
        lines = [f"{count:6} {outcome}" for outcome, count in self.outcomes.most_common()]
        lines.append(f"       {spread(self.seconds, 's')}, the slowest {self.slowest}")
        lines.append(f"       peak memory of the child: {self.most_memory / 1e6:.0f} MB")
        return "\n".join(lines)


def mutated(
    originals: Sequence[bytes], mutations: Sequence[Mutation], count: int, seed: int
) -> Iterator[tuple[str, bytes]]:
    """So many mutations, each with its name; some are of mutations."""
    for number in range(count):
        chance = random.Random(f"{seed}:{number}")
        data, names = originals[number % len(originals)], []
        for _ in range(chance.choice((1, 1, 2, 3))):
            mutation = chance.choice(mutations)
            data = mutation(data, chance) or b"\n"
            names.append(mutation.__name__)
        yield f"#{number} ({', '.join(names)})", data


def tally(form: str, damaged: Iterable[tuple[str, bytes]]) -> Tally:
    """Read them all."""
    found = Tally()
    for name, data in damaged:
        started = time.monotonic()
        try:
            outcome = _read(form, data)
        except Exception as error:
            outcome = f"{type(error).__name__}: {error}"
            found.faults.append(f"{name}: {outcome}")
        seconds = time.monotonic() - started
        if seconds > SECONDS:
            found.faults.append(f"{name}: {seconds:.0f} s")
        found.add(name, outcome, seconds)
        children = " ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children")).split()
        found.most_memory = max([found.most_memory, *map(_peak, children)])
    return found


def _read(form: str, data: bytes) -> str:
    try:
        text = sandboxed(parse_document, data, form)
    except Unfetched as refusal:
        return f"{refusal.state}: {re.sub(r'[0-9.]+', 'N', refusal.reason)}"
    transcript, details = transcript_of(
        text, language_of([block.text for block in text.blocks], text.language), Origin.LOCAL
    )
    shown = [*(cue.text for cue in transcript.cues), *(chapter.title for chapter in details.chapters)]
    assert all(words == clean(words) for words in shown), "words that aren't clean"
    assert all(cue.text for cue in transcript.cues), "cues without words"
    return "a text" if transcript.cues else "a text without sentences"


def _peak(process: str) -> int:
    """The most memory that a process has had so far, in bytes; 0 where the system is no Linux."""
    status = Path(f"/proc/{process}/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 if found else 0


def main() -> int:
    """Read the mutations of both and print what came of them."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.mutations", description=__doc__.splitlines()[0])
    options.add_argument("--count", type=int, default=500, help="how many of each")
    options.add_argument("--seed", type=int, default=0)
    arguments = options.parse_args()
    article = (SHARED / "resources" / "illustrated-transformer.html").read_bytes()
    paper = (SHARED / "resources" / "1706.03762.pdf").read_bytes()
    print(", ".join(f"{name} {value}" for name, value in describe().items()))
    faults = []
    for form, originals, mutations in (
        ("html", [article], MARKUP),
        ("pdf", [paper, unpacked(paper)], BYTES),
    ):
        found = tally(form, mutated(originals, mutations, arguments.count, arguments.seed))
        print(f"\n{form}, {arguments.count} mutations\n{found.text}")
        faults += found.faults
        if found.most_memory > MEMORY:
            faults.append(f"a child of {found.most_memory / 1e6:.0f} MB")
    print(f"\npeak memory of the parent: {_peak('self') / 1e6:.0f} MB")
    print("\n".join(faults) or "no fault")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
