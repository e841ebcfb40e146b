"""Titles of segments: phrases that tell them apart, as they are written most often."""

from __future__ import annotations

import pytest

from seekpoint.index.text.transcript_text import columns
from seekpoint.indexer.transcript.generated_chapters import MOST_COLUMNS, titles

REST = "And then we talk about the weather. It was nice. The weather is nice today. " * 3


def test_a_title_is_the_phrase_that_the_rest_does_not_say() -> None:
    learning = "The learning rate is small. A learning rate that is large diverges. So pick the learning rate. "
    assert titles([learning, REST]) == ["Learning rate", "Weather"]


def test_a_chinese_title_is_made_of_whole_words() -> None:
    learning = "学习率太大就会发散。我们要选择学习率。这个学习率很小。"
    weather = "然后我们谈天气。今天的天气很好。天气真的很好。"
    assert titles([learning, weather]) == ["学习率", "天气"]


def test_traditional_characters_stay_as_they_are_written() -> None:
    assert titles(["學習率太大。選擇學習率。學習率很小。", "今天的天氣很好。天氣真的很好。"]) == ["學習率", "天氣"]


def test_white_space_between_chinese_words_is_a_pause() -> None:
    weather = "然后我们谈天气 今天的天气很好 天气真的很好 "
    said = "我们要选择学习率 梯度下降 这里有学习率 梯度下降 再看学习率 梯度下降 "
    title, _ = titles([said, weather])
    assert sorted(title.split("、")) == ["学习率", "梯度下降"]
    assert titles(["迈克尔-乔丹打篮球 迈克尔-乔丹 这是迈克尔-乔丹 ", weather])[0] == "迈克尔-乔丹"


@pytest.mark.parametrize("empty", ["然後", "居然", "越來越", "一模一樣", "到目前為止", "有時候", "大多数", "什么样的"])
def test_chinese_words_that_say_little_are_in_no_title(empty: str) -> None:
    said = f"{empty}学习率{empty}，{empty}选择学习率，{empty}。学习率{empty}。" * 3
    assert titles([said, "今天的天气很好。天气真的很好。天气。"])[0] == "学习率"


def test_a_word_is_written_as_it_is_most_often() -> None:
    said = "The GPU memory is full. Our gpu memory is full. The GPU memory again. "
    assert titles([said, REST])[0] == "GPU memory"


def test_no_function_word_begins_or_ends_a_title() -> None:
    said = "The descent of the gradient. It was the descent of the gradient. About the descent of the gradient. "
    assert titles([said, REST])[0] == "Descent of the gradient"


def test_two_phrases_stand_together_where_both_tell_as_much() -> None:
    said = "The group norm and the batch size. A group norm or a batch size. Group norm, batch size. " * 2
    assert titles([said, REST])[0] in ("Group norm, batch size", "Batch size, group norm")


def test_titles_differ() -> None:
    said = "The learning rate decays. A learning rate with warmup. The warmup of the learning rate. "
    first, second, _ = titles([said, said, REST * 4])
    assert first != second


@pytest.mark.parametrize("word", ["W" * 300, "字" * 7 + " " + "W" * 300, "漢" * 300])
def test_a_title_is_no_wider_than_sixty_columns(word: str) -> None:
    first, _ = titles([f"The {word}. A {word}. This {word}. " * 2, REST])
    assert columns(first) <= MOST_COLUMNS


def test_hostile_characters_stay_out() -> None:
    said = "The \u202elearning\x1b[2J rate\u2069\x07. A \u202elearning\x1b[2J rate\u2069\x07. " * 3
    first, _ = titles([said, REST])
    assert first.isprintable()
    assert "\u202e" not in first


def test_what_has_no_words_has_no_title() -> None:
    assert titles(["...", "the of and", "的了吗", ""]) == ["", "", "", ""]
