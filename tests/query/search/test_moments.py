"""Where in its passage an answer begins, the quote, and why it was found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seekpoint
from seekpoint.index.errors import UsageError
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.store import Reader
from seekpoint.index.text.clean import printable
from seekpoint.index.text.terms import located_terms, terms
from seekpoint.index.types import Chapter, Cue, Details
from seekpoint.query.answers import Answer, Explanation, Moment
from seekpoint.query.output.json import to_json
from seekpoint.query.output.terminal import to_text
from seekpoint.query.search.moments import Passage, best_beginning, marks, salient
from seekpoint.query.search.settings import TUNING
from tests import asking
from tests.fakes import TopicEncoder
from tests.index.libraries import CARD, SOURCE, build, embedded, resource
from tests.indexer.builds import webvtt

ENGLISH = [
    Cue(0, 10, "So much for the history of the field."),
    Cue(10, 20, "Now the mask."),
    Cue(20, 30, "The softmax turns it into zeros."),
    Cue(30, 40, "Let us move on."),
]
CHINESE = [Cue(0, 30, "先说历史。"), Cue(30, 40, "现在讲掩码。"), Cue(40, 50, "掩码之后是归一化。")]


def quoted(cues: Sequence[Cue]) -> Sequence[Cue]:
    passage = Passage(cues, 0, 0, len(cues), plays=True)
    passage.quote_from(0)
    return passage.quoted


def begin(
    cues: Sequence[Cue],
    weights: Mapping[str, float],
    chapters: Sequence[Chapter] = (),
    nearness: Callable[[float], float] | None = None,
    reach: float = TUNING.reach,
) -> int:
    passage = Passage(cues, 0, 0, len(cues), plays=True)
    said = list(located_terms(passage.text, weights))
    return passage.cue_at(best_beginning(passage, said, weights, chapters, nearness, reach))


def test_the_answer_begins_where_the_words_stand_together() -> None:
    assert begin(ENGLISH, {"mask": 2.0, "softmax": 2.0}) == 1


def test_chinese_as_english() -> None:
    assert begin(CHINESE, {"掩码": 2.0, "归一": 1.0, "一化": 1.0}) == 1


def test_a_rare_word_outweighs_common_ones() -> None:
    assert begin(ENGLISH, {"histori": 0.1, "field": 0.1, "move": 5.0}) == 3
    assert salient({"the": 0.1, "move": 5.0, "掩码": 2.0}).keys() == {"move", "掩码"}


def test_without_a_match_the_chunk_begins_where_it_begins() -> None:
    assert begin(ENGLISH, {"zebra": 3.0}) == 0
    assert begin(ENGLISH, {}) == 0


def test_a_title_counts_as_said_where_its_chapter_begins() -> None:
    assert begin(ENGLISH, {"zebra": 3.0}, [Chapter(12.0, "Zebras")]) == 2
    assert begin(ENGLISH, {"zebra": 3.0}, [Chapter(10.4, "Zebras")]) == 1, "a beginning is told in whole seconds"
    assert begin(CHINESE, {"斑马": 3.0}, [Chapter(0.0, "开场"), Chapter(39.0, "斑馬與馬")]) == 2


def test_a_title_and_the_words_around_it_count_together() -> None:
    weights = {"zebra": 1.0, "softmax": 1.0, "histori": 1.5}
    assert begin(ENGLISH, weights, [Chapter(20.0, "Zebras")], reach=20.0) == 2


def test_words_speak_for_a_cue_as_far_as_they_reach() -> None:
    weights = {"histori": 1.0, "softmax": 1.5}
    assert begin(ENGLISH, weights, reach=15.0) == 2
    assert begin(ENGLISH, weights, reach=30.0) == 0


def test_a_chapter_begins_after_its_announcement() -> None:
    assert begin(ENGLISH, {"mask": 2.0}, [Chapter(20.0, "Masks")]) == 2
    assert begin(ENGLISH, {"mask": 2.0}, [Chapter(20.0, "Questions")]) == 1


def test_a_chapter_without_a_word_of_its_own_here_or_of_the_question_changes_nothing() -> None:
    assert begin(ENGLISH, {"mask": 2.0, "zebra": 9.0}, [Chapter(30.6, "Zebras")]) == 1
    assert begin(ENGLISH, {"mask": 2.0}, [Chapter(0.0, "Zebras"), Chapter(30.0, "!")]) == 1


def test_a_quote_holds_whole_cues_and_fills_a_line() -> None:
    assert " ".join(cue.text for cue in quoted(CHINESE)) == "先说历史。 现在讲掩码。 掩码之后是归一化。"
    assert len(quoted([Cue(0, 1, "long " * 200), Cue(1, 2, "next")])) == 1
    assert len(quoted([Cue(0, 1, "但我不想"), Cue(1, 2, "很长" * 200), Cue(2, 3, "next")])) == 2
    many = " ".join(cue.text for cue in quoted([Cue(k, k + 1, "twenty letters in it") for k in range(40)]))
    assert 0 < len(many) <= 240
    assert many.endswith("in it")


def test_marks_show_every_form_of_a_word_and_join_pairs_of_characters() -> None:
    text = "Masks mask; 注意力机制, and the masking"
    wanted = [term for term in located_terms(text) if term.text in {"mask", "注意", "意力"}]
    assert [text[start:stop] for start, stop in marks(wanted)] == ["Masks", "mask", "注意力", "masking"]
    assert [text[6:][start:stop] for start, stop in marks(wanted[1:], 6)] == ["mask", "注意力", "masking"]


def test_marks_need_no_match() -> None:
    assert marks([]) == ()


def test_the_words_of_a_sentence_speak_for_its_beginning() -> None:
    cues = [
        Cue(0, 10, "Welcome. Now the"),
        Cue(10, 20, "mask. It hides"),
        Cue(20, 30, "what comes. Then"),
        Cue(30, 40, "rest."),
    ]
    passage = Passage(cues, 0, 0, len(cues), plays=True)
    said = list(located_terms(passage.text, {"mask", "hide"}))
    begin = best_beginning(passage, said, {"mask": 1.0, "hide": 0.5})
    assert passage.text[begin:].startswith("Now the mask.")


def test_words_before_the_first_beginning_count_for_none() -> None:
    cues = [Cue(0, 10, "the mask hides"), Cue(10, 20, "it. Well. Then it"), Cue(20, 30, "is a matrix.")]
    passage = Passage(cues, 5, 0, len(cues), plays=True)
    begin = best_beginning(passage, list(located_terms(passage.text)), {"mask": 9.0, "matrix": 1.0})
    assert passage.text[begin:].startswith("Then it is a matrix.")


def test_meaning_tells_where_words_dont() -> None:
    nearness = {0: 0.1, 10: 0.1, 20: 0.6, 30: 0.2}
    assert begin(ENGLISH, {}, nearness=lambda second: nearness[int(second)]) == 2
    assert begin(ENGLISH, {"mask": 2.0}, nearness=lambda second: nearness[int(second)]) == 1, "words weigh more"


def passage(
    *cues: tuple[float, float, str], position: int = 0, first: int = 0, stop: int | None = None, plays: bool = True
) -> Passage:
    return Passage([Cue(*cue) for cue in cues], position, first, stop or len(cues), plays=plays)


def begun(found: Passage) -> list[str]:
    stops = [*found.beginnings[1:], len(found.text) + 1]
    return [found.text[start : stop - 1] for start, stop in zip(found.beginnings, stops, strict=True)]


ENGLISH_PASSAGE = [
    (0.0, 4.0, "So much for the history"),
    (4.0, 8.0, "of the field. Now the mask"),
    (8.0, 12.0, 'hides "the future." “Why?”'),
    (12.0, 16.0, "Because it would be cheating."),
]
CHINESE_PASSAGE = [
    (0.0, 4.0, "先说历史。现在讲"),
    (4.0, 8.0, "掩码，它把未来藏起来。”那么"),
    (8.0, 12.0, "为什么呢？因为那是作弊。"),
]


def test_an_answer_may_begin_at_a_sentence_though_a_cue_begins_in_the_middle_of_one() -> None:
    assert begun(passage(*ENGLISH_PASSAGE)) == [
        "So much for the history of the field.",
        'Now the mask hides "the future."',
        "“Why?”",
        "Because it would be cheating.",
    ]


def test_chinese_sentences_end_without_a_space() -> None:
    found = passage(*CHINESE_PASSAGE)
    assert [found.text[offset:][:4] for offset in found.beginnings] == ["先说历史", "现在讲 ", "那么 为", "因为那是"]


def test_the_second_is_interpolated_by_characters() -> None:
    found = passage(*ENGLISH_PASSAGE)
    seconds = [found.second_at(offset) for offset in found.beginnings]
    assert seconds == pytest.approx([0.0, 4.0 + 4 * 14 / 26, 8.0 + 4 * 20 / 26, 12.0], abs=0.01)


def test_a_sentence_in_a_cue_that_stays_on_the_screen_is_not_late() -> None:
    shown = passage((0.0, 40.0, "Watch. Here it moves."), (40.0, 44.0, "It stops. Then it turns."))
    assert [shown.second_at(offset) for offset in shown.beginnings[:2]] == [0.0, pytest.approx(7 / 6, abs=0.01)]
    chinese = passage((0.0, 40.0, "请看这里。它动了。"), (40.0, 44.0, "它停了。然后转弯。"))
    assert chinese.second_at(chinese.beginnings[1]) == pytest.approx(10 / 6, abs=0.01)


def test_a_sentence_begins_before_the_cue_in_which_the_answer_was_found() -> None:
    found = passage(*ENGLISH_PASSAGE, position=7, first=2)
    assert begun(found)[0] == 'Now the mask hides "the future."'
    assert found.cue_at(found.beginnings[0]) == 1


def test_before_the_first_end_of_a_sentence_nothing_is_known_but_at_the_start_of_the_transcript() -> None:
    assert begun(passage(*ENGLISH_PASSAGE, position=7))[0] == 'Now the mask hides "the future."'
    assert begun(passage(*ENGLISH_PASSAGE, position=0))[0] == "So much for the history of the field."


def test_an_answer_begins_before_the_end_of_its_passage_and_is_quoted_beyond_it() -> None:
    found = passage(*ENGLISH_PASSAGE, stop=2)
    assert [found.text[offset:][:8] for offset in found.beginnings] == ["So much ", "Now the "]
    assert len(found.cues_from(found.beginnings[-1])) == 3
    assert begun(passage(*ENGLISH_PASSAGE[:1], (4.0, 8.0, "of the field"), position=7)) == [
        "So much for the history",
        "of the field",
    ]


def test_what_is_quoted_begins_with_the_sentence() -> None:
    found = passage(*ENGLISH_PASSAGE)
    cues = found.cues_from(found.beginnings[1])
    assert [cue.text for cue in cues] == ["Now the mask", 'hides "the future." “Why?”', "Because it would be cheating."]
    assert cues[0].start == found.second_at(found.beginnings[1]) and cues[0].end == 8.0


@pytest.mark.parametrize(
    "text",
    [
        "We ask Dr. Smith and J. Doe, e.g. Tuesday",
        "It took 3.5 seconds to load www.example.com",
        "He said wait... and then it works. maybe not",
        "它快了3.5倍, e.g. 昨天",
    ],
)
def test_these_marks_end_no_sentence(text: str) -> None:
    assert begun(passage((0.0, 9.0, f"First. {text}"))) == ["First.", text]


@pytest.mark.parametrize(
    ("words", "beginnings"),
    [
        (["so the mask", "hides it", "and now", "we train"], ["so the mask hides it", "and now we train"]),
        (["所以掩码", "把它藏起来", "那么现在", "来训练"], ["所以掩码 把它藏起来", "那么现在 来训练"]),
    ],
)
def test_without_punctuation_an_answer_begins_after_a_pause(words: Sequence[str], beginnings: list[str]) -> None:
    starts = (0.0, 5.0, 10.6, 15.0)
    cues = [(start, start + 5.0 - 0.4 * (start == 10.6), text) for start, text in zip(starts, words, strict=True)]
    assert begun(passage(*cues)) == beginnings


def test_without_punctuation_and_pauses_an_answer_begins_at_any_cue() -> None:
    cues = [(10.0 * k, 10.0 * k + 10, f"第{k}行" if k % 2 else f"line {k}") for k in range(6)]
    assert begun(passage(*cues)) == [text for _, _, text in cues]
    assert len(passage(*cues[:5], (50.0, 60.0, "is it? So"), position=1).beginnings) == 6, "one mark a minute is none"


def test_one_huge_cue_is_divided() -> None:
    text = " ".join(f"This is sentence number {k}." for k in range(10))
    found = passage((100.0, 140.0, text), position=3)
    assert [round(found.second_at(offset)) for offset in found.beginnings] == [100 + 4 * k for k in range(1, 10)]


def test_a_cue_without_an_end_begins_where_it_begins() -> None:
    found = passage((5.0, 5.0, "One. Two."), (9.0, 9.0, "三。四。"))
    assert [found.second_at(offset) for offset in found.beginnings] == [5.0, 5.0, 9.0, 9.0]


def test_the_cues_of_a_text_are_its_sentences_and_headings() -> None:
    cues = [(0.0, 1.0, "Masks"), (1.0, 4.0, "A mask hides e.g. Tuesday. It is a matrix"), (4.0, 5.0, "and so on.")]
    assert begun(passage(*cues, plays=False)) == [text for _, _, text in cues]


SHORT = {"en": "Here is a word.", "zh": "这里有一句话。"}
LONG = {"en": "and the mask hides the future of attention", "zh": "而掩码把注意力的未来藏起来"}


@pytest.mark.parametrize(("language", "question"), [("en", "what does the mask hide?"), ("zh", "掩码藏起了什么？")])
def test_passages_of_one_sentence_give_one_moment(tmp_path: Path, language: str, question: str) -> None:
    lines = [SHORT[language]] * 9 + [LONG[language]] * 9 + [SHORT[language]] * 9
    (tmp_path / f"talk.{language}.vtt").write_text(webvtt(*lines, seconds=8), encoding="utf-8")
    (tmp_path / "talk.ogg").write_bytes(b"")
    seekpoint.build(tmp_path, tmp_path / "library", encoder=TopicEncoder(), translate=False)
    found = seekpoint.ask(question, tmp_path / "library", encoder=TopicEncoder()).moments
    assert [moment.rank for moment in found] == list(range(1, len(found) + 1))
    starts = [moment.start for moment in found]
    assert len(starts) == len(set(starts)) > 0


TALKS = {
    "attention01": ("attention weighs the words", "the masks hide what comes later"),
    "position001": ("position tells the order",),
    "zhuyili0001": ("注意力给每个词一个权重", "掩码遮住后面的词"),
}
LONG_QUESTION = ("Why does the mask hide 后面的词 " * 200)[:4000]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("explain")
    build(folder, TALKS)
    with open_reader(folder) as opened:
        yield opened


@pytest.fixture
def example(example_library: Path) -> Iterator[Reader]:
    with open_reader(example_library) as opened:
        yield opened


def ask(question: str, library: Reader) -> Answer:
    return asking.ask(question, library, explained=True, encoder=TopicEncoder())


def why(moment: Moment) -> Explanation:
    assert moment.explanation
    return moment.explanation


def assert_adds_up(answer: Answer) -> None:
    """The parts are the score, within what rounding to four digits allows; and all can be shown."""
    for moment in answer.moments:
        parts = why(moment)
        assert 0 <= parts.meaning <= 1.0001 and 0 <= parts.words <= 1
        total = parts.share * parts.meaning + (1 - parts.share) * parts.words
        assert total == pytest.approx(moment.score, abs=1.01e-4)
        assert all(word in answer.question for word in (*parts.matched, *(word for word, _ in parts.translated)))
    json.dumps(to_json(answer), allow_nan=False)
    shown = to_text(answer, styled=False)
    assert all(printable(line) == line for line in shown.split("\n"))


@pytest.mark.parametrize("question", ["mask 掩码遮住", "what does the attention mask hide?"])
def test_the_parts_of_a_passage_that_is_there_in_two_languages_add_up(question: str, tmp_path: Path) -> None:
    with open_writer(tmp_path, CARD) as writer:
        writer.register(SOURCE, [resource("attention01", "Talks")])
        tracks = [embedded(TALKS["attention01"]), embedded(TALKS["zhuyili0001"])]
        writer.commit("attention01", tracks, Details(title="Attention"), "hand")
    with open_reader(tmp_path) as both:
        assert_adds_up(ask(question, both))


@pytest.mark.parametrize(
    ("question", "talk", "matched"),
    [
        ("What does the Mask hide?", "attention01", ("What", "Mask", "hide")),
        ("mask MASK masks?", "attention01", ("mask", "masks")),
        ("掩碼遮住甚麼？", "zhuyili0001", ("掩碼遮住",)),
        ("掩码遮住什么 masks?", "zhuyili0001", ("掩码遮住",)),
    ],
)
def test_matched_words_are_written_as_the_question_writes_them(
    library: Reader, question: str, talk: str, matched: tuple[str, ...]
) -> None:
    answer = ask(question, library)
    assert_adds_up(answer)
    assert next(why(m) for m in answer.moments if m.resource.id == talk).matched == matched


@pytest.mark.parametrize("question", ["Why mask?", "为什么要掩码？"])
def test_a_library_of_another_model_answers_words_that_are_said(library: Reader, question: str) -> None:
    answer = ask(question, library)
    assert answer.answered and answer.moments and not answer.unknown


def test_nothing_is_explained_that_was_not_asked_for(library: Reader) -> None:
    plain = asking.ask("Why mask?", library, encoder=TopicEncoder())
    explained = ask("Why mask?", library)
    assert plain.estimate is None and all(moment.explanation is None for moment in plain.moments)
    assert plain == replace(
        explained, estimate=None, moments=tuple(replace(moment, explanation=None) for moment in explained.moments)
    )


@pytest.mark.parametrize(
    "question", [LONG_QUESTION, "the what the", "🤷 mask", "🤷 掩码", "mask\x1b[31m the\u202e \x9b2Jwords"]
)
def test_odd_questions_explain_themselves(library: Reader, question: str) -> None:
    assert_adds_up(ask(question, library))


@given(st.text(max_size=40) | st.text(alphabet="maskthe 掩码遮住后面的词🤷\x1b[1m\u202e\u200d", max_size=40))
@settings(max_examples=60)
def test_any_question_explains_itself(library: Reader, question: str) -> None:
    if terms(question):
        assert_adds_up(ask(question, library))
    else:
        with pytest.raises(UsageError, match=r"the question (is empty|.+ has no words): ask"):
            ask(question, library)


@pytest.mark.parametrize("talks", [{}, {"zhuyili0001": ("注意力",)}, {"attention01": ("attention",)}])
def test_a_library_of_a_passage_or_none_explains_itself(tmp_path: Path, talks: dict[str, tuple[str, ...]]) -> None:
    build(tmp_path, talks)
    with open_reader(tmp_path) as library:
        for question in ("attention Zorblax?", "注意力 Zorblax"):
            answer = ask(question, library)
            assert (answer.answered, len(answer.moments)) == (bool(talks), len(talks))
            assert_adds_up(answer)


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "word", "said"),
    [("为什么要除以维度的平方根？", "平方根", {"square", "root"}), ("Why cache keys and values?", "cache", {"缓存"})],
)
def test_translations_are_listed_with_what_is_said(example: Reader, question: str, word: str, said: set[str]) -> None:
    answer = asking.ask(question, example, encoder=LazyEncoder(example.card).get(), explained=True)
    assert_adds_up(answer)
    assert answer.answered
    found = next(why(m) for m in answer.moments if word in dict(why(m).translated))
    assert found.stands_in and said <= set(dict(found.translated)[word])
