"""Rounds of damage to a library: each damages one file, runs commands on it, and counts what came of it."""

from __future__ import annotations

import json
import random
import shutil
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from seekpoint.index.embedded.database import START_AGAIN
from seekpoint.index.errors import LibraryError, SeekpointError
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.transfer.export import export_library
from seekpoint.index.types import Encoder
from seekpoint.indexer.build_options import BuildOptions, Sources
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.pipeline.build import build
from seekpoint.query.output import json as answer_json
from seekpoint.query.output import terminal
from seekpoint.query.output.exports import FORMATS
from seekpoint.query.output.status import to_json, to_text
from tests.asking import ask
from tests.damaging import contents, damage
from tests.fakes import TopicEncoder
from tests.killing import Talks

QUESTIONS = ("What does the mask hide?", "注意力和位置")
HARMLESS, MENDED, FETCHED = "harmless", "mended without a source", "read again"
AGAIN, UNMENDED = "has to be built again", "not mended"
# Files of captions are known by the time at which they were read.
_NOW = 2e9


@dataclass
class Bench:
    """A whole library, the list that it was built from, and a folder for damaged copies of it."""

    whole: Path
    source: Path
    captions: Path
    scratch: Path
    encoder: Encoder

    def __post_init__(self) -> None:
        self.expected = contents(self.whole)
        self.removed = next(iter(open_reader(self.whole).standings()))
        copy = self.copy(self.whole)
        self.remove(copy)
        self.reduced = contents(copy)

    def copy(self, library: Path) -> Path:
        """A copy in place of the last one."""
        target = self.scratch / "copy"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(library, target)
        return target

    def remove(self, library: Path) -> None:
        with open_writer(library) as writer:
            writer.standings()
            writer.remove([self.removed])

    def build(self, library: Path, *, prune: bool = False) -> int:
        """Build; returns how many resources were read."""
        return _build(self.source, self.captions, library, self.encoder, prune=prune)

    def check(self, library: Path) -> None:
        with open_reader(library) as reader:
            reader.verify()

    def status(self, library: Path) -> None:
        with open_reader(library) as reader:
            to_json(library, reader.card, reader.statuses())
            to_text(library, reader.card, reader.statuses(), reader.sections(), time.time())

    def ask(self, library: Path) -> None:
        for question in QUESTIONS:
            answer = ask(question, library, encoder=self.encoder, explained=True)
            json.dumps(answer_json.to_json(answer)), terminal.to_text(answer, styled=True)
            for form in FORMATS.values():
                form.render(answer)

    def export(self, library: Path) -> None:
        export_library(library, self.scratch / "exported", force=True)


@dataclass
class Tally:
    """What came of the damages."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    laundered: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    unmended: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """A table."""
        columns = (HARMLESS, MENDED, FETCHED, AGAIN, UNMENDED)
        rows: list[Sequence[str]] = [("file: damage", "rounds", *columns)]
        totals = Counter[str]()
        for name, counts in sorted(self.outcomes.items()):
            rows.append((name, str(counts.total()), *(str(counts[one]) for one in columns)))
            totals += counts
        rows.append(("all", str(totals.total()), *(str(totals[one]) for one in columns)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
        faults = {"laundered": self.laundered, "tracebacks": self.tracebacks, "took two builds": self.twice}
        return "\n".join([*lines, ", ".join(f"{name}: {len(found)}" for name, found in faults.items())])


def tally(bench: Bench, rounds: int, seed: int) -> Tally:
    """Damage the library that often, and run the commands on each."""
    found, damaged = Tally(), bench.scratch / "damaged"
    for number in range(rounds):
        library = bench.copy(bench.whole)
        what = damage(library, random.Random(f"{seed}:{number}"))
        shutil.rmtree(damaged, ignore_errors=True)
        library.rename(damaged)
        one = _Round(bench, f"#{number} {what}", found)
        one.alone(damaged)
        found.outcomes.setdefault(what, Counter())[one.in_turn(bench.copy(damaged))] += 1
    return found


@dataclass
class _Round:
    bench: Bench
    name: str
    found: Tally

    def alone(self, damaged: Path) -> None:
        """Run each command on a damaged library that no other command has seen."""
        bench = self.bench
        for command in (bench.ask, bench.status, bench.export, partial(bench.build, prune=True)):
            self._ends_well(command, bench.copy(damaged))
        library = bench.copy(damaged)
        if (error := self._error(lambda: bench.build(library))) and self._ends_well(bench.build, library):
            self.found.twice.append(f"{self.name}: {error}")

    def in_turn(self, library: Path) -> str:
        """Run commands one after the other; returns what came of the damage."""
        bench = self.bench
        was_harmless = self._check(library, bench.expected)
        was_removed = self._ends_well(bench.remove, library)
        self._check(library, bench.reduced if was_removed else bench.expected)
        read: list[int] = []
        error = self._error(lambda: read.append(bench.build(library)))
        if error or not self._check(library, bench.expected):
            if START_AGAIN in str(error):
                return AGAIN
            self.found.unmended.append(f"{self.name}: {error}")
            return UNMENDED
        self._ends_well(bench.ask, library)
        if was_harmless:
            return HARMLESS
        return FETCHED if read[0] > was_removed else MENDED

    def _check(self, library: Path, expected: dict[str, object]) -> bool:
        """Whether the check passes; if so, the contents have to be the expected ones."""
        if not self._ends_well(self.bench.check, library):
            return False
        found: list[dict[str, object]] = []
        self._error(lambda: found.append(contents(library)))
        if found != [expected]:
            different = [key for key in expected if not found or found[0][key] != expected[key]]
            self.found.laundered.append(f"{self.name}: {', '.join(different)}")
        return True

    def _ends_well(self, command: Callable[[Path], object], library: Path) -> bool:
        return self._error(lambda: command(library)) is None

    def _error(self, run: Callable[[], object]) -> SeekpointError | None:
        try:
            run()
        except SeekpointError as error:
            if "\n" in str(error):
                self.found.tracebacks.append(f"{self.name}: several lines: {error}")
            return error
        except Exception:
            self.found.tracebacks.append(f"{self.name}: {traceback.format_exc()}")
            return LibraryError("a traceback")
        return None


def small(folder: Path, count: int = 6) -> Bench:
    """A library of some talks in two languages."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    talks, library, encoder = Talks(folder / "talks"), folder / "library", TopicEncoder()
    talks.write(count, cues=12)
    _build(talks.folder / "list.md", talks.folder, library, encoder)
    return Bench(library, talks.folder / "list.md", talks.folder, folder, encoder)


def _build(source: Path, captions: Path, library: Path, encoder: Encoder, *, prune: bool = False) -> int:
    """Build; returns how many resources were read."""
    options = BuildOptions([str(source)], captions, prune=prune, translate=False)
    return build(options, library, Sources.through(Web()), encoder=encoder, clock=lambda: _NOW).updated
