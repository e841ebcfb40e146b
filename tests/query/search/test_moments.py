"""Where in its passage an answer begins, the quote, and why it was found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import fsum, prod
from pathlib import Path

import pytest
from hypothesis import example, given, settings
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
from seekpoint.query.output.terminal import explanation_lines, to_text
from seekpoint.query.search.moments import Passage, best_beginning, marks
from seekpoint.query.search.settings import TUNING
from tests import asking
from tests.fakes import TopicEncoder
from tests.index.libraries import CARD, SOURCE, TALKS, build, embedded, resource
from tests.indexer.builds import webvtt

ENGLISH = [
    Cue(0, 10, "So much for the history of the field."),
    Cue(10, 20, "Now the mask."),
    Cue(20, 30, "The softmax turns it into zeros."),
    Cue(30, 40, "Let us move on."),
]
CHINESE = [Cue(0, 30, "先说历史。"), Cue(30, 40, "现在讲掩码。"), Cue(40, 50, "掩码之后是归一化。")]


def words_begin(
    cues: Sequence[Cue],
    weights: Mapping[str, float],
    chapters: Sequence[Chapter] = (),
    nearness: Callable[[float], float] | None = None,
    reach: float = TUNING.reach,
) -> int:
    """The cue at whose beginning an answer with these words begins."""
    passage = Passage(cues, 0, 0, len(cues), plays=True)
    said = list(located_terms(passage.text, weights))
    return passage.cue_at(best_beginning(passage, said, weights, chapters, nearness, reach))


@pytest.mark.parametrize(
    ("cues", "weights", "chapters", "begin"),
    [
        (CHINESE, {"掩码": 2.0, "归一": 1.0, "一化": 1.0}, [], 1),
        (ENGLISH, {"histori": 0.1, "field": 0.1, "move": 5.0}, [], 3),
        (ENGLISH, {}, [], 0),
        (ENGLISH, {"zebra": 3.0}, [Chapter(10.4, "Zebras")], 1),
        (CHINESE, {"斑马": 3.0}, [Chapter(0.0, "开场"), Chapter(39.0, "斑馬與馬")], 2),
        (ENGLISH, {"mask": 2.0}, [Chapter(20.0, "Masks")], 2),
        (ENGLISH, {"mask": 2.0}, [Chapter(20.0, "Questions"), Chapter(30.0, "!")], 1),
        (ENGLISH, {"mask": 2.0, "zebra": 9.0}, [Chapter(30.6, "Zebras")], 1),
    ],
    ids=[
        *("where the words stand together", "a rare word outweighs common ones", "without words where the chunk does"),
        *("a title counts as said where its chapter begins, in whole seconds", "a Chinese title"),
        *("a chapter begins after its announcement", "one of something else doesn't"),
        "nor one that begins behind the passage",
    ],
)
def test_an_answer_begins(
    cues: Sequence[Cue], weights: dict[str, float], chapters: Sequence[Chapter], begin: int
) -> None:
    assert words_begin(cues, weights, chapters) == begin


def test_words_speak_for_a_cue_as_far_as_they_reach_and_titles_and_meaning_with_them() -> None:
    weights = {"histori": 1.0, "softmax": 1.5}
    assert [words_begin(ENGLISH, weights, reach=reach) for reach in (15.0, 30.0)] == [2, 0]
    titled = {"zebra": 1.0, "softmax": 1.0, "histori": 1.5}
    assert words_begin(ENGLISH, titled, [Chapter(20.0, "Zebras")], reach=20.0) == 2
    nearness = {0: 0.1, 10: 0.1, 20: 0.6, 30: 0.2}
    assert words_begin(ENGLISH, {}, nearness=lambda second: nearness[int(second)]) == 2
    assert words_begin(ENGLISH, {"mask": 2.0}, nearness=lambda second: nearness[int(second)]) == 1, "words weigh more"


def test_words_count_by_sentences() -> None:
    for texts, position, weights, sentence in (
        (["Welcome. Now the", "mask. It hides", "what comes."], 0, {"mask": 1.0, "hide": 0.5}, "Now the mask."),
        # Words before the first beginning speak for none.
        (["the mask hides", "it. Well. Then it", "is a matrix."], 5, {"mask": 9.0, "matrix": 1.0}, "Then it is a"),
    ):
        cues = [Cue(10.0 * number, 10.0 * number + 10, text) for number, text in enumerate(texts)]
        found = Passage(cues, position, 0, len(cues), plays=True)
        begin = best_beginning(found, list(located_terms(found.text)), weights)
        assert found.text[begin:].startswith(sentence)


def test_a_quote_holds_whole_cues_and_fills_a_line_and_marks_join_pairs_of_characters() -> None:
    def quoted(*texts: str) -> list[str]:
        found = Passage([Cue(k, k + 1, text) for k, text in enumerate(texts)], 0, 0, len(texts), plays=True)
        found.quote_from(0)
        return [cue.text for cue in found.quoted]

    assert len(quoted("long " * 200, "next")) == 1
    assert len(quoted("但我不想", "很长" * 200, "next")) == 2
    many = " ".join(quoted(*["twenty letters in it"] * 40))
    assert 0 < len(many) <= 240 and many.endswith("in it")
    text = "Masks mask; 注意力机制, and the masking"
    wanted = [term for term in located_terms(text) if term.text in {"mask", "注意", "意力"}]
    assert [text[6:][start:stop] for start, stop in marks(wanted[1:], 6)] == ["mask", "注意力", "masking"]


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


def test_an_answer_may_begin_at_a_sentence_though_a_cue_begins_in_the_middle_of_one() -> None:
    found = passage(*ENGLISH_PASSAGE)
    assert begun(found) == [
        "So much for the history of the field.",
        'Now the mask hides "the future."',
        "“Why?”",
        "Because it would be cheating.",
    ]
    assert found.starts == pytest.approx([0.0, 4.0 + 4 * 14 / 26, 8.0 + 4 * 20 / 26, 12.0], abs=0.01)
    cues = found.cues_from(found.beginnings[1])
    assert cues[0] == (found.second_at(found.beginnings[1]), 8.0, "Now the mask", *cues[0][3:])
    said = (
        (0.0, 4.0, "先说历史。现在讲"),
        (4.0, 8.0, "掩码，它把未来藏起来。”那么"),
        (8.0, 12.0, "为什么呢？因为那是作弊。"),
    )
    chinese = passage(*said)
    assert [chinese.text[place:][:4] for place in chinese.beginnings] == ["先说历史", "现在讲 ", "那么 为", "因为那是"]
    # A sentence may begin before the cue in which the answer was found, and go on behind the passage.
    found = passage(*ENGLISH_PASSAGE, position=7, first=2)
    assert (begun(found)[0], found.cue_at(found.beginnings[0])) == ('Now the mask hides "the future."', 1)
    # Before the first end of a sentence nothing is known but at the start of the transcript.
    assert begun(passage(*ENGLISH_PASSAGE, position=7))[0] == 'Now the mask hides "the future."'
    found = passage(*ENGLISH_PASSAGE, stop=2)
    assert [found.text[offset:][:8] for offset in found.beginnings] == ["So much ", "Now the "]
    assert len(found.cues_from(found.beginnings[-1])) == 3
    unmarked = passage(*ENGLISH_PASSAGE[:1], (4.0, 8.0, "of the field"), position=7)
    assert begun(unmarked) == ["So much for the history", "of the field"]


def test_the_seconds_of_sentences() -> None:
    stays = passage((0.0, 40.0, "请看这里。它动了。"), (40.0, 44.0, "它停了。然后转弯。"))
    assert stays.starts[:2] == pytest.approx([0.0, 10 / 6], abs=0.01), "a cue that stays on the screen isn't late"
    assert passage((5.0, 5.0, "One. Two."), (9.0, 9.0, "三。四。")).starts == [5.0, 5.0, 9.0, 9.0], "without an end"
    huge = passage((0.0, 40.0, " ".join(f"This is sentence number {k}." for k in range(10))))
    assert huge.starts == pytest.approx([1120 / 279 * k for k in range(10)], abs=0.01)


def test_some_marks_end_no_sentence() -> None:
    for text in (
        "We ask Dr. Smith and J. Doe, e.g. Tuesday",
        "It took 3.5 seconds to load www.example.com",
        "He said wait... and then it works. maybe not",
        "它快了3.5倍, e.g. 昨天",
    ):
        assert begun(passage((0.0, 9.0, f"First. {text}"))) == ["First.", text]


def test_without_punctuation_an_answer_begins_after_a_pause_or_without_any_at_any_cue() -> None:
    said = ((0.0, 5.0, "so the mask"), (5.0, 10.0, "把它藏起来"), (10.6, 15.2, "那么现在"), (15.0, 20.0, "we train"))
    assert begun(passage(*said)) == ["so the mask 把它藏起来", "那么现在 we train"]
    cues = [(10.0 * k, 10.0 * k + 10, f"第{k}行" if k % 2 else f"line {k}") for k in range(6)]
    assert begun(passage(*cues)) == [text for _, _, text in cues]
    assert len(passage(*cues[:5], (50.0, 60.0, "is it? So"), position=1).beginnings) == 6, "one mark a minute is none"
    text = [(0.0, 1.0, "Masks"), (1.0, 4.0, "A mask hides e.g. Tuesday. It is a matrix"), (4.0, 5.0, "and so on.")]
    assert begun(passage(*text, plays=False)) == [words for _, _, words in text], "as the cues of a text are"


def test_passages_of_one_sentence_give_one_moment(tmp_path: Path) -> None:
    lines = [*["Here is a word."] * 9, *["and the mask hides the future of attention"] * 9, *["Here is a word."] * 9]
    (tmp_path / "talk.en.vtt").write_text(webvtt(*lines, seconds=8), encoding="utf-8")
    (tmp_path / "talk.ogg").write_bytes(b"")
    seekpoint.build(tmp_path, tmp_path / "library", encoder=TopicEncoder(), translate=False)
    found = seekpoint.ask("what does the mask hide?", tmp_path / "library", encoder=TopicEncoder()).moments
    assert [moment.rank for moment in found] == list(range(1, len(found) + 1))
    starts = [moment.start for moment in found]
    assert len(starts) == len(set(starts)) > 0


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("explain")
    build(folder, TALKS)
    with open_reader(folder) as opened:
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
        total = parts.share * parts.meaning + (1 - parts.share) * parts.words + parts.named + parts.verbatim
        assert total == pytest.approx(moment.score, abs=2.01e-4)
        score, _, shown = next(explanation_lines(moment.score, parts)).removeprefix("score ").partition(" = ")
        summands = re.sub(r"\([^)]*\)|[a-z]", "", shown).split("+")
        assert fsum(prod(map(float, each.split("×"))) for each in summands) == pytest.approx(float(score), abs=2e-3)
        assert all(word in answer.question for word in (*parts.matched, *(word for word, _ in parts.translated)))
    json.dumps(to_json(answer), allow_nan=False)
    shown = to_text(answer, styled=False)
    assert all(printable(line) == line for line in shown.split("\n"))


def test_the_parts_of_a_passage_that_is_there_in_two_languages_add_up(tmp_path: Path) -> None:
    with open_writer(tmp_path, CARD) as writer:
        writer.register(SOURCE, [resource("attention01", "Talks")])
        tracks = [embedded(TALKS["attention01"]), embedded(TALKS["zhuyili0001"])]
        writer.commit("attention01", tracks, Details(title="Attention"), "hand")
    with open_reader(tmp_path) as both:
        for question in ("mask 掩码遮住", "what does the attention mask hide?"):
            assert_adds_up(ask(question, both))


def test_words_are_written_as_the_question_writes_them_and_explained_where_it_is_asked_for(library: Reader) -> None:
    for question, talk, matched in (
        ("What does the Mask hide?", "attention01", ("What", "Mask", "hide")),
        ("mask MASK masks?", "attention01", ("mask", "masks")),
        ("掩碼遮住什么 masks?", "zhuyili0001", ("掩碼遮住",)),
    ):
        answer = ask(question, library)
        assert_adds_up(answer)
        assert next(why(m) for m in answer.moments if m.resource.id == talk).matched == matched
    plain, explained = asking.ask("Why mask?", library, encoder=TopicEncoder()), ask("Why mask?", library)
    assert plain.estimate is None and all(moment.explanation is None for moment in plain.moments)
    assert plain == replace(
        explained, estimate=None, moments=tuple(replace(moment, explanation=None) for moment in explained.moments)
    )


@pytest.mark.parametrize("question", ["The mask hides what comes later", "掩码遮住后面的词"])
def test_what_a_passage_gains_for_saying_the_question_word_for_word_is_in_the_sum(
    library: Reader, question: str
) -> None:
    answer = ask(question, library)
    assert_adds_up(answer)
    assert [why(moment).verbatim > 0.3 for moment in answer.moments] == [True, *[False] * (len(answer.moments) - 1)]
    assert "(its words stand here in a row)" in next(explanation_lines(0.9, why(answer.moments[0])))


@example(("Why does the mask hide 后面的词 " * 200)[:4000])
@example("the what the")
@example("🤷 掩码")
@given(st.text(max_size=40) | st.text(alphabet="maskthe 掩码遮住后面的词🤷\x1b[1m\u202e\u200d", max_size=40))
@settings(max_examples=60)
def test_any_question_explains_itself(library: Reader, question: str) -> None:
    if terms(question):
        assert_adds_up(ask(question, library))
    else:
        with pytest.raises(UsageError, match=r"the question (is empty|.+ has no words): ask"):
            ask(question, library)


def test_a_library_of_a_passage_or_none_explains_itself(tmp_path: Path) -> None:
    for number, talks in enumerate(({}, {"zhuyili0001": ("注意力",)}, {"attention01": ("attention",)})):
        build(tmp_path / str(number), talks)
        with open_reader(tmp_path / str(number)) as library:
            for question in ("attention Zorblax?", "注意力 Zorblax"):
                answer = ask(question, library)
                assert (answer.answered, len(answer.moments)) == (bool(talks), len(talks))
                assert_adds_up(answer)


@pytest.mark.model
def test_translations_are_listed_with_what_is_said(example_library: Path) -> None:
    for question, word, said in (
        ("为什么要除以维度的平方根？", "平方根", {"square", "root"}),
        ("Why cache keys and values?", "cache", {"缓存"}),
    ):
        with open_reader(example_library) as reader:
            answer = asking.ask(question, reader, encoder=LazyEncoder(reader.card).get(), explained=True)
        assert_adds_up(answer)
        assert answer.answered
        found = next(why(m) for m in answer.moments if word in dict(why(m).translated))
        assert found.stands_in and said <= set(dict(found.translated)[word])


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "is_named"),
    [
        ("the part where text becomes numbers, and at the end, where numbers become text", False),
        ("训练是一次性的开销，推理是天天都要付的电费", False),
        ("In Tokens, embeddings and the temperature, what is the temperature of a language model?", True),
    ],
)
def test_the_sum_of_a_sentence_that_is_said_and_of_a_talk_that_is_named_adds_up(
    example_library: Path, question: str, is_named: bool
) -> None:
    with open_reader(example_library) as reader:
        answer = asking.ask(question, reader, encoder=LazyEncoder(reader.card).get(), explained=True)
    assert_adds_up(answer)
    first = why(answer.moments[0])
    assert (first.named if is_named else first.verbatim) > 0.05


def test_a_heading_is_not_quoted_before_what_stands_below_it_in_the_same_place() -> None:
    texts = ("喂养", "a"), ("Feeding", "b"), ("Feed it every day.", "b"), ("Rest", "b"), ("Slides", None)
    cues = [Cue(k, k + 1, text, anchor, 3 if anchor is None else None) for k, (text, anchor) in enumerate(texts)]
    found = Passage(cues, 0, 0, len(cues), plays=False)
    headings = {0, 1, 3, 4}
    below = [found.cue_at(found.behind_heading(offset, headings)) for offset in found.offsets]
    assert below == [0, 2, 2, 3, 4], "not behind one that has nothing below it there"


def test_the_quote_of_a_note_begins_below_its_heading(tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("# Mask\n\nA mask hides the future.\n\n# 掩码\n\n掩码遮住未来。\n", encoding="utf-8")
    seekpoint.build(note, tmp_path / "library", encoder=TopicEncoder(), translate=False)
    for question, quote, chapter in (
        ("mask", "A mask hides the future.", "Mask"),
        ("掩码", "掩码遮住未来。", "掩码"),
    ):
        [moment] = seekpoint.ask(question, tmp_path / "library", k=1, encoder=TopicEncoder()).moments
        assert (moment.quote, moment.chapter) == (quote, chapter)
