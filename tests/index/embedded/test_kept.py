"""What is kept in a folder's library: beside a writer that seals it, in damage, and on the way to another machine."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import pytest

from seekpoint.index.embedded import database
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter, open_keeper
from seekpoint.index.errors import DamagedLibrary, LibraryError
from seekpoint.index.types import KeptMoment, State
from tests.damaging import change_rows
from tests.index.libraries import resource
from tests.noted import note


def moment(second: float, note: str = "") -> KeptMoment:
    return KeptMoment(
        resource("zhuyili0001"), "zh", second, None, None, "掩码遮住后面的词", "https://example.org", note=note
    )


def keep(folder: Path, *moments: KeptMoment) -> None:
    with open_keeper(folder) as keeper:
        for each in moments:
            keeper.keep(each)


def test_no_record_of_the_database_is_left_of_what_was_changed_since(folder: Path) -> None:
    """A keeper and a writer that seals the library again and again, at once."""
    done, kept = Event(), 0

    def keep_on() -> None:
        nonlocal kept
        while not done.is_set():
            keep(folder, moment(float(kept)))
            kept += 1

    thread = Thread(target=keep_on)
    thread.start()
    try:
        for k in range(10):
            with EmbeddedWriter.acquire(folder) as writer:
                writer.set_state("position001", State.DEFERRED, reason=f"try {k}")
            with EmbeddedReader.open(folder):
                pass
    finally:
        done.set()
        thread.join()
    assert kept > 1
    with EmbeddedReader.open(folder) as library:
        library.verify()
        assert len(library.kept()) == kept
    assert not (folder / database.DAMAGE_MARK).exists()


def test_damage_of_one_kept_moment_costs_no_other(folder: Path) -> None:
    keep(folder, moment(1.0, "笔记"), moment(2.0, "另一个"))
    change_rows(folder, "UPDATE kept SET note = '讲' WHERE place = 't1'")
    with EmbeddedReader.open(folder) as library, pytest.raises(DamagedLibrary, match="the table kept"):
        library.verify()
    with pytest.raises(LibraryError, match="is damaged, so nothing can be kept"):
        keep(folder, moment(3.0))
    said: list[str] = []
    with EmbeddedWriter.acquire(folder, say=said.append) as writer:
        writer.mend(lambda resource_id, transcript: pytest.fail("nothing else was damaged"))
    assert said == ["a kept moment of zhuyili0001 was damaged and is gone"]
    with EmbeddedReader.open(folder) as library:
        library.verify()
        assert [each.note for each in library.kept()] == ["另一个"]


def test_damage_of_what_was_noted_of_one_talk_costs_no_other(folder: Path) -> None:
    for talk in ("attention01", "zhuyili0001"):
        note(folder, talk, (0.0, "zh", "掩码是什么？"), titles={0.0: "掩码"})
    change_rows(folder, "UPDATE question_block SET questions = '[]' WHERE resource_id = 'zhuyili0001'")
    said: list[str] = []
    with EmbeddedReader.open(folder) as library, pytest.raises(DamagedLibrary):
        library.verify()
    with EmbeddedWriter.acquire(folder, say=said.append) as writer:
        writer.mend(lambda resource_id, transcript: pytest.fail("nothing else was damaged"))
    assert len(said) == 1 and "is gone, until it is read again" in said[0]
    with EmbeddedReader.open(folder) as library:
        library.verify()
        assert [each.resource_id for each in library.stretches()] == ["attention01"]


def test_a_transcript_that_is_given_up_leaves_a_library_that_is_whole(folder: Path) -> None:
    change_rows(folder, "UPDATE cue_block SET data = x'00' WHERE transcript_id = (SELECT min(id) FROM transcript)")
    with EmbeddedReader.open(folder) as library, pytest.raises(DamagedLibrary):
        library.verify()
    said: list[str] = []
    with EmbeddedWriter.acquire(folder, say=said.append):
        pass  # as a build does that fails before its first change
    with EmbeddedReader.open(folder) as library:
        library.verify()
    assert len(said) == 1
