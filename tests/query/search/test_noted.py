"""Questions that a language model noted: what is like them comes first, and begins where they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from seekpoint.index.open import open_keeper, open_reader
from seekpoint.index.store import Reader
from seekpoint.index.text.stretches import stretches
from seekpoint.index.types import KeptMoment, NotedQuestion, ReadStretch, StoredChunk
from seekpoint.query.answers import Answer
from seekpoint.query.search import pipeline
from seekpoint.query.search.noted import like_questions, shared_weights
from seekpoint.query.search.settings import TUNING, AskOptions, Tuning
from tests.asking import ask, library_of
from tests.fakes import TopicEncoder
from tests.query.search.queries import query

ENCODER = TopicEncoder()
SAID = ["attention and attention again", "now we wait", "it takes a week", "and we wait", "we wait", "the end"]
TALKS = {"attention [aaaaaaaaaaa].en": SAID, "another [bbbbbbbbbbb].en": ["attention", "the mask", "more attention"]}
WEEK = NotedQuestion(160.0, "en", "How long does training take?")


def note(
    library: Path, questions: Sequence[NotedQuestion], resource: str = "aaaaaaaaaaa", *, embedded: bool = True
) -> None:
    """Note questions of the only stretch of a talk, with their vectors if they are embedded."""
    with open_reader(library) as reader, open_keeper(library) as keeper:
        [transcript] = reader.transcripts(resource)
        stretch = next(stretches(transcript.cues))
        vectors = ENCODER.passages([question.text for question in questions]) if embedded else None
        language = transcript.language
        keeper.keep(ReadStretch(resource, 0, language, stretch.digest, "a model", tuple(questions), (), vectors))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return library_of(tmp_path, TALKS, seconds=40)


@pytest.mark.parametrize("tuning", [replace(TUNING, noted=0.0), replace(TUNING, unlike=1.0)])
def test_how_much_a_noted_question_counts_and_from_which_likeness_on_are_settings(
    library: Path, tuning: Tuning
) -> None:
    before = answer(library, WEEK.text).moments[0].start
    note(library, [WEEK])
    with open_reader(library) as reader:
        first = pipeline.ask(WEEK.text, reader, ENCODER, AskOptions(5, tuning=tuning)).moments[0]
    assert first.start == before != WEEK.start


def answer(library: Path, question: str) -> Answer:
    return ask(question, library, encoder=ENCODER, explained=True)


def test_a_passage_comes_first_and_begins_at_the_question_that_is_like_the_one_that_is_asked(library: Path) -> None:
    asked = "how long does training take?"
    before = answer(library, asked)
    assert before.moments[0].start != WEEK.start
    note(library, [NotedQuestion(0.0, "en", "What is attention?"), WEEK])
    first = answer(library, asked).moments[0]
    assert (first.resource.id, first.start) == ("aaaaaaaaaaa", WEEK.start)
    assert first.explanation is not None
    assert first.explanation.answers == WEEK.text
    assert first.explanation.noted > 0
    estimate = answer(library, asked).estimate
    assert estimate is not None
    assert estimate.noted == pytest.approx(0.5, abs=0.01)  # the same question, but for words that nothing says
    told = first.explanation
    parts = told.share * told.meaning + (1 - told.share) * told.words + told.noted
    assert first.score == pytest.approx(parts, abs=1e-3)


def test_a_question_in_another_language_finds_it_too(library: Path) -> None:
    note(library, [WEEK])
    first = answer(library, "训练要多久？").moments[0]
    assert (first.resource.id, first.start) == ("aaaaaaaaaaa", WEEK.start)


def test_the_notes_in_the_language_of_the_question_are_the_ones_that_count(library: Path) -> None:
    note(library, [WEEK, NotedQuestion(0.0, "zh", "训练要多久？")])
    assert answer(library, "how long does training take?").moments[0].start == WEEK.start
    assert answer(library, "训练要多久？").moments[0].start == 0.0


def test_an_unlike_question_changes_nothing(library: Path) -> None:
    asked = "what is the mask?"
    before = answer(library, asked)
    note(library, [WEEK])
    assert answer(library, asked) == before
    note(library, [WEEK], embedded=False)  # as after a change of the model
    assert all(each.explanation and not each.explanation.answers for each in answer(library, WEEK.text).moments)


def test_a_question_for_which_a_moment_was_kept_finds_it_again_in_other_words(library: Path) -> None:
    with open_reader(library) as reader, open_keeper(library) as keeper:
        [status] = reader.statuses(["aaaaaaaaaaa"])
        place = KeptMoment(status.resource, "en", WEEK.start, None, None, "we wait", "https://example.org", WEEK.text)
        keeper.keep(place)
        keeper.keep(replace(place, start=None, anchor="a-page", question="What is attention?"))
    for asked in ("training takes how long?", "训练要多久？"):
        first = answer(library, asked).moments[0]
        assert (first.resource.id, first.start) == ("aaaaaaaaaaa", WEEK.start)
        assert first.explanation is not None
        assert first.explanation.answers == WEEK.text


def test_a_passage_that_says_the_question_word_for_word_stays_first(library: Path) -> None:
    asked = "attention and attention again"
    note(library, [WEEK._replace(text=asked)])
    found = answer(library, asked).moments
    assert found[0].start == 0.0
    assert not any(each.explanation and each.explanation.answers for each in found)


def test_a_question_counts_for_what_goes_on_some_seconds_after_it_and_not_beyond() -> None:
    class Shelf:
        def stretches(self, ids: Sequence[str], language: str) -> list[ReadStretch]:
            asked = tuple(NotedQuestion(start, language, f"What at {start}?") for start in (40.0, 94.0, 97.0, 145.0))
            return [ReadStretch("a", 0, "en", b"", "a model", asked, (), np.eye(4, 2, dtype=np.float32))]

        def kept(self) -> list[KeptMoment]:
            return []

    chunks = [StoredChunk(k, 0, "a", "en", 0, 5, start, start + 45) for k, start in enumerate((100.0, 150.5, 10.0))]
    likest = like_questions(chunks, query()._replace(reader=cast("Reader", Shelf())))
    assert {key: like.question.start for key, like in likest.items()} == {0: 97.0, 2: 40.0}


def test_vectors_of_another_length_are_left_alone(library: Path) -> None:
    before = answer(library, WEEK.text)
    with open_reader(library) as reader, open_keeper(library) as keeper:
        [transcript] = reader.transcripts("aaaaaaaaaaa")
        digest, vectors = next(stretches(transcript.cues)).digest, np.full((1, 3), 0.5, np.float32)
        keeper.keep(ReadStretch("aaaaaaaaaaa", 0, "en", digest, "another model", (WEEK,), (), vectors))
    assert answer(library, WEEK.text) == before


def test_shared_words_count_by_their_weights_and_unknown_ones_as_half_of_the_heaviest() -> None:
    def shared(asked: Sequence[str], *texts: str) -> list[float]:
        weights = {"mask": 4.0, "hide": 1.0}
        known = {term: weights[term] for term in asked if term in weights}
        return shared_weights(texts, query(discriminative=asked, weights=known).terms)

    assert shared(["mask", "hide"], "A mask hides", "masks", "掩码") == pytest.approx([1, 0.8, 0])
    assert shared(["mask", "unheard"], "masks") == pytest.approx([4 / 6])
    assert shared([], "mask") == [0]
