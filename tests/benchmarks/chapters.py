"""Measures generated chapters against real chapter lists, beside even cuts, depth scores and TextTiling.

    python -m tests.benchmarks.chapters WORK_DIR [--keep] [--docs FILE]

Takes the 60 episodes of the set `syntax` whose show notes have the most entries: every second one chose the parameters,
the others are held out. The seven lectures of `fastai`, whose notes have finer headings, are a set of their own. Builds
a library of each set in WORK_DIR; with --keep it measures those of an earlier run.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

import seekpoint
from seekpoint.index.text.transcript_text import CueText
from seekpoint.index.types import Pieces
from seekpoint.indexer.transcript.generated_chapters import units
from seekpoint.indexer.transcript.segmentation import LEAST, Unit, boundaries
from tests.benchmarks.base import Base
from tests.benchmarks.question_sets import QUESTIONS, lay_out
from tests.benchmarks.text_tiling import text_tiling
from tests.readme import replaced

_EPISODES = 60
# Seconds by which a boundary may be off.
_NEAR, _NEARBY = 15.0, 30.0
_HEADER = (
    "| boundaries | method | number an hour | precision | recall | F1 | F1 within 30 s |\n|---|---|---|---|---|---|---|"
)


class Recording(NamedTuple):
    """What a recording says, and where its chapters really begin, in seconds."""

    said: CueText
    units: Sequence[Unit]
    pieces: Pieces
    real: Sequence[float]

    @property
    def end(self) -> float:
        return max(cue.end for cue in self.said.cues)


Method = Callable[[Recording, int | None], Sequence[float]]
"""Divides a recording at so many places, or `None` for as many as it finds; returns seconds."""


def divided(recording: Recording, count: int | None, words_share: float) -> list[float]:
    """The division that builds make, by a share of words and of vectors."""
    found = boundaries(recording.units, recording.end, recording.pieces, count=count, words_share=words_share)
    return [recording.units[place].start for place in found]


def even(recording: Recording, count: int | None) -> list[float]:
    """Cuts at equal distances; if no number is given, as many as the division that builds make has."""
    parts = 1 + (len(ours(recording, None)) if count is None else count)
    return [recording.end * k / parts for k in range(1, parts)]


def by_depth(recording: Recording, count: int | None) -> list[float]:
    """TextTiling's depth scores over the cosines of the two minutes of vectors before and after each piece."""
    starts = recording.pieces.starts
    rows = recording.pieces.sums / np.linalg.norm(recording.pieces.sums, axis=1, keepdims=True)
    totals = np.vstack([np.zeros((1, rows.shape[1])), (rows - rows.mean(axis=0)).cumsum(axis=0)])
    cosines = np.ones(len(starts))
    for k in range(1, len(starts)):
        low, high = np.searchsorted(starts, [starts[k] - 120, starts[k] + 120])
        before, after = totals[k] - totals[low], totals[high] - totals[k]
        cosines[k] = before @ after / max(np.linalg.norm(before) * np.linalg.norm(after), 1e-9)
    scores = cosines.tolist()
    depths = np.array([_climb(scores, k, -1) + _climb(scores, k, 1) for k in range(len(scores))])
    least = depths.mean() + depths.std() / 2 if count is None else 0.0
    deepest = np.argsort(-depths)[: int((depths > least).sum())]
    return apart(starts[deepest].tolist(), count)


def _climb(cosines: Sequence[float], place: int, step: int) -> float:
    """How far the scores rise from a place in one direction, up to the first peak."""
    k = place
    while 0 <= k + step < len(cosines) and cosines[k + step] >= cosines[k]:
        k += step
    return cosines[k] - cosines[place]


def apart(seconds: Sequence[float], count: int | None) -> list[float]:
    """The first `count` of some seconds that lie as far from each other, and from 0, as chapters do."""
    chosen = [0.0]
    for second in seconds:
        if len(chosen) - 1 != count and all(abs(second - one) >= LEAST for one in chosen):
            chosen.append(float(second))
    return sorted(chosen[1:])


ours: Method = partial(divided, words_share=2 / 3)
METHODS: Mapping[str, Method] = {
    "even cuts": even,
    "TextTiling (nltk)": lambda recording, count: text_tiling(recording.said, count),
    "depth of vectors": by_depth,
    "division by vectors": partial(divided, words_share=0.0),
    "division by words": partial(divided, words_share=1.0),
    "division by both: Seekpoint": ours,
}


def matched(found: Sequence[float], real: Sequence[float], near: float) -> int:
    """How many pairs of boundaries can be made that lie within `near` seconds of each other; all are in order."""
    pairs = first = second = 0
    while first < len(found) and second < len(real):
        if abs(found[first] - real[second]) <= near:
            pairs, first, second = pairs + 1, first + 1, second + 1
        elif found[first] < real[second]:
            first += 1
        else:
            second += 1
    return pairs


def row(name: str, label: str, recordings: Sequence[Recording], found: Sequence[Sequence[float]]) -> str:
    """A row of the table: what all recordings' boundaries together are worth."""
    number, real = sum(map(len, found)), sum(len(recording.real) for recording in recordings)
    pairs, nearby = (
        sum(matched(cuts, recording.real, near) for cuts, recording in zip(found, recordings, strict=True))
        for near in (_NEAR, _NEARBY)
    )
    hours = sum(recording.end for recording in recordings) / 3600
    scores = (pairs / max(number, 1), pairs / real, 2 * pairs / (number + real), 2 * nearby / (number + real))
    return f"| {label} | {name} | {number / hours:.1f} | " + " | ".join(f"{score:.3f}" for score in scores) + " |"


def table(title: str, recordings: Sequence[Recording]) -> str:
    """The table of a set: with as many boundaries as there really are, then with each method's own number."""
    hours = sum(recording.end for recording in recordings) / 3600
    real = sum(len(recording.real) for recording in recordings)
    rows = [
        row(name, label, recordings, [method(one, len(one.real) if is_given else None) for one in recordings])
        for label, is_given in (("as many as real", True), ("its own", False))
        for name, method in METHODS.items()
    ]
    heading = (
        f"**{title}**: {len(recordings)} recordings, {hours:.1f} hours, {real / hours:.1f} real boundaries an hour."
    )
    return "\n".join([heading, "", _HEADER, *rows])


def recordings_of(name: str, work: Path, wanted: Sequence[str], *, keep: bool) -> list[Recording]:
    """The recordings of a set, by the titles on its list, from a library that is built of them unless it is kept."""
    corpus = lay_out(name, work)
    library = corpus.folder / "library"
    listed = {key: line for line in corpus.reading_list.read_text("utf-8").splitlines() if (key := line[-12:-1])}
    corpus.reading_list.write_text("\n".join(listed[key] for key in wanted) + "\n", "utf-8")
    if not keep:
        seekpoint.build(corpus.reading_list, library, captions=corpus.captions)
    real = starts(name)
    tracks = {track.resource_id: track for track in Base.read(library).tracks}
    found = []
    for key in wanted:
        track = tracks[key]
        begins, tokens = np.array(track.pieces).T
        said = CueText(track.cues)
        pieces = Pieces(begins, track.piece_vectors * tokens[:, None].astype(np.float32), tokens.astype(np.float32))
        found.append(Recording(said, list(units(said)), pieces, real[key]))
    return found


def starts(name: str) -> dict[str, list[float]]:
    """Where the chapters of each recording of a set begin, without the one at 0."""
    found = defaultdict[str, set[float]](set)
    for line in QUESTIONS[name].read_text("utf-8").splitlines():
        question = json.loads(line)
        if question["start"] > 0:
            found[question["video_id"]].add(float(question["start"]))
    return {key: sorted(seconds) for key, seconds in found.items()}


def episodes() -> list[str]:
    """The episodes of `syntax` with the most entries, the longest list first."""
    counts = Counter(json.loads(line)["video_id"] for line in QUESTIONS["syntax"].read_text("utf-8").splitlines())
    return sorted(counts, key=lambda key: (-counts[key], key))[:_EPISODES]


def main() -> None:
    """Measure the sets."""
    options = argparse.ArgumentParser(prog="python -m tests.benchmarks.chapters", description=__doc__.splitlines()[0])
    options.add_argument("work", type=Path)
    options.add_argument("--keep", action="store_true", help="measure the libraries of an earlier run")
    options.add_argument("--docs", type=Path, metavar="FILE", help="put the tables in this document's block `chapters`")
    arguments = options.parse_args()
    syntax = recordings_of("syntax", arguments.work, episodes(), keep=arguments.keep)
    fastai = recordings_of("fastai", arguments.work, sorted(starts("fastai")), keep=arguments.keep)
    text = "\n\n".join(
        [
            table("syntax, held out", syntax[1::2]),
            table("syntax, by which the parameters were chosen", syntax[::2]),
            table("fastai", fastai),
        ]
    )
    print(text)
    if arguments.docs:
        arguments.docs.write_text(replaced(arguments.docs.read_text("utf-8"), "chapters", text), "utf-8")


if __name__ == "__main__":
    main()
