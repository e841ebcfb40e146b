from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.query.reading.citations import MOST_SENTENCES, MarkedSentence, SentenceReader, without_thoughts
from tests import fuzzing

LABELS = {f"{number}{letter}" for number in range(1, 6) for letter in ("", "a", "b", "aa")}


def read(text: str, labels: set[str] = LABELS, size: int = 3) -> list[tuple[str, tuple[str, ...]]]:
    """The sentences of a text that comes in pieces of so many characters."""
    reader = SentenceReader(labels)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    found = [sentence for piece in pieces for sentence in reader.feed(piece)]
    return [(sentence.text, sentence.labels) for sentence in [*found, *reader.end()]]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It hides “that.”[2b] Does it [1a, 3b]?", [("It hides “that.”", ("2b",)), ("Does it?", ("1a", "3b"))]),
        ("掩码[1a]藏起来。[2b]这样更快【3a】。", [("掩码藏起来。", ("1a", "2b")), ("这样更快。", ("3a",))]),
        ("为什么？［1a，2b］因为快！[4]", [("为什么？", ("1a", "2b")), ("因为快！", ("4",))]),
        ("It costs 3.5 ms, e.g. BERT, vs. GPT [2b-4a].", [("It costs 3.5 ms, e.g. BERT, vs. GPT.", ("2b", "4a"))]),
        ("The last one has no mark [2a]", [("The last one has no mark", ("2a",))]),
        ("Of several [9a][2b][6], [4a and 5b] exist.", [("Of several, exist.", ("2b", "4a", "5b"))]),
        ("[2b] It hides that. So [1a] it helps.", [("It hides that.", ("2b",)), ("So it helps.", ("1a",))]),
        ("【2b】掩码藏起来。因为快。[1a, 3b]这样更快", [("掩码藏起来。", ("2b",)), ("这样更快", ("1a", "3b"))]),
        ("- [2b] It hides that.\n- [1a] It helps.", [("It hides that.", ("2b",)), ("It helps.", ("1a",))]),
        ("> [2b] It hides that. [1a] It helps.", [("It hides that.", ("2b",)), ("It helps.", ("1a",))]),
        ("[1a][1b] Both say it. [2a] Then more.", [("Both say it.", ("1a", "1b")), ("Then more.", ("2a",))]),
        ("[2b] hides that [2b]. It helps [1a].", [("hides that.", ("2b",)), ("It helps.", ("1a",))]),
        ("[2b]说它藏起来[2b]。更快。[1a]", [("说它藏起来。", ("2b",)), ("更快。", ("1a",))]),
    ],
)  # fmt: skip
def test_sentences_come_with_their_marks(text: str, sentences: list[tuple[str, tuple[str, ...]]]) -> None:
    assert read(text) == sentences


@pytest.mark.parametrize(
    "mark",
    [
        "[3b]",
        "[3 b]",
        "[3B]",
        "[ 3b ]",
        "(3b)",
        "（3b）",
        "【3b】",
        "［3b］",
        "3b",
        "(3 b)",
        "[^3b]",
        "[3b][3b]",
        "**[3b]**",
    ],
)
def test_a_mark_survives_bad_copying(mark: str) -> None:
    assert read(f"A 3D model of 3b layers (3) hides it {mark}. Next [1a].")[0] == (
        "A 3D model of 3b layers (3) hides it.",
        ("3b",),
    )
    assert read(f"掩码把未来藏起来{mark}。") == [("掩码把未来藏起来。", ("3b",))]


@pytest.mark.parametrize(
    "text",
    [
        "没有人这么说。",
        "It cites a passage that isn't there [6a].",
        "It has 3b as a word in it.",
        "It was said in 3 (3).",
        "Values lie in [0, 1] or so [0].",
        "1. [1a]",
        "详见 www.evil.example 的说明[1a]。",
        "[click here](http://evil.example) [1a].",
        "Write to mailto:a@evil.example [1a].",
        "x" * 600 + " [1a].",
        "It was cut off [1",
    ],
)
def test_what_has_no_mark_or_is_no_plain_sentence_is_dropped(text: str) -> None:
    text = text.replace("[0, 1]", "[0, 8]")
    assert read(text) == []
    assert read(f"It hides the future [1a]. {text}\nIt is fast [2b].") == [
        ("It hides the future.", ("1a",)),
        ("It is fast.", ("2b",)),
    ]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<b>It</b> hides <img src=x onerror=alert(1)> the future<br/> [1a].", "It hides the future."),
        ("掩码<script>把未来</script>藏起来[1a]。", "掩码把未来藏起来。"),
        ("- **Masks** hide `the future` [1a].", "Masks hide the future."),
        ("A mask\x07 hides\x00 it \ud800[1a].", "A mask hides it."),
        ("It holds where a < b and c > d [1a].", "It holds where a < b and c > d."),
    ],
)
def test_a_sentence_is_plain_text(text: str, plain: str) -> None:
    assert read(text) == [(plain, ("1a",))]


def test_a_sentence_comes_when_the_next_one_begins() -> None:
    reader = SentenceReader(LABELS)
    assert [reader.feed(piece) for piece in ("It hides", " it.", " ", "[1a]", "[2b]", " ")] == [[]] * 6
    assert reader.feed("It") == [MarkedSentence("It hides it.", ("1a", "2b"))]
    assert reader.feed(" is fast [2b]。快") == [MarkedSentence("It is fast。", ("2b",))]


def test_there_is_an_end_of_text_with_and_without_sentences() -> None:
    for text, most in (
        *((text, MOST_SENTENCES) for text in ("It hides the future [1a]. ", "它把未来藏起来[1a]。")),
        *((text, 0) for text in ("on and on " * 9, "Uncited. " * 9, "没完没了" * 9, "[" * 99, "<a " * 99, "\n" * 99)),
    ):
        reader, found, pieces = SentenceReader(LABELS), 0, 0
        while not reader.is_done:
            found += len(reader.feed(text))
            pieces += 1
            assert pieces < 1000
        assert found == most
        assert reader.feed(text) == []


TEXTS = st.text(st.sampled_from("ab .!?。！[]【】(1239,-<>*`\n \x1b“”掩码é…"), max_size=60)


@given(TEXTS, st.integers(1, 7))
@fuzzing.fuzz(40)
def test_pieces_of_any_length_give_the_same_cited_and_printable_sentences(text: str, size: int) -> None:
    text = f"{text} A mask [1a]. {text}"
    found = read(text, size=size)
    assert found == read(text, size=1)
    for sentence, labels in found:
        assert sentence.isprintable()
        assert labels and LABELS.issuperset(labels)


def test_what_a_model_thinks_first_is_no_text() -> None:
    for pieces, text in (
        (["<think>It may be [1a]. ", "No.</th", "ink>\n\nIt ", "hides it [2b]."], "\n\nIt hides it [2b]."),
        (["<thi", "nk>想一想[1a]。</think>它把未来藏起来[2]。"], "它把未来藏起来[2]。"),
        (["<think>without end"], ""),
        (["<b>", "It"], "<b>It"),
        ([], ""),
    ):
        assert "".join(without_thoughts(pieces)) == text
