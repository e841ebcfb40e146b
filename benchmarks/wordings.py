"""Measures what other wordings of questions find, beside the questions alone and the other wordings alone.

    python -m benchmarks.wordings LIBRARY QUESTIONS WORDINGS [--llm ADDRESS]

WORDINGS is a file with the id of a question, a tab, and another wording in each line, such as the question in another
language. benchmarks/questions/wordings.tsv has those of the questions asked before hearing, and of the small libraries;
guesses.tsv beside it has sentences that may be said where these are answered.
With --llm the model at ADDRESS first translates the questions that the file lacks, as `seekpoint ask --llm` does.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import describe
from seekpoint.index.models.encoder import LazyEncoder, stored_engine
from seekpoint.index.open import open_reader
from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.evaluation.metrics import DEPTH, judge
from seekpoint.query.evaluation.question_file import Question, read_questions
from seekpoint.query.evaluation.runs import ALL, evaluate
from seekpoint.query.reading.language_reader import whole
from seekpoint.query.reading.model import Endpoint
from seekpoint.query.reading.translations import to_translate, translating
from seekpoint.query.search import pipeline
from seekpoint.query.search.literal import read_syntax
from seekpoint.query.search.settings import AskOptions
from seekpoint.query.search.wordings import spoken


def wordings_of(file: Path) -> dict[str, tuple[str, ...]]:
    """The other wordings of questions, by their ids."""
    wordings: dict[str, tuple[str, ...]] = {}
    for line in file.read_text("utf-8").splitlines():
        key, text = line.split("\t")
        wordings[key] = (*wordings.get(key, ()), text)
    return wordings


def translate(questions: Sequence[Question], languages: Sequence[str], address: str, file: Path) -> None:
    """Append the translations by a model to the file of wordings, those that it writes in ten minutes each."""
    file.touch()
    done, model = wordings_of(file).keys(), Endpoint(address)
    for question in questions:
        targets = [] if question.id in done else to_translate(question.text, languages)
        if targets:
            said = whole(translating(question.text, targets, model.stream, 600))
            with file.open("a", encoding="utf-8") as lines:
                lines.writelines(f"{question.id}\t{text}\n" for text in said)


def main() -> None:
    """Print moment@1, moment@5, sharp@1 and how often *high* is right, of three ways to ask."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.wordings", description=__doc__.splitlines()[0])
    options.add_argument("library", type=Path)
    options.add_argument("questions", type=Path)
    options.add_argument("wordings", type=Path)
    options.add_argument("--llm", metavar="ADDRESS")
    given = options.parse_args()
    questions = read_questions(given.questions)
    if given.llm:
        with open_reader(given.library) as library:
            translate(questions, spoken(library.languages()), given.llm, given.wordings)
    wordings = wordings_of(given.wordings)
    questions = [each for each in questions if each.id in wordings]
    print(describe())
    print(f"{'':20} {'n':>4} {'moment@1':>9} {'@5':>6} {'sharp':>6}   high: share, right   none: lost, told")
    with open_reader(given.library) as library:
        encoder = LazyEncoder(library.card, engine=stored_engine(library)).get()
        for name, first, also in (("question", True, False), ("other wordings", False, True), ("both", True, True)):
            answers = []
            for question in questions:
                is_alone = first and read_syntax(question.text).is_strict
                texts = (question.text,) * first + wordings[question.id] * (also and not is_alone)
                answers.append(pipeline.ask(texts[0], library, encoder, AskOptions(DEPTH, also=texts[1:])))
            print_rows(name, questions, answers)


def print_rows(name: str, questions: Sequence[Question], answers: Sequence[Answer]) -> None:
    """Print a line for each direction of languages, and one for all."""
    replies = iter(answers)
    evaluation = evaluate(questions, lambda _: next(replies), lambda _: "")
    pairs = list(zip(questions, answers, strict=True))
    high = [
        judge(question, answer.moments).moment1
        for question, answer in pairs
        if question.spans and answer.confidence is Confidence.HIGH
    ]
    lost = [not answer.answered for question, answer in pairs if question.spans]
    told = [not answer.answered for question, answer in pairs if not question.spans]
    for group, metrics in sorted(evaluation.groups.items()):
        row = f"{name if group == ALL else group:20} {metrics.n:>4} {metrics.moment1:>9.3f} {metrics.moment5:>6.3f}"
        row += f" {metrics.sharp1:>6.3f}"
        if group == ALL:
            shares = (len(high) / max(len(lost), 1), sum(high) / max(len(high), 1), sum(lost) / max(len(lost), 1))
            row += "   {:.2f}, {:.2f}            {:.3f}, ".format(*shares) + f"{sum(told)} of {len(told)}"
        print(row)


if __name__ == "__main__":
    main()
