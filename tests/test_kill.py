"""A build that is killed again and again loses nothing, and ends where an undisturbed one does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from seekpoint.index.embedded.manifest import Manifest
from tests.killing import Talks, content, held, is_tidy, kill_before_step, last_step, lines_of, run, video_id

pytestmark = pytest.mark.slow

REMOVED = 4
# Every so many steps, the build that goes on after a kill is killed too.
_STEPS_A_SECOND_KILL = 5


@pytest.mark.parametrize(
    ("what", "every"),
    [
        ("a new library", 97),
        ("a changed list and a merge", 251),
        pytest.param("a new library", 1, marks=pytest.mark.nightly),
        pytest.param("a changed list and a merge", 1, marks=pytest.mark.nightly),
    ],
)
def test_a_build_that_is_killed_before_any_step_on_the_disk_ends_like_an_undisturbed_one(
    tmp_path: Path, what: str, every: int
) -> None:
    talks, before = Talks(tmp_path / "talks"), tmp_path / "before"
    if what == "a new library":
        talks.write(2, cues=7)
    else:
        for count in (2, 3, 4, 6):  # the one that is removed shares its segment
            talks.write(count, cues=9)
            run(talks, before)
        talks.put({k: lines_of(k, 9 if k else 7) for k in range(8) if k != REMOVED})

    def start(library: Path) -> Path:
        if before.exists():
            shutil.copytree(before, library)
        return library

    undisturbed = start(tmp_path / "undisturbed")
    run(talks, undisturbed)
    expected = content(undisturbed)
    if before.exists():
        old, new = (Manifest.load(folder).segments for folder in (before, undisturbed))
        assert any(sum(whole.first <= part.first and part.stop <= whole.stop for part in old) > 1 for whole in new)

    def check_left(library: Path) -> None:
        """See that nothing is lost that is still listed, and that all that is indexed answers."""
        indexed, answering = held(library)
        assert held(before)[0] - {video_id(REMOVED)} <= indexed <= answering

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
