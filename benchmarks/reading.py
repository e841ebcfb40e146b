"""How well a reader chooses among the passages that the tool `ask` of `seekpoint mcp` returns.

    python -m benchmarks.reading shown LIBRARY QUESTIONS [--tokenizer FILE]... [--prompt] [--wordings FILE]
    python -m benchmarks.reading cases LIBRARY QUESTIONS FOLDER [--each 15] [--unanswered 20] [--seed 0]
                                     [--brief | --prompt] [--wordings FILE]
    python -m benchmarks.reading score FOLDER PICKS

`shown` needs no reader: it prints how much of an answer's own words the passages show, how often less than half, and
how often a mark is right. With --tokenizer, a `tokenizer.json` as model hubs have it, it prints the tokens of the
results. With --prompt the passages are those of a language model's prompt.
`cases` draws questions with an answer, --each of each direction, and some without one. It writes FOLDER/cases.json for
a reader, which has the questions and their passages with marks alone, and FOLDER/key.json for scoring. With --brief
the cases have the moments with short quotes, whose marks are their ranks. PICKS is a JSON object that the reader
writes: for each case the mark where the answer begins, such as "3b", or null where nothing answers. `score` prints how
often the pick is right, beside the first moment of the ranking. With --wordings, a file as of benchmarks/wordings.py,
questions are asked with their other wordings.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from tokenizers import Tokenizer

from benchmarks.machine import describe
from benchmarks.shown import ShownText, share_shown
from benchmarks.wordings import wordings_of
from seekpoint.index.models.encoder import LazyEncoder, stored_engine
from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.index.types import Kind, Resource
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.evaluation.metrics import Judgement, interval, judge
from seekpoint.query.evaluation.question_file import AnswerSpan, Question, read_questions
from seekpoint.query.mcp.results import brief_answer, compact, read_answer
from seekpoint.query.reading.language_reader import fitted_for_model, messages
from seekpoint.query.reading.passages import MOMENTS, PASSAGES, MarkedPassage, marked_passages
from seekpoint.query.search import pipeline
from seekpoint.query.search.literal import read_syntax
from seekpoint.query.search.settings import AskOptions
from seekpoint.query.token_budget import tokens

Wordings: TypeAlias = Mapping[str, Sequence[str]]

NOWHERE = "unanswerable"
_LABEL = re.compile(r"\[(\d{1,2}[a-z]{1,2})(?= |\])")


class Given(NamedTuple):
    """What a reader is given of a result: its passages, the place of each mark, and the texts that are shown."""

    text: str
    passages: list[dict[str, Any]]
    marks: Mapping[str, Sequence[Any]]
    shown: Sequence[ShownText] = ()


def drawn(questions: Sequence[Question], each: int, unanswered: int, seed: int) -> list[Question]:
    """Questions by chance: `each` of each direction and some that have no answer, in an order by chance."""
    chance = random.Random(seed)
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(direction(question), []).append(question)
    chosen = []
    for name, members in sorted(groups.items()):
        most = unanswered if name == NOWHERE else each
        chosen += chance.sample(members, min(most, len(members)))
    chance.shuffle(chosen)
    return chosen


def _wordings(question: Question, also: Wordings) -> tuple[str, ...]:
    """The other wordings to ask with; none beside a phrase."""
    return () if read_syntax(question.text).is_strict else tuple(also.get(question.id, ()))


def direction(question: Question) -> str:
    """The languages of a question and of what answers it; `NOWHERE` without an answer."""
    return f"{question.language}->{question.video_language}" if question.spans else NOWHERE


def write_cases(library: Path, questions: Iterable[Question], folder: Path, form: Form, also: Wordings) -> None:
    """Ask the questions, and write what a reader is given and what its picks mean."""
    cases, key = [], []
    with open_reader(library) as reader:
        encoder = LazyEncoder(reader.card, engine=stored_engine(reader)).get()
        for number, question in enumerate(questions, 1):
            options = AskOptions(form.moments, also=_wordings(question, also))
            answer = pipeline.ask(question.text, reader, encoder, options)
            given = form.give(answer, reader)
            cases.append({"case": number, "question": question.text, "passages": given.passages})
            first = answer.moments[0]
            key.append(
                {
                    "case": number,
                    "qid": question.id,
                    "direction": direction(question),
                    "spans": question.spans,
                    "first": [first.resource.id, first.start],
                    "answered": answer.answered,
                    "tokens": tokens(given.text),
                    "marks": given.marks,
                }
            )
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("cases", cases), ("key", key)):
        (folder / f"{name}.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")


def in_passages(answer: Answer, reader: Reader) -> Given:
    """What the tool returns."""
    passages = marked_passages(answer.moments, reader.transcripts)
    result = read_answer(answer, passages, lambda key: reader.statuses([key])[0].details.chapters)
    titles = [source.title for source in result.sources or ()]
    given = [
        {"title": titles[each.source - 1]} | each.model_dump(exclude_none=True, exclude={"link", "source"})
        for each in result.passages or ()
    ]
    return Given(compact(result), given, *_marks(passages, given))


def in_prompt(answer: Answer, reader: Reader) -> Given:
    """What the prompt for a language model has."""
    passages = marked_passages(answer.moments, reader.transcripts)
    rules, asked = messages(answer.question, fitted_for_model(passages))
    given = json.loads(asked["content"])["passages"]
    return Given(rules["content"] + asked["content"], given, *_marks(passages, given))


def _marks(
    passages: Sequence[MarkedPassage], given: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, tuple[str, float]], list[ShownText]]:
    """The place of each mark that is given, and the texts."""
    by_label = {mark.label: (passage, mark) for passage in passages for mark in passage.marks}
    places = dict[str, tuple[str, float]]()
    texts = []
    for each in given:
        labels = [label for label in _LABEL.findall(each["text"]) if label in by_label]
        if not labels:
            continue
        passage, first = by_label[labels[0]]
        key = passage.moment.resource.id
        places |= {label: (key, by_label[label][1].start) for label in labels}
        texts.append(ShownText(key, passage.moment.language, first.number, each["text"]))
    return places, texts


def in_brief(answer: Answer, _: Reader) -> Given:
    """What the tool returns with `brief`."""
    result = brief_answer(answer, lambda moment: moment.start)
    given = [
        {"mark": str(rank)} | each.model_dump(exclude_none=True, include={"title", "chapter", "place", "quote"})
        for rank, each in enumerate(result.moments or (), 1)
    ]
    marks = {
        each["mark"]: (moment.resource.id, moment.start) for each, moment in zip(given, answer.moments, strict=False)
    }
    return Given(compact(result), given, marks)


class Form(NamedTuple):
    """The number of moments to ask for, and what a reader is given of the answer."""

    moments: int
    give: Callable[[Answer, Reader], Given]


PASSAGES_OF_ASK, PROMPT, BRIEF = Form(MOMENTS * PASSAGES, in_passages), Form(PASSAGES, in_prompt), Form(5, in_brief)


def judged(row: Mapping[str, Any], places: Sequence[Sequence[Any]]) -> Judgement:
    """The judgement of places as the moments of an answer."""
    question = Question("", "", "", "", tuple(AnswerSpan(*span) for span in row["spans"]))
    return judge(question, [_moment(*place) for place in places])


def _moment(resource_id: str, start: float) -> Moment:
    return Moment(1, 0.0, Resource(resource_id, Kind.VIDEO, "", ""), "", start, None, "", "")


def score(key: Sequence[Mapping[str, Any]], picks: Mapping[str, str | None]) -> str:
    """A table: the first moment, what the passages hold, and the picks, by direction."""
    names = ("first link", "sharp", "in passages", "pick", "sharp", "lost")
    rows: dict[str, list[tuple[bool, ...]]] = {}
    kept, none, invented = [], [], []
    for row in key:
        pick = picks.get(str(row["case"]))
        mark = (pick or "").strip("[]() ").split(" ")[0].lower()
        if mark and mark not in row["marks"]:
            invented.append(f"{row['case']}: {mark}")
        place = row["marks"].get(mark)
        if row["direction"] == NOWHERE:
            none.append(place is None)
            kept.append(not row["answered"])
            continue
        first, chosen = (judged(row, [each] if each else []) for each in (row["first"], place))
        held = any(judged(row, [each]).moment1 for each in row["marks"].values())
        line = (first.moment1, first.sharp1, held, chosen.moment1, chosen.sharp1, place is None)
        for group in ("all", row["direction"]):
            rows.setdefault(group, []).append(line)
    lines = [f"{'':10} {'n':>4} " + " ".join(f"{name:>11}" for name in names)]
    for group, members in sorted(rows.items()):
        means = [statistics.fmean(column) for column in zip(*members, strict=True)]
        lines.append(f"{group:10} {len(members):>4} " + " ".join(f"{mean:>11.3f}" for mean in means))
    low, high = interval([float(row[3]) for row in rows["all"]])
    lines.append(f"pick of all: {low:.2f} to {high:.2f} in 95 of 100 resamples")
    if none:
        lines.append(
            f"{len(none)} without an answer here: none said of {statistics.fmean(none):.3f}, by the ranking of "
            f"{statistics.fmean(kept):.3f}"
        )
    sizes = [row["tokens"] for row in key]
    lines.append(f"tokens of a result: median {statistics.median(sizes):.0f}, most {max(sizes):.0f}")
    return "\n".join([*lines, *(f"no such mark: {each}" for each in invented)])


def print_shown(
    library: Path, questions: Iterable[Question], tokenizers: Sequence[Path], form: Form, also: Wordings
) -> None:
    """Print the share of the answers that is shown, by direction, and the tokens of results."""
    rows: dict[str, list[tuple[float, ...]]] = {}
    texts = []
    with open_reader(library) as reader:
        encoder = LazyEncoder(reader.card, engine=stored_engine(reader)).get()
        for question in questions:
            options = AskOptions(form.moments, also=_wordings(question, also))
            given = form.give(pipeline.ask(question.text, reader, encoder, options), reader)
            texts.append(given.text)
            share = share_shown(question.spans, given.shown, reader)
            held = any(judged({"spans": question.spans}, [each]).moment1 for each in given.marks.values())
            sources = len({each.resource_id for each in given.shown})
            for group in ("all", direction(question)) if question.spans else ():
                rows.setdefault(group, []).append((share, share < 1 / 2, held, len(given.shown), sources))
    names = ("shown", "below half", "in passages", "passages", "sources")
    print(f"{'':10} {'n':>4} " + " ".join(f"{name:>11}" for name in names))
    for group, members in sorted(rows.items()):
        means = [statistics.fmean(column) for column in zip(*members, strict=True)]
        print(f"{group:10} {len(members):>4} " + " ".join(f"{mean:>11.3f}" for mean in means))
    counts = {"estimated": tokens} | {each.stem: _counter(each) for each in tokenizers}
    for name, count in counts.items():
        sizes = [count(text) for text in texts]
        print(f"tokens of a result, {name}: median {statistics.median(sizes):.0f}, most {max(sizes):.0f}")


def _counter(path: Path) -> Callable[[str], float]:
    tokenizer = Tokenizer.from_file(str(path))
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def main() -> None:
    """Print what is shown, write cases, or score picks."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__.splitlines()[0])
    commands = options.add_subparsers(dest="command", required=True)
    shown = commands.add_parser("shown")
    shown.add_argument("library", type=Path)
    shown.add_argument("questions", type=Path)
    shown.add_argument("--tokenizer", type=Path, action="append", default=[])
    shown.add_argument("--prompt", action="store_true")
    shown.add_argument("--wordings", type=Path)
    cases = commands.add_parser("cases")
    cases.add_argument("library", type=Path)
    cases.add_argument("questions", type=Path)
    cases.add_argument("folder", type=Path)
    cases.add_argument("--each", type=int, default=15)
    cases.add_argument("--unanswered", type=int, default=20)
    cases.add_argument("--seed", type=int, default=0)
    cases.add_argument("--wordings", type=Path)
    forms = cases.add_mutually_exclusive_group()
    forms.add_argument("--brief", action="store_true")
    forms.add_argument("--prompt", action="store_true")
    scored = commands.add_parser("score")
    scored.add_argument("folder", type=Path)
    scored.add_argument("picks", type=Path)
    given = options.parse_args()
    print(describe())
    also = wordings_of(given.wordings) if given.command != "score" and given.wordings else {}
    if given.command == "shown":
        form = PROMPT if given.prompt else PASSAGES_OF_ASK
        print_shown(given.library, read_questions(given.questions), given.tokenizer, form, also)
        return
    if given.command == "cases":
        questions = read_questions(given.questions)
        form = BRIEF if given.brief else PROMPT if given.prompt else PASSAGES_OF_ASK
        write_cases(given.library, drawn(questions, given.each, given.unanswered, given.seed), given.folder, form, also)
    key = json.loads((given.folder / "key.json").read_text("utf-8"))
    picks = json.loads(given.picks.read_text("utf-8")) if given.command == "score" else {}
    print(score(key, picks))


if __name__ == "__main__":
    main()
