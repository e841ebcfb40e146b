"""The questions that a language model noted, in one language and by chapter. All pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from seekpoint.index.text.languages import primary
from seekpoint.index.text.stretches import number_at
from seekpoint.index.text.transcript_text import title_at
from seekpoint.index.types import Chapter, Cue, NotedQuestion, Transcript
from seekpoint.query.transcript_paragraphs import position_at


class AnsweredQuestion(NamedTuple):
    """A question, the cue at which its answer begins and its position, and the title of the chapter there."""

    question: NotedQuestion
    cue: Cue
    position: int
    chapter: str | None


def answered_questions(
    transcript: Transcript, chapters: Sequence[Chapter], *languages: str, plays: bool
) -> list[AnsweredQuestion]:
    """The questions of a transcript in order of time, in the first of these languages, else in the transcript's own."""
    asked = in_one_language(transcript.questions, *languages, primary(transcript.language))
    places = [position_at(transcript.cues, each.start) for each in asked] if transcript.cues else []
    titles = (title_at(chapters, each.start, plays=plays) for each in asked)
    return [*map(AnsweredQuestion, asked, map(transcript.cues.__getitem__, places), places, titles)]


def in_one_language(questions: Iterable[NotedQuestion], *languages: str) -> list[NotedQuestion]:
    """Of each stretch the questions in the first of these languages that it has, else in another; in order of time.

    A model notes the same questions in each language.
    """
    chosen: list[NotedQuestion] = []
    for _, group in groupby(sorted(questions), lambda question: number_at(question.start)):
        noted = [*group]
        has = {question.language for question in noted}
        language = next((each for each in languages if each in has), noted[0].language)
        chosen += [question for question in noted if question.language == language]
    return chosen
