"""Cues: the spoken words, cleaned, ordered and split; and the chunks that they make up."""

from __future__ import annotations

import gzip
import json
from itertools import islice, pairwise
from math import inf, nan

import pytest

from seekpoint.index.types import Chunk, Cue
from seekpoint.indexer.sources.captions import parse_captions
from seekpoint.indexer.sources.youtube.youtube import YouTubeTranscripts
from seekpoint.indexer.transcript.cues import LONGEST, MOST_TOKENS, OVERLAP, SECONDS, chunk, tidy, tokens
from tests.cost import at_most
from tests.fake_youtube import FakeYouTube
from tests.shared import SHARED, needs_shared


def texts(cues: tuple[Cue, ...]) -> list[str]:
    return [cue.text for cue in cues]


@pytest.mark.parametrize(
    ("cues", "tidied"),
    (
        (
            [Cue(0, 1, " a\n b\x1b\u202e "), Cue(1, 2, " \n"), Cue(2, 3, "注意力\u200b")],
            [Cue(0, 1, "a b"), Cue(2, 3, "注意力")],
        ),
        ([Cue(5, 6, "c"), Cue(1, 2, "b"), Cue(1, 2, "a")], [Cue(1, 2, "b"), Cue(1, 2, "a"), Cue(5, 6, "c")]),
        ([Cue(nan, 1, "no place"), Cue(inf, inf, "no place"), Cue(1e8, 2e8, "迟"), Cue(-1e8, 1, "early")], []),
        ([Cue(1, 1e8, "a"), Cue(9_999_999, inf, "b")], [Cue(1, 1, "a"), Cue(9_999_999, 9_999_999, "b")]),
        ([Cue(-3, -1, "a"), Cue(2, 1, "b"), Cue(3, nan, "c")], [Cue(0, 0, "a"), Cue(2, 2, "b"), Cue(3, 3, "c")]),
        (
            [Cue(0, 9, "a"), Cue(0, 3, "b"), Cue(5, 9, "c"), Cue(7, 8, "d")],
            [Cue(0, 5, "a"), Cue(0, 3, "b"), Cue(5, 7, "c"), Cue(7, 8, "d")],
        ),
        (2 * [Cue(0, 40, "One sentence. 一句話。")], 2 * [Cue(0, 40, "One sentence. 一句話。")]),
        ([Cue(0, 600, "[Music]")], [Cue(0, 600, "[Music]")]),
    ),
)
def test_cues_are_clean_and_in_order(cues: list[Cue], tidied: list[Cue]) -> None:
    assert tidy(cues) == tuple(tidied)


@pytest.mark.parametrize(
    "sentence", ("We now look at attention, at last. ", "现在我们来看看注意力机制。", "आइए अब ध्यान तंत्र देखें। ")
)
def test_an_hour_in_one_cue_becomes_pieces_of_whole_sentences(sentence: str) -> None:
    text = (sentence * (60_000 // len(sentence))).strip()
    cues = tidy([Cue(0, 3600, text)])
    assert all(cue.end - cue.start <= LONGEST + 0.001 for cue in cues)
    assert all(cue.text.endswith(sentence.strip()) for cue in cues)
    assert "".join(texts(cues)).replace(" ", "") == text.replace(" ", "")
    assert all(a.end == pytest.approx(b.start) for a, b in pairwise(cues))
    assert cues[-1].end == 3600


@pytest.mark.parametrize(
    ("text", "longest"), (("word " * 12_000, 1600), ("字" * 60_000, 400), ("ไ" * 60_000, 400), ("x" * 60_000, 1600))
)
def test_sixty_thousand_characters_without_a_duration_are_split_by_tokens(text: str, longest: int) -> None:
    cues = tidy([Cue(7, 7, text)])
    assert max(len(cue.text) for cue in cues) <= longest
    assert "".join(texts(cues)).replace(" ", "") == text.replace(" ", "")
    assert {(cue.start, cue.end) for cue in cues} == {(7, 7)}


def test_splits_prefer_spaces_and_commas_to_the_middle_of_a_word() -> None:
    assert {word for cue in tidy([Cue(0, 600, "gradient " * 900)]) for word in cue.text.split()} == {"gradient"}
    assert all(cue.text.endswith("，") for cue in tidy([Cue(0, 600, "我们先看梯度，" * 300)]))
    quoted = texts(tidy([Cue(0, 300, "He said “pi is 3.14.” " * 120)]))
    assert len(quoted) > 6 and all(piece.startswith("He") and piece.endswith("”") for piece in quoted)
    accented = texts(tidy([Cue(0, 0, "xe\u0301e\u0301" * 9000)]))
    assert not any(piece.startswith("\u0301") for piece in accented)


@pytest.mark.parametrize("text", ["。" * 200_000, "\u0301" * 200_000, "a," * 100_000, "字" * 200_000])
def test_a_huge_cue_takes_linear_time(text: str) -> None:
    with at_most(seconds=4):
        assert len(tidy([Cue(0, 200_000, text)])) > 100


def spoken(captions: str) -> tuple[Cue, ...]:
    return parse_captions(captions.encode(), "a.vtt").cues


def webvtt(*cues: tuple[float, float, str]) -> str:
    return "WEBVTT\n\n" + "".join(
        f"00:{start:06.3f} --> 00:{end:06.3f} align:start position:0%\n{text}\n\n" for start, end, text in cues
    )


def rolling(*lines: tuple[float, str]) -> str:
    """Lines as YouTube generates them: with the finished line above, and again alone for 10 ms."""
    cues, above = [], " "
    for (start, line), (end, _) in zip(lines, [*lines[1:], (lines[-1][0] + 3, "")], strict=True):
        words = line.split(" ")
        timed = words[0] + "".join(
            f"<00:00:{start + k / 10:06.3f}><c> {word}</c>" for k, word in enumerate(words[1:], 1)
        )
        cues += [(start, end - 0.01, f"{above}\n{timed}"), (end - 0.01, end, f"{line}\n ")]
        above = line
    return webvtt(*cues)


REPEATS = ["no no no", "let it be", "let it be", "yes", "yes", "yes", "对", "对", "so"]
FLASHING = ((1, 2.99, "hi all"), (2.99, 3, "hi all"), (3, 5.99, "hi all\n你好"), (5.99, 6, "你好"), (6, 9, "你好\n42"))


@pytest.mark.parametrize(
    ("captions", "said"),
    (
        (rolling(*((3.0 * k, line) for k, line in enumerate(REPEATS))), REPEATS),
        (rolling((1, "[Music]"), (4, "hello all"), (7, "[Applause]"), (9, "thanks")), ["hello all", "thanks"]),
        (webvtt(*FLASHING), ["hi all", "你好", "42"]),
        (webvtt((1, 2, "row"), (2, 3, "row"), (3, 4, "row\nyour boat")), ["row", "row", "row your boat"]),
    ),
)
def test_each_line_of_rolling_captions_comes_once(captions: str, said: list[str]) -> None:
    assert texts(spoken(captions)) == said


def test_a_line_starts_at_its_first_word() -> None:
    lines = ((1, "hello everyone"), (3, "and welcome back"), (6, "注意力 很 重要"))
    assert tuple((cue.start, cue.text) for cue in spoken(rolling(*lines))) == lines
    captions = webvtt(
        (1, 5, "<00:00:02.500><c>late</c><00:00:03.000><c> start</c>"),
        (5, 9, "one<00:00:05.500> line\n<00:00:07.000>另一行<00:00:07.400> two"),
        (9, 12, "<00:00:59.000>a wrong time"),
    )
    said = (Cue(2.5, 5.0, "late start"), Cue(5.0, 7.0, "one line"), Cue(7.0, 9.0, "另一行 two"))
    assert spoken(captions) == (*said, Cue(9.0, 12.0, "a wrong time"))


@pytest.mark.parametrize(
    ("shown", "said"),
    (
        ("[MUSIC PLAYING] [APPLAUSE]\nthank you", "thank you"),
        ("[音乐] 大家好[掌聲]", "大家好"),
        ("今天讲到这里（掌声）谢谢", "今天讲到这里谢谢"),
        ("はい(笑) 【拍手】", "はい"),
        ("♪ la la la ♪", "la la la"),
        ("[Música] hola (risas)", "hola"),
        ("what the [ __ ] is [...inaudible...]", "what the is"),
        (">> hello\n>>> there", "hello there"),
        (">> ANN LEE: hello", "hello"),
        (">> Remember: it converges", "Remember: it converges"),
        ("- Why?\n- 因为它很快", "Why? 因为它很快"),
        ("[Applause] >> Thanks", "Thanks"),
    ),
)
def test_unspoken_text_is_removed(shown: str, said: str) -> None:
    assert texts(spoken(webvtt((1, 2, shown.replace(">", "&gt;"))))) == [said]


@pytest.mark.parametrize(
    "said",
    (
        "the pair [1, 2] (see page 4)",
        "a[i] and x[music] and f(laughter)",
        "[Student] why is that?",
        "（例如 z）我们取 [平均]",
        "1 >> 2 and a - b",
        "- log of the softmax",
        "(so this is our Y)",
        "...",
        "【導論】",
        "the music (of chance)",
        "[__init__] is called",
    ),
)
def test_brackets_and_signs_with_content_are_kept(said: str) -> None:
    assert texts(spoken(webvtt((1, 2, said.replace(">", "&gt;"))))) == [said]


@pytest.mark.parametrize(
    "shown", ("[Music]", " [背景噪音] ", "[Somebody knocks]", "♪♪♪", "[♪♪♪]", "- [Applause].", "（鼓掌）")
)
def test_a_cue_of_only_a_mark_is_dropped(shown: str) -> None:
    assert texts(spoken(webvtt((1, 2, shown), (2, 3, "好")))) == ["好"]


def test_youtubes_captions_are_cleaned_too(fake: FakeYouTube) -> None:
    lines = [(0.0, 2.0, "[Music]"), (2.0, 2.0, ">> so [1, 2]\n- 好（掌声）"), (4.0, 2.0, "♪ [音樂] la")]
    fake.add_video("aircAruvnKk", "Talk", {"en": lines})
    (transcript,) = YouTubeTranscripts(fake.web()).fetch("aircAruvnKk").transcripts
    assert [(cue.start, cue.text) for cue in transcript.cues] == [(2.0, "so [1, 2] 好"), (4.0, "la")]


ENGLISH = "so the query is compared with every key"
CHINESE = "所以每一个查询都要和所有的键比较"


def consecutive(count: int, seconds: float = 3.0, text: str = ENGLISH, pause: float = 0.0) -> tuple[Cue, ...]:
    """Consecutive cues of equal length."""
    step = seconds + pause
    return tidy(Cue(k * step, k * step + seconds, f"{text} {k}") for k in range(count))


def checked(cues: tuple[Cue, ...]) -> list[Chunk]:
    """Split cues into chunks, and check the invariants."""
    chunks = chunk(cues)
    assert {k for c in chunks for k in range(c.first, c.stop)} == set(range(len(cues))), "a cue is lost"
    for c in chunks:
        inside = cues[c.first : c.stop]
        assert c.text == " ".join(cue.text for cue in inside)
        assert (c.start, c.end) == (inside[0].start, max(cue.end for cue in inside))
        if len(inside) > 1:
            assert c.end - c.start <= SECONDS and tokens(c.text) <= MOST_TOKENS
    for before, after in pairwise(chunks):
        assert before.first < after.first <= before.stop < after.stop, "a chunk adds nothing"
        shared = cues[after.first : before.stop]
        assert not shared or shared[-1].end - shared[0].start <= OVERLAP
    return chunks


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_a_chunk_lasts_about_45_seconds_and_shares_15_with_the_next(text: str) -> None:
    chunks = checked(consecutive(200, text=text))
    assert all(c.end - c.start == 45 for c in chunks[:-1])
    assert all(before.end - after.start == 15 for before, after in pairwise(chunks))
    cues = consecutive(6 * 3600 // 3, text=text)
    with at_most(seconds=5):
        chunks = chunk(cues)
    assert len(chunks) == pytest.approx(6 * 3600 / (SECONDS - OVERLAP), abs=2)


def test_nothing_a_single_cue_and_cues_of_half_a_minute() -> None:
    assert chunk(()) == []
    assert checked(consecutive(1, text=CHINESE)) == [Chunk(0, 1, 0.0, 3.0, f"{CHINESE} 0")]
    assert chunk([Cue(0.0, 600.0, "字" * 5000)]) == [Chunk(0, 1, 0.0, 600.0, "字" * 5000)]
    assert [(c.first, c.stop) for c in checked(consecutive(20, seconds=30.0))] == [(k, k + 1) for k in range(20)]


def test_overlapping_cues_and_those_that_start_together() -> None:
    chunks = checked(tidy(Cue(2.0 * k, 2.0 * k + 5.0, f"{ENGLISH} {k}") for k in range(300)))
    assert len(chunks) == pytest.approx(600 / (SECONDS - OVERLAP), abs=2)
    starts = [4.0 * (k // 2) for k in range(100)]
    checked(tidy(Cue(start, start + 4 - k % 2, f"{(ENGLISH, CHINESE)[k % 2]} {k}") for k, start in enumerate(starts)))


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_without_times_chunks_are_limited_by_tokens(text: str) -> None:
    cues = tidy(Cue(0.0, 0.0, f"{text} {k}") for k in range(1000))
    chunks = checked(cues)
    whole = sum(tokens(f"{cue.text} ") for cue in cues)
    assert len(chunks) == pytest.approx(whole / MOST_TOKENS / (1 - OVERLAP / SECONDS), rel=0.1)


def test_a_pause_of_minutes_ends_a_chunk() -> None:
    halves = (*consecutive(30), *(Cue(cue.start + 600, cue.end + 600, f"再 {cue.text}") for cue in consecutive(30)))
    chunks = checked(halves)
    assert not any(c.start < 90 < c.end for c in chunks)
    assert len(checked(consecutive(20, pause=300.0))) == 20


@needs_shared
@pytest.mark.parametrize("name", ("hungyi", "fastai"))
def test_real_lectures_lose_no_cue(name: str) -> None:
    with gzip.open(SHARED / "transcripts" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in islice(lines, 4):
            cues = tidy(Cue(*segment) for segment in json.loads(line)["segments"])
            assert len(checked(cues)) < 1.5 * cues[-1].end / (SECONDS - OVERLAP)
