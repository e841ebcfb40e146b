"""The contract of the door: what lists name, what is stored of it, and who sees it when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from seekpoint.index.errors import LibraryNotFound, LockedLibrary, SeekpointError
from seekpoint.index.open import is_written, library_exists
from seekpoint.index.settings import LibrarySettings
from seekpoint.index.text.clean import text_digest
from seekpoint.index.types import (
    ANY_LANGUAGE,
    Chapter,
    Cue,
    CueSpan,
    Details,
    Filters,
    Kind,
    Playlist,
    PlaylistEntry,
    Resource,
    Standing,
    State,
    Transcript,
)
from tests.index.contract.conftest import Backend
from tests.index.contract.talks import CARD, ENCODER, SOURCE, TALKS, resource, transcript
from tests.index.libraries import embedded

HOSTILE = ("\\N", "a\tb\nc\\td", "'; DROP TABLE resource; --", "%s %% {x} $1", '"},{"', "👩‍🔬 掩码\u202e")

# What was stored


def test_generated_chapters_come_back_of_what_plays_and_the_sources_own_stand_before_them(backend: Backend) -> None:
    made = (Chapter(0.0, "注意力 attention", generated=True), Chapter(10.5, "掩码", generated=True))
    own = (Chapter(0.0, "Intro"),)
    with backend.writer() as writer:
        for talk, details in (("zhuyili0001", Details()), ("attention01", Details(chapters=own))):
            said = transcript(talk)
            first = replace(said, transcript=replace(said.transcript, chapters=made))
            writer.commit(talk, [first, said], details, "changed")
    with backend.reader() as reader:
        assert [said.chapters for said in reader.transcripts("zhuyili0001")] == [made, ()]
        chapters = {status.id: status.chapters for status in reader.statuses()}
        assert chapters == {"zhuyili0001": made, "attention01": own, "position001": (), "page0000001": ()}
        reader.verify()


def test_what_is_committed_comes_back_and_needs_no_embedding_again(backend: Backend) -> None:
    with backend.reader() as reader:
        assert reader.card == CARD
        for talk in TALKS:
            assert reader.transcripts(talk) == [transcript(talk).transcript]
            said = transcript(talk).transcript
            assert reader.transcripts(talk, said.language, -3, 2) == [replace(said, cues=said.cues[:2])]
            assert reader.transcripts(talk, said.language, 1, 99) == [replace(said, cues=said.cues[1:])]
            assert reader.transcripts(talk, "tlh", 0, 2) == []
        assert reader.transcripts("nobody") == []
        [attention] = reader.statuses(["attention01", "nobody"])
        assert attention.details == Details(title="Talk on attention01", channel="频道")
        assert [one.resource for one in reader.statuses(["page0000001"])] == [resource("page0000001")]
        reader.verify()
        vector = ENCODER.question("mask")
        stored = reader.evidence(list(range(1, 20)), vector).chunks
        spans = [CueSpan(chunk.transcript_id, 0, chunk.stop) for chunk in stored]
        texts = [[cue.text for cue in cues] for cues in reader.cues(spans)]
        assert texts == [list(TALKS[chunk.resource_id][: chunk.stop]) for chunk in stored]
        assert reader.cues([]) == []
    with backend.writer() as writer:
        known = writer.known("zhuyili0001")
        assert known.vectors.keys() == known.pieces.keys() == {text_digest(text) for text in TALKS["zhuyili0001"]}
        for text in TALKS["zhuyili0001"]:
            assert known.vectors[text_digest(text)] == pytest.approx(ENCODER.question(text), abs=0.01)
        for piece, made in transcript("zhuyili0001").pieces:
            found = known.pieces[text_digest(piece.text)]
            assert found == made._replace(scale=found.scale) and found.scale == pytest.approx(made.scale)
        assert writer.known("nobody") == ({}, {})


def test_pieces_and_cues_come_from_as_many_blocks_as_they_lie_in(backend: Backend) -> None:
    texts = [f"mask 掩码 {k}" for k in range(200)]
    with backend.writer() as writer:
        writer.commit("attention01", [embedded(texts, "en")], Details(), "changed")
    with backend.reader() as reader:
        stored = reader.evidence(range(1, 400), ENCODER.question("mask")).chunks
        stored = [chunk for chunk in stored if chunk.resource_id == "attention01"]
        found = reader.pieces(stored, 20.0)
        for chunk in stored:
            around = range(max(chunk.first - 2, 0), min(chunk.stop + 2, 200))
            assert found[chunk.id].starts.tolist() == [10.0 * k for k in around]
        [alone] = reader.pieces(stored[100:101], 400.0).values()
        assert alone.starts.tolist() == [10.0 * k for k in range(60, 141)]
        spans = [CueSpan(stored[0].transcript_id, first, first + 60) for first in (130, 40)]
        assert [[cue.text for cue in cues] for cues in reader.cues(spans)] == [texts[130:190], texts[40:100]]


def test_texts_come_back_as_they_were(backend: Backend) -> None:
    made = transcript("attention01")
    said = dict[Resource, Transcript]()
    for number, text in enumerate(HOSTILE):
        one = Resource(f"hostile{number:04}", Kind.VIDEO, text, f"https://example.org/{text}", ((text,),))
        said[one] = replace(made.transcript, cues=(Cue(0.0, 9.0, text), *made.transcript.cues[1:]))
    with backend.writer() as writer:
        writer.register(SOURCE, list(said))
        for one, whole in said.items():
            details = Details(title=one.title, channel=one.title)
            writer.commit(one.id, [replace(made, transcript=whole)], details, one.title)
        writer.put_settings(glossary=[(text, text) for text in HOSTILE])
    with backend.reader() as reader:
        assert reader.settings.glossary == tuple((text, text) for text in HOSTILE)
        assert {(text,) for text in HOSTILE} <= {section.path for section in reader.sections()}
        for one, whole in said.items():
            [status] = reader.statuses([one.id])
            assert (status.resource, status.details) == (one, Details(title=one.title, channel=one.title))
            assert reader.transcripts(one.id) == [whole]
            assert reader.standings()[one.id].inputs == one.title


def test_speakers_come_back_and_a_filter_keeps_the_resources_in_which_they_speak(backend: Backend) -> None:
    with backend.writer() as writer:
        for talk, names in (("attention01", ("Ann Lee", None, "李雷")), ("zhuyili0001", ("李雷", "李雷"))):
            said = transcript(talk)
            pairs = zip(said.transcript.cues, names, strict=True)
            cues = tuple(cue._replace(speaker=name) for cue, name in pairs)
            whole = replace(said, transcript=replace(said.transcript, cues=cues))
            writer.commit(talk, [whole], Details(title="T", speakers=("of before",)), "changed")
    with backend.reader() as reader:
        [attention] = reader.statuses(["attention01"])
        assert attention.details == Details(title="T", speakers=("Ann Lee", "李雷"))
        [stored] = reader.transcripts("attention01")
        assert [cue.speaker for cue in stored.cues] == ["Ann Lee", None, "李雷"]
        for name, chunks in (("nn l", 3), ("LEE", 3), ("李雷", 5), ("Bob", 0), ("of before", 0)):
            assert len(reader.scope(Filters(speaker=name))) == chunks
        assert len(reader.scope(Filters(speaker="李雷", language="zh"), ["zhuyili0001"])) == 2
        reader.verify()
    with backend.writer() as writer:
        writer.commit("attention01", [transcript("attention01")], attention.details, "changed")
        [attention] = writer.statuses(["attention01"])
        assert attention.details == Details(title="T")


def test_a_part_of_the_resources_is_read_as_all_are(backend: Backend) -> None:
    with backend.writer() as writer:
        again = [resource("zhuyili0001"), Resource("missing0001", Kind.VIDEO, "没有字幕", "https://example.org/3")]
        writer.register("another.md", again)
        writer.set_state("missing0001", State.NO_TRANSCRIPT, reason="无字幕", inputs="by hand")
        writer.register(SOURCE, [resource(talk) for talk in TALKS if talk != "position001"])
    with backend.reader() as reader:
        every = reader.statuses()
        order = [one.id for one in every]
        assert order == list(dict.fromkeys(order))
        for ids in (["zhuyili0001", "attention01", "nobody"], ["position001"], [], order):
            assert reader.statuses(ids) == [one for one in every if one.id in ids]
        amounts = reader.amounts()
        states = [one.state for one in every]
        assert amounts.states == {state: states.count(state) for state in State}
        assert (amounts.chunks, amounts.seconds) == (sum(s.chunks for s in every), sum(s.seconds for s in every))
        assert (amounts.kinds, amounts.languages) == ([Kind.VIDEO, Kind.PAGE], ["en", "zh"])


def test_a_second_commit_replaces_the_first_and_what_is_removed_is_found_nowhere(backend: Backend) -> None:
    with backend.writer() as writer:
        details = Details(title="New", chapters=(Chapter(0.0, "掩码"),), duration=20.0, published="2024-01-02")
        writer.commit("attention01", [transcript("zhuyili0001")], details, "changed", Kind.RECORDING)
    with backend.reader() as reader:
        assert reader.transcripts("attention01") == [transcript("zhuyili0001").transcript]
        [status] = reader.statuses(["attention01"])
        assert (status.details, status.kind) == (details, Kind.RECORDING)
        assert reader.frequencies(["attent", "掩码"]).terms == {"attent": 1, "掩码": 3}
        assert {name: one.chunks for name, one in reader.languages().items()} == {"en": 4, "zh": 4}
    with backend.writer() as writer:
        writer.remove(["zhuyili0001", "attention01"])
    with backend.reader() as reader:
        assert reader.languages().keys() == {"en"}
        assert reader.frequencies(["mask", "掩码", "train"]).terms == {"train": 2}
        assert {status.resource.id for status in reader.statuses()} == {"position001", "page0000001"}


# Lists and states


def test_resources_stand_in_the_order_of_their_lists_and_stay_unlisted_until_they_are_removed(backend: Backend) -> None:
    with backend.writer() as writer:
        writer.register("later.md", [Resource("later", Kind.PAPER, "", "https://arxiv.org/abs/1", (("论文",),))])
        writer.set_state("later", State.DEFERRED, reason="blocked", retry_after=99.0, inputs="youtube:")
    with backend.reader() as reader:
        statuses = {status.resource.id: status for status in reader.statuses()}
        # Lists come by name: later.md before talks.md.
        assert list(statuses) == ["later", *TALKS]
        later, first = statuses["later"], statuses["attention01"]
        assert (later.state, later.reason, later.retry_after) == (State.DEFERRED, "blocked", 99.0)
        assert later.resource.title == "https://arxiv.org/abs/1"
        assert (first.state, first.languages, first.chunks, first.seconds) == (State.INDEXED, ("en",), 3, 30.0)
        assert reader.standings()["later"] == Standing(State.DEFERRED, "youtube:", 99.0, reason="blocked")
        assert [(section.source, section.path, list(section.entries)) for section in reader.sections()] == [
            ("later.md", ("论文",), ["later"]),
            (SOURCE, ("Videos",), ["attention01", "position001", "zhuyili0001"]),
            (SOURCE, ("Pages",), ["page0000001"]),
        ]
    with backend.writer() as writer:
        writer.register(SOURCE, [resource("position001")])
        writer.register("another.md", [resource("attention01")])
        assert [section.source for section in writer.sections()][-1] == ""
        assert len(writer.statuses()) == len(TALKS) + 1
        assert writer.remove(unlisted_by=["another.md"]) == 0
        assert writer.remove(unlisted_by=[SOURCE]) == len(TALKS) - 2
    with backend.reader() as reader:
        assert {one.id for one in reader.statuses()} == {"later", "position001", "attention01"}


def test_changed_headings_hold_for_all_below_them_and_what_is_listed_later(backend: Backend) -> None:
    lists = {
        "a.md": {"attention01": ("A", "x"), "position001": ("B",)},
        "feed": {"page0000001": (), "zhuyili0001": ("播客",)},
    }
    with backend.writer() as writer:
        writer.register(SOURCE, ())
        writer.put_settings(
            headings=[("a.md", ("A",), ("掩码",)), ("feed", (), ("B",)), ("feed", ("播客",), ("掩码", "x", "y"))]
        )
        for source, paths in lists.items():
            writer.register(source, [replace(resource(key), sections=(path,)) for key, path in paths.items()])
    with backend.reader() as reader:
        assert [(section.source, section.path, list(section.entries)) for section in reader.sections()] == [
            ("a.md", ("掩码", "x"), ["attention01"]),
            ("feed", ("掩码", "x", "y"), ["zhuyili0001"]),
            ("a.md", ("B",), ["position001"]),
            ("feed", ("B",), ["page0000001"]),
        ]
        assert {one.id: one.resource.sections for one in reader.statuses(["zhuyili0001"])} == {
            "zhuyili0001": (("掩码", "x", "y"),)
        }
        assert len(reader.scope(Filters(section="掩"))) == len(reader.scope(Filters(), ["attention01", "zhuyili0001"]))
        assert len(reader.scope(Filters(section="播客"))) == 0
    with backend.writer() as writer:
        writer.put_settings(headings=[("a.md", "A")])
    with backend.reader() as reader:
        assert ("a.md", ("A", "x")) in [section[:2] for section in reader.sections()], "none that is ill-formed"


def test_a_list_on_the_web_gives_no_title_to_what_another_list_names_without_one(backend: Backend) -> None:
    paper = Resource("paper000001", Kind.PAPER, "", "https://arxiv.org/abs/1", (("论文",),))
    with backend.writer() as writer:
        for number, source in enumerate(
            ("/home/ada/list.md", "https://b.example/list.md", "https://c.example/list.md")
        ):
            writer.register(source, [replace(paper, title="Masks for sale 特价" * bool(number))])
    with backend.reader() as reader:
        [status] = reader.statuses([paper.id])
        assert (status.title, status.sections) == (paper.url, (("论文",),))
    with backend.writer() as writer:
        writer.register("/home/ada/list.md", [])
        assert writer.statuses([paper.id])[0].title == "Masks for sale 特价"
        writer.register("/home/ada/own.md", [replace(paper, title="注意力")])
        assert writer.statuses([paper.id])[0].title == "注意力"


def test_a_resource_that_is_another_one_leaves_it_its_listings(backend: Backend) -> None:
    with backend.writer() as writer:
        writer.register("b.md", [replace(resource("position001"), title="", sections=(("第一讲",),))])
        writer.register("gone.md", [resource("position001"), resource("attention01")])
        writer.register("gone.md", [resource("attention01")])
        writer.move("position001", resource("attention01"))
        new = Resource("new00000001", Kind.PAGE, "", "https://example.org/新", ())
        writer.move("page0000001", new)
        writer.move("unknown0001", new)
    with backend.reader() as reader:
        statuses = {status.id: status for status in reader.statuses([*TALKS, new.id])}
        assert set(statuses) == {"attention01", "zhuyili0001", new.id}
        assert statuses["attention01"].sections == (("第一讲",), ("Videos",))
        moved = statuses[new.id]
        assert (moved.title, moved.sections, moved.url) == ("Talk on page0000001", (("Pages",),), new.url)
        assert reader.standings()[new.id] == Standing(State.PENDING)
        assert [list(listed.entries) for listed in reader.sections() if listed.source == "gone.md"] == [["attention01"]]
        assert reader.transcripts("position001") == [] and len(reader.transcripts("attention01")) == 1
        assert "attention01" in {name for name, _ in reader.titles(["position001"])}, "under the titles of both"
        reader.verify()


def dictionaries(target: str) -> Iterable[tuple[str, Sequence[tuple[str, Sequence[str]]]]]:
    """A few words in both directions."""
    if target == "zh":
        return ("en", [("mask", ["掩码", "面具"])]), (ANY_LANGUAGE, [("GPT", ["权重"])])
    return [("zh", [("掩码", ["mask"]), ("面具", ["face cover"])])]


def test_playlists_settings_and_the_translations_that_the_library_can_use_are_kept(backend: Backend) -> None:
    here, there = (replace(resource(talk), sections=()) for talk in ("attention01", "position001"))
    playlist = Playlist("播放列表", (PlaylistEntry(here), PlaylistEntry(there, "private")))
    with backend.writer() as writer:
        writer.register("lists.md", [Resource("PL1", Kind.PLAYLIST, "", "https://youtube.com/playlist?list=PL1")])
        writer.keep_playlist("PL1", playlist)
        assert writer.playlists() == {"PL1": playlist}
        assert writer.settings == LibrarySettings()
        writer.put_settings(glossary=[("mask", "掩码")], is_without_pieces=True, aliases={"a": ("https://b/", None)})
        writer.put_settings(is_without_pieces=False, aliases={})
        with pytest.raises(ValueError, match="no setting other"):
            writer.put_settings(other=1)
        writer.keep_translations("1", dictionaries)
    with backend.reader() as reader:
        assert reader.playlists() == {"PL1": playlist}
        assert reader.standings()["PL1"].is_indexed
        assert reader.settings == LibrarySettings(glossary=(("mask", "掩码"),))
        english = reader.translations("en", ["mask", "gpt", "nowher"])
        assert english == {"zh": {"mask": (("掩码",),), "gpt": (("权重",),)}}
        assert reader.translations("zh", ["掩码", "面具"]) == {"en": {"掩码": (("mask",),)}}


def test_a_playlist_keeps_its_version_and_the_addresses_that_its_entries_have_now(backend: Backend) -> None:
    moved = replace(resource("attention01"), url="https://cdn.example/注意力.mp3", sections=())
    with backend.writer() as writer:
        writer.register(
            "lists.md", [Resource("feed", Kind.PLAYLIST, "", "https://a.org/feed"), resource("attention01")]
        )
        for entry, version in ((resource("attention01"), "listed:1"), (moved, "listed:1"), (moved, "listed:2")):
            playlist = Playlist("播客", (PlaylistEntry(replace(entry, sections=())),))
            writer.keep_playlist("feed", playlist, version)
            assert writer.playlists() == {"feed": playlist}
            assert writer.standings()["feed"].inputs == version
            [status] = writer.statuses(["attention01"])
            assert status.url == entry.url


# Transactions, snapshots and revisions


def test_a_transaction_is_whole_or_nothing_and_a_failed_build_keeps_what_it_committed(backend: Backend) -> None:
    with backend.writer() as writer:
        with pytest.raises(RuntimeError), writer.transaction():
            writer.set_state("attention01", State.UNAVAILABLE, reason="gone")
            writer.put_settings(is_without_pieces=True)
            raise RuntimeError
        assert writer.standings()["attention01"].state is State.INDEXED
        assert not writer.settings.is_without_pieces
    with pytest.raises(RuntimeError), backend.writer() as writer:
        writer.commit("attention01", [transcript("position001")], Details(), "changed")
        raise RuntimeError
    with backend.reader() as reader:
        assert reader.transcripts("attention01") == [transcript("position001").transcript]


def test_a_reader_keeps_its_snapshot_beside_the_one_writer_that_others_see(backend: Backend) -> None:
    assert not is_written(backend.address)
    before = backend.reader()
    with backend.writer() as writer:
        assert is_written(backend.address)
        with pytest.raises(LockedLibrary):
            backend.writer()
        writer.remove(["zhuyili0001"])
        with backend.reader() as during:
            assert during.frequencies(["掩码"]).terms == {}
        with before:
            assert before.frequencies(["掩码"]).terms == {"掩码": 1}
            assert before.transcripts("zhuyili0001") == [transcript("zhuyili0001").transcript]
    assert not is_written(backend.address)
    with backend.writer(), backend.reader() as after:
        assert after.frequencies(["掩码"]).terms == {}


def test_a_revision_tells_a_commit_and_the_end_of_a_build(backend: Backend) -> None:
    with backend.reader() as reader:
        assert reader.revision == backend.revision()
    sealed = backend.revision()
    with backend.writer() as writer:
        assert backend.revision() == sealed
        writer.put_settings(is_without_pieces=True)
        committed = backend.revision()
        assert committed.committed != sealed.committed
    assert backend.revision().sealed != sealed.sealed
    with backend.writer() as writer:
        writer.put_settings(is_without_pieces=True)
        writer.set_state("attention01", State.INDEXED, inputs="made by hand")
        fresh = backend.revision()
    assert backend.revision() == fresh


def test_where_no_library_is_and_in_a_reader_that_was_closed_nothing_is_read(backend: Backend) -> None:
    elsewhere = Backend(backend.nowhere, backend.nowhere)
    for opened in (elsewhere.reader, elsewhere.writer, elsewhere.keeper):
        with pytest.raises(LibraryNotFound):
            opened()
    assert not library_exists(backend.nowhere)
    reader = backend.reader()
    reader.close()
    with pytest.raises(SeekpointError):
        reader.statuses()
