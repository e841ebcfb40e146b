"""Builds that mend a damaged library: what is whole is kept, and only the damaged resources are made or read again."""

from __future__ import annotations

from contextlib import closing

import pytest

from seekpoint.index.embedded import database
from seekpoint.index.errors import DamagedLibrary, LibraryError
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.types import EmbeddedTranscript, State, Transcript
from seekpoint.indexer.pipeline.build import Report
from seekpoint.query.output.status import to_text
from tests.asking import ask
from tests.cli.here import call
from tests.damaging import PAGE, change_rows, contents, flip_bit, replace_page
from tests.fakes import TopicEncoder
from tests.indexer.builds import Workshop, webvtt
from tests.killing import Talks, lines_of, video_id


class Damaged:
    """A library of a list of talks with captions, and what it held before it was damaged."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.talks = Talks(workshop.folder / "talks")
        self.talks.write(TALKS, cues=12)
        self.library = workshop.library
        self.build()
        self.contents = contents(self.library)

    def build(self) -> Report:
        """Build a day from now, when files of today are known by their stamps."""
        return self.workshop.build(self.talks.folder / "list.md", captions=self.talks.folder, later=86_400)

    def build_whole(self) -> Report:
        """Build once; see that the library is whole and holds what it held."""
        report = self.build()
        self.check()
        assert contents(self.library) == self.contents
        return report

    def check(self) -> None:
        with open_reader(self.library) as library:
            library.verify()

    def mended(self) -> Report:
        with pytest.raises(DamagedLibrary, match="Run `seekpoint build SOURCE` again"):
            self.check()
        report = self.build_whole()
        assert not (self.library / database.DAMAGE_MARK).exists()
        return report


@pytest.fixture
def talks(workshop: Workshop) -> Damaged:
    return Damaged(workshop)


TALKS, TALK, CHUNKS = 6, video_id(3), 3
OF_TALK = f"(SELECT id FROM transcript WHERE resource_id = '{TALK}')"


def test_what_the_library_itself_has_is_mended_without_reading_sources(talks: Damaged) -> None:
    changes = {
        "UPDATE vector SET data = x'00' WHERE chunk_id = 1": True,
        f"UPDATE piece_block SET start = start + 1 WHERE transcript_id = {OF_TALK}": True,
        f"UPDATE chunk SET start = start + 1 WHERE transcript_id = {OF_TALK}": False,
        f"DELETE FROM chunk WHERE transcript_id = {OF_TALK}": True,
        "UPDATE term SET text = 'maske' WHERE text = 'mask'": False,
        "DELETE FROM term WHERE text = '掩码'": False,
        "UPDATE language SET total = window_total WHERE name = 'en'": False,
        "DELETE FROM language": False,
        f"UPDATE listing SET title = '讲', path = '[]' WHERE resource_id = '{TALK}'": False,
        f"UPDATE name SET terms = 'mask' WHERE resource_id = '{TALK}'": False,
        "UPDATE setting SET value = '0' WHERE name = 'highest chunk'": False,
        "DELETE FROM setting WHERE name = 'model'": False,
        "DELETE FROM checksum WHERE table_name = 'name'": False,
    }
    for change, embedded in changes.items():
        change_rows(talks.library, change)
        assert talks.mended().updated == 0, change
        assert bool(talks.workshop.encoder.embedded) == embedded, change
        assert len(talks.workshop.encoder.embedded) <= CHUNKS, change
    damaged = "UPDATE chunk SET id = (1 << 62) + 1 WHERE id = (SELECT max(id) FROM chunk)"
    change_rows(talks.library, "PRAGMA foreign_keys = OFF", damaged)
    talks.mended()
    with closing(database.connect(talks.library, writable=False)) as connection:
        assert database.highest_chunk(connection) < 1000, "a damaged id isn't the highest one"


@pytest.mark.parametrize(
    "change",
    (
        f"UPDATE cue_block SET data = x'00' WHERE transcript_id = {OF_TALK}",
        f"UPDATE transcript SET language = 'ja' WHERE resource_id = '{TALK}'",
        f"UPDATE resource SET url = 'x' WHERE id = '{TALK}'",
        f"DELETE FROM resource WHERE id = '{TALK}'",
        f"DELETE FROM transcript WHERE resource_id = '{TALK}'",
        f"UPDATE resource SET reason = CAST(x'ff' AS TEXT) WHERE id = '{TALK}'",
    ),
)
def test_one_resource_is_read_again_and_the_build_says_so(talks: Damaged, change: str) -> None:
    change_rows(talks.library, change)
    assert talks.mended().updated == 1, change
    told = [line for line in talks.workshop.events.lines if "Talk 3" in line or "x: " in line]
    assert told or "DELETE FROM resource" in change, change


def test_what_no_list_names_any_more_is_told_and_waits(talks: Damaged) -> None:
    with open_writer(talks.library) as writer:
        inputs = writer.standings()[TALK].inputs
        writer.set_state(TALK, State.INDEXED, reason="no answer", retry_after=3e9, inputs=inputs)
    change_rows(talks.library, f"UPDATE cue_block SET data = x'00' WHERE transcript_id = {OF_TALK}")
    talks.talks.put({k: ["attention"] for k in (0, 1)})
    with pytest.raises(DamagedLibrary, match=r"Talk 3 \(en-talk-003\)"):
        talks.check()
    assert talks.build().given_up == 1
    talks.check()
    with open_reader(talks.library) as library:
        assert library.standings()[TALK].retry_after is None, "what was to be tried later is tried at once"
        statuses = {status.id: status for status in library.statuses()}
        text = to_text(talks.library, library.card, [*statuses.values()], library.sections(), 2e9)
    lost = statuses.pop(TALK)
    assert lost.state is State.PENDING
    assert "pending: its transcript was damaged and had to be given up: build a list that names it, or give" in text
    assert "interrupted" not in text
    assert {status.state for status in statuses.values()} == {State.INDEXED}
    assert talks.build().given_up == 0


def test_a_build_without_a_check_hides_no_damage_and_one_ends_a_mending_that_was_killed(talks: Damaged) -> None:
    change_rows(talks.library, "UPDATE vector SET digest = x'00' WHERE chunk_id = 1")
    assert talks.build().updated == 0
    talks.mended()
    change_rows(talks.library, "UPDATE term SET text = 'maske' WHERE text = 'mask'")
    with pytest.raises(DamagedLibrary):
        talks.check()

    def embed(resource_id: str, transcript: Transcript) -> EmbeddedTranscript:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_writer(talks.library, say=print) as writer:
        writer.mend(embed)
    assert talks.mended().updated == 0


def test_damage_that_an_answer_meets_is_mended_while_whole_resources_answer(talks: Damaged) -> None:
    change_rows(talks.library, f"UPDATE cue_block SET data = x'00' WHERE transcript_id = {OF_TALK}")
    with pytest.raises(DamagedLibrary):
        talks.check()
    assert ask("掩码", talks.library, encoder=TopicEncoder(), k=1).moments
    talks.mended()
    change_rows(talks.library, "UPDATE cue_block SET data = x'00'")
    with pytest.raises(DamagedLibrary, match="Run `seekpoint build SOURCE` again"):
        ask("mask", talks.library, encoder=TopicEncoder())
    assert talks.build_whole().updated == TALKS


def test_one_build_mends_an_index_whose_size_and_time_are_right_and_the_manifest(talks: Damaged) -> None:
    for pattern in ("vectors-*", "words-*/*.idx"):
        file = next(talks.library.glob(pattern))
        flip_bit(file, file.stat().st_size // 2)
        assert talks.mended().updated == 0
        assert talks.workshop.encoder.embedded == []
        assert "an index was damaged and is made again" in talks.workshop.events.lines
    manifest = talks.library / "manifest.json"
    for left in (None, 0, 99):
        if left is None:
            manifest.unlink()
        else:
            manifest.write_bytes(manifest.read_bytes()[:left])
        with pytest.raises(LibraryError, match="seekpoint build SOURCE"):
            talks.check()
        assert talks.build_whole().updated == 0
        assert talks.workshop.encoder.embedded == []


@pytest.mark.slow
@pytest.mark.parametrize("filler", [b"\0", b"\xff", b"another page"])
def test_a_page_that_cannot_be_read_costs_what_was_on_it(talks: Damaged, filler: bytes) -> None:
    whole, fetched = (talks.library / database.FILE).read_bytes(), []
    for page in range(10, len(whole) // PAGE, 10):  # none of the schema, without which nothing can be read
        content = whole[PAGE * (page - 3) : PAGE * (page - 2)] if filler == b"another page" else filler * PAGE
        replace_page(talks.library / database.FILE, page, content)
        try:
            talks.check()
        except DamagedLibrary:
            fetched.append(talks.mended().updated)
    assert min(fetched) == 0
    assert max(fetched) <= TALKS


def test_damage_that_a_build_meets_itself_is_mended_by_the_same_build(talks: Damaged) -> None:
    for change in (
        f"UPDATE resource SET state = 'i9dexed' WHERE id = '{TALK}'",
        f"UPDATE resource SET state = 'deferred', retry_after = 9e99 WHERE id = '{TALK}'",
        f"UPDATE listing SET resource_id = '讲座' WHERE resource_id = '{TALK}'",
        "UPDATE setting SET value = '[' WHERE name = 'model'",
    ):
        change_rows(talks.library, change)
        talks.build_whole()
        assert "the library is damaged: the build begins again, to mend what it can" in talks.workshop.events.lines, (
            change
        )
    replace_page(talks.library / database.FILE, 1, b"\xff" * PAGE)  # the resources
    assert talks.build_whole().updated == TALKS
    (talks.library / "manifest.json").write_bytes(b"{")
    replace_page(talks.library / database.FILE, 2, b"\xff" * PAGE)
    talks.build_whole()


def test_where_manifest_and_model_are_lost_no_build_is_promised_to_mend_it(talks: Damaged) -> None:
    (talks.library / "manifest.json").write_bytes(b"{")
    change_rows(talks.library, "UPDATE setting SET value = '[' WHERE name = 'model'")
    for _ in range(2):
        with pytest.raises(DamagedLibrary, match=r"manifest\.json and the model are lost\. Restore it from a copy"):
            talks.build()


@pytest.mark.slow
def test_a_build_that_gives_up_what_its_lists_do_not_name_ends_with_exit_code_3(talks: Damaged) -> None:
    talks.talks.put({k: lines_of(k, 12) for k in range(TALKS) if k != 3})
    change_rows(talks.library, f"UPDATE cue_block SET data = x'00' WHERE transcript_id = {OF_TALK}")
    folder, index = talks.talks.folder, ("--index", talks.library)
    assert call("status", "--check", *index).exit_code == 1
    result = call("build", folder / "list.md", "--captions", folder, *index)
    assert result.exit_code == 3
    assert "Lost to damage: 1 resource, named above" in result.stdout
    assert "Talk 3: its transcript was damaged and has to be fetched again" in result.stderr


def test_what_cannot_be_read_again_is_given_up_once(workshop: Workshop) -> None:
    folder = workshop.write("recordings/讲座.ogg", "").parent
    captions = workshop.write("recordings/讲座.zh.vtt", webvtt("注意力"))
    workshop.build(folder)
    captions.unlink()
    change_rows(workshop.library, "UPDATE cue_block SET data = x'00'")
    with pytest.raises(DamagedLibrary), open_reader(workshop.library) as reader:
        reader.verify()
    report = workshop.build(folder)
    assert (report.given_up, report.states[State.NO_TRANSCRIPT]) == (1, 1)
    assert workshop.build(folder).given_up == 0


def test_a_library_without_passages_is_mended(workshop: Workshop) -> None:
    listed = workshop.write("list.md", "- [讲座](gone.mp4)\n")
    for _ in range(2):
        report = workshop.build(listed)
        assert (report.resources, report.given_up) == (1, 0)
        (workshop.library / database.DAMAGE_MARK).touch()
