"""A disk that is full, or takes no changes: one clear line, nothing lost, and what is read goes on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.errors import LibraryError, LibraryNotFound
from seekpoint.index.types import State
from tests.asking import ask, library_of
from tests.cli.here import call, one_line, run
from tests.disks import needs_mounts, read_only, small_disk
from tests.fakes import TopicEncoder
from tests.killing import QUESTIONS, is_tidy
from tests.paths import ROOT

pytestmark = [needs_mounts, pytest.mark.slow]

LISTED = ROOT / "examples" / "reading-list.md"


def build(library: Path) -> int:
    """Build the example's seven talks; returns how many are new or changed."""
    return seekpoint.build(LISTED, library, encoder=TopicEncoder(), translate=False).updated


def held(library: Path) -> tuple[dict[str, int], list[object]]:
    """The passages of each resource that is indexed, and all answers to some questions."""
    with EmbeddedReader.open(library) as reader:
        reader.verify()
        indexed = {each.id: each.chunks for each in reader.statuses() if each.state is State.INDEXED}
        found = [ask(question, reader, k=100, encoder=TopicEncoder()).moments for question in QUESTIONS]
    return indexed, [(each.resource.id, each.start, each.quote, each.score) for moments in found for each in moments]


@pytest.mark.parametrize("step", [90, pytest.param(40, marks=pytest.mark.nightly)])
def test_a_full_disk_at_any_moment_of_a_build_is_a_line_and_the_next_build_goes_on(tmp_path: Path, step: int) -> None:
    build(tmp_path / "undisturbed")
    whole, answers = held(tmp_path / "undisturbed")
    indexed_before = set()
    for kilobytes in range(40, 840, step):
        library = tmp_path / f"{kilobytes}" / "library"
        with small_disk(library.parent, kilobytes) as grow:
            with pytest.raises(LibraryError) as refused:
                build(library)
            said = str(refused.value)
            assert str(library) in said and re.fullmatch(r".*(space|full).*: (free|make) .*", said)
            try:
                indexed, moments = held(library)
            except LibraryNotFound:
                indexed, moments = {}, []
            assert indexed.items() <= whole.items()
            assert bool(moments) == bool(indexed)
            indexed_before.add(len(indexed))
            grow(10_000)
            assert build(library) == len(whole) - len(indexed)
            assert held(library) == (whole, answers)
            assert is_tidy(library) and len([*library.parent.iterdir()]) == 1
    assert len(indexed_before) > 3, "the disk is full at different moments"


def test_a_read_only_medium_is_read_and_takes_no_change(tmp_path: Path) -> None:
    library, exported = tmp_path / "library", tmp_path / "exported"
    build(library)
    (library / "lock").unlink()
    expected = held(library)
    [talk, *_] = expected[0]
    index = ("--index", library)
    with read_only(library):
        assert held(library) == expected
        for read in (("status", "--check"), ("export", exported), ("build", "--dry-run", LISTED)):
            assert call(*read, *index).exit_code == 0
        for change in (("build", LISTED), ("remove", talk), ("import", exported, "--replace")):
            one_line(call(*change, *index), f"{library} (read-only file system): check")
    assert held(library) == expected


UNTRANSLATED = """
from pathlib import Path
from seekpoint.index.open import open_reader
from seekpoint.query.reading.language_reader import LanguageReader, whole
from seekpoint.query.search.settings import AskOptions
from tests.fake_chat import Scripted

with open_reader(Path({library!r})) as library:
    reader = LanguageReader(Scripted(lambda _: "", translation="zh: 掩码"))
    print(whole(reader.translating(AskOptions(), "What does a mask hide?", library)).also)
"""


def test_a_temporary_folder_without_room_is_a_line_and_keeps_no_question_from_its_answer(tmp_path: Path) -> None:
    library = library_of(tmp_path, {"Talk [aaaaaaaaaaa].en": ["A mask hides."], "讲座 [bbbbbbbbbbb].zh": ["掩码。"]})
    code = UNTRANSLATED.format(library=str(library))
    assert run(code=code).stdout == "('掩码',)\n"
    with small_disk(tmp_path / "temporary", 40):
        assert run(code=code, TMPDIR=str(tmp_path / "temporary")).stdout == "()\n"
        module = "seekpoint.index.text.language_identification"
        code = f"from {module} import language_of; language_of(['哪些词'], None)"
        said = run(code=code, TMPDIR=str(tmp_path / "temporary")).stderr.splitlines()[-1]
    assert "SeekpointError: no temporary file can be written (No space left on device): make room" in said
