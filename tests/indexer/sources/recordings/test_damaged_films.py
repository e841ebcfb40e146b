"""Films that are damaged or forged: an error of our own, or ordered cues and chapters with finite times."""

from __future__ import annotations

import random
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from math import isfinite
from pathlib import Path

import pytest

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import Cue
from seekpoint.indexer.sources.recordings.chapters import chapters_in
from seekpoint.indexer.sources.recordings.media import RATE, opened
from seekpoint.indexer.sources.recordings.subtitles import has_subtitles, read_subtitles
from tests.indexer.sources.parsed import damaged
from tests.indexer.sources.recordings.films import film, sound
from tests.indexer.sources.recordings.test_subtitles import CHINESE, ENGLISH

pytest.importorskip("av", reason='subtitles need one more package: pip install "seekpoint[transcribe]"')

# Numbers that parsers of sizes, counts and times stumble over.
_LARGE = (b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\x80" + b"\0" * 7, b"\x01" + b"\xff" * 7, b"\0" * 8, b"\0\x10\0\0")
# Boxes of MP4 that hold counts, sizes and times; elements of Matroska: tracks, clusters, blocks, durations, chapters.
_BOXES = rb"stsz|stts|stsc|stco|mdhd|mvhd|tkhd|elst|tx3g|moov|trak|mdat|stsd|chpl"
_ELEMENTS = rb"\x16\x54\xae\x6b|\x1f\x43\xb6\x75|\x2a\xd7\xb1|\x44\x89|\x10\x43\xa7\x70|[\xae\xa0\xa1\xa3\xe7\x9b\x91]"
_PARTS = re.compile(_BOXES + b"|" + _ELEMENTS)


def read(path: Path) -> Sequence[Cue]:
    """Read all that is read in a film, and check it."""
    has_subtitles(path)
    assert all(isfinite(chapter.start) and chapter.start >= 0 for chapter in chapters_in(path))
    cues: list[Cue] = []
    with suppress(Unfetched):
        for transcript in read_subtitles(path):
            assert all(0 <= cue.start <= cue.end and isfinite(cue.end) and cue.text.strip() for cue in transcript.cues)
            assert all(cue.start <= later.start for cue, later in pairwise(transcript.cues))
            cues += transcript.cues
    return cues


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A file with a large number somewhere, mostly in a part that holds numbers, or damaged otherwise."""
    if chance.random() < 0.4:
        return damaged(data, chance, chance.choice((1, 64, len(data) // 8)))
    number = chance.choice(_LARGE)[: chance.choice((1, 2, 4, 8))]
    ends = [part.end() for part in _PARTS.finditer(data)]
    at = max(0, chance.choice(ends or [chance.randrange(len(data))]) + chance.choice((-8, 0, 4, 8)))
    return data[:at] + number + data[at + len(number) :]


@pytest.mark.parametrize(
    "count", [pytest.param(100, marks=pytest.mark.slow), pytest.param(10_000, marks=pytest.mark.nightly)]
)
def test_any_damage_is_an_error_of_our_own_or_leaves_cues_that_are_whole(tmp_path: Path, count: int) -> None:
    streams = (("eng", ENGLISH), ("zho", CHINESE))
    films = [film(tmp_path / f"film{suffix}", *streams, start=2) for suffix in (".mkv", ".mp4")]
    marks = ((0.0, "On masks"), (2.0, "关于掩码"), (4.0, "On caches"))
    films += [sound(tmp_path / f"sound{suffix}", *marks) for suffix in (".mka", ".m4a")]
    read_to_an_end = 0
    for number in range(count):
        chance = random.Random(number)
        whole = films[number % len(films)]
        data = whole.read_bytes()
        for _ in range(chance.choice((1, 1, 2, 4))):
            data = mutated(data, chance) or b"\0"
        path = tmp_path / f"damaged{whole.suffix}"
        path.write_bytes(data)
        read_to_an_end += bool(read(path))
    assert count / 8 < read_to_an_end < count / 2, "half of them have no subtitles"


def element(code: str, *content: bytes) -> bytes:
    data = b"".join(content)
    return bytes.fromhex(code) + struct.pack(">Q", 1 << 56 | len(data)) + data


def number(code: str, value: int) -> bytes:
    return element(code, struct.pack(">Q", value))


def track(index: int, *more: bytes) -> bytes:
    kind = element("83", b"\x11"), element("86", b"S_TEXT/UTF8"), element("22b59c", b"eng")
    return element("ae", number("d7", index), number("73c5", index), *kind, *more)


def line(index: int, start: int, text: bytes, duration: int = 1000) -> bytes:
    """A subtitle of a track, or a piece of sound, at milliseconds after the cluster's beginning."""
    return element("a0", element("a1", struct.pack(">Hhx", 0x4000 | index, start), text), number("9b", duration))


def forged(path: Path, tracks: Sequence[bytes], *clusters: tuple[int, Sequence[bytes]], seconds: float = 60) -> Path:
    """Write a Matroska file as no muxer would."""
    head = element("1a45dfa3", element("4282", b"matroska"), number("4287", 4), number("4285", 2))
    info = element("1549a966", number("2ad7b1", 1_000_000), element("4489", struct.pack(">d", 1000 * seconds)))
    parts = (element("1f43b675", number("e7", start), *lines) for start, lines in clusters)
    path.write_bytes(head + element("18538067", info, element("1654ae6b", *tracks), *parts))
    return path


TEXT = "the mask 掩码".encode()
_BOMB = zlib.compress(b"a" * 7_000_000)
_ZLIB = element("6d80", element("6240", element("5034", number("4254", 0))))
FORGED: dict[str, tuple[Callable[[Path], Path], list[str]]] = {
    "a thousand tracks": (
        lambda path: forged(path, [*map(track, range(1, 1001))], (0, [line(k, 0, TEXT) for k in range(1, 1001)])),
        ["the mask 掩码"],
    ),
    "a line of ten hours": (
        lambda path: forged(path, [track(1)], (0, [line(1, 0, TEXT, 36_000_000), line(1, 2000, b"and then")])),
        ["the mask 掩码", "and then"],
    ),
    "times before the beginning": (
        lambda path: forged(path, [track(1)], (0, [line(1, -30_000, TEXT), line(1, 2000, b"and then")])),
        ["the mask 掩码", "and then"],
    ),
    "times that go back": (
        lambda path: forged(path, [track(1)], (5000, [line(1, 0, b"and then")]), (1000, [line(1, 0, TEXT, 0)])),
        ["the mask 掩码", "and then"],
    ),
    "21 MB in 21 kB": (lambda path: forged(path, [track(1, _ZLIB)], (0, [line(1, k, _BOMB) for k in range(3)])), []),
}


@pytest.mark.parametrize("what", FORGED)
def test_forged_films_are_read_or_refused(tmp_path: Path, what: str) -> None:
    make, texts = FORGED[what]
    path = make(tmp_path / "forged.mkv")
    if texts:
        assert [cue.text for cue in read(path)] == texts
    else:
        with pytest.raises(Unfetched, match="more than 20 MB of text are too much: split it"):
            read_subtitles(path)


_SOUND = element(
    *("ae", number("d7", 1), element("83", b"\x02"), element("86", b"A_PCM/INT/LIT")),
    element("e1", element("b5", struct.pack(">d", RATE)), number("9f", 1), number("6264", 16)),
)
_SECOND = b"\1\0" * RATE


@pytest.mark.parametrize(("missing", "expected"), [(300, 302), (36_000_000, 1)])
def test_silence_is_made_up_for_a_day_and_not_for_years(tmp_path: Path, missing: int, expected: int) -> None:
    clusters = [(start, [line(1, 0, _SECOND)]) for start in (0, 1000 * (missing + 1))]
    with opened(forged(tmp_path / "sound.mkv", [_SOUND], *clusters, seconds=4e7)) as stream:
        assert len(stream.read(1000 * RATE)) == expected * RATE


def test_sound_that_begins_late_has_the_times_of_the_film(tmp_path: Path) -> None:
    size = element("e0", number("b0", 2), number("ba", 2))
    pictures = element("ae", number("d7", 2), element("83", b"\x01"), element("86", b"V_MJPEG"), size)
    clusters = (0, [line(2, 0, b"a picture")]), (9000, [line(1, 0, _SECOND)])
    with opened(forged(tmp_path / "film.mkv", [_SOUND, pictures], *clusters)) as stream:
        samples = stream.read(1000 * RATE)
    assert len(samples) == 10 * RATE and not samples[: 9 * RATE].any() and samples[9 * RATE :].all()
