"""The benchmark of readings: what a reading is worth, with libraries of our own and readings made worse."""

from __future__ import annotations

from pathlib import Path

from benchmarks.read_once import WORSE, Figures, note, to_markdown, worse
from seekpoint.index.open import open_reader
from seekpoint.index.text.stretches import SECONDS
from tests.asking import library_of
from tests.fakes import TopicEncoder

VIDEOS = ("aaaaaaaaaaa", "bbbbbbbbbbb")
READING = [
    {"v": video, "t": second, "en": f"What is attention at {second}?", "zh": f"{second} 秒的注意力是什么？"}
    for video in VIDEOS
    for second in (0.0, 40.0, 320.0)
]


def test_a_reading_is_kept_by_stretch_in_the_languages_that_it_has(tmp_path: Path) -> None:
    said = ["attention again and again"] * 10
    library = library_of(tmp_path, {f"talk [{video}].en": said for video in VIDEOS}, seconds=SECONDS / 6)
    rows = [*READING, {"v": VIDEOS[0], "t": 40.0, "title": "On attention"}, {"v": "elsewhere", "t": 1.0, "en": "Lost?"}]
    assert note(library, rows, TopicEncoder()) == 2 * len(READING)
    with open_reader(library) as reader:
        reader.verify()
        noted = reader.stretches()
        assert [(each.number, len(each.questions)) for each in noted] == [(0, 4), (1, 2)] * 2
        assert reader.transcripts(VIDEOS[0])[0].noted_chapters[0].title == "On attention"


def test_readings_are_made_worse_in_each_way() -> None:
    longer = READING * 5
    half, second, off, elsewhere = (worse(longer, how) for how in WORSE)
    assert {row["v"] for row in half} == {VIDEOS[0]}
    assert second == longer[::2]
    assert all(abs(row["t"] - own["t"]) == 20 or not row["t"] for row, own in zip(off, longer, strict=True))
    assert [row["en"] for row in elsewhere] == [row["en"] for row in longer]
    assert elsewhere != longer
    assert worse(longer, "not at all") == longer


def test_a_row_for_each_set_and_reading() -> None:
    table = to_markdown({"broad": {"without": Figures(0.5, 0.75, 0.25, 0.4, 0.8, 0.05)}})
    assert table.splitlines()[-1] == "| broad | without | 0.500 | 0.750 | 0.250 | 0.400 | 0.800 | 0.050 |"
