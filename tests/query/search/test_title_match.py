"""Which resources a question names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seekpoint.index.sql.names import lookup_term, title_names
from seekpoint.index.text.terms import terms
from seekpoint.query.search.question import TitleMatch, match_titles, possible_titles

TITLES = {
    "article": ["The Illustrated Transformer – Jay Alammar – Visualizing machines", "The Illustrated Transformer"],
    "paper": ["Attention Is All You Need"],
    "talk": ["【生成式AI】第七講：DeepSeek-R1 的思考"],
    "short": ["Attention"],
}
COMMON = {"the", "is", "a"}


def weigh(words: Sequence[str]) -> dict[str, float]:
    return {word: 0.1 if word in COMMON else 5.0 for word in words}


def naming(question_terms: Sequence[str], titles: Mapping[str, Sequence[str]]) -> TitleMatch:
    pairs = [
        (resource_id, name) for resource_id, same in titles.items() for title in same for name in title_names(title)
    ]
    candidates = [(resource_id, name) for resource_id, name in pairs if lookup_term(name) in question_terms]
    possible = possible_titles(question_terms, candidates)
    return match_titles(question_terms, possible, weigh([term for _, title in possible for term in title]))


def named(question: str) -> set[str]:
    return set(naming(terms(question), TITLES).resources)


def test_a_title_or_what_stands_between_its_marks_names_a_resource() -> None:
    assert named("Which GPUs trained the models of Attention Is All You Need?") == {"paper"}
    assert named("in the illustrated transformer, what are the query vectors?") == {"article"}
    assert named("what does Jay Alammar say about masks?") == {"article"}
    assert named("《Attention is all you need》用了多少个头？") == {"paper"}
    assert named("deepseek R1 的思考有多长？") == {"talk"}


def test_the_article_before_a_title_need_not_be_said() -> None:
    assert named("Illustrated Transformer 里的残差连接在哪里？") == {"article"}


def test_both_scripts_of_chinese_name_it() -> None:
    titles = {"talk": ["類神經網路訓練不起來怎麼辦"]}
    assert naming(terms("类神经网络训练不起来怎么办"), titles).resources == frozenset()  # other words
    assert naming(terms("看類神經網路訓練不起來怎麼辦"), titles).resources == {"talk"}
    assert naming(terms("看类神经网路训练不起来怎么办"), titles).resources == {"talk"}


def test_single_words_and_scattered_words_name_nothing() -> None:
    assert named("how does attention work?") == set()
    assert named("is attention all that you need?") == set()
    assert named("what is the transformer, illustrated?") == set()


def test_the_rest_of_the_question_is_without_the_names() -> None:
    found = naming(terms("Attention Is All You Need: how many heads does attention have?"), TITLES)
    assert found.rest == terms("how many heads does attention have?")
    assert naming(terms("attention is all you need"), TITLES).rest == []
    assert naming([], TITLES).resources == frozenset()


def test_hostile_titles_do_no_harm() -> None:
    hostile = {"x": ["", "\0\0", '")(((', "| | :", "a" * 100_000, "\u202e【】「」"]}
    assert naming(terms("what is a mask?"), hostile).resources == frozenset()


def test_of_names_that_share_a_word_the_longer_counts_and_then_the_first() -> None:
    for middle in ("head", "loss", "step", "node", "掩码", "层归"):
        titles: Mapping[str, Sequence[str]] = {"one": [f"mask {middle}"], "other": [f"{middle} gate"]}
        found = naming(["mask", *terms(middle), "gate"], titles)
        assert (set(found.resources), found.rest) == ({"one", "other"}, ["gate"])
    titles = {"long": ["mask and gate heads"], "short": ["our mask"]}
    assert naming(terms("our mask and gate heads"), titles).rest == ["our"]
