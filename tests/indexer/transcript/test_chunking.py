"""Chunking of realistic transcripts."""

import gzip
import json
from itertools import islice, pairwise

import pytest

from seekpoint.index.types import Chunk, Cue
from seekpoint.indexer.transcript.chunking import OVERLAP, SECONDS, chunk
from seekpoint.indexer.transcript.cues import MOST_TOKENS, tidy, tokens
from tests.cost import at_most
from tests.shared import SHARED, needs_shared

ENGLISH = "so the query is compared with every key"
CHINESE = "所以每一个查询都要和所有的键比较"


def spoken(count: int, seconds: float = 3.0, text: str = ENGLISH, pause: float = 0.0) -> tuple[Cue, ...]:
    """Consecutive cues of equal length."""
    step = seconds + pause
    return tidy(Cue(k * step, k * step + seconds, f"{text} {k}") for k in range(count))


def check(cues: tuple[Cue, ...]) -> list[Chunk]:
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
    chunks = check(spoken(200, text=text))
    assert all(c.end - c.start == 45 for c in chunks[:-1])
    assert all(before.end - after.start == 15 for before, after in pairwise(chunks))
    cues = spoken(6 * 3600 // 3, text=text)
    with at_most(seconds=5):
        chunks = chunk(cues)
    assert len(chunks) == pytest.approx(6 * 3600 / (SECONDS - OVERLAP), abs=2)


def test_nothing_a_single_cue_and_cues_of_half_a_minute() -> None:
    assert chunk(()) == []
    assert check(spoken(1, text=CHINESE)) == [Chunk(0, 1, 0.0, 3.0, f"{CHINESE} 0")]
    assert chunk([Cue(0.0, 600.0, "字" * 5000)]) == [Chunk(0, 1, 0.0, 600.0, "字" * 5000)]
    assert [(c.first, c.stop) for c in check(spoken(20, seconds=30.0))] == [(k, k + 1) for k in range(20)]


def test_overlapping_cues_and_those_that_start_together() -> None:
    chunks = check(tidy(Cue(2.0 * k, 2.0 * k + 5.0, f"{ENGLISH} {k}") for k in range(300)))
    assert len(chunks) == pytest.approx(600 / (SECONDS - OVERLAP), abs=2)
    starts = [4.0 * (k // 2) for k in range(100)]
    check(tidy(Cue(start, start + 4 - k % 2, f"{(ENGLISH, CHINESE)[k % 2]} {k}") for k, start in enumerate(starts)))


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_without_times_chunks_are_limited_by_tokens(text: str) -> None:
    cues = tidy(Cue(0.0, 0.0, f"{text} {k}") for k in range(1000))
    chunks = check(cues)
    whole = sum(tokens(f"{cue.text} ") for cue in cues)
    assert len(chunks) == pytest.approx(whole / MOST_TOKENS / (1 - OVERLAP / SECONDS), rel=0.1)


def test_a_pause_of_minutes_ends_a_chunk() -> None:
    halves = (*spoken(30), *(Cue(cue.start + 600, cue.end + 600, f"再 {cue.text}") for cue in spoken(30)))
    chunks = check(halves)
    assert not any(c.start < 90 < c.end for c in chunks)
    assert len(check(spoken(20, pause=300.0))) == 20


@needs_shared
@pytest.mark.parametrize("name", ("hungyi", "fastai"))
def test_real_lectures_lose_no_cue(name: str) -> None:
    with gzip.open(SHARED / "transcripts" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in islice(lines, 4):
            cues = tidy(Cue(*segment) for segment in json.loads(line)["segments"])
            assert len(check(cues)) < 1.5 * cues[-1].end / (SECONDS - OVERLAP)
