"""The questions that a language model noted, in one language and by chapter. All pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from seekpoint.index.text.stretches import number_at
from seekpoint.index.text.transcript_text import title_at
from seekpoint.index.types import Chapter, NotedQuestion


def in_one_language(questions: Iterable[NotedQuestion], *wanted: str) -> list[NotedQuestion]:
    """Of each stretch the questions in the first of these languages that it has, else in another; in order of time.

    A model notes the same questions in each language.
    """
    chosen: list[NotedQuestion] = []
    for _, group in groupby(sorted(questions), lambda question: number_at(question.start)):
        noted = [*group]
        has = {question.language for question in noted}
        language = next((each for each in wanted if each in has), noted[0].language)
        chosen += [question for question in noted if question.language == language]
    return chosen


def by_chapter(
    questions: Iterable[NotedQuestion], chapters: Sequence[Chapter], *, plays: bool
) -> list[tuple[str | None, list[NotedQuestion]]]:
    """Questions in order of time under the title of the chapter or heading that they lie in, `None` before any."""
    groups = groupby(questions, lambda question: title_at(chapters, question.start, plays=plays))
    return [(title, [*group]) for title, group in groups]
