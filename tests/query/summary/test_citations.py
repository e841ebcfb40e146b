from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.query.answers import CitedSentence
from seekpoint.query.summary.summariser import MOST_SENTENCES, SentenceReader, without_thoughts
from tests import fuzzing


def read(text: str, moments: int = 5, size: int = 3) -> list[tuple[str, tuple[int, ...]]]:
    """The sentences of a text that comes in pieces of so many characters."""
    reader = SentenceReader(moments)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    found = [sentence for piece in pieces for sentence in reader.feed(piece)]
    return [(sentence.text, sentence.citations) for sentence in [*found, *reader.end()]]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It hides “the future.”[2] Does it [1, 3]?", [("It hides “the future.”", (2,)), ("Does it?", (1, 3))]),
        ("掩码[1]把未来藏起来。[2]这样训练更快【3】。", [("掩码把未来藏起来。", (1, 2)), ("这样训练更快。", (3,))]),
        ("为什么？［1，2］因为快！[4]", [("为什么？", (1, 2)), ("因为快！", (4,))]),
        ("It costs 3.5 ms, e.g. BERT, vs. GPT [2-4].", [("It costs 3.5 ms, e.g. BERT, vs. GPT.", (2, 3, 4))]),
        ("The last one has no mark [2]", [("The last one has no mark", (2,))]),
        ("Of several [9][2][6], [4-7] exist.", [("Of several, exist.", (2, 4, 5))]),
    ],
)  # fmt: skip
def test_sentences_come_with_their_citations(text: str, sentences: list[tuple[str, tuple[int, ...]]]) -> None:
    assert read(text) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "没有人这么说。",
        "It cites a moment that isn't there [6].",
        "Values lie in [0, 1].",
        "1. [1]",
        "详见 www.evil.example 的说明[1]。",
        "[click here](http://evil.example) [1].",
        "Write to mailto:a@evil.example [1].",
        "x" * 600 + " [1].",
        "It was cut off [1",
    ],
)
def test_what_cites_no_moment_or_is_no_plain_sentence_is_dropped(text: str) -> None:
    assert read(text) == []
    assert read(f"It hides the future [1]. {text}\nIt is fast [2].") == [
        ("It hides the future.", (1,)),
        ("It is fast.", (2,)),
    ]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<b>It</b> hides <img src=x onerror=alert(1)> the future<br/> [1].", "It hides the future."),
        ("掩码<script>把未来</script>藏起来[1]。", "掩码把未来藏起来。"),
        ("- **Masks** hide `the future` [1].", "Masks hide the future."),
        ("A mask\x07 hides\x00 it \ud800[1].", "A mask hides it."),
        ("It holds where a < b and c > d [1].", "It holds where a < b and c > d."),
    ],
)
def test_a_sentence_is_plain_text(text: str, plain: str) -> None:
    assert read(text) == [(plain, (1,))]


def test_a_sentence_comes_when_the_next_one_begins() -> None:
    reader = SentenceReader(5)
    assert [reader.feed(piece) for piece in ("It hides", " it.", " ", "[1]", "[2]", " ")] == [[]] * 6
    assert reader.feed("It") == [CitedSentence("It hides it.", (1, 2))]
    assert reader.feed(" is fast [2]。快") == [CitedSentence("It is fast。", (2,))]


def test_there_is_an_end_of_text_with_and_without_sentences() -> None:
    for text, most in (
        *((text, MOST_SENTENCES) for text in ("It hides the future [1]. ", "它把未来藏起来[1]。")),
        *((text, 0) for text in ("on and on " * 9, "Uncited. " * 9, "没完没了" * 9, "[" * 99, "<a " * 99, "\n" * 99)),
    ):
        reader, found, pieces = SentenceReader(5), 0, 0
        while not reader.is_done:
            found += len(reader.feed(text))
            pieces += 1
            assert pieces < 1000
        assert found == most
        assert reader.feed(text) == []


TEXTS = st.text(st.sampled_from("ab .!?。！[]【】1239,-<>*`\n \x1b“”掩码é…"), max_size=60)


@given(TEXTS, st.integers(1, 7))
@fuzzing.fuzz(40)
def test_pieces_of_any_length_give_the_same_cited_and_printable_sentences(text: str, size: int) -> None:
    text = f"{text} A mask [1]. {text}"
    found = read(text, moments=3, size=size)
    assert found == read(text, moments=3, size=1)
    for sentence, citations in found:
        assert sentence.isprintable()
        assert citations and set(citations) <= {1, 2, 3}


def test_what_a_model_thinks_first_is_no_text() -> None:
    for pieces, text in (
        (["<think>It may be [1]. ", "No.</th", "ink>\n\nIt ", "hides it [2]."], "\n\nIt hides it [2]."),
        (["<thi", "nk>想一想[1]。</think>它把未来藏起来[2]。"], "它把未来藏起来[2]。"),
        (["<think>without end"], ""),
        (["<b>", "It"], "<b>It"),
        ([], ""),
    ):
        assert "".join(without_thoughts(pieces)) == text
