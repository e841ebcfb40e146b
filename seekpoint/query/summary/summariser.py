"""From an answer to a summary: excerpts and question to a model, and its text to sentences that cite moments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from time import monotonic

from seekpoint.index.errors import SummaryError
from seekpoint.index.types import Transcript
from seekpoint.query.answers import Answer
from seekpoint.query.summary.citations import SentenceReader, without_thoughts
from seekpoint.query.summary.excerpts import excerpts
from seekpoint.query.summary.prompt import messages
from seekpoint.query.summary.types import ChatModel, CitedSentence, Steps, Summary

NOT_ASKED = "nothing here answers the question, so the language model wasn't asked: ask in other words"
_NOTHING_CITED = (
    "the language model wrote no sentence that cites a moment: read the moments, or choose another --llm-model"
)

# Seconds: a caller that has lost its reader ends a summary between two steps.
_LONGEST_STEP = 1.0


class Summariser:
    """Writes summaries by a chat model; threads may share it."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    def steps(self, answer: Answer, transcripts: Callable[[str], Sequence[Transcript]]) -> Steps:
        """Begin a summary; raises SummaryError where nothing answers, and so do the steps where no more comes.

        `transcripts` gives those of a resource by its id, and is called before this returns.
        """
        if not answer.answered or not answer.moments:
            raise SummaryError(NOT_ASKED)
        found = list(excerpts(answer.moments, transcripts))
        return self._steps(messages(answer.question, found), len(found))

    def _steps(self, asked: Sequence[Mapping[str, str]], moments: int) -> Steps:
        reader = SentenceReader(moments)
        is_cited, stepped = False, monotonic()
        for piece in without_thoughts(self._model.stream(asked)):
            sentences = self._masked(reader.feed(piece))
            is_cited = is_cited or bool(sentences)
            if sentences or not piece or monotonic() - stepped > _LONGEST_STEP:
                yield sentences
                stepped = monotonic()
            if reader.is_done:
                break
        last = [] if reader.is_done else self._masked(reader.end())
        yield last
        if not (is_cited or last):
            raise SummaryError(_NOTHING_CITED)

    def _masked(self, sentences: Iterable[CitedSentence]) -> list[CitedSentence]:
        """Whole sentences, in which nothing is left of the pieces and marks that a secret may have been split by."""
        return [replace(sentence, text=self._model.masked(sentence.text)) for sentence in sentences]


def summary_of(steps: Callable[[], Steps]) -> Summary:
    """All that the steps give, and what ended them too soon."""
    sentences: list[CitedSentence] = []
    try:
        for step in steps():
            sentences += step
    except SummaryError as error:
        return Summary(tuple(sentences), str(error))
    return Summary(tuple(sentences))
