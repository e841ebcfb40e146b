"""Re-embedding for another model: it may be interrupted anywhere, and changes nothing until it is complete."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest

import seekpoint
from seekpoint.index.embedded import database
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.manifest import SUCCESSOR, Manifest
from seekpoint.index.errors import DamagedLibrary, ForeignLibrary, LibraryError, ModelError, ModelMismatch
from seekpoint.index.open import open_keeper
from seekpoint.index.text.languages import to_embed
from seekpoint.index.text.stretches import stretches
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library
from seekpoint.index.types import Encoder, NotedQuestion, ReadStretch, State
from seekpoint.indexer.build_options import BuildOptions
from seekpoint.indexer.pipeline.build import Report, preview
from seekpoint.indexer.pipeline.planner import Step
from seekpoint.query.answers import Moment
from tests.asking import ask
from tests.fakes import TopicEncoder, WideEncoder
from tests.index.libraries import run_script
from tests.index.transfer.test_hostile_archives import forge_database
from tests.indexer.builds import InterruptingEvents, RecordedEvents, Workshop, webvtt
from tests.killing import Talks, lines_of, video_id

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

TALKS = 8
UNAVAILABLE = "gone0000000"
QUESTIONS = ["What does the mask hide?", "掩码遮住了什么？", "position 位置", "softmax training"]

Answers: TypeAlias = list[tuple[Moment, ...]]


class EndingEncoder(WideEncoder):
    """Ends the build at its n-th call by an error, or by a kill if there is none."""

    def __init__(self, call: int, error: type[BaseException] | None) -> None:
        super().__init__()
        self._left, self._error = call, error

    def passages(self, texts: Sequence[str]) -> Vectors:
        self._left -= 1
        if self._left:
            return super().passages(texts)
        if self._error:
            raise self._error
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def _lines(k: int, count: int) -> list[str]:
    """The lines of a talk, all different."""
    return [f"{line} {n}" for n, line in enumerate(lines_of(k, count))]


def write_talks(workshop: Workshop, count: int = TALKS, cues: int = 14) -> None:
    """A list of talks with captions, some of them Chinese, and one missing video."""
    talks = Talks(workshop.folder)
    talks.put({k: _lines(k, cues) for k in range(count)})
    with (talks.folder / "list.md").open("a", encoding="utf-8") as listed:
        listed.write(f"\n- [Gone](https://youtu.be/{UNAVAILABLE})")


def build(workshop: Workshop, **options: Any) -> Report:  # noqa: ANN401
    return workshop.build(workshop.folder / "list.md", captions=workshop.folder, **options)


def reembed(
    workshop: Workshop,
    encoder: Encoder,
    library: Path | None = None,
    events: RecordedEvents | None = None,
    *,
    again: bool = True,
) -> Report:
    """Build the list offline, by default with --reembed."""
    own, workshop.library = workshop.library, library or workshop.library
    try:
        return build(workshop, offline=True, encoder=encoder, events=events, reembed=again)
    finally:
        workshop.library = own
        assert workshop.fake.requests == []


def answers(folder: Path | EmbeddedReader, encoder: Encoder, questions: Sequence[str] = QUESTIONS) -> Answers:
    """The moments, without when their resources were added."""
    found = (ask(question, folder, k=20, encoder=encoder).moments for question in questions)
    return [tuple(replace(moment, added=None) for moment in moments) for moments in found]


def model(folder: Path) -> str:
    with EmbeddedReader.open(folder) as library:
        library.verify()
        return library.card.name


def embedded_of(folder: Path) -> set[str]:
    with EmbeddedReader.open(folder) as library:
        return {one.resource_id for one in library.holdings.transcripts}


@pytest.fixture
def talks(workshop: Workshop) -> Workshop:
    write_talks(workshop)
    build(workshop)
    assert len(embedded_of(workshop.library)) == TALKS
    return workshop


@pytest.fixture
def expected(talks: Workshop) -> Answers:
    """The answers of a library of these talks that was built with the wide model."""
    reembed(talks, WideEncoder(), talks.folder / "fresh", again=False)
    return answers(talks.folder / "fresh", WideEncoder())


@pytest.mark.slow
def test_answers_equal_those_of_a_new_library_and_all_else_is_kept(talks: Workshop, expected: Answers) -> None:
    before = talks.statuses()
    assert before[UNAVAILABLE].state is State.UNAVAILABLE
    with EmbeddedReader.open(talks.library) as library:
        kept = library.standings(), library.sections(), library.playlists()
        highest = int(library.holdings.alive.stops[-1])
    encoder, old = WideEncoder(), answers(talks.library, TopicEncoder())
    with EmbeddedReader.open(talks.library) as asked, EmbeddedReader.open(talks.library) as unasked:
        answers(asked, TopicEncoder())
        report = reembed(talks, encoder)
        assert answers(asked, TopicEncoder()) == answers(unasked, TopicEncoder()) == old, "whoever reads it meanwhile"
    assert (report.updated, report.embedded) == (0, len(set(encoder.embedded)))
    assert len(encoder.embedded) == report.embedded
    assert answers(talks.library, WideEncoder()) == expected
    assert talks.statuses() == before
    with EmbeddedReader.open(talks.library) as library:
        assert (library.standings(), library.sections(), library.playlists()) == kept
        assert library.holdings.alive.starts[0] >= highest, "ids that were never used"
    assert not (talks.library / SUCCESSOR).exists()
    in_files = sum(segment.count for segment in Manifest.load(talks.library).segments)
    assert in_files == sum(status.chunks for status in before.values())
    for back in (WideEncoder("bare", gives_parts=False), TopicEncoder(), WideEncoder()):
        reembed(talks, back)
        with EmbeddedReader.open(talks.library) as library:
            assert library.settings.is_without_pieces == (back.card.name == "bare")
        assert model(talks.library) == back.card.name
        assert back.card.name == "bare" or answers(talks.library, back) == (
            old if back.card.name == "topics" else expected
        )
    talks.write(f"Talk 1 [{video_id(1)}].zh-TW.vtt", webvtt("掩码"))
    assert reembed(talks, WideEncoder(), again=False).updated == 1
    assert model(talks.library) == "wide"


_KILLED = """
from pathlib import Path
import seekpoint
from tests.indexer.pipeline.test_reembed import EndingEncoder
folder, encoder = Path(sys.argv[1]), EndingEncoder(int(sys.argv[2]), None)
options = {"captions": folder, "encoder": encoder, "reembed": True, "translate": False}
seekpoint.build([folder / "list.md"], folder / "library", **options)
"""


@pytest.mark.slow
def test_an_interruption_or_a_kill_within_a_resource_loses_only_that_one(workshop: Workshop) -> None:
    write_talks(workshop, 3, cues=400)
    build(workshop)
    old, done = answers(workshop.library, TopicEncoder()), set[str]()
    for call, is_killed in ((1, False), (3, False), (3, True)):
        if is_killed:
            assert run_script(_KILLED, workshop.folder, str(call)).returncode == -signal.SIGKILL
        else:
            with pytest.raises(KeyboardInterrupt):
                reembed(workshop, EndingEncoder(call, KeyboardInterrupt))
        done, before = embedded_of(workshop.library / SUCCESSOR), done
        assert before <= done and len(done) == (call > 1) + is_killed, "one was finished before the third call"
        assert answers(workshop.library, TopicEncoder()) == old
        assert model(workshop.library) == "topics"
    encoder = WideEncoder()
    reembed(workshop, encoder)
    assert set(workshop.events.worked_on) == {video_id(k) for k in range(3)} - done
    assert len(encoder.embedded) == _chunks(workshop, {video_id(k) for k in range(3)} - done)
    assert model(workshop.library) == "wide"


_DISK_CALLS = {"execute", "executemany", "fsync", "open", "write", "write_index", "close", "replace", "unlink", "rmdir"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="copies what others have open")
def test_a_kill_at_any_step_of_the_switch_leaves_the_old_library_or_the_new_one(
    talks: Workshop, expected: Answers
) -> None:
    old = answers(talks.library, TopicEncoder(), QUESTIONS[:2])
    with pytest.raises(KeyboardInterrupt):
        reembed(talks, WideEncoder(), events=InterruptingEvents(TALKS))
    left = _left_at_each_step(talks, lambda: reembed(talks, WideEncoder()))
    assert len(left) > 8
    found = []
    for folder in left:
        found.append(model(folder))
        encoder: Encoder = WideEncoder() if found[-1] == "wide" else TopicEncoder()
        assert answers(folder, encoder, QUESTIONS[:2]) == (expected[:2] if found[-1] == "wide" else old)
    assert found == sorted(found), "from topics to wide, and never back"
    assert {"topics", "wide"} == set(found)
    change = found.index("wide")
    assert Manifest.load(left[change]).model.name == "topics", "it's written a moment later"
    export_library(left[change], talks.folder / "exported")
    import_library(talks.folder / "exported", talks.folder / "imported")
    assert answers(talks.folder / "imported", WideEncoder()) == expected
    with pytest.raises(ModelMismatch):
        reembed(talks, TopicEncoder(), left[change], again=False)
    for folder in (left[change - 1], left[change], left[change + 1], left[-1]):
        encoder = WideEncoder()
        assert reembed(talks, encoder, folder, again=folder != left[change]).embedded == 0
        assert encoder.embedded == []
        assert answers(folder, encoder) == expected
        assert Manifest.load(folder).model.name == "wide"
        assert not (folder / SUCCESSOR).exists()


def _left_at_each_step(talks: Workshop, run: Callable[[], object]) -> list[Path]:
    """What a kill before each disk operation would leave, from the switch of models on; equal ones once."""
    left: list[Path] = []
    begun, known = False, set[tuple[str, int, int, int]]()

    def copy(frame: FrameType, event: str, function: object) -> None:
        nonlocal begun, known
        begun |= event == "call" and frame.f_code.co_name == "succeed"
        if begun and event == "c_call" and getattr(function, "__name__", "") in _DISK_CALLS:
            before, known = known, set()
            for path in talks.library.rglob("*"):
                with suppress(FileNotFoundError):  # the word index's threads remove files meanwhile
                    stat = path.lstat()
                    if path.suffix != ".db-shm":
                        known.add((str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns))
            if known != before:
                # In another process: closing a file in this one would release SQLite's locks on it.
                left.append(talks.folder / f"left {len(left)}")
                subprocess.run(["cp", "-R", "-p", str(talks.library), str(left[-1])], check=False)

    sys.setprofile(copy)
    try:
        run()
    finally:
        sys.setprofile(None)
    return left


def test_noted_questions_are_embedded_again_by_the_build_that_changes_the_model_or_the_next_one(
    talks: Workshop,
) -> None:
    with EmbeddedReader.open(talks.library) as library, open_keeper(talks.library) as keeper:
        for talk in (video_id(0), video_id(1)):
            [transcript] = library.transcripts(talk)
            [stretch] = stretches(transcript.cues)
            asked = tuple(NotedQuestion(0.0, tag, text) for tag, text in (("en", QUESTIONS[0]), ("zh", QUESTIONS[1])))
            vectors = TopicEncoder().passages([question.text for question in asked])
            keeper.keep(ReadStretch(talk, 0, transcript.language, stretch.digest, "a model", asked, vectors=vectors))
    keys = [f"{video_id(k)} 0" for k in (0, 1)]
    wide, events = WideEncoder(), RecordedEvents()
    reembed(talks, wide, events=events)
    assert "embedding the noted questions again" in events.lines
    with EmbeddedReader.open(talks.library) as library:
        read = library.stretches(keys)
        assert [[question.text for question in each.questions] for each in read] == [QUESTIONS[:2]] * 2
        for each in read:
            assert each.vectors is not None
            expected = [wide.question(to_embed(question.text)) for question in each.questions]
            assert each.vectors == pytest.approx(np.array(expected), abs=0.01)
    with closing(sqlite3.connect(talks.library / database.FILE)) as stored:  # as a kill before it would leave them
        stored.execute("UPDATE question_block SET vectors = x'' WHERE stretch_id = ?", keys[:1])
        stored.commit()
    again = RecordedEvents()
    build(talks, offline=True, encoder=wide, events=again)
    build(talks, offline=True, encoder=wide, events=(quiet := RecordedEvents()))
    assert again.lines == ["embedding the noted questions again"] and quiet.lines == []
    with EmbeddedReader.open(talks.library) as library:
        assert all(each.vectors is not None for each in library.stretches(keys))


def test_builds_during_an_unfinished_reembedding_are_included(talks: Workshop) -> None:
    with pytest.raises(KeyboardInterrupt):
        reembed(talks, WideEncoder(), events=InterruptingEvents(5))
    lines = {k: _lines(k, 14) for k in range(1, TALKS)}
    Talks(talks.folder).put(lines | {1: [*lines[1], "又是掩码"], 90: ["the cache is new"]})
    report = build(talks, prune=True)
    assert (report.updated, report.removed) == (2, 2)
    assert any("--model wide --reembed goes on" in line for line in talks.events.lines)
    assert model(talks.library) == "topics"
    encoder = WideEncoder()
    reembed(talks, encoder)
    assert set(talks.events.worked_on) == {video_id(k) for k in (1, 5, 6, 7, 90)}
    assert len(encoder.embedded) < _chunks(talks, {video_id(k) for k in (1, 5, 6, 7, 90)}), "of talk 1 only what's new"
    assert model(talks.library) == "wide"
    build(talks, encoder=WideEncoder())
    assert talks.encoder.embedded == []
    (moment, *_) = ask("cache new", talks.library, encoder=WideEncoder()).moments
    assert moment.resource.id == video_id(90)


def test_another_model_or_a_damaged_successor_starts_over_and_says_so(talks: Workshop) -> None:
    with pytest.raises(KeyboardInterrupt):
        reembed(talks, WideEncoder("一号"), events=InterruptingEvents(5))
    encoder = WideEncoder("二号")
    reembed(talks, encoder)
    assert any("一号" in line and "二号 starts anew" in line for line in talks.events.lines)
    assert len(encoder.embedded) == _chunks(talks, set(talks.statuses()))
    assert model(talks.library) == "二号"
    with pytest.raises(KeyboardInterrupt):
        reembed(talks, WideEncoder(), events=InterruptingEvents(5))
    file = talks.library / SUCCESSOR / "library.db"
    file.write_bytes(file.read_bytes()[:5000])
    reembed(talks, WideEncoder())
    assert any("is damaged and dropped" in line for line in talks.events.lines)
    assert model(talks.library) == "wide"


def test_a_model_that_is_refused_that_fails_or_is_the_librarys_own_changes_nothing(talks: Workshop) -> None:
    before, encoder = _files(talks.library), TopicEncoder()
    for name, count in (("wide", TALKS), ("topics", 0)):
        request = BuildOptions([str(talks.folder / "list.md")], talks.folder, model=name, reembed=True)
        steps = preview(request, talks.library, talks.fake.web(offline=True)).steps
        assert (steps[Step.EMBED_AGAIN], steps[Step.NOTHING]) == (count, TALKS - count), "a dry run says so"
    with pytest.raises(ModelMismatch, match=r"topics .*wide .*--reembed, or .*seekpoint build SOURCE --model wide"):
        reembed(talks, WideEncoder(), again=False)
    with pytest.raises(ModelMismatch, match="embed it again"):
        seekpoint.build([talks.folder / "list.md"], talks.library, model="wide")
    with pytest.raises(ModelError):
        reembed(talks, EndingEncoder(1, ModelError))
    assert (reembed(talks, encoder).embedded, encoder.embedded) == (0, [])
    assert _files(talks.library) == before
    assert reembed(talks, TopicEncoder(), talks.folder / "new").updated == TALKS
    encoder.card = replace(encoder.card, fingerprint="other weights")
    assert reembed(talks, encoder).embedded == _chunks(talks, set(talks.statuses())), "the same name is another model"
    with EmbeddedReader.open(talks.library) as library:
        assert library.card == encoder.card


def test_an_import_replaces_a_half_reembedded_library_if_its_database_names_its_model(talks: Workshop) -> None:
    exported, imported = talks.folder / "exported", talks.folder / "imported"
    export_library(talks.library, exported)
    with pytest.raises(KeyboardInterrupt):
        reembed(talks, WideEncoder(), events=InterruptingEvents(5))
    with pytest.raises(LibraryError, match="--replace"):
        import_library(exported, talks.library)
    import_library(exported, talks.library, replacing_old=True)
    assert not (talks.library / SUCCESSOR).exists()
    assert model(talks.library) == "topics"
    for card, error in {
        '{"name": "topics", "dimension": 16, "fingerprint": "counts-of-topics"}': ForeignLibrary,
        "模型": DamagedLibrary,
    }.items():
        forge_database(exported, f"REPLACE INTO setting VALUES ('model', '{card}')")
        with pytest.raises(error):
            import_library(exported, imported)
        assert not imported.exists()


def _files(library: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in library.iterdir() if path.is_file() and path.name != "lock"}


def _chunks(workshop: Workshop, ids: set[str]) -> int:
    statuses = workshop.statuses()
    return sum(statuses[resource_id].chunks for resource_id in ids)
