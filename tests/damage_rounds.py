"""Rounds of damage to a library: each damages one file, runs commands on it, and counts what came of it."""

from __future__ import annotations

import json
import random
import shutil
import time
import traceback
from collections import Counter
from collections.abc import Callable
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


class Bench:
    """A whole library, built where it isn't there, its list, and a folder for damaged copies of it."""

    def __init__(self, whole: Path, source: Path, captions: Path, scratch: Path, encoder: Encoder) -> None:
        self.whole, self.source, self.captions = whole, source, captions
        self.scratch, self.encoder = scratch, encoder
        if not whole.exists():
            self.build(whole)
        self.expected = contents(self.whole)
        self.removed = next(iter(open_reader(self.whole).standings()))
        copy = self.copy(self.whole)
        self.remove(copy)
        self.reduced = contents(copy)

    def copy(self, library: Path) -> Path:
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
        options = BuildOptions([str(self.source)], self.captions, prune=prune, translate=False)
        sources = Sources.through(Web())
        # Files of captions are known by the time at which they were read.
        return build(options, library, sources, encoder=self.encoder, clock=lambda: 2e9).updated

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
            for render in FORMATS.values():
                render(answer)

    def export(self, library: Path) -> None:
        export_library(library, self.scratch / "exported", force=True)


@dataclass
class Tally:
    bench: Bench
    name: str = ""  # of the round
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    laundered: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    unmended: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)

    @property
    def totals(self) -> Counter[str]:
        return sum(self.outcomes.values(), Counter[str]())

    @property
    def text(self) -> str:
        rows = [*sorted(self.outcomes.items()), ("all", self.totals)]
        lines = [f"{name:30}" + "  ".join(f"{outcome}: {n}" for outcome, n in row.items()) for name, row in rows]
        faults = {"laundered": self.laundered, "tracebacks": self.tracebacks, "took two builds": self.twice}
        return "\n".join([*lines, ", ".join(f"{name}: {len(found)}" for name, found in faults.items())])

    def alone(self, damaged: Path) -> None:
        """Run each command on a damaged library that no other command has seen."""
        bench = self.bench
        for command in (bench.ask, bench.status, bench.export, partial(bench.build, prune=True)):
            self._ends_well(command, bench.copy(damaged))
        library = bench.copy(damaged)
        if (error := self._error(lambda: bench.build(library))) and self._ends_well(bench.build, library):
            self.twice.append(f"{self.name}: {error}")

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
            self.unmended.append(f"{self.name}: {error}")
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
            self.laundered.append(f"{self.name}: {', '.join(different)}")
        return True

    def _ends_well(self, command: Callable[[Path], object], library: Path) -> bool:
        return self._error(lambda: command(library)) is None

    def _error(self, run: Callable[[], object]) -> SeekpointError | None:
        try:
            run()
        except SeekpointError as error:
            if "\n" in str(error):
                self.tracebacks.append(f"{self.name}: several lines: {error}")
            return error
        except Exception:
            self.tracebacks.append(f"{self.name}: {traceback.format_exc()}")
            return LibraryError("a traceback")
        return None


def tally(bench: Bench, rounds: int, seed: int) -> Tally:
    found, damaged = Tally(bench), bench.scratch / "damaged"
    for number in range(rounds):
        library = bench.copy(bench.whole)
        what = damage(library, random.Random(f"{seed}:{number}"))
        shutil.rmtree(damaged, ignore_errors=True)
        library.rename(damaged)
        found.name = f"#{number} {what}"
        found.alone(damaged)
        found.outcomes.setdefault(what, Counter())[found.in_turn(bench.copy(damaged))] += 1
    return found


def small(folder: Path, count: int = 6) -> Bench:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    talks = Talks(folder / "talks")
    talks.write(count, cues=12)
    return Bench(folder / "library", talks.folder / "list.md", talks.folder, folder, TopicEncoder())
