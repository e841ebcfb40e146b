"""Libraries that are carried to another folder: what arrives answers as what left."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from seekpoint.index.address import ADDED_ADDRESSES, ADDED_FILES, ADDED_LISTS, Address
from seekpoint.index.embedded import database
from seekpoint.index.embedded.database import has_journal
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.embedded.staging import REPLACED, staging
from seekpoint.index.errors import ForeignLibrary, LibraryError, LockedLibrary
from seekpoint.index.open import open_keeper, open_reader, open_writer
from seekpoint.index.store import Reader
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library
from seekpoint.index.types import KeptMoment, KeptQuestion, Kind, Resource, State
from seekpoint.query.answers import Answer
from tests.asking import ask
from tests.fake_youtube import FakeYouTube
from tests.index.libraries import CARD, ENCODER, TALKS, build, files, fill, first, listed, names
from tests.indexer.builds import Workshop, webvtt
from tests.killing import at_step, last_step

KEPT = KeptMoment(
    resource=Resource("zhuyili0001", Kind.VIDEO, "讲座", "https://example.org/讲座"),
    language="zh",
    start=10.0,
    page=None,
    anchor=None,
    quote="掩码遮住后面的词",
    link="https://example.org/讲座#t=10",
    question="掩码遮住什么？",
    note="=重要的\n笔记",
    added=1.0,
)
QUESTIONS = ("What does the mask hide?", "掩码遮住什么？", "position 位置", "softmax", "缓存")

# Children are forked from a server that has imported this module, so that a kill lands in an import and not before.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])


def answers(place: Address) -> list[Answer]:
    with open_reader(place) as library:
        return [ask(question, library, explained=True, encoder=ENCODER) for question in QUESTIONS]


def shown(place: Address) -> tuple[object, ...]:
    """All that a library says of itself, and its answers."""
    with open_reader(place) as library:
        said = [library.transcripts(status.id) for status in library.statuses()]
        resources = (library.statuses(), *listed(library), library.playlists())
        words = library.settings, library.translations("en", ["mask"]), library.translations("zh", ["掩码"])
        return library.card, *resources, library.kept(), *words, answers(place), said


def carried(folder: Path) -> Path:
    """A copy of the library by way of a file, which is left beside it."""
    file, copy = folder.with_name("talks.zip"), folder.with_name("copy")
    export_library(folder, file, force=True)
    shutil.rmtree(copy, ignore_errors=True)
    import_library(file, copy)
    return copy


def test_what_arrives_answers_as_what_left(folder: Path, tmp_path: Path) -> None:
    before = files(folder)
    copy = carried(folder)
    assert shown(copy) == shown(folder)
    assert files(folder) == before
    assert names(copy) == {"library.db", "manifest.json", "vectors-1.faiss", "words-1"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "library", "talks.zip"]
    before = files(copy)
    with EmbeddedWriter.acquire(copy):
        pass
    assert files(copy) == before, "it is sealed"
    export_library(folder, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "talks.zip").read_bytes()
    told: list[tuple[int, int]] = []
    import_library(tmp_path / "again.zip", tmp_path / "new", progress=lambda *numbers: told.append(numbers))
    assert told[-1] == (10, 10)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_an_empty_library_is_carried(tmp_path: Path) -> None:
    build(tmp_path / "library", {})
    copy = carried(tmp_path / "library")
    assert shown(copy) == shown(tmp_path / "library")
    build(copy)
    assert first(copy, "掩码") == "zhuyili0001"


def test_what_was_removed_does_not_travel(folder: Path) -> None:
    secret = "注意力 a confidential remark"
    build(folder, TALKS | {"secret": [secret * 1000]})
    with EmbeddedWriter.acquire(folder) as writer:
        writer.remove(["secret"])
    arrived = (carried(folder) / database.FILE).read_bytes()
    assert secret.encode() not in arrived
    assert b"confidenti" not in arrived  # the stem by which it was found


def test_a_second_build_of_the_same_list_does_nothing(tmp_path: Path, fake: FakeYouTube) -> None:
    workshop = Workshop(tmp_path, fake)
    talks = workshop.write(
        "list.md", "# Talks\n\n- [注意力](https://youtu.be/zhuyili0001)\n- <https://youtu.be/mask0000001>"
    )
    workshop.write("captions/Talk [zhuyili0001].zh.vtt", webvtt("注意力给每个词一个权重"))
    workshop.write("captions/Talk [mask0000001].en.vtt", webvtt("the mask hides what comes later"))
    workshop.build(talks, captions=tmp_path / "captions")
    assert workshop.encoder.embedded
    workshop.library = carried(workshop.library)
    workshop.build(talks, captions=tmp_path / "captions")  # the list is the owner's by that
    assert (workshop.encoder.embedded, workshop.fake.requests) == ([], [])
    before = workshop.content()
    workshop.build(talks, captions=tmp_path / "captions")
    assert (workshop.encoder.embedded, workshop.fake.requests) == ([], [])
    assert workshop.content() == before


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX file modes")
def test_a_library_on_a_read_only_medium_is_carried_and_files_get_the_users_own_modes(folder: Path) -> None:
    (folder / "lock").unlink()
    expected = shown(folder)
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    old = os.umask(0o027)
    try:
        copy = carried(folder)
    finally:
        os.umask(old)
    folder.chmod(0o755)
    paths = [*copy.rglob("*"), copy, copy.with_name("talks.zip")]
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_dir()} == {0o750}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o640}
    assert shown(copy) == expected


# While others work


def test_what_a_build_has_committed_is_carried_while_it_works_which_no_import_disturbs(folder: Path) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        fill(writer, {"new": ["缓存 cache"]})
        writer.remove(["position001"])
        copy = carried(folder)
        assert shown(copy) == shown(folder)
        assert first(copy, "缓存") == "new"
        with pytest.raises(LockedLibrary):
            import_library(folder.with_name("talks.zip"), folder, replacing_old=True)
    assert first(folder, "缓存") == "new"
    assert Manifest.load(copy).database
    build(copy, {"newer": ["softmax"]})
    assert (first(copy, "缓存"), first(copy, "softmax")) == ("new", "newer")
    assert Manifest.load(copy).database


def test_every_file_that_is_written_while_builds_come_and_go_holds_a_whole_library(folder: Path) -> None:
    ended = threading.Event()

    def build_on() -> None:
        for k in range(4):
            build(folder, {f"talk{k:07}": ["softmax 归一化"], **TALKS})
        ended.set()

    with ThreadPoolExecutor() as pool:
        building = pool.submit(build_on)
        rounds = 0
        while not ended.is_set() or not rounds:
            copy = carried(folder)
            assert first(copy, "position") == "position001"
            with EmbeddedReader.open(copy) as library:
                states = {status.resource.id: status.state for status in library.statuses()}
            assert {states[talk] for talk in TALKS} == {State.INDEXED}
            rounds += 1
        building.result()


# The place


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The export of a library with one talk and one kept moment."""
    build(tmp_path / "one talk", {"neu": ["the mask 掩码"]})
    with open_keeper(tmp_path / "one talk") as keeper:
        keeper.keep(replace(KEPT, note="theirs"))
    export_library(tmp_path / "one talk", tmp_path / "talks.zip")
    return tmp_path / "talks.zip"


def test_a_library_is_replaced_only_on_demand_and_a_link_to_it_stays_one(
    folder: Path, file: Path, tmp_path: Path
) -> None:
    before = files(folder)
    with pytest.raises(LibraryError, match=r"holds a library already.*--index.*--replace"):
        import_library(file, folder)
    assert files(folder) == before
    (tmp_path / "link").symlink_to(folder)
    import_library(file, tmp_path / "link", replacing_old=True)
    assert (tmp_path / "link").is_symlink()
    with EmbeddedReader.open(folder) as library:
        assert [status.resource.id for status in library.statuses()] == ["neu"]


def test_what_was_added_and_kept_stays_when_a_library_is_replaced(folder: Path, file: Path) -> None:
    (folder / ADDED_FILES / "部").mkdir(parents=True)
    (folder / ADDED_LISTS).mkdir()
    (folder / ADDED_FILES / "部" / "讲座.zh.vtt").write_text("WEBVTT", encoding="utf-8")
    (folder / ADDED_FILES / "link.md").symlink_to(folder / "nowhere")
    (folder / ADDED_LISTS / ADDED_ADDRESSES).write_text("https://e.example/", encoding="utf-8")
    with open_keeper(folder) as keeper:
        keeper.keep(KEPT)
        keeper.annotate(KEPT.resource.id, KEPT.place, "第二次读", "收藏")
        keeper.keep(KeptQuestion("掩码?", 1.0, also=("masks?",)))
    contents = import_library(file, folder, replacing_old=True)
    assert (contents.added, contents.moments) == (2, 1)
    assert (folder / ADDED_FILES / "部" / "讲座.zh.vtt").read_text(encoding="utf-8") == "WEBVTT"
    assert (folder / ADDED_FILES / "link.md").is_symlink()
    assert (folder / ADDED_LISTS / ADDED_ADDRESSES).exists()
    with EmbeddedReader.open(folder) as library:
        library.verify()
        assert [(moment.note, moment.collection) for moment in library.kept()] == [("第二次读", "收藏")]
        assert library.settings.questions == (("掩码?", 1.0),)
        assert library.settings.wordings == {"掩码?": ("masks?",)}
    export_library(folder, theirs := folder.with_name("theirs.zip"))
    with open_keeper(folder) as keeper:
        for is_kept in (False, True):
            keeper.keep(KeptQuestion("掩码?", 1.0, is_kept))
    import_library(theirs, folder, replacing_old=True)
    with EmbeddedReader.open(folder) as library:
        assert library.settings.wordings == {}, "one's own question is asked as one keeps it"
        assert [status.resource.id for status in library.statuses()] == ["neu"]


def test_a_damaged_library_can_be_replaced(folder: Path, file: Path) -> None:
    for name in ("library.db", "manifest.json", "vectors-1.faiss", "words-1/meta.json"):
        (folder / name).write_bytes(b"damaged")
        assert import_library(file, folder, replacing_old=True).moments is None, "what was kept there is lost"
        assert first(folder, "掩码") == "neu"


def test_files_of_others_are_never_replaced(tmp_path: Path, file: Path) -> None:
    for number, (others, told) in enumerate(
        (
            (["notes.txt"], r"other files \(notes.txt\)"),
            (["manifest.json", "library.db", "照片.jpg"], r"other files \(照片.jpg\)"),
            (["manifest.json"], "."),
        )
    ):
        mine = tmp_path / f"mine {number}"
        mine.mkdir()
        for name in others:
            (mine / name).write_text('{"name": "another"}')
        with pytest.raises(ForeignLibrary, match=told):
            import_library(file, mine, replacing_old=True)
        assert {path.name for path in mine.iterdir()} == {*others}
    with pytest.raises(ForeignLibrary):
        import_library(file, file, replacing_old=True)


def test_a_folder_without_a_library_is_taken(tmp_path: Path, file: Path) -> None:
    deep, empty, locked = (tmp_path / name / "词 [1]" for name in ("deep", "empty", "locked"))
    empty.mkdir(parents=True)
    locked.mkdir(parents=True)
    (locked / "lock").touch()
    for place in (deep, empty, locked):
        import_library(file, place)
        assert first(place, "掩码") == "neu"
        assert [path.name for path in place.parent.iterdir()] == [place.name]


# Cut off

_EVERY = [97, pytest.param(1, marks=pytest.mark.nightly)]


def _without_journal(folder: Path) -> dict[str, tuple[int, int]]:
    """The files but an empty journal, which a reader leaves that is interrupted."""
    ends = ("-wal", "-shm")
    return {name: kept for name, kept in files(folder).items() if not name.endswith(ends) or has_journal(folder)}


def _interrupt() -> None:
    raise KeyboardInterrupt


def _beside(folder: Path) -> list[str]:
    return [path.name for path in folder.parent.iterdir() if path.name.endswith(".part")]


# Nobody can close a file that was opened in the very step that is interrupted.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
@pytest.mark.parametrize("every", _EVERY)
def test_an_import_that_is_interrupted_at_any_step_leaves_the_old_library_or_the_new(
    folder: Path, file: Path, every: int
) -> None:
    before, step, interrupted = files(folder), 0, True
    while interrupted:
        step += every
        interrupted = False
        try:
            at_step(step, _interrupt)
            import_library(file, folder, replacing_old=True)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            sys.setprofile(None)
        if _without_journal(folder) == before:
            assert _beside(folder) == []
        else:
            assert first(folder, "position") == "neu"
            shutil.rmtree(folder)
            build(folder)
            before = files(folder)
    assert step > 2 * every and step > 40


def _import_killed(step: int, file: Path, folder: Path) -> None:
    at_step(step, lambda: os.kill(os.getpid(), signal.SIGKILL))
    import_library(file, folder, replacing_old=folder.exists())
    sys.setprofile(None)
    (folder.parent / "ended").touch()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize("replaced", [True, False])
@pytest.mark.parametrize("every", _EVERY)
@pytest.mark.slow
def test_an_import_that_is_killed_before_any_step_leaves_nothing_behind(
    folder: Path, file: Path, tmp_path: Path, replaced: bool, every: int
) -> None:
    old, new = answers(folder), answers(file.with_name("one talk"))

    def kill_before(step: int) -> bool:
        """Kill an import there, and import again; returns whether the first had not ended before."""
        place = tmp_path / f"step {step}" / "library"
        place.parent.mkdir()
        if replaced:
            shutil.copytree(folder, place)
        process = _PROCESSES.Process(target=_import_killed, args=(step, file, place))
        process.start()
        process.join(60)
        arrived = place.exists() and first(place, "position") == "neu"
        if place.exists() and not arrived:
            assert replaced
            assert answers(place) == old
        try:
            import_library(file, place)  # brings back an old library that was moved aside
            assert not replaced and not arrived
        except LibraryError as error:
            assert "holds a library already" in str(error)
            assert replaced or arrived
            assert answers(place) == (new if arrived else old)
        assert _beside(place) == []
        return not (place.parent / "ended").exists()

    assert last_step(kill_before, every) > 40


def test_a_library_that_a_killed_import_had_moved_aside_is_opened(folder: Path) -> None:
    aside, known = folder.with_name(f".{folder.name}.0123abcd.part"), answers(folder)
    openings: list[Callable[[], Reader]] = [lambda: open_writer(folder, CARD), lambda: open_reader(folder)]
    for opening in openings:
        aside.mkdir()
        folder.rename(aside / REPLACED)
        with opening() as library:
            assert library.standings().keys() == TALKS.keys()
        assert answers(folder) == known
        assert _beside(folder) == []


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX limits on the size of a file")
def test_a_full_disk_is_one_clear_line_and_leaves_nothing_behind(folder: Path, file: Path, tmp_path: Path) -> None:
    import resource as limits

    target = tmp_path / "target" / "new"
    target.parent.mkdir()
    before = limits.getrlimit(limits.RLIMIT_FSIZE)
    for size in (0, 500, 3000, 20_000, 60_000):
        for act, source in ((export_library, folder), (import_library, file)):
            limits.setrlimit(limits.RLIMIT_FSIZE, (size, before[1]))
            try:
                with pytest.raises(LibraryError) as raised:
                    act(source, target)
            finally:
                limits.setrlimit(limits.RLIMIT_FSIZE, before)
            assert str(raised.value).startswith(f"can't write {target} ")
            assert list(target.parent.iterdir()) == []


def test_a_fault_of_the_disk_names_its_remedy_and_leaves_nothing(tmp_path: Path) -> None:
    for fault, remedy in ((errno.EIO, "check the disk"), (errno.ENOSPC, "free some"), (errno.EACCES, "permissions")):
        with pytest.raises(LibraryError, match=remedy), staging(tmp_path / "讲座") as folder:
            (folder / "part").write_text("掩码", "utf-8")
            raise OSError(fault, os.strerror(fault))
        assert list(tmp_path.iterdir()) == []
