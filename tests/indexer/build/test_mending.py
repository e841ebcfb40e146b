"""Builds that mend a damaged library: what is whole is kept, and only the damaged resources are made or read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from seekpoint.index.chunks import EmbeddedTranscript
from seekpoint.index.embedded import database
from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.index.errors import DamagedLibrary, LibraryError
from seekpoint.index.open import open_writer
from seekpoint.index.types import State, Transcript
from seekpoint.indexer.build.build import Report, Request, build
from seekpoint.indexer.build.events import BuildEvents
from seekpoint.indexer.fetch.session import Web
from seekpoint.indexer.sources import Sources
from tests.asking import ask
from tests.damaging import PAGE, change_bytes, change_rows, contents, flip_bit, replace_page
from tests.fakes import TopicEncoder
from tests.killing import Talks, video_id


class Lines(BuildEvents):
    """Keeps what a build says."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, line: str) -> None:
        self.said.append(line)


class Workshop:
    """A list of talks with captions, their library, and what it held before it was damaged."""

    def __init__(self, folder: Path) -> None:
        self.talks = Talks(folder / "talks")
        self.talks.write(TALKS, cues=12)
        self.library = folder / "library"
        self.encoder = TopicEncoder()
        self.events = Lines()
        self.build()
        self.contents = contents(self.library)

    def build(self) -> Report:
        """Build again, with an encoder and events of its own."""
        self.encoder, self.events = TopicEncoder(), Lines()
        folder = self.talks.folder
        request = Request([str(folder / "list.md")], folder, translate=False)
        sources = Sources.through(Web(), (), 0.0)
        return build(request, self.library, sources, encoder=self.encoder, events=self.events, clock=lambda: 2e9)

    def check(self) -> None:
        with EmbeddedReader.open(self.library) as library:
            library.verify()

    def mended(self) -> Report:
        """Build once; see that it holds what it held."""
        with pytest.raises(DamagedLibrary, match="Run `seekpoint build SOURCE` again"):
            self.check()
        report = self.build()
        self.check()
        assert contents(self.library) == self.contents
        assert not (self.library / database.DAMAGE_MARK).exists()
        return report


@pytest.fixture
def talks(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


TALKS, TALK, CHUNKS = 6, video_id(3), 3
OF_TALK = f"(SELECT id FROM transcript WHERE resource_id = '{TALK}')"


@pytest.mark.parametrize(
    ("change", "embedded"),
    [
        ("UPDATE vector SET data = x'00' WHERE chunk_id = 1", True),
        (f"UPDATE piece_block SET start = start + 1 WHERE transcript_id = {OF_TALK}", True),
        (f"UPDATE chunk SET start = start + 1 WHERE transcript_id = {OF_TALK}", False),
        (f"DELETE FROM chunk WHERE transcript_id = {OF_TALK}", True),
        ("UPDATE term SET text = 'maske' WHERE text = 'mask'", False),
        ("DELETE FROM term WHERE text = '掩码'", False),
        ("UPDATE language SET total = window_total WHERE name = 'en'", False),
        ("DELETE FROM language", False),
        (f"UPDATE listing SET title = '讲', path = '[]' WHERE resource_id = '{TALK}'", False),
        (f"UPDATE name SET terms = 'mask' WHERE resource_id = '{TALK}'", False),
        ("UPDATE setting SET value = '0' WHERE name = 'highest chunk'", False),
        ("DELETE FROM setting WHERE name = 'model'", False),
        ("DELETE FROM checksum WHERE table_name = 'name'", False),
    ],
)
def test_what_the_library_itself_has_is_mended_without_reading_sources(
    talks: Workshop, change: str, embedded: bool
) -> None:
    change_rows(talks.library, change)
    report = talks.mended()
    assert report.updated == 0
    assert bool(talks.encoder.embedded) == embedded
    assert len(talks.encoder.embedded) <= CHUNKS


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE cue_block SET data = x'00' WHERE transcript_id = {OF_TALK}",
        f"UPDATE transcript SET language = 'ja' WHERE resource_id = '{TALK}'",
        f"UPDATE resource SET url = 'x' WHERE id = '{TALK}'",
        f"DELETE FROM resource WHERE id = '{TALK}'",
        f"DELETE FROM transcript WHERE resource_id = '{TALK}'",
        f"UPDATE resource SET reason = CAST(x'ff' AS TEXT) WHERE id = '{TALK}'",
    ],
)
def test_one_resource_is_read_again_and_the_build_says_so(talks: Workshop, change: str) -> None:
    change_rows(talks.library, change)
    assert talks.mended().updated == 1
    if "DELETE FROM resource" not in change:
        assert [line for line in talks.events.said if "Talk 3" in line or "x: " in line]


def test_what_no_list_names_any_more_is_told_and_waits(talks: Workshop) -> None:
    change_rows(talks.library, f"UPDATE cue_block SET data = x'00' WHERE transcript_id = {OF_TALK}")
    talks.talks.put({k: ["attention"] for k in (0, 1)})
    with pytest.raises(DamagedLibrary, match=r"Talk 3 \(en-talk-003\)"):
        talks.check()
    talks.build()
    talks.check()
    with EmbeddedReader.open(talks.library) as library:
        states = {status.id: status.state for status in library.statuses()}
    assert states.pop(TALK) is State.PENDING
    assert set(states.values()) == {State.INDEXED}


def test_without_a_check_a_build_neither_mends_nor_hides_damage(talks: Workshop) -> None:
    change_rows(talks.library, "UPDATE vector SET digest = x'00' WHERE chunk_id = 1")
    assert talks.build().updated == 0
    talks.mended()


def test_a_mending_that_was_killed_is_ended_by_the_next_build(talks: Workshop) -> None:
    change_rows(talks.library, "UPDATE term SET text = 'maske' WHERE text = 'mask'")
    with pytest.raises(DamagedLibrary):
        talks.check()

    def embed(resource_id: str, transcript: Transcript) -> EmbeddedTranscript:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_writer(talks.library, say=print) as writer:
        writer.mend(embed)
    assert talks.mended().updated == 0


def test_damage_that_an_answer_meets_is_mended_by_the_next_build_too(talks: Workshop) -> None:
    change_rows(talks.library, "UPDATE cue_block SET data = x'00'")
    with pytest.raises(DamagedLibrary, match="Run `seekpoint build SOURCE` again"):
        ask("mask", talks.library, encoder=TopicEncoder())
    assert talks.build().updated == TALKS
    talks.check()
    assert contents(talks.library) == talks.contents


def test_whole_resources_answer_while_another_is_damaged(talks: Workshop) -> None:
    change_rows(talks.library, f"UPDATE cue_block SET data = x'00' WHERE transcript_id = {OF_TALK}")
    with pytest.raises(DamagedLibrary):
        talks.check()
    assert ask("掩码", talks.library, encoder=TopicEncoder(), k=1).moments


@pytest.mark.parametrize("kind", ["vectors", "words"])
def test_one_build_mends_an_index_whose_size_and_time_are_those_that_were_written(talks: Workshop, kind: str) -> None:
    file = next(talks.library.glob("vectors-*" if kind == "vectors" else "words-*/*.idx"))
    flip_bit(file, file.stat().st_size // 2)
    assert talks.mended().updated == 0
    assert talks.encoder.embedded == []
    assert "an index was damaged and is made again" in talks.events.said


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "missing"])
def test_the_manifest_is_made_again_from_the_database(talks: Workshop, damage: str) -> None:
    manifest = talks.library / "manifest.json"
    if damage == "missing":
        manifest.unlink()
    else:
        change_bytes(manifest, lambda data: data.__delitem__(slice({"cut": 99, "empty": 0}.get(damage, 3), None)))
    with pytest.raises(LibraryError, match="seekpoint build SOURCE"):
        talks.check()
    assert talks.build().updated == 0
    talks.check()
    assert contents(talks.library) == talks.contents
    assert talks.encoder.embedded == []


@pytest.mark.parametrize("filler", [b"\0", b"\xff", b"another page"])
def test_a_page_that_cannot_be_read_costs_what_was_on_it(talks: Workshop, filler: bytes) -> None:
    pages = (talks.library / database.FILE).stat().st_size // PAGE
    fetched = []
    whole = (talks.library / database.FILE).read_bytes()
    for page in range(10, pages, 5):  # none of the schema, without which nothing can be read
        content = whole[PAGE * (page - 3) : PAGE * (page - 2)] if filler == b"another page" else filler * PAGE
        replace_page(talks.library / database.FILE, page, content)
        try:
            talks.check()
        except DamagedLibrary:
            fetched.append(talks.mended().updated)
    assert min(fetched) == 0
    assert max(fetched) <= TALKS
