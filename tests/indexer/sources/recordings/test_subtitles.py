"""Subtitles inside recordings: their times, texts and languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import Origin, State
from seekpoint.indexer.sources.recordings.subtitles import has_subtitles, read_subtitles
from tests.indexer.sources.recordings.films import film

pytest.importorskip("av", reason='subtitles need one more package: pip install "seekpoint[transcribe]"')

ENGLISH = ((1.0, 2.5, "Now the <i>mask</i> hides\nthe future from the model."), (3.0, 4.0, "And a < b & c follows."))
CHINESE = ((1.0, 2.5, "现在掩码遮住未来。"), (3.0, 4.0, "模型看不到答案。"), (5.0, 6.0, "谢谢大家。"))


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_each_stream_of_text_is_a_transcript_in_its_language(suffix: str, tmp_path: Path) -> None:
    codes = ("eng", "chi" if suffix == ".mkv" else "zho")
    path = film(tmp_path / f"讲座{suffix}", *zip(codes, (ENGLISH, CHINESE), strict=True))
    english, chinese = read_subtitles(path)
    assert (english.language, chinese.language, english.origin) == ("en", "zh", Origin.LOCAL)
    plain = "<i>mask</i>" if suffix == ".mp4" else "mask"
    assert [(cue.start, cue.end, cue.text) for cue in english.cues] == [
        (1.0, 2.5, f"Now the {plain} hides the future from the model."),
        (3.0, 4.0, "And a < b & c follows."),
    ]
    assert [cue.text for cue in chinese.cues] == [text for *_, text in CHINESE]
    assert read_subtitles(path, ("zh-TW",)) == (chinese,)
    with pytest.raises(Unfetched, match=r"no captions in de \(there is: en, zh\)"):
        read_subtitles(path, ("de",))


def test_of_two_streams_in_one_language_that_with_more_lines_is_read_and_an_unknown_one_is_recognised(
    tmp_path: Path,
) -> None:
    path = film(tmp_path / "a.mkv", ("und", CHINESE[:1]), ("ger", ENGLISH), ("und", CHINESE))
    assert [(each.language, len(each.cues)) for each in read_subtitles(path)] == [("zh", 3), ("en", 2)]


def test_times_are_those_that_a_player_shows(tmp_path: Path) -> None:
    (english,) = read_subtitles(film(tmp_path / "a.mkv", ("eng", ENGLISH), start=10))
    assert [cue.start for cue in english.cues] == [1.0, 3.0]


def test_what_has_no_subtitles_or_is_no_film_has_none(tmp_path: Path) -> None:
    none, empty = film(tmp_path / "none.mkv"), film(tmp_path / "empty.mkv", ("eng", ()))
    text = tmp_path / "text.mp4"
    text.write_text("this is no film", "utf-8")
    images = film(tmp_path / "images.mkv", ("eng", None))
    paths = (none, empty, text, images, tmp_path / "gone.mkv")
    assert [has_subtitles(path) for path in paths] == [False, True, False, False, False]
    with pytest.raises(Unfetched, match=r"no captions beside it: put empty\.LANGUAGE\.vtt") as refused:
        read_subtitles(empty)
    assert refused.value.state is State.NO_TRANSCRIPT
    cut = film(tmp_path / "cut.mkv", ("eng", ENGLISH))
    cut.write_bytes(cut.read_bytes()[:-40])
    assert [cue.start for cue in read_subtitles(cut)[0].cues][:1] == [1.0], "what is there is read"
