from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest

from seekpoint.index.embedded.database import DAMAGE_MARK
from seekpoint.index.errors import DamagedLibrary, LibraryError, LibraryNotFound
from seekpoint.index.open import open_keeper, open_reader, open_writer
from seekpoint.index.types import Details, Filters, KeptMoment
from seekpoint.query.search.settings import AskOptions
from seekpoint.query.serving.live_library import LiveLibrary, SharedEncoder
from tests.fakes import TopicEncoder
from tests.index.libraries import TALKS, build, embedded, resource

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

LATER = {"later000001": ("softmax makes shares of the scores",), "houlai00001": ("归一化把分数变成比例",)}


class CountingEncoder(TopicEncoder):
    """Remembers the questions that it was asked, and embeds each once it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.released = Event()
        self.released.set()

    def question(self, text: str) -> Vectors:
        assert self.released.wait(60)
        self.asked.append(text)
        return super().question(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build(tmp_path / "library")
    return tmp_path / "library"


@pytest.fixture
def live(folder: Path) -> Iterator[LiveLibrary]:
    live = LiveLibrary(folder, TopicEncoder())
    yield live
    live.close()


def add(folder: Path, talks: Mapping[str, Sequence[str]]) -> None:
    """Commit talks and seal the library, as another build does."""
    with open_writer(folder) as writer:
        writer.register("later.md", [resource(talk, "Later") for talk in talks])
        for talk, texts in talks.items():
            writer.commit(talk, [embedded(texts)], Details(title=f"Talk {talk}"), "made by hand")


def first(live: LiveLibrary, question: str) -> str:
    return live.ask(question).moments[0].resource.id


@pytest.mark.slow
def test_what_a_build_adds_is_found_and_the_old_library_is_closed_when_its_last_user_is_done(
    folder: Path, live: LiveLibrary
) -> None:
    questions = ("what is softmax?", "归一化是什么？")
    with live.reader() as old:
        before = [live.ask(question, within=old) for question in questions]
        assert not {answer.moments[0].resource.id for answer in before} & LATER.keys()
        add(folder, LATER)
        assert all(first(live, question) in LATER for question in questions)
        assert [live.ask(question, within=old) for question in questions] == before
        with live.reader() as new:
            assert new is not old
            assert (len(old.statuses()), len(new.statuses())) == (len(TALKS), len(TALKS) + len(LATER))
    with pytest.raises(LibraryError, match="was closed") as caught:
        live.ask("掩码", within=old)
    assert new.statuses() and not isinstance(caught.value, DamagedLibrary)


@pytest.mark.slow
def test_no_question_fails_while_builds_go_on(folder: Path, live: LiveLibrary) -> None:
    is_over = Event()

    def keep_asking(question: str) -> int:
        asked = 0
        while not is_over.is_set():
            assert live.ask(question).moments
            asked += 1
        return asked

    with ThreadPoolExecutor(2) as threads:
        askers = [threads.submit(keep_asking, question) for question in ("mask", "掩码")]
        try:
            for number in range(2):
                add(folder, {f"later{number:06}": (f"the cache of talk {number}", "softmax")})
        finally:
            is_over.set()
        assert all(asker.result(60) for asker in askers)
    found = live.ask("cache", AskOptions(20)).moments
    assert {moment.resource.id for moment in found} >= {f"later{n:06}" for n in range(2)}


def test_a_library_may_come_later_and_be_replaced(tmp_path: Path) -> None:
    live = LiveLibrary(tmp_path / "library", TopicEncoder())
    with pytest.raises(LibraryNotFound):
        live.ask("mask")
    build(tmp_path / "library")
    assert live.ask("mask").answered
    shutil.rmtree(tmp_path / "library")
    assert live.ask("掩码").answered
    build(tmp_path / "library", LATER)
    assert first(live, "softmax") in LATER
    live.close()


def test_one_resource_alone_can_be_searched_in_a_library_that_stays_open(live: LiveLibrary) -> None:
    with live.reader() as before:
        pass
    for question in ("mask", "掩码"):
        found = live.ask(question, AskOptions(10, Filters(resource="zhuyili0001")))
        assert {moment.resource.id for moment in found.moments} == {"zhuyili0001"}
    assert not live.ask("mask", AskOptions(10, Filters(language="en", resource="zhuyili0001"))).moments
    assert not live.ask("掩码", AskOptions(filters=Filters(resource="no such id"))).moments
    with live.reader() as after:
        assert after is before


@pytest.mark.slow
def test_a_question_is_embedded_once_however_often_it_is_asked(folder: Path) -> None:
    encoder = CountingEncoder()
    live = LiveLibrary(folder, encoder)
    with ThreadPoolExecutor(4) as threads:
        first, *others = [answer.moments for answer in threads.map(live.ask, ["mask", "掩码"] * 8)]
    assert others[1] == first != others[0]
    many = encoder.asked.copy()
    assert set(many) == {"mask", "掩码"}
    assert live.ask("mask", AskOptions(filters=Filters(language="en"))).moments
    add(folder, LATER)
    assert live.ask("掩码", AskOptions(3)).moments
    assert encoder.asked == many
    live.close()


def test_the_questions_that_were_asked_last_are_kept_and_no_more() -> None:
    encoder = CountingEncoder()
    shared = SharedEncoder(encoder.card, encoder, cached=3)
    for question in ("mask 0", "掩码 1", "mask 2", "掩码 3", "掩码 1", "掩码 3"):
        shared.question(question)
    assert encoder.asked == ["mask 0", "掩码 1", "mask 2", "掩码 3"]
    shared.question("mask 0")
    assert encoder.asked[4:] == ["mask 0"]


def test_what_a_digest_embedded_is_stored_until_one_asks_something_else(folder: Path) -> None:
    encoder = CountingEncoder()

    def ask(*questions: str) -> int:
        """The number of questions of a digest that are embedded."""
        before = len(encoder.asked)
        with open_reader(folder) as library:
            shared = SharedEncoder.remembering(library, encoder)
            vectors = [shared.question(question).tolist() for question in questions]
            shared.store(library)
        assert vectors == [TopicEncoder().question(question).tolist() for question in questions]
        return len(encoder.asked) - before

    def revision() -> object:
        with open_reader(folder) as library:
            return library.revision

    assert [ask("mask", "掩码"), ask("mask", "掩码")] == [2, 0]
    before = revision()
    assert [ask("掩码", "mask"), ask("mask"), ask()] == [0, 0, 0] and revision() == before, "nothing is written"
    live = LiveLibrary(folder, encoder)
    assert live.ask("掩码").moments and len(encoder.asked) == 2
    live.close()
    assert [ask("掩码", "cache"), ask("mask", "cache"), ask("mask", "cache")] == [1, 1, 0]
    many = [f"面团 {number}?" for number in range(600)]
    assert [ask(*many), ask(*many)] == [600, 0], "a library keeps more texts than are cached while it is asked"
    (folder / DAMAGE_MARK).touch()
    assert [ask("softmax"), ask("softmax")] == [1, 1], "nothing can be stored"


def test_equal_questions_at_the_same_time_are_embedded_once_and_a_known_one_waits_for_no_other() -> None:
    encoder = CountingEncoder()
    encoder.released.clear()
    shared = SharedEncoder(encoder.card, encoder)
    with ThreadPoolExecutor(20) as threads:
        found = [threads.submit(shared.question, f"mask {k % 2}") for k in range(20)]
        assert not wait(found, 0.2).done, "all of them wait"
        encoder.released.set()
        assert {id(vector.result()) for vector in found} == {id(shared.question(mask)) for mask in ("mask 0", "mask 1")}
        assert sorted(encoder.asked) == ["mask 0", "mask 1"]
        encoder.released.clear()
        other = threads.submit(shared.question, "掩码")
        assert threads.submit(shared.question, "mask 0").result(10) is not None and not other.done()
        encoder.released.set()
    assert encoder.asked[2:] == ["掩码"]


def test_what_this_process_has_just_changed_is_seen_at_once(live: LiveLibrary, folder: Path) -> None:
    kept = [
        KeptMoment(resource("zhuyili0001"), "zh", second, None, None, "掩码遮住后面的词", "") for second in (1.0, 2.0)
    ]
    for number, moment in enumerate(kept, 1):  # the first one unseals the library, which is always seen at once
        with live.reader(), open_keeper(folder) as keeper:
            keeper.keep(moment)
        live.refresh()
        with live.reader() as reader:
            assert len(reader.kept()) == number
