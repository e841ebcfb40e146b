"""Vector files, flat and in lists, and the search in them, with the real FAISS."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from index.errors import DamagedLibrary
from index.ranges import Ranges
from index.segments import Segment
from index.vector_segments import write
from index.vectors import VectorSegment, check_layout

if TYPE_CHECKING:
    from index.manifest import SegmentRecord
    from index.types import Vectors

IDS = np.array([3, 5, 8, 13], dtype=np.int64)
QUESTION = np.array([1, 0, 0], dtype=np.float32)
DIMENSION = 8


def _rows() -> Vectors:
    """Unit vectors, each a little further from the first axis."""
    angles = np.array([0.0, 0.5, 1.0, 1.5], dtype=np.float32)
    rows: Vectors = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    return rows


def _few(folder: Path, number: int = 1) -> SegmentRecord:
    blocks = [(IDS[:2], _rows()[:2]), (IDS[2:], _rows()[2:])]
    return write(folder, number, 3, lambda: blocks, Segment(3, 14, 4, 4))


def _many(folder: Path, count: int = 300, *, is_flat: bool) -> SegmentRecord:
    chance = np.random.default_rng(3)
    rows = chance.normal(size=(count, DIMENSION)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    blocks = [(np.arange(10, 10 + count), rows)]
    segment = Segment(10, 10 + count, count, count)
    return write(folder, 1, DIMENSION, lambda: blocks, segment, ivf_from=count + 1 if is_flat else count)


@pytest.fixture
def segment(tmp_path: Path) -> VectorSegment:
    record = _few(tmp_path)
    assert (record.first, record.stop, record.count, record.probes) == (3, 14, 4, 0)
    assert [path.name for path in tmp_path.iterdir()] == [record.file.name] == ["vectors-1.faiss"]
    return VectorSegment(tmp_path, record, 3)


def test_the_nearest_come_first_with_their_cosines(segment: VectorSegment) -> None:
    ids, cosines = segment.search(QUESTION, 3)
    assert ids.tolist() == [3, 5, 8]
    assert cosines.tolist() == pytest.approx([1.0, 0.878, 0.540], abs=1e-2)
    assert segment.search(QUESTION, 99)[0].tolist() == [3, 5, 8, 13]


@pytest.mark.parametrize(
    ("keep", "found"),
    [
        ([(13, 14), (5, 6)], [5, 13]),
        ([(8, 9), (900, 999)], [8]),
        ([(0, 6)], [3, 5]),
        ([(4, 14)], [5, 8, 13]),
        ([(0, 2), (4, 5), (9, 13), (14, 99)], []),
        ([(999, 1000)], []),
        ([], []),
    ],
)
def test_a_search_is_limited_to_what_is_kept(
    segment: VectorSegment, keep: list[tuple[int, int]], found: list[int]
) -> None:
    ids, cosines = segment.search(QUESTION, 9, Ranges.of(keep))
    assert ids.tolist() == found
    assert len(cosines) == len(found)


def test_an_open_file_is_searched_even_when_it_was_cleared_away(segment: VectorSegment, tmp_path: Path) -> None:
    (tmp_path / "vectors-1.faiss").unlink()
    assert segment.search(QUESTION, 1)[0].tolist() == [3]


def test_a_file_that_was_cleared_away_cannot_be_opened(tmp_path: Path) -> None:
    record = _few(tmp_path)
    (tmp_path / "vectors-1.faiss").unlink()
    with pytest.raises(FileNotFoundError):
        VectorSegment(tmp_path, record, 3)


def test_a_byte_a_number_is_exact_to_two_digits(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(2500, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    blocks = [(np.arange(2500)[start : start + 700], rows[start : start + 700]) for start in range(0, 2500, 700)]
    segment = VectorSegment(tmp_path, write(tmp_path, 7, 64, lambda: blocks, Segment(0, 2500, 2500, 2500)), 64)
    for question in rows[:20]:
        ids, cosines = segment.search(question, 2500)
        assert ids[0] == int(np.argmax(rows @ question))
        assert sorted(ids.tolist()) == list(range(2500))
        assert cosines == pytest.approx(rows[ids] @ question, abs=2e-2)


def test_a_record_of_something_else_is_damage(tmp_path: Path) -> None:
    record = _few(tmp_path)
    for strange in (replace(record, count=3), replace(record, probes=1)):
        with pytest.raises(DamagedLibrary, match=r"vectors-1.faiss isn't as it was written"):
            VectorSegment(tmp_path, strange, 3)
    with pytest.raises(DamagedLibrary, match="isn't as it was written"):
        VectorSegment(tmp_path, record, 5)
    (tmp_path / "vectors-1.faiss").write_text("这不是向量")
    with pytest.raises(DamagedLibrary, match="isn't as it was written"):
        VectorSegment(tmp_path, record, 3)


@pytest.mark.parametrize("is_flat", [True, False])
def test_what_frames_the_vectors_is_compared_byte_by_byte(tmp_path: Path, is_flat: bool) -> None:
    record = _many(tmp_path, is_flat=is_flat)
    path = tmp_path / record.file.name
    check_layout(path, record, DIMENSION)
    data = path.read_bytes()
    centroids = data.index(b"IxFI") + 45
    lists = int.from_bytes(data[37:45], "little")
    sizes = data.index(b"full") + 12
    spans = 0 if is_flat else 8 * DIMENSION
    frame = [
        *range(centroids),
        *range(centroids + 4 * lists * DIMENSION, sizes - 41 - spans),
        *range(sizes - 41, sizes),
    ]
    for place in [*frame, *range(sizes, sizes + 8 * lists)]:
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"."):
            check_layout(path, record, DIMENSION)


@pytest.mark.parametrize("is_flat", [True, False])
def test_a_file_that_is_too_short_or_too_long_is_refused(tmp_path: Path, is_flat: bool) -> None:
    record = _many(tmp_path, is_flat=is_flat)
    path = tmp_path / record.file.name
    data = path.read_bytes()
    for other in (data + b"\0", *(data[:length] for length in (0, 3, 40, 44, 97, 98, 300, 2000, len(data) - 1))):
        path.write_bytes(other)
        with pytest.raises(ValueError, match=r"."):
            check_layout(path, record, DIMENSION)


def test_lists_that_are_told_twice_are_refused(tmp_path: Path) -> None:
    rows = np.tile(_rows()[:1], (400, 1))
    blocks = [(np.arange(400), rows)]
    record = write(tmp_path, 1, 3, lambda: blocks, Segment(0, 400, 400, 400), ivf_from=400)
    path = tmp_path / record.file.name
    check_layout(path, record, 3)
    data = path.read_bytes()
    sizes = data.index(b"sprs") + 4
    told = int.from_bytes(data[sizes : sizes + 8], "little")
    twice = (told + 2).to_bytes(8, "little") + data[sizes + 8 : sizes + 16] + bytes(8) + data[sizes + 8 :]
    path.write_bytes(data[:sizes] + twice)
    with pytest.raises(ValueError, match="told twice"):
        check_layout(path, record, 3)


# Damages a file in many ways, and searches it; prints how often it was opened and how often it was refused.
_SEARCH_DAMAGED = """
import pickle, random, sys
from pathlib import Path
import numpy as np
from index.errors import DamagedLibrary
from index.ranges import Ranges
from index.vectors import VectorSegment

record = pickle.loads(bytes.fromhex(sys.argv[2]))
folder, chance, opened, refused = Path(sys.argv[1]), random.Random(5), 0, 0
path = folder / record.file.name
data = path.read_bytes()
question = np.ones(8, np.float32)
for trial in range(300):
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 4, 64))):
        place = chance.randrange(chance.choice((200, 2000, len(data))))
        damaged[place:place + 8] = chance.choice((chance.randbytes(8), b"\\xff" * 8, bytes(8)))
    path.unlink()
    path.write_bytes(damaged[:len(data)])
    try:
        segment = VectorSegment(folder, record, 8)
    except DamagedLibrary:
        refused += 1
        continue
    opened += 1
    for keep in (None, Ranges.of([(20, 90)]), Ranges.of([(20, 90), (95, 300)])):
        ids, cosines = segment.search(question, 500, keep)
        assert len(ids) == len(cosines) and ((ids >= record.first) & (ids < record.stop)).all()
        assert keep is None or keep.contains(ids).all()
print(opened, refused)
"""


@pytest.mark.parametrize("is_flat", [True, False])
def test_no_damage_crashes_the_process(tmp_path: Path, is_flat: bool) -> None:
    import pickle

    record = _many(tmp_path, is_flat=is_flat)
    command = [sys.executable, "-c", _SEARCH_DAMAGED, str(tmp_path), pickle.dumps(record).hex()]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert ran.returncode == 0, ran.stderr
    opened, refused = map(int, ran.stdout.split())
    assert opened > 20
    assert refused > 20
