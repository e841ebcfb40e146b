"""A folder with a library in which commands are disturbed, and started again from a copy."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.open import library_exists
from seekpoint.index.transfer.import_ import import_library
from seekpoint.index.types import Encoder, ModelCard
from tests.commands import LONGEST, Commands, Fault, Ran
from tests.killing import Found, Places, Talks, content, is_tidy, video_id

COMMANDS = ("build", "prune", "remove", "export", "import", "replace", "reembed")


class Content(NamedTuple):
    """What a library holds: the model, where each resource's chunks lie, and the answers to some questions."""

    card: ModelCard
    places: Places
    moments: list[Found]


@dataclass(frozen=True)
class Workbench:
    """Works in a folder with a library of `count` talks, whose model is the first one, and an export of a larger one.

    A build adds `added` talks. `lines` are those of a talk.
    """

    folder: Path
    commands: Commands
    models: tuple[Encoder, Encoder]
    lines: Callable[[int], Sequence[str]]
    count: int
    added: int = 1

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def prepare(self) -> None:
        """Make the library in two builds, so that it has more than one segment, and the export."""
        self.work.mkdir()
        for count in (self.count - 1, self.count):
            self._build(count)
        self.work.rename(self.folder / "before")
        self.work.mkdir()
        self._build(self.count + 2)
        assert self.run("export").code == 0
        (self.work / "exported").rename(self.folder / "before" / "exported")

    def start(self, command: str) -> None:
        """Bring the folder back to what it was before any command."""
        self._list({"build": self.count + self.added, "prune": self.count // 2}.get(command, self.count))
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.folder / "before", self.work)

    def run(self, command: str, fault: Fault = Fault.EIO_ONCE, number: int = 0, seconds: float = LONGEST) -> Ran:
        talks, exported, index = self.folder / "talks", self.work / "exported", ["--index", self.work / "library"]
        build = ["build", talks / "list.md", "--captions", talks, *index]
        arguments: dict[str, list[object]] = {
            "build": build,
            "prune": [*build, "--prune"],
            "reembed": [*build, "--reembed"],
            "remove": ["remove", video_id(1), *index],
            "export": ["export", exported, "--force", *index],
            "import": ["import", exported, "--index", self.work / "new"],
            "replace": ["import", exported, "--replace", *index],
        }
        return self.commands.run(*arguments[command], under=self.work, fault=fault, number=number, seconds=seconds)

    def outcome(self) -> dict[str, Content]:
        """What the libraries in the folder hold, and the export if it is another; readers change only a copy."""
        copy, found = self.folder / "copy", {}
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.work, copy)
        if not filecmp.cmp(copy / "exported", self.folder / "before" / "exported", shallow=False):
            import_library(copy / "exported", copy / "imported")
        for name in ("library", "new", "imported"):
            if library_exists(copy / name):
                with EmbeddedReader.open(copy / name) as reader:
                    reader.verify()
                    card = reader.card
                encoder = next(encoder for encoder in self.models if encoder.card == card)
                found[name] = Content(card, *content(copy / name, k=100, encoder=encoder))
        return found

    def is_tidy(self) -> bool:
        """Whether nothing lies there that a command didn't bring to its end."""
        libraries = [path for path in self.work.iterdir() if path.name in ("library", "new")]
        return len(libraries) + 1 == len([*self.work.iterdir()]) and all(map(is_tidy, libraries))

    def _list(self, count: int) -> None:
        Talks(self.folder / "talks").put({k: self.lines(k) for k in range(count)})

    def _build(self, count: int) -> None:
        self._list(count)
        assert self.run("build").code == 0
