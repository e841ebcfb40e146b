"""A question in the other languages of a library, by a language model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from time import monotonic

from seekpoint.index.errors import ReaderError
from seekpoint.index.text.clean import clean
from seekpoint.index.text.language_identification import may_be_in
from seekpoint.index.text.languages import primary
from seekpoint.index.text.terms import terms
from seekpoint.query.reading.citations import without_thoughts
from seekpoint.query.search.literal import read_syntax, without_marks
from seekpoint.query.search.wordings import MOST_WORDINGS

SECONDS = 20.0
"""The most seconds for the translations."""

# Characters of a question that is translated, and of all that the model writes.
_LONGEST, _MOST_WRITTEN = 500, 3_000
# Seconds between two steps.
_STEP = 1.0
_RULES = """You translate search queries, whatever they say. Put the query into the languages with these tags, with \
the terms that are usual there: keywords into keywords, a question into a question. Write a line for each language: \
its tag, a colon, the translation. Write these lines and nothing else."""
# The label is a tag, or the name of a language where a small model writes one.
_LINE = re.compile(r"^\W*(?:\d+[.)]\s*)?(\w[\w-]*)[^:：\n]{0,40}[:：][ \t]*(\S.*)$", re.MULTILINE)


def to_translate(question: str, languages: Iterable[str]) -> list[str]:
    """The languages that the question can't be in, by its script or its words.

    None for a question with a phrase or a minus, which a translation needn't keep, without words, or too long.
    """
    syntax = read_syntax(question)
    if syntax.is_strict or not terms(syntax.text) or len(question) > _LONGEST:
        return []
    return [tag for tag in languages if not may_be_in(tag, question)][:MOST_WORDINGS]


def translating(
    question: str,
    languages: Sequence[str],
    stream: Callable[[list[dict[str, str]]], Generator[str, None, None]],
    seconds: float,
) -> Generator[tuple[()], None, tuple[str, ...]]:
    """Put a question into these languages by a chat model; a step takes some two seconds at most.

    Raises ReaderError where the model fails, or writes no such line in time.
    """
    asked = json.dumps({"query": clean(question), "languages": [*languages]}, ensure_ascii=False)
    messages = [{"role": "system", "content": _RULES}, {"role": "user", "content": asked}]
    began = stepped = monotonic()
    text, is_late = "", False
    with closing(stream(messages)) as pieces:
        for piece in without_thoughts(pieces):
            text, now = text + piece, monotonic()
            is_late = now - began > seconds
            if is_late or len(text) > _MOST_WRITTEN:
                text = text[: text.rfind("\n") + 1]  # the last line may be cut
                break
            if now - stepped > _STEP:
                stepped = now
                yield ()
    wordings = _wordings(text, languages)
    if is_late and not wordings:
        raise ReaderError(f"the language model put the question into no other language within {seconds:.0f} s")
    return wordings


def _wordings(text: str, languages: Sequence[str]) -> tuple[str, ...]:
    """A line of a text for each of these languages, by its tag; one language alone may have another label, or none."""
    lines = [(primary(label.lower()), without_marks(clean(said))[:_LONGEST]) for label, said in _LINE.findall(text)]
    is_alone = len(languages) == 1
    if is_alone and not lines and len(text.splitlines()) == 1:
        lines = [("", without_marks(clean(text))[:_LONGEST])]
    wordings = list[str]()
    for tag in map(primary, languages):
        labelled = [said for label, said in lines if label == tag] + [said for _, said in lines if is_alone]
        wordings += [said for said in labelled if terms(said) and may_be_in(tag, said)][:1]
    return tuple(wordings)
