"""The contract of the door: what people keep stays, whatever builds do at the same time and afterwards."""

from __future__ import annotations

from dataclasses import replace

from seekpoint.index.types import Details, KeptMoment, Resource, State
from tests.index.contract.conftest import Backend
from tests.index.contract.talks import CARD, SOURCE, resource, transcript

MASK = KeptMoment(
    resource=replace(resource("attention01"), sections=()),
    language="en",
    start=10.5,
    page=None,
    anchor=None,
    quote="the mask hides what comes later",
    link="https://example.org/attention01&t=10s",
    question="What does the mask hide?",
    added=1.0,
)
YANMA = replace(
    MASK,
    resource=replace(resource("zhuyili0001"), title="注意力", sections=()),
    language="zh",
    quote="掩码遮住后面的词",
    question="掩码藏了什么？",
    added=2.0,
    note="=重要的\n笔记",
    collection="收藏 · 掩码",
)
PAGE = replace(
    MASK,
    resource=replace(resource("page0000001"), sections=()),
    start=None,
    anchor="训练",
    quote="training takes a week",
    added=3.0,
)


def keep(backend: Backend, *moments: KeptMoment) -> None:
    with backend.keeper() as keeper:
        for moment in moments:
            keeper.keep(moment)


def kept(backend: Backend) -> list[KeptMoment]:
    """What is kept, of a library that is whole."""
    with backend.reader() as reader:
        reader.verify()
        return reader.kept()


def test_what_is_kept_comes_back_in_the_order_of_keeping_each_place_once(backend: Backend) -> None:
    assert kept(backend) == []
    keep(backend, PAGE, YANMA, MASK)
    assert kept(backend) == [MASK, YANMA, PAGE]
    keep(backend, YANMA, replace(YANMA, start=10.9, note="", added=9.0))
    assert kept(backend) == [MASK, YANMA, PAGE]
    keep(backend, replace(YANMA, start=11.0, added=9.0), PAGE, replace(PAGE, quote="另一处"))
    assert len(kept(backend)) == 5


def test_notes_are_replaced_and_moments_dropped(backend: Backend) -> None:
    keep(backend, MASK, YANMA)
    with backend.keeper() as keeper:
        assert keeper.annotate("attention01", MASK.place, "笔记", "收藏")
        assert not keeper.annotate("attention01", "t99", "nobody's", "")
        assert not keeper.annotate("zhuyili0001", YANMA.place, None)
        keeper.annotate("zhuyili0001", "t99", None)
    assert kept(backend) == [replace(MASK, note="笔记", collection="收藏")]


def test_what_is_kept_survives_builds_removals_and_another_model(backend: Backend) -> None:
    keep(backend, MASK)
    with backend.writer() as writer:
        writer.commit("attention01", [transcript("position001")], Details(title="another"), "changed")
        writer.remove(["zhuyili0001"])
        writer.register(SOURCE, [])
        with writer.successor(replace(CARD, name="another model", fingerprint="another"), print) as successor:
            for due in successor.due:
                successor.writer.commit(due.resource.id, [transcript(due.resource.id)], Details(), due.edition)
            keep(backend, YANMA)
        writer.succeed(successor)
    assert kept(backend) == [MASK, YANMA]
    with backend.reader() as reader:
        assert reader.statuses(["zhuyili0001"]) == []


def test_what_is_kept_moves_with_its_resource(backend: Backend) -> None:
    new = Resource("new00000001", MASK.resource.kind, "", "https://example.org/新", ())
    keep(backend, MASK, YANMA, replace(YANMA, start=500.0))
    with backend.writer() as writer:
        writer.move("attention01", new)
        writer.move("zhuyili0001", new)
    # Of two that are kept at one place of the new resource, the first one moves.
    owners = [(moment.resource.id, moment.place) for moment in kept(backend)]
    assert owners == [("new00000001", "t10"), ("new00000001", "t500"), ("zhuyili0001", "t10")]


def test_a_moment_is_kept_beside_builds_and_readers_and_is_a_new_revision(backend: Backend) -> None:
    with backend.writer() as writer:
        with backend.reader() as before:
            keep(backend, MASK)
            assert before.kept() == []
        writer.set_state("position001", State.DEFERRED, reason="blocked")
        keep(backend, YANMA)
        writer.commit("attention01", [transcript("attention01")], Details(), "changed")
        assert writer.kept() == [MASK, YANMA]
    built = backend.revision()
    with backend.writer():  # one that changes nothing
        keep(backend, PAGE)
        assert backend.revision() != built
    with backend.writer():
        pass
    assert kept(backend) == [MASK, YANMA, PAGE]
