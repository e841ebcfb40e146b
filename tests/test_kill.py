"""A build that is killed again and again loses nothing, and ends where an undisturbed one does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from seekpoint.index.embedded.manifest import Manifest
from tests.killing import (
    EVERY,
    Talks,
    answering,
    content,
    indexed_in,
    is_tidy,
    kill_before_step,
    last_step,
    lines_of,
    run,
    video_id,
)

pytestmark = pytest.mark.slow

REMOVED = 4
# Every so many steps, the build that goes on after a kill is killed too.
_STEPS_A_SECOND_KILL = 5


@pytest.mark.parametrize("what", ["a new library", "a changed list and a merge"])
@pytest.mark.parametrize("every", EVERY)
def test_a_build_that_is_killed_before_any_step_on_the_disk_ends_like_an_undisturbed_one(
    tmp_path: Path, what: str, every: int
) -> None:
    talks, before = Talks(tmp_path / "talks"), tmp_path / "before"
    if what == "a new library":
        talks.write(2, cues=7)
    else:
        for count in (2, 3, 4, 6, 7, 8, 9):  # the one that is removed shares its segment
            talks.write(count, cues=9)
            run(talks, before)
        talks.put({k: lines_of(k, 9 if k else 7) for k in range(10) if k != REMOVED})

    def start(library: Path) -> Path:
        if before.exists():
            shutil.copytree(before, library)
        return library

    undisturbed = start(tmp_path / "undisturbed")
    run(talks, undisturbed)
    expected = content(undisturbed)
    if before.exists():
        # A segment stands in place of several.
        old, new = _spans_of_vectors(before), _spans_of_vectors(undisturbed)
        assert any(sum(first <= start and end <= stop for start, end in old) > 1 for first, stop in new)

    def check_left(library: Path) -> None:
        """See that nothing is lost that is still listed, and that all that is indexed answers."""
        indexed = indexed_in(library)
        assert indexed_in(before) - {video_id(REMOVED)} <= indexed
        assert indexed <= answering(library)

    def kill_before(step: int) -> bool:
        """Kill a build there, check what is left and go on; returns whether the build had not ended before."""
        library = start(tmp_path / f"killed before step {step}")
        killed = kill_before_step(step, talks, library)
        check_left(library)
        if step % _STEPS_A_SECOND_KILL == 0:
            kill_before_step(step // 2, talks, library)
            check_left(library)
        run(talks, library)
        assert content(library) == expected
        assert is_tidy(library)
        return killed

    assert last_step(kill_before, every) > 50


def _spans_of_vectors(folder: Path) -> list[tuple[int, int]]:
    return [(one.first, one.stop) for one in Manifest.load(folder).segments]
