"""Measures how often the confidence is right, each set judged with constants that were fitted without it.

    python -m benchmarks.confidence WORK_DIR [--built] [--json FILE] [--plots DIR] [--docs FILE]

WORK_DIR is that of benchmarks.quality: libraries that lie there are brought up to date, or with --built taken as
they are. Each is asked its own questions, their short forms, and those of questions/off-topic.jsonl and everyday.jsonl,
which no library here answers: half of these are fitted with, the others tested with. A set and its short forms are left
out together. Prints the constants that are fitted with all sets, and how often the first moment is right by the share
that gets high confidence, too. Plots show that the library answers, by our estimate.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import small_libraries
from benchmarks.calibration import BRIEF, Asking, Certainty, Judge, Row, certainties, fit, judged_by
from benchmarks.machine import command_line, describe, save
from benchmarks.plots import draw_panels, need_matplotlib
from benchmarks.question_sets import (
    BEFORE_HEARING,
    OTHER_HALF,
    SHORT,
    Remembering,
    built,
    built_half,
    kept_apart,
    library_of,
    question_file,
    questions_of,
)
from seekpoint.files import read_text
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.index.text.terms import fold, is_whole_word, terms
from seekpoint.index.types import Filters
from seekpoint.query.answers import Moment
from seekpoint.query.evaluation.metrics import judge
from seekpoint.query.evaluation.question_file import Question, read_questions
from seekpoint.query.search import confidence, pipeline
from seekpoint.query.search.confidence import Calibration, Features, Logit
from seekpoint.query.search.settings import AskOptions
from tests.readme import write_block

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OFF_TOPIC = [Path(__file__).parent / "questions" / name for name in ("off-topic.jsonl", "everyday.jsonl")]
SETS = (
    *("broad", "broad-short", "broad-before-hearing", "lectures", "lectures-short"),
    *("dev", "dev-short", "dev-before-hearing", "fastai", "tutorialvqa"),
)
SMALL = "small"
# Recordings of a set that are asked alone, and how many of its questions about.
_ALONE, _ASKED_ALONE = 3, 100
_STATES = ("none", "high")
KINDS, RIGHT = "confidence-by-kind.svg", "right-by-confidence.svg"
_BINS = 10
_STEPS = 100
_CURVE = (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7)
# Of Okabe and Ito's colours, and lines that differ without colours.
_LINES = {Asking.OFF: ("#D55E00", "--"), Asking.NEAR: ("#CC79A7", "-."), Asking.ANSWERABLE: ("#0072B2", "-")}
Fitted = Callable[[Sequence[Row]], Judge]
"""Gives the certainties and their thresholds, fitted with some rows."""


def asked(name: str, folder: Path) -> Iterator[Row]:
    """Put a set's questions and the off-topic ones to its library, and to a few of its recordings alone.

    Sets of the same library are put to the whole of it, without the off-topic questions, which are the same.
    """
    questions = questions_of(name)
    with open_reader(folder) as library:
        put = Putting(name, library)
        yield from put.answerable(questions, kept_apart(question_file(name, folder.parent)))
        if name != library_of(name):
            return
        yield from put.off_topic(OFF_TOPIC)
        recordings = sorted({span.video_id for question in questions for span in question.spans})
        for recording in recordings[:: max(len(recordings) // _ALONE, 1)][:_ALONE]:
            yield from put.answerable(questions[:: len(questions) // _ASKED_ALONE + 1], set(), recording)
            yield from put.off_topic(OFF_TOPIC, recording)


def of_the_other_half(name: str, work: Path) -> Iterator[Row]:
    """Put each question before hearing to the half of the recordings that doesn't answer it."""
    source = f"{name}{BEFORE_HEARING}"
    file = question_file(source, work)
    apart, asked_of = (
        kept_apart(file),
        {row["qid"]: row["asked_of"] for row in map(json.loads, read_text(file).splitlines())},
    )
    for half in range(2):
        folder, entries = built_half(name, half, work)
        listed = "\n".join(entries)
        with open_reader(folder) as library:
            put = Putting(f"{name}{OTHER_HALF}", library)
            for question in questions_of(source):
                videos = {asked_of[question.id], *(span.video_id for span in question.spans)}
                if not any(video in listed for video in videos):
                    yield from put(question.id, question.text, Asking.NEAR, held_out=question.id in apart)


def of_small_libraries(work: Path) -> Iterator[Row]:
    """Put their own questions and everyday ones to small libraries, which count as one set."""
    for name in small_libraries.SMALL:
        with open_reader(small_libraries.built(name, work)) as library:
            put = Putting(SMALL, library)
            for row in small_libraries.questions_of(name):
                right = partial(small_libraries.is_right, places=row["places"], reader=library)
                yield from put(row["qid"], row["question"], Asking.ANSWERABLE, right)
            yield from put.off_topic([small_libraries.OFF_TOPIC])


def _never(_: Moment) -> bool:
    return False


def _answers(question: Question, moment: Moment) -> bool:
    return judge(question, [moment]).moment1


class Putting:
    """How questions are put to a library; each is embedded once."""

    def __init__(self, name: str, library: Reader) -> None:
        self._name, self._library = name, library
        self._encoder = Remembering(LazyEncoder(library.card).get())

    def __call__(
        self,
        question_id: str,
        text: str,
        asking: Asking,
        is_right: Callable[[Moment], bool] = _never,
        *,
        held_out: bool = False,
        recording: str | None = None,
    ) -> Iterator[Row]:
        """A row for a question that has words and finds anything."""
        if not terms(text):
            return
        options = AskOptions(1, Filters(resource=recording), explained=True)
        answer = pipeline.ask(text, self._library, self._encoder, options)
        if estimate := answer.estimate:
            yield Row(
                self._name,
                asking,
                Features(*(getattr(estimate, feature) for feature in Features._fields)),
                answer.moments[0].score,
                is_right=is_right(answer.moments[0]),
                held_out=held_out,
                alone=recording is not None,
                is_capped=any(is_whole_word(fold(word)) for word in answer.unknown),
            )

    def answerable(self, questions: Iterable[Question], apart: Set[str], recording: str | None = None) -> Iterator[Row]:
        """The questions of a set; those without a place there are near its topic."""
        for question in questions:
            spans = [span for span in question.spans if recording in (None, span.video_id)]
            right = partial(_answers, replace(question, spans=tuple(spans)))
            yield from self(
                question.id,
                question.text,
                Asking.ANSWERABLE if spans else Asking.NEAR,
                right if spans else _never,
                held_out=question.id in apart,
                recording=recording,
            )

    def off_topic(self, files: Iterable[Path], recording: str | None = None) -> Iterator[Row]:
        """Questions of other walks of life."""
        for file in files:
            apart = kept_apart(file)
            for question in read_questions(file):
                apart_too = question.id in apart
                yield from self(question.id, question.text, Asking.OFF, held_out=apart_too, recording=recording)


def by_our_estimate(rows: Sequence[Row]) -> Judge:
    """The estimates, fitted with these rows."""
    return as_judge(fit(rows))


def as_judge(calibration: Calibration) -> Judge:
    """A judge with these constants."""
    return Judge(*certainties(calibration), calibration.low, calibration.high)


def by(value: Certainty) -> Fitted:
    """Thresholds on one value, chosen with these rows."""
    return lambda rows: judged_by([row for row in rows if not row.held_out], value, value)


SYSTEMS: Mapping[str, Fitted] = {
    "estimate": by_our_estimate,
    "score alone": by(lambda row: row.score),
    "meaning alone": by(lambda row: row.features.meaning),
}


class Judged(NamedTuple):
    """Questions that are tested, and what judges them."""

    rows: Sequence[Row]
    judge: Judge


def judged_without(rows: Sequence[Row], fitted: Fitted) -> dict[str, Judged]:
    """By set: its questions, and what was fitted without the library that they are put to."""
    found = {}
    for name in dict.fromkeys(row.set for row in rows):
        judge = fitted([row for row in rows if library_of(row.set) != library_of(name)])
        found[name] = Judged([row for row in rows if row.set == name and is_tested(row)], judge)
    return found


def is_tested(row: Row) -> bool:
    """Whether shares count the question: it was put to the whole library, and if off-topic, isn't fitted with."""
    return not row.alone and (row.asking is not Asking.OFF or row.held_out)


def left_out(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, float]]]:
    """By system and set: the shares of each kind of question with each confidence, fitted without the set."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for system, fitted in SYSTEMS.items():
        found[system] = {name: _shares(judged) for name, judged in judged_without(rows, fitted).items()}
        keys = dict.fromkeys(key for shares in found[system].values() for key in shares)
        found[system]["mean"] = {
            key: fmean(shares[key] for shares in found[system].values() if key in shares) for key in keys
        }
    return found


def _shares(judged: Judged) -> dict[str, float]:
    groups: dict[str, list[Row]] = {}
    for row in judged.rows:
        groups.setdefault(row.asking, []).append(row)
        if row.is_right:
            groups.setdefault("right", []).append(row)
    shares = {}
    for group, rows in groups.items():
        shares[f"{group} none"] = fmean(map(judged.judge.is_none, rows))
        shares[f"{group} high"] = fmean(map(judged.judge.is_high, rows))
    if claimed := [row.is_right for row in groups.get(Asking.ANSWERABLE, ()) if judged.judge.is_high(row)]:
        shares["high right"] = fmean(claimed)
    return shares


def curve(judged: Mapping[str, Judged]) -> str:
    """A row for each share of the answerable questions that gets high confidence: how often the first moment is right.

    The shares are of these sets' questions by the certainties that were fitted without their set.
    """
    rows = [(one.judge.right(row), row) for one in judged.values() for row in one.rows]
    rows.sort(key=lambda pair: -pair[0])
    groups = {asking: [row for _, row in rows if row.asking is asking] for asking in Asking}
    answerable = [(certainty, row) for certainty, row in rows if row.asking is Asking.ANSWERABLE]
    lines = ["| share with high | right first | near-topic with high | off-topic with high |", "|---|---|---|---|"]
    for share in _CURVE:
        least = answerable[round(share * len(answerable)) - 1][0]
        claimed = [row for certainty, row in rows if certainty >= least]
        right = fmean(row.is_right for row in claimed if row.asking is Asking.ANSWERABLE)
        others = (
            sum(row.asking is asking for row in claimed) / max(len(groups[asking]), 1)
            for asking in (Asking.NEAR, Asking.OFF)
        )
        lines.append(f"| {share:.2f} | {right:.2f} | {' | '.join(f'{other:.3f}' for other in others)} |")
    return "\n".join(lines)


def to_markdown(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """A row for each system and set."""
    columns = [f"{group} {state}" for group in (Asking.OFF, Asking.NEAR, Asking.ANSWERABLE) for state in _STATES]
    columns += ["right none", "high right"]
    lines = [f"| constants without | set | {' | '.join(columns)} |", "|---|---|" + "---|" * len(columns)]
    for system, sets in found.items():
        for name, shares in sets.items():
            cells = [f"{shares[column]:.3f}" if column in shares else "" for column in columns]
            lines.append(f"| {system} | {name} | {' | '.join(cells)} |")
    return "\n".join(lines).replace("constants without", "by")


def as_code(calibration: Calibration) -> str:
    """The constants as they stand in seekpoint/query/search/confidence.py."""
    logits = ", ".join(map(_logit_as_code, (calibration.answered, calibration.right)))
    return f"Calibration({logits}, low={calibration.low:.2f}, high={calibration.high:.2f})"


def _logit_as_code(logit: Logit) -> str:
    weights = ", ".join(f"{name}={value:.2f}" for name, value in logit.weights._asdict().items())
    return f"Logit({logit.bias:.2f}, Features({weights}))"


def draw(judged: Mapping[str, Judged], folder: Path) -> None:
    """Draw a panel for each set; the certainties are the estimates."""
    draw_panels(judged, _kinds_panel, folder / KINDS)
    bins = {name: right_by_estimate([one]) for name, one in judged.items()}
    draw_panels(bins | {"all sets": right_by_estimate([*judged.values()])}, _right_panel, folder / RIGHT)


def shares_below(estimates: Sequence[float], limits: Sequence[float]) -> list[float]:
    """The share of the estimates, one or more, that are less than each of the limits."""
    return [sum(one < limit for one in estimates) / len(estimates) for limit in limits]


class Bin(NamedTuple):
    """Answerable questions whose estimates lie in one tenth of the scale, and how many have a right first moment."""

    questions: int
    right: int


def right_by_estimate(judged: Sequence[Judged]) -> list[Bin]:
    """The answerable questions of these sets by tenths of the estimate, from the least one on."""
    bins: list[list[bool]] = [[] for _ in range(_BINS)]
    for one in judged:
        for row in one.rows:
            if row.asking is Asking.ANSWERABLE:
                bins[min(int(one.judge.right(row) * _BINS), _BINS - 1)].append(row.is_right)
    return [Bin(len(one), sum(one)) for one in bins]


def _kinds_panel(axes: Axes, judged: Judged) -> None:
    low = judged.judge.low
    axes.vlines(low, 0, 1, color="#555555", linewidth=0.8, linestyle=":")
    axes.text(low, 1.03, f"low from {low:.2f}", color="#555555", ha="center")
    limits = sorted({*(step / _STEPS for step in range(_STEPS + 1)), low})
    for asking, (colour, style) in _LINES.items():
        estimates = [judged.judge.answered(row) for row in judged.rows if row.asking is asking]
        if estimates:
            label = f"{asking}, {len(estimates)}"
            axes.plot(limits, shares_below(estimates, limits), style, label=label, color=colour, linewidth=1.6)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.3)  # the thresholds are named above the curves, and the legend stands above both
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_xlabel("estimate")
    axes.set_ylabel("share of questions below")
    axes.legend(frameon=False, ncols=3, loc="upper center", columnspacing=1, handlelength=1.5)


def _right_panel(axes: Axes, bins: Sequence[Bin]) -> None:
    from scipy.stats import binomtest  # type: ignore[import-untyped]  # which takes long to load

    for place, (questions, right) in enumerate(bins):
        if questions:
            share, interval = right / questions, binomtest(right, questions).proportion_ci(method="wilson")
            error = [[share - interval.low], [interval.high - share]]
            axes.bar(
                (place + 0.5) / _BINS,
                share,
                0.8 / _BINS,
                color="#0072B2",
                yerr=error,
                error_kw={"linewidth": 0.7, "ecolor": "#333333"},
            )
        axes.text((place + 0.5) / _BINS, 1.05, f"{questions}", ha="center", color="#333333", size=7)
    axes.set_xlim(0, 1)
    axes.set_xticks([step / _BINS for step in range(0, _BINS + 1, 2)])
    axes.set_ylim(0, 1.15)  # the numbers of questions stand above the bars
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_xlabel("estimate; above the bars, answerable questions")
    axes.set_ylabel("right first")


def measure(work: Path, are_built: bool) -> list[Row]:
    """Build what isn't there, and ask."""
    rows: list[Row] = []
    for name in SETS:
        rows += asked(name, work / library_of(name) / "library" if are_built else built(name, work))
    return [*rows, *of_the_other_half("broad", work), *of_small_libraries(work)]


def main() -> None:
    """Measure, and print both."""
    options = command_line("benchmarks.confidence", __doc__, "confidence")
    options.add_argument("work", type=Path)
    options.add_argument("--built", action="store_true", help="take the libraries as they are")
    options.add_argument("--plots", type=Path, metavar="DIR", help="draw SVG files there")
    arguments = options.parse_args()
    if arguments.plots:
        need_matplotlib(options)
    rows = measure(arguments.work, arguments.built)
    found = left_out(rows)
    without = judged_without(rows, by_our_estimate)
    long = {name: judged for name, judged in without.items() if not name.endswith(SHORT) and name != BRIEF}
    text = f"{to_markdown(found)}\n\n{curve(long)}"
    print(text)
    print("\nfitted with all sets:", as_code(fit(rows)))
    print("without the meaning:", as_code(fit(rows, by_meaning=False)))
    shares = _shares(Judged([row for row in rows if is_tested(row)], as_judge(confidence.BUNDLED_CALIBRATION)))
    print("shipped, on all sets together:", {group: round(share, 3) for group, share in shares.items()})
    save(arguments.json, {"machine": describe(), "confidence": found})
    if arguments.plots:
        draw(without, arguments.plots)
    write_block(arguments.docs, "confidence", text)


if __name__ == "__main__":
    main()
