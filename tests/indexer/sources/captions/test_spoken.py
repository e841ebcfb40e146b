"""Spoken words: rolling captions give each word once, and sound and speaker marks are dropped."""

import pytest

from seekpoint.index.types import Cue
from seekpoint.indexer.sources.captions.folders import parse_captions
from seekpoint.indexer.sources.youtube.video import YouTubeTranscripts
from tests.fake_youtube import FakeYouTube


def texts(captions: str) -> list[str]:
    return [cue.text for cue in parse_captions(captions.encode(), "a.vtt")]


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


def test_rolling_captions_give_each_line_once_at_its_time() -> None:
    cues = parse_captions(rolling((1, "hello everyone"), (3, "and welcome back"), (6, "注意力 很 重要")).encode(), "a")
    assert [(cue.start, cue.text) for cue in cues] == [
        (1.0, "hello everyone"),
        (3.0, "and welcome back"),
        (6.0, "注意力 很 重要"),
    ]


def test_real_repeats_survive_rolling() -> None:
    said = ["no no no", "let it be", "let it be", "yes", "yes", "yes", "对", "对", "so"]
    assert texts(rolling(*((3.0 * k, line) for k, line in enumerate(said)))) == said


def test_sound_marks_in_rolling_captions_are_dropped_with_their_repeats() -> None:
    assert texts(rolling((1, "[Music]"), (4, "hello everyone"), (7, "[Applause]"), (9, "thank you"))) == [
        "hello everyone",
        "thank you",
    ]


def test_rolling_captions_without_word_times_are_recognised_by_cues_of_10_ms() -> None:
    srt = """1
00:00:01,000 --> 00:00:02,990
hello everyone

2
00:00:02,990 --> 00:00:03,000
hello everyone

3
00:00:03,000 --> 00:00:05,990
hello everyone
你好

4
00:00:05,990 --> 00:00:06,000
你好

5
00:00:06,000 --> 00:00:08,990
你好
42
"""
    assert texts(srt) == ["hello everyone", "你好", "42"]


def test_captions_that_do_not_roll_keep_every_line() -> None:
    assert texts(webvtt((1, 2, "row row"), (2, 3, "row row"), (3, 4, "row row\nyour boat"))) == [
        "row row",
        "row row",
        "row row your boat",
    ]


def test_a_line_starts_at_its_first_word() -> None:
    cues = parse_captions(
        webvtt(
            (1, 5, "<00:00:02.500><c>late</c><00:00:03.000><c> start</c>"),
            (5, 9, "one<00:00:05.500> line\n<00:00:07.000>另一行<00:00:07.400> two"),
            (9, 12, "<00:00:59.000>a wrong time"),
        ).encode(),
        "a",
    )
    assert cues == (
        Cue(2.5, 5.0, "late start"),
        Cue(5.0, 7.0, "one line"),
        Cue(7.0, 9.0, "另一行 two"),
        Cue(9.0, 12.0, "a wrong time"),
    )


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("so [Music] we begin", "so we begin"),
        ("[MUSIC PLAYING] [APPLAUSE]\nthank you", "thank you"),
        ("[音乐] 大家好[掌聲]", "大家好"),
        ("今天讲到这里（掌声）谢谢", "今天讲到这里谢谢"),
        ("はい(笑) 【拍手】", "はい"),
        ("♪ la la la ♪", "la la la"),
        ("[Música] hola (risas)", "hola"),
        ("what the [ __ ] is [...inaudible...]", "what the is"),
        ("&gt;&gt; hello\n&gt;&gt;&gt; there", "hello there"),
        ("&gt;&gt; ANN LEE: hello", "hello"),
        ("&gt;&gt; Remember: it converges", "Remember: it converges"),
        ("- Why?\n- 因为它很快", "Why? 因为它很快"),
        ("[Applause] &gt;&gt; Thanks", "Thanks"),
    ],
)
def test_unspoken_text_is_removed(shown: str, said: str) -> None:
    assert texts(webvtt((1, 2, shown))) == [said]


@pytest.mark.parametrize(
    "said",
    [
        "the pair [1, 2] (see page 4)",
        "a[i] and x[music] and f(laughter)",
        "[Student] why is that?",
        "（例如 z）我们取 [平均]",
        "1 >> 2 and a - b",
        "- log of the softmax",
        "- 1 is mean missing",
        "(so this is our Y)",
        "[i]",
        "...",
        "【導論】",
        "the music (of chance)",
        "[__init__] is called",
    ],
)
def test_brackets_and_signs_with_content_are_kept(said: str) -> None:
    assert texts(webvtt((1, 2, said.replace(">", "&gt;")))) == [said]


@pytest.mark.parametrize(
    "shown", ["[Music]", " [背景噪音] ", "[Somebody knocks]", "♪♪♪", "[♪♪♪]", "- [Applause].", "（鼓掌）"]
)
def test_a_cue_of_only_a_mark_is_dropped(shown: str) -> None:
    assert texts(webvtt((1, 2, shown), (2, 3, "好"))) == ["好"]


def test_youtubes_captions_are_cleaned_too(fake: FakeYouTube) -> None:
    lines = [(0.0, 2.0, "[Music]"), (2.0, 2.0, ">> so [1, 2]\n- 好（掌声）"), (4.0, 2.0, "♪ [音樂] la")]
    fake.add_video("aircAruvnKk", "Talk", {"en": lines})
    (transcript,) = YouTubeTranscripts(fake.session()).fetch("aircAruvnKk").transcripts
    assert [(cue.start, cue.text) for cue in transcript.cues] == [(2.0, "so [1, 2] 好"), (4.0, "la")]
