"""The contract of the door: when resources were published and added, by lists and sources, and kept questions."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seekpoint.index.embedded.database import FILE, connect, setting
from seekpoint.index.settings import MOST_QUESTIONS, NAMES, QUESTION_VECTORS, LibrarySettings, QuestionVectors
from seekpoint.index.store import Reader
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library
from seekpoint.index.types import Details, Filters, KeptQuestion, Kind, Resource
from tests.index.contract.conftest import Backend
from tests.index.contract.talks import CARD, ENCODER, SOURCE, TALKS, resource, transcript
from tests.index.transfer.test_hostile_archives import forge_database
from tests.index.transfer.test_hostile_archives import held as entries


def within(library: Reader, **limits: object) -> set[str]:
    """The resources that a filter by date keeps, by asking for each with the filter."""
    return {talk for talk in TALKS if len(library.scope(Filters(**limits, resource=talk)))}  # type: ignore[arg-type]


def test_a_filter_keeps_what_was_published_on_a_date_and_before_another(backend: Backend) -> None:
    dates = {"attention01": "2026-03-15", "position001": "2026-03", "zhuyili0001": "2025"}
    with backend.writer() as writer:
        for talk, date in dates.items():
            writer.commit(talk, [transcript(talk)], Details(title=talk, published=date), "dated")
    with backend.reader() as reader:
        assert [status.published for status in reader.statuses([*dates])] == [*dates.values()]
        assert within(reader, after="2026") == {"attention01", "position001"}
        assert within(reader, after="2026-03-15") == {"attention01"}
        assert within(reader, after="2025", before="2026-03-15") == {"position001", "zhuyili0001"}
        assert within(reader, before="2026-03") == {"zhuyili0001"}
        assert within(reader) == set(TALKS)
        assert reader.amounts().undated == 1
        reader.verify()


def test_a_list_states_what_comes_before_the_words_of_the_source(backend: Backend) -> None:
    stated = Details(published="2017", authors=("Ashish Vaswani", "张三 李四"), container="NeurIPS", key="v17")
    with backend.writer() as writer:
        entries = [replace(resource("attention01"), stated=stated), *map(resource, list(TALKS)[1:])]
        writer.register(SOURCE, entries)
        writer.commit("attention01", [transcript("attention01")], Details(published="2020-01-01", isbn="9"), "new")
    with backend.reader() as reader:
        [attention] = reader.statuses(["attention01"])
        assert attention.details == replace(stated, isbn="9")
        assert within(reader, before="2018") == {"attention01"}
        for name in (["vaswani", "ashish"], ["张三", "李四"]):
            assert "attention01" in {key for key, _ in reader.titles(name)}
    with backend.writer() as writer:
        writer.register(SOURCE, [*map(resource, TALKS)])
    with backend.reader() as reader:
        assert within(reader, before="2021", after="2020") == {"attention01"}
        assert reader.statuses(["attention01"])[0].details.authors == ()
        reader.verify()


def test_a_list_on_the_web_states_nothing_of_what_another_list_has_first(backend: Backend) -> None:
    with backend.writer() as writer:
        foreign = replace(resource("attention01"), stated=Details(published="1999", authors=("Some Body",)))
        writer.register("a.md", [resource("attention01")])
        writer.register("https://example.org/list.md", [foreign, replace(foreign, id="theirs", url="https://x.org/y")])
        writer.commit("theirs", [transcript("attention01")], Details(), "new")
    with backend.reader() as reader:
        stated = [(status.details.authors, status.published) for status in reader.statuses(["attention01", "theirs"])]
        assert stated == [((), None), (("Some Body",), "1999")]
        assert len(reader.scope(Filters(before="2000"))) == len(TALKS["attention01"])


def test_a_resource_is_added_when_it_is_indexed_first(backend: Backend) -> None:
    with backend.reader() as reader:
        before = {status.id: status.added for status in reader.statuses()}
        assert all(before.values())
        assert within(reader, added=0.0) == set(TALKS)
        assert within(reader, added=4e9) == set()
    with backend.writer() as writer:
        now = time.time()
        writer.commit("attention01", [transcript("attention01")], Details(), "changed")
        assert within(writer, added=now) == set()
        writer.register("new.md", [replace(resource("attention01"), id="new", url="https://example.org/new")])
        assert [status.added for status in writer.statuses(["new"])] == [None]
        assert writer.statuses(["attention01"])[0].added == before["attention01"]


def test_kept_questions_come_back_in_order_each_once_and_are_dropped(backend: Backend) -> None:
    with backend.keeper() as keeper:
        for text, added in (("掩码藏了什么？", 1.0), ("why masks?", 2.0), ("掩码藏了什么？", 3.0)):
            keeper.keep(KeptQuestion(text, added))
    with backend.reader() as reader:
        assert reader.settings.questions == (("掩码藏了什么？", 1.0), ("why masks?", 2.0))
        assert reader.kept() == []
    with backend.writer() as writer, backend.keeper() as keeper:
        keeper.keep(KeptQuestion("掩码藏了什么？", 0.0, kept=False))
        keeper.keep(KeptQuestion("nobody asked", 0.0, kept=False))
        writer.put_settings(glossary=[("a", "b")])
    with backend.reader() as reader:
        assert reader.settings.questions == (("why masks?", 2.0),)
        reader.verify()


def test_other_wordings_of_a_kept_question_stay_until_others_come_or_it_is_dropped(backend: Backend) -> None:
    also = ("What does the mask hide?", "Was verdeckt die Maske?")
    for changes, expected in (
        ({"also": also}, {"掩码藏了什么？": also}),
        ({"added": 2.0}, {"掩码藏了什么？": also}),
        ({"also": also[1:]}, {"掩码藏了什么？": also[1:]}),
        ({"text": "why masks?", "also": ("掩码?",)}, {"掩码藏了什么？": also[1:], "why masks?": ("掩码?",)}),
        ({"kept": False}, {"why masks?": ("掩码?",)}),
        ({}, {"why masks?": ("掩码?",)}),
    ):
        with backend.keeper() as keeper:
            keeper.keep(KeptQuestion("掩码藏了什么？", 1.0)._replace(**changes))
        with backend.reader() as reader:
            assert reader.settings.wordings == expected
            reader.verify()
            held = reader.settings.questions
    assert held == (("why masks?", 1.0), ("掩码藏了什么？", 1.0))


def test_settings_of_two_libraries_are_joined_and_ones_own_questions_all_stay() -> None:
    theirs = LibrarySettings(questions=[*((f"他们 {n}", 1.0) for n in range(199)), ("both?", 1.0)])
    theirs = replace(theirs, wordings={"他们 3": ("theirs",), "他们 190": ("cut off",), "both?": ("their both",)})
    own = LibrarySettings(questions=[*((f"mine {n}", 2.0) for n in range(20)), ("both?", 2.0)])
    own = replace(own, wordings={"mine 1": ("我的",)})
    joined = own.joined(theirs)
    assert joined["questions"] == [*theirs.questions[: MOST_QUESTIONS - 21], *own.questions]
    assert joined["wordings"] == {"他们 3": ("theirs",), "mine 1": ("我的",)}
    assert LibrarySettings().joined(theirs) == {"questions": [*theirs.questions], "wordings": theirs.wordings}


def test_vectors_of_kept_questions_are_their_models_alone_and_leave_with_a_question(
    backend: Backend, tmp_path: Path
) -> None:
    mask, cang = (ENCODER.question(text) for text in ("mask", "掩码，词元"))
    strange = {"long": np.eye(99)[0], "zero": 0 * mask, "big": 3e38 * mask, "nan": np.nan * mask}
    rows = {"a": mask, "b": cang} | strange

    def held() -> dict[str, list[float]]:
        with backend.reader() as reader:
            reader.verify()
            assert reader.settings.question_vectors(replace(CARD, fingerprint="other")).vectors.keys() <= {"other"}
            found = reader.settings.question_vectors(CARD).vectors
            return {key: vector.tolist() for key, vector in found.items()}

    def keep(*items: KeptQuestion | QuestionVectors) -> None:
        with backend.keeper() as keeper:
            for item in items:
                keeper.keep(item)

    why, more = KeptQuestion("why masks?", 1.0, also=("掩码？",)), KeptQuestion("掩码藏了什么？", 1.0)
    keep(why, QuestionVectors(CARD.fingerprint, {"older": mask}), QuestionVectors(CARD.fingerprint, rows))
    for item in (more, why, why._replace(added=2.0, also=())):
        keep(item)
        assert held() == {"a": mask.tolist(), "b": cang.tolist()}
    export_library(backend.address, file := tmp_path / "there.zip")
    assert b64encode(mask.astype("<f4").tobytes()) not in entries(file)[FILE]
    forge_database(file, f"INSERT INTO setting VALUES ('question_vectors', '{QuestionVectors('f', {}).text}')")
    import_library(file, tmp_path / "there")
    with closing(connect(tmp_path / "there", writable=False)) as stored:
        assert setting(stored, QUESTION_VECTORS) is None
    for item in (more._replace(kept=False), why._replace(also=("cache?",))):
        keep(item)
        assert held() == {}, "of a text that is kept no longer"
        keep(QuestionVectors("other", {"other": mask}))
        assert held() == {}
        keep(QuestionVectors(CARD.fingerprint, {"a": mask}))
        assert held() == {"a": mask.tolist()}


@pytest.mark.parametrize(
    "odd", ["", "[", "1", "null", '["f"]', '["f", 1]', '["f", {"a": 1}]', '["f", {"a": "掩码", "b": ""}]']
)
def test_ill_formed_vectors_of_questions_count_as_none(odd: str) -> None:
    asked = list[str]()

    def stored(name: str) -> str:
        asked.append(name)
        return odd

    settings = LibrarySettings.read(stored)
    assert asked == [*NAMES] and QUESTION_VECTORS not in asked, "they are read on demand alone"
    assert settings.question_vectors(replace(CARD, fingerprint="f")).vectors == {}


def test_a_list_that_lost_an_entry_no_longer_dates_it(backend: Backend) -> None:
    dated = replace(resource("attention01"), stated=Details(published="2019"))
    with backend.writer() as writer:
        writer.register("a.bib", [dated])
        assert within(writer, before="2020") == {"attention01"}
        writer.register("a.bib", [])
        assert within(writer, before="2020") == set()
        writer.register(SOURCE, [])
        assert writer.statuses(["attention01"])[0].published == "2019", "what is on no list keeps what was stated"
        assert within(writer, before="2020") == {"attention01"}


def test_what_moves_keeps_when_it_was_added(backend: Backend) -> None:
    with backend.writer() as writer:
        [before] = writer.statuses(["attention01"])
        writer.move("attention01", Resource("new00000001", Kind.VIDEO, "", "https://example.org/新", ()))
        assert writer.statuses(["new00000001"])[0].added == before.added


def test_a_question_or_a_heading_that_nobody_can_have_stored_is_left_out() -> None:
    stored = {
        "questions": json.dumps([["", 0], ["x\x1b[31m  掩码", 1], *([f"{n}", 2] for n in range(300))]),
        "headings": json.dumps([["a", ["b"], ["c"] * 500], ["a", ["b"], ["c"]]]),
    }
    read = LibrarySettings.read(stored.get)
    assert (read.questions[0], len(read.questions)) == (("x 掩码", 1.0), MOST_QUESTIONS - 1)
    assert read.headings == (("a", ("b",), ("c",)),)
    questions = json.dumps([["a", 1], ["掩码", 1], ["b", 1], ["c", 1]])
    also = ["x\x1b[31m  y", "", "为什么", 3, "4", "5"]
    wordings = json.dumps({"a": also, "掩码\u202e": ["masks?"], "b": "掩码藏", "c": {"d": "e"}, "not kept": ["f"]})
    read = LibrarySettings.read({"questions": questions, "wordings": wordings}.get)
    assert read.wordings == {"a": ("x y", "为什么", "3", "4"), "掩码": ("masks?",)}
    for odd in ('{"a":1}', "1", "[1]", '[["a"]]', "null"):
        read = LibrarySettings.read({"questions": odd, "headings": odd}.get)
        assert (read.questions, read.headings) == ((), ())
