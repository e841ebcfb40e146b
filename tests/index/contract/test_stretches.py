"""The contract of the door: what a model noted of a transcript stays as long as the words of the stretch do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seekpoint.index.errors import SeekpointError
from seekpoint.index.open import open_reader
from seekpoint.index.text.stretches import SECONDS, WHOLE, Stretch, stretch_id, stretches
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library
from seekpoint.index.types import Chapter, Cue, Details, EmbeddedTranscript, NotedQuestion, ReadStretch
from tests.index.contract.conftest import Backend
from tests.index.contract.talks import CARD, ENCODER, LANGUAGE, transcript
from tests.index.libraries import embedded

TALK = "attention01"
ASKED = (
    NotedQuestion(0.0, "en", "What weighs the words?"),
    NotedQuestion(10.0, "en", "What does the mask hide?"),
    NotedQuestion(10.0, "zh", "掩码遮住什么？"),
)


def read(talk: str = TALK, questions: tuple[NotedQuestion, ...] = ASKED) -> ReadStretch:
    """What a model noted of the only stretch of a talk."""
    [stretch] = stretches(transcript(talk).transcript.cues)
    vectors = ENCODER.passages([question.text for question in questions]) if questions else None
    titles = (Chapter(10.0, "The mask: 掩码", generated=True),)
    return ReadStretch(talk, 0, LANGUAGE[talk], stretch.digest, "a model", questions, titles, vectors)


def note(backend: Backend, *stretch: ReadStretch) -> None:
    with backend.keeper() as keeper:
        for each in stretch:
            keeper.keep(each)


def noted(backend: Backend) -> list[ReadStretch]:
    """What is noted, of a library that is whole."""
    with backend.reader() as reader:
        reader.verify()
        assert reader.amounts().stretches == len(reader.stretches())
        return reader.stretches()


def test_a_stretch_comes_back_as_it_was_noted_and_a_later_note_takes_its_place(backend: Backend) -> None:
    assert noted(backend) == []
    note(backend, read(), read("zhuyili0001", ()))
    assert noted(backend) == [read(), read("zhuyili0001", ())]
    later = replace(read(questions=ASKED[1:]), reader="a better model")
    note(backend, later)
    assert noted(backend) == [later, read("zhuyili0001", ())]


def test_stretches_are_looked_up_by_id_and_in_one_language_if_they_have_it(backend: Backend) -> None:
    note(backend, read())
    ids = [stretch_id(TALK, 0), stretch_id(TALK, 1), stretch_id("nowhere", 0)]
    with backend.reader() as reader:
        [chinese] = reader.stretches(ids, "zh")
        [french] = reader.stretches(ids, "fr")
        assert (
            reader.stretches([stretch_id("position001", 0)], "en") == reader.stretches(resources=["position001"]) == []
        )
        assert reader.stretches(resources=[TALK, "position001"]) == reader.stretches() == [read()]
    assert chinese.questions == ASKED[2:]
    assert french.questions == ASKED
    assert chinese.vectors is not None
    assert french.vectors is not None
    assert french.vectors == pytest.approx(ENCODER.passages([each.text for each in ASKED]), abs=0.01)
    assert chinese.vectors[0] == pytest.approx(french.vectors[2])


def test_stretches_come_in_the_order_of_their_ids_whatever_was_looked_up_before(backend: Backend) -> None:
    note(backend, read("zhuyili0001", ()), read())
    both = [stretch_id(talk, 0) for talk in ("zhuyili0001", TALK)]
    with backend.reader() as reader:
        assert [each.resource_id for each in reader.stretches(both[:1], "en")] == ["zhuyili0001"]
        assert [each.resource_id for each in reader.stretches(both, "en")] == [TALK, "zhuyili0001"]


def test_a_transcript_comes_with_its_questions_and_titles(backend: Backend) -> None:
    note(backend, read())
    with backend.reader() as reader:
        [whole] = reader.transcripts(TALK)
        [status] = reader.statuses([TALK])
        assert reader.transcripts(TALK, first=1)[0].questions == ()
    assert whole.questions == ASKED
    assert whole.noted_chapters == status.chapters == (Chapter(10.0, "The mask: 掩码", generated=True),)
    assert whole.chapters == transcript(TALK).transcript.chapters


def test_a_rule_s_chapters_stay_where_no_model_has_read(backend: Backend) -> None:
    cues = tuple(Cue(second, second + 10, f"cue at {second}") for second in (0.0, 200.0, SECONDS, 500.0))
    talk = embedded([cue.text for cue in cues], "en")
    made = (Chapter(200.0, "by a rule", generated=True), Chapter(500.0, "“by a rule”", generated=True))
    longer = replace(talk, transcript=replace(talk.transcript, cues=cues, chapters=made))
    with backend.writer() as writer:
        writer.commit(TALK, [longer], Details(), "made again")
    first = next(stretches(cues))
    title = Chapter(0.0, "by a model", generated=True)
    note(backend, ReadStretch(TALK, 0, "en", first.digest, "a model", (), (title,)))
    with backend.reader() as reader:
        assert reader.transcripts(TALK)[0].noted_chapters == (title, made[1])
        assert reader.transcripts(TALK)[0].chapters == made


def summed_up(talk: str, *summary: str) -> ReadStretch:
    """What a model said of a whole talk."""
    titles = tuple(Chapter(0.0, text, generated=True) for text in summary)
    digest = Stretch(WHOLE, 0, transcript(talk).transcript.cues).digest
    return ReadStretch(talk, WHOLE, LANGUAGE[talk], digest, "a model", (), titles)


def test_a_summary_stands_with_its_resource_and_is_no_chapter(backend: Backend) -> None:
    note(
        backend,
        read(),
        summed_up(TALK, "On attention."),
        summed_up("zhuyili0001", "讲注意力。"),
        summed_up("position001"),
    )
    assert [each.number for each in noted(backend)] == [0, WHOLE, WHOLE, WHOLE]
    with backend.reader() as reader:
        told = {status.id: status.summary for status in reader.statuses() if status.summary}
        [status] = reader.statuses([TALK])
        [whole], [part] = reader.transcripts(TALK), reader.transcripts(TALK, first=1)
        [chinese] = reader.transcripts("zhuyili0001")
    assert told == {TALK: "On attention.", "zhuyili0001": "讲注意力。"}
    assert (whole.summary, part.summary, chinese.summary) == ("On attention.", "On attention.", "讲注意力。")
    assert whole.noted_chapters == status.chapters == read().titles
    assert (whole.questions, chinese.questions, chinese.noted_chapters) == (ASKED, (), ())


def test_a_summary_goes_where_a_word_of_the_talk_changes_and_no_other_takes_its_place(backend: Backend) -> None:
    note(backend, read(), summed_up(TALK, "On attention."))
    with backend.writer() as writer:
        writer.commit(TALK, [transcript(TALK)], Details(), "made again")
    assert noted(backend) == [read(), summed_up(TALK, "On attention.")]
    note(backend, summed_up(TALK, "On weights."))
    cues = transcript(TALK).transcript.cues
    longer = (*cues, Cue(2 * SECONDS, 2 * SECONDS + 10, "that is all"))
    talk = replace(transcript(TALK), transcript=replace(transcript(TALK).transcript, cues=longer))
    with backend.reader() as reader:
        assert reader.statuses([TALK])[0].summary == "On weights."
    with backend.writer() as writer:
        writer.commit(TALK, [talk], Details(), "another edition")
    note(backend, summed_up(TALK, "On what was said before."))
    assert noted(backend) == [read()], "its stretch stays"
    with backend.writer() as writer:
        writer.remove([TALK])
    assert noted(backend) == []


def test_a_summary_stands_with_the_transcript_that_it_is_of(backend: Backend) -> None:
    with backend.writer() as writer:
        writer.commit(TALK, [transcript("zhuyili0001"), transcript(TALK)], Details(), "in two languages")
    chinese = summed_up("zhuyili0001", "讲注意力。")
    note(backend, replace(chinese, resource_id=TALK))
    with backend.reader() as reader:
        assert [each.summary for each in reader.transcripts(TALK)] == ["讲注意力。", ""]
        assert reader.statuses([TALK])[0].summary == "讲注意力。"


@pytest.mark.parametrize("texts", [["掩" * 601], ["On masks. " * 61], ["On masks.", "And more."]])
def test_a_forged_summary_is_found_and_shown_up_to_its_bound(
    backend: Backend, texts: list[str], tmp_path: Path
) -> None:
    note(backend, summed_up(TALK, *texts))
    with backend.reader() as reader:
        [told], [status] = reader.transcripts(TALK), reader.statuses([TALK])
        assert told.summary == status.summary == texts[0][:600]
        with pytest.raises(SeekpointError, match="longer than any"):
            reader.verify()
    export_library(backend.address, tmp_path / "archive.seekpoint")
    with pytest.raises(SeekpointError, match="longer than any"):
        import_library(tmp_path / "archive.seekpoint", tmp_path / "copy")


def test_a_summary_with_questions_is_found(backend: Backend) -> None:
    note(backend, replace(summed_up(TALK, "On attention."), questions=ASKED))
    with backend.reader() as reader, pytest.raises(SeekpointError, match="longer than any"):
        reader.verify()


def changed(talk: EmbeddedTranscript) -> EmbeddedTranscript:
    """The talk with another word in its first cue."""
    first, *others = talk.transcript.cues
    return replace(talk, transcript=replace(talk.transcript, cues=(first._replace(text="attention waits"), *others)))


def test_a_build_takes_away_what_was_noted_of_words_that_changed_alone(backend: Backend) -> None:
    note(backend, read(), read("position001", ()))
    with backend.writer() as writer:
        for talk in (TALK, "position001"):
            writer.commit(talk, [transcript(talk)], Details(), "made again")
    assert noted(backend) == [read(), read("position001", ())]
    with backend.writer() as writer:
        writer.commit(TALK, [changed(transcript(TALK))], Details(), "another edition")
    assert noted(backend) == [read("position001", ())]
    with backend.writer() as writer:
        writer.remove(["position001"])
    assert noted(backend) == []


def test_nothing_is_noted_of_words_that_a_build_has_changed_meanwhile(backend: Backend) -> None:
    with backend.writer() as writer:
        writer.commit(TALK, [changed(transcript(TALK))], Details(), "another edition")
        writer.remove(["position001"])
    note(backend, read(), read("position001", ()))
    assert noted(backend) == []


def test_a_stretch_with_titles_alone_is_looked_up_too(backend: Backend) -> None:
    note(backend, read(questions=()))
    with backend.reader() as reader:
        [stretch] = reader.stretches([stretch_id(TALK, 0)], "en")
    assert (stretch.titles, stretch.questions, stretch.vectors) == (read().titles, (), None)


def test_another_model_keeps_the_questions_and_loses_their_vectors(backend: Backend) -> None:
    note(backend, read())
    other = replace(CARD, name="another model", fingerprint="another")
    with backend.writer() as writer:
        with writer.successor(other, print) as successor:
            for due in successor.due:
                successor.writer.commit(due.resource.id, [transcript(due.resource.id)], Details(), due.edition)
        writer.succeed(successor)
    assert noted(backend) == [read()]
    with backend.reader() as reader:
        [stretch] = reader.stretches([stretch_id(TALK, 0)], "en")
        assert reader.amounts().unembedded == 1
    assert stretch.vectors is None


def test_an_archive_carries_what_was_noted(backend: Backend, tmp_path: Path) -> None:
    note(backend, read(), summed_up(TALK, "讲 attention。"))
    export_library(backend.address, tmp_path / "archive.seekpoint")
    copy = tmp_path / "copy"
    import_library(tmp_path / "archive.seekpoint", copy)
    with open_reader(copy) as reader:
        reader.verify()
        assert reader.stretches() == [read(), summed_up(TALK, "讲 attention。")]
        assert reader.stretches([stretch_id(TALK, 0)], "zh")[0].vectors is not None
        assert reader.statuses([TALK])[0].summary == "讲 attention。"
