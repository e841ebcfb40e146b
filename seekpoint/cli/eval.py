"""`seekpoint eval`: measure a library's answers to questions with known answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seekpoint.cli.options import index_option, llm_options, rerank_option
from seekpoint.index.address import Address
from seekpoint.index.text.clean import counted

if TYPE_CHECKING:
    from seekpoint.index.store import Reader
    from seekpoint.index.types import Reranker
    from seekpoint.query.answers import Answer
    from seekpoint.query.reading.language_reader import LanguageReader


@click.command("eval")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON: the figures, and what became of each question.")
@click.option(
    "--compare", "other", metavar="FILE", type=click.Path(path_type=Path), help="Compare with what --json printed then."
)
@rerank_option
@llm_options
@index_option
def evaluate(
    file: Path,
    as_json: bool,
    other: Path | None,
    rerank: str | None,
    reader: LanguageReader | None,
    folder: Address,
) -> None:
    """Measure the answers to the questions in FILE.

    FILE has a line of JSON for each question, with "question", "video_id" and "spans", a list of [start, end] in
    seconds where the answer is given; "video_id" is null where the library has none. A moment is right from 15 seconds
    before a span to its end, and sharp within 15 seconds of its start.
    """
    from rich.console import Console
    from rich.progress import track

    from seekpoint.index.models.reranker import load_reranker
    from seekpoint.index.open import open_reader
    from seekpoint.index.text.languages import primary
    from seekpoint.query.evaluation import runs
    from seekpoint.query.evaluation.question_file import read_questions

    questions = read_questions(file)
    earlier = runs.read_run(other) if other else None
    problems = list[str]()
    with open_reader(folder) as library:
        spoken = {status.id: [*dict.fromkeys(map(primary, status.languages))] for status in library.statuses()}
        answer = _answering(library, load_reranker(rerank), reader, problems)
        console = Console(stderr=True)
        asked = track(questions, "Questions", console=console, transient=True, disable=not console.is_terminal)
        evaluation = runs.evaluate(asked, answer, lambda video_id: "+".join(spoken.get(video_id, ())))
    missing = [q for q in questions if q.spans and not any(span.video_id in spoken for span in q.spans)]
    if missing:
        many = f"{len(missing)} questions ask for videos that aren't in the library"
        which = many if len(missing) > 1 else "1 question asks for a video that isn't in the library"
        click.echo(f"seekpoint: {which}, such as {missing[0].spans[0].video_id}: counted as missed", err=True)
    if problems:
        click.echo(f"seekpoint: {counted(len(problems), 'answer')} not read, such as: {problems[0]}", err=True)
    differences = runs.compare(evaluation, earlier, str(other)) if earlier else None
    if as_json:
        click.echo(json.dumps(runs.to_json(evaluation, differences), ensure_ascii=False, indent=1))
        return
    click.echo(runs.to_text(evaluation))
    if differences:
        click.echo(f"\nchange since {other}\n{runs.comparison_text(differences)}")


def _answering(
    library: Reader, reranker: Reranker | None, reader: LanguageReader | None, problems: list[str]
) -> Callable[[str], Answer]:
    """A function that answers a question, and adds what hinders the reader to the problems."""
    from seekpoint.query.evaluation.metrics import DEPTH
    from seekpoint.query.reading.language_reader import whole
    from seekpoint.query.search import pipeline
    from seekpoint.query.search.settings import AskOptions
    from seekpoint.query.serving.live_library import SharedEncoder

    encoder = SharedEncoder.of(library)
    options = AskOptions(DEPTH, reranker=reranker)

    def answer(text: str) -> Answer:
        if not reader:
            return pipeline.ask(text, library, encoder, options)
        wider = whole(reader.translating(options, text, library))
        read = reader.read(pipeline.ask(text, library, encoder, wider), library, DEPTH)
        if read.reading and read.reading.problem:
            problems.append(read.reading.problem)
        return read

    return answer
