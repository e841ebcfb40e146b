from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from index.answers import Filters
from index.errors import LibraryError, LibraryNotFound
from index.types import Details
from index.writer import Writer
from query.current import Current
from tests.fakes import TopicEncoder
from tests.index.parts import TALKS, build, embedded, resource

LATER = {"later000001": ("softmax makes shares of the scores",), "houlai00001": ("归一化把分数变成比例",)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build(tmp_path / "library")
    return tmp_path / "library"


@pytest.fixture
def current(folder: Path) -> Iterator[Current]:
    current = Current(folder, TopicEncoder())
    yield current
    current.close()


def add(folder: Path, talks: Mapping[str, Sequence[str]]) -> None:
    """Commit talks and seal the library, as another build does."""
    with Writer.open(folder) as writer:
        writer.register("later.md", [resource(talk, "Later") for talk in talks])
        for talk, texts in talks.items():
            writer.commit(talk, [embedded(texts)], Details(title=f"Talk {talk}"), "made by hand")


def first(current: Current, question: str) -> str:
    return current.ask(question).moments[0].resource.id


@pytest.mark.parametrize("question", ["what is softmax?", "归一化是什么？"])
def test_what_a_build_adds_is_found_without_opening_anew(folder: Path, current: Current, question: str) -> None:
    assert first(current, question) not in LATER
    add(folder, LATER)
    assert first(current, question) in LATER


def test_no_question_fails_while_builds_go_on(folder: Path, current: Current) -> None:
    is_over = Event()

    def keep_asking(question: str) -> int:
        asked = 0
        while not is_over.is_set():
            assert current.ask(question).moments
            asked += 1
        return asked

    with ThreadPoolExecutor(4) as threads:
        askers = [threads.submit(keep_asking, question) for question in ("mask", "掩码", "position", "注意力")]
        try:
            for number in range(3):
                add(folder, {f"later{number:06}": (f"the cache of talk {number}", "softmax")})
        finally:
            is_over.set()
        assert all(asker.result(30) for asker in askers)
    assert {moment.resource.id for moment in current.ask("cache", k=20).moments} >= {f"later{n:06}" for n in range(3)}


def test_the_old_library_is_closed_when_its_last_user_is_done(folder: Path, current: Current) -> None:
    with current.library() as old:
        add(folder, LATER)
        with current.library() as new:
            assert new is not old
            assert len(old.statuses()) == len(TALKS)
            assert len(new.statuses()) == len(TALKS) + len(LATER)
    with pytest.raises(LibraryError, match="was closed"):
        old.statuses()
    assert new.statuses()


def test_an_unchanged_library_stays_open(current: Current) -> None:
    with current.library() as one:
        pass
    current.ask("mask")
    with current.library() as other:
        assert one is other


def test_a_library_may_come_later_and_be_replaced(tmp_path: Path) -> None:
    current = Current(tmp_path / "library", TopicEncoder())
    with pytest.raises(LibraryNotFound):
        current.ask("mask")
    build(tmp_path / "library")
    assert current.ask("mask").answered
    shutil.rmtree(tmp_path / "library")
    assert current.ask("掩码").answered
    build(tmp_path / "library", LATER)
    assert first(current, "softmax") in LATER
    current.close()


@pytest.mark.parametrize("question", ["mask", "掩码"])
def test_one_resource_alone_can_be_searched(current: Current, question: str) -> None:
    found = current.ask(question, 10, filters=Filters(resource="zhuyili0001"))
    assert {moment.resource.id for moment in found.moments} == {"zhuyili0001"}
    assert not current.ask(question, 10, Filters(language="en", resource="zhuyili0001")).moments
    assert not current.ask(question, filters=Filters(resource="no such id")).moments
