from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from seekpoint.index.text.terms import located_terms
from seekpoint.index.types import Chapter, Cue
from seekpoint.query.search.moments import Passage, best_beginning, marks, salient
from seekpoint.query.search.settings import TUNING

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
