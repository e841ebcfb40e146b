"""Aliases in a real library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seekpoint.index.open import open_writer
from seekpoint.index.store import Writer
from seekpoint.index.types import Resource
from seekpoint.indexer.pipeline.settings import Aliases
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.reading_list.parser import ReadingList
from tests.fakes import TopicEncoder

DAY = 24 * 3600.0


def page(name: str, host: str = "pages.example") -> Resource:
    found = resource_of(f"http://{host}/{name}", name, (("讲座", name),))
    assert found
    return found


A, B, C = page("a"), page("b"), page("c")


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with open_writer(tmp_path, TopicEncoder().card) as writer:
        writer.register("list.md", [A, B])
        yield writer


def record(writer: Writer, resource: Resource, end: Resource, *, is_permanent: bool = True) -> Resource:
    return Aliases.stored(writer, 0.0).record(writer, resource, end, 0.0, is_permanent=is_permanent)


def test_an_alias_never_leads_to_another_one(writer: Writer) -> None:
    assert record(writer, A, B) == B
    assert record(writer, B, C).id == C.id
    aliases = Aliases.stored(writer, 0.0)
    assert [aliases.resolve(each).url for each in (A, B, C)] == [C.url] * 3
    assert aliases.resolve(A).sections == A.sections and aliases.resolve(A).title == "a"
    assert [one.sections for one in writer.statuses([A.id, B.id, C.id])] == [(*A.sections, *B.sections)]
    assert record(writer, C, A).id == C.id, "a way back changes nothing"


def test_a_temporary_alias_ends(writer: Writer) -> None:
    assert record(writer, A, C, is_permanent=False) == A
    assert record(writer, B, C, is_permanent=False).id == A.id
    for later, ends in ((DAY - 1, (A, A)), (DAY, (B, A)), (31 * DAY, (B, C))):
        aliases = Aliases.stored(writer, later)
        assert tuple(aliases.resolve(each).id for each in (B, C)) == tuple(end.id for end in ends)


def test_only_the_server_that_a_local_list_names_may_be_private(writer: Writer) -> None:
    other = page("b", "other.example")
    record(writer, A, other)
    local, remote = (
        ReadingList("/list.md", 2, (A, C)),
        ReadingList("https://a.example/list.md", 1, (B,), is_remote=True),
    )
    assert Aliases.stored(writer, 0.0).private([local, remote]) == {C.id}
    secure = resource_of("https://pages.example/b")
    assert secure
    record(writer, C, secure)
    assert Aliases.stored(writer, 0.0).private([local, remote]) == {secure.id}
