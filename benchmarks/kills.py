"""Kills commands at random moments, runs them again, and compares the library with that of undisturbed ones.

    python -m benchmarks.kills FOLDER [--rounds 300] [--model NAME] [--seed 0]

Makes a library of ten talks in FOLDER, of the texts of examples/talks and with the bundled model. A round starts with a
copy of it, and ends with a kill. After the kill the library must open and hold each resource as before the command or
as after it; after the same command once more it must answer as an undisturbed one. Needs Linux and a C compiler: a
shim notes where the kill fell.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from seekpoint.index.models.encoder import BUNDLED
from seekpoint.indexer.sources.captions import read_captions
from tests.commands import Commands, Ran, encoders
from tests.killing import is_chinese
from tests.paths import ROOT
from tests.workbench import Content, Workbench

COMMANDS = ("build", "prune", "remove", "replace", "reembed")
TALKS, ADDED = 10, 3
_CUES_A_TALK = 30
# Passages that are embedded in other batches have slightly other vectors.
_TOLERANCE = 0.01
_PLACES = {
    ".part": "staging folder",
    "reembedding": "successor",
    "words-": "word index",
    "vectors-": "vector file",
    "manifest": "manifest",
    "library.db": "database",
}


class Undisturbed(NamedTuple):
    """A command that nothing disturbs: what was there before and after it, and its seconds."""

    before: Content
    after: Content
    seconds: float


class Round(NamedTuple):
    """A command that was killed: where, what was left, and what was wrong then or after it was run again."""

    command: str
    seconds: float
    place: str
    call: int
    left: str
    faults: list[str]

    def __str__(self) -> str:
        outcome = "; ".join(self.faults) or "right"
        return f"{self.command:8}{self.seconds:7.3f} s  {self.place:24}call {self.call:<5}{self.left:14}{outcome}"


def main() -> None:
    """Print a line for each round, and a table at the end; the exit code is 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a new folder to work in")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--model", default=BUNDLED, help="a sentence-transformers model, by name or folder")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if any(options.folder.iterdir()):
        sys.exit(f"{options.folder} isn't empty: name a new folder")
    folder = options.folder.resolve()
    with Commands(folder, options.model) as commands:
        bench = Workbench(folder, commands, encoders(options.model), lines_of_talks(), TALKS, ADDED)
        bench.prepare()
        rounds = []
        for one in killed(bench, options.rounds, random.Random(options.seed)):
            rounds.append(one)
            print(f"{len(rounds):4}  {one}", flush=True)
    print(table(rounds))
    sys.exit(any(one.faults for one in rounds))


def lines_of_talks() -> Callable[[int], Sequence[str]]:
    """The lines of the talk with a number, from the examples, in its language."""
    texts: dict[bool, list[str]] = {True: [], False: []}
    for path in sorted((ROOT / "examples" / "talks").glob("*.vtt")):
        transcript = read_captions(path)
        texts[transcript.language.startswith("zh")] += [cue.text for cue in transcript.cues]

    def lines(k: int) -> Sequence[str]:
        number = sum(is_chinese(k) == is_chinese(earlier) for earlier in range(k))
        return texts[is_chinese(k)][_CUES_A_TALK * number : _CUES_A_TALK * (number + 1)]

    return lines


def killed(bench: Workbench, rounds: int, chance: random.Random) -> Iterator[Round]:
    """Kill so many commands at random moments, each as often."""
    undisturbed = {command: undisturbed_run(bench, command) for command in COMMANDS}
    for number in range(rounds):
        command = COMMANDS[number % len(COMMANDS)]
        known = undisturbed[command]
        ran, seconds = killed_run(bench, command, known.seconds, chance)
        left, faults = looked_at(bench, known)
        again = bench.run(command)
        end, faults_at_end = looked_at(bench, known)
        faults = [*faults, *(f"run again: {fault}" for fault in faults_at_end)]
        if end != "as after":
            faults.append(f"run again, it is {end}: {again.stderr.strip()}")
        if not bench.is_tidy():
            faults.append("run again, something is left over")
        yield Round(command, seconds, place_of(ran), len(ran.calls), left, faults)


def killed_run(bench: Workbench, command: str, longest: float, chance: random.Random) -> tuple[Ran, float]:
    """Start a command until a kill within `longest` seconds comes before its end; returns the moment too."""
    while True:
        seconds = longest * chance.random()
        bench.start(command)
        ran = bench.run(command, seconds=seconds)
        if ran.code == -signal.SIGKILL:
            return ran, seconds


def undisturbed_run(bench: Workbench, command: str) -> Undisturbed:
    """Run a command to its end, twice, since the first one warms the machine up."""
    for _ in range(2):
        bench.start(command)
        before, began = bench.outcome(), time.monotonic()
        ran, seconds = bench.run(command), time.monotonic() - began
        assert ran.code == 0, ran.stderr
    return Undisturbed(before["library"], bench.outcome()["library"], seconds)


def place_of(ran: Ran) -> str:
    """Where the last call before a kill changed something."""
    if not ran.calls:
        return "before its first write"
    return next((place for part, place in _PLACES.items() if part in ran.calls[-1]), "folder and lock")


def looked_at(bench: Workbench, known: Undisturbed) -> tuple[str, list[str]]:
    """How the library is, and what is wrong with it."""
    try:
        found = bench.outcome()["library"]
    except Exception as error:  # whatever is wrong with it is what is looked for
        return "broken", [f"{type(error).__name__}: {error}"]
    for name, expected in (("as before", known.before), ("as after", known.after)):
        if is_same(found, expected):
            return name, []
    return "in between", faults_in_between(found, known)


def is_same(found: Content, expected: Content) -> bool:
    """Whether two libraries hold the same, and answer the same."""
    scores, others = ({moment[:-1]: moment.score for moment in one.moments} for one in (found, expected))
    is_equal = (found.card, found.places, scores.keys()) == (expected.card, expected.places, others.keys())
    return is_equal and all(abs(score - others[moment]) < _TOLERANCE for moment, score in scores.items())


def faults_in_between(found: Content, known: Undisturbed) -> list[str]:
    """What a library lacks that has only a part of what the command adds or removes."""
    before, after = (chunks_of(content) for content in (known.before, known.after))
    faults = [f"{name} is lost" for name in before.keys() & after.keys() - chunks_of(found).keys()]
    for name, chunks in chunks_of(found).items():
        if chunks not in (before.get(name), after.get(name)):
            faults.append(f"{name} has other chunks")
    if found.card not in (known.before.card, known.after.card):
        faults.append(f"its model is {found.card.name}")
    if {moment.resource_id for moment in found.moments} != chunks_of(found).keys():
        faults.append("not every resource answers")
    return faults


def chunks_of(content: Content) -> dict[str, list[tuple[float, float]]]:
    """Where the chunks of each resource lie."""
    chunks: dict[str, list[tuple[float, float]]] = {}
    for name, start, end in content.places:
        chunks.setdefault(name, []).append((start, end))
    return chunks


def table(rounds: Sequence[Round]) -> str:
    """A row for each command and place: how often it was killed there, what was left, and how many went wrong."""
    rows = [
        "| command | killed in | times | left as before | in between | as after | wrong |",
        "|---|---|" + "--:|" * 5,
    ]
    for command, place in sorted({(one.command, one.place) for one in rounds}):
        ones = [one for one in rounds if (one.command, one.place) == (command, place)]
        left = Counter(one.left for one in ones)
        counts = [len(ones), *(left[name] for name in ("as before", "in between", "as after"))]
        rows.append(f"| {command} | {place} | {' | '.join(map(str, counts))} | {sum(bool(o.faults) for o in ones)} |")
    wrong = sum(bool(one.faults) for one in rounds)
    return "\n".join([*rows, "", f"{len(rounds)} kills, {wrong} wrong"])


if __name__ == "__main__":
    main()
