"""Builds from lists and caption files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import ModelMismatch, SourceError
from seekpoint.index.open import open_reader
from seekpoint.index.types import Resource, State
from seekpoint.indexer.reading_list.addresses import resource_of_path
from tests.fakes import TopicEncoder
from tests.indexer.builds import RecordedEvents, Workshop, webvtt

EN, ZH = "english0001", "zhongwen001"
ATTENTION = ("attention weighs the words", "the mask hides what comes later", "position tells the order")


def link(video_id: str, title: str = "") -> str:
    return f"- [{title}](https://youtu.be/{video_id})\n"


def talks(workshop: Workshop) -> Path:
    """An English and a Chinese talk, with captions."""
    workshop.write(f"captions/Attention explained [{EN}].en.vtt", webvtt(*ATTENTION))
    workshop.write(f"captions/注意力机制 [{ZH}].zh.vtt", webvtt("注意力给每个词一个权重", "掩码遮住后面的词"))
    return workshop.write("list.md", f"# Talks\n## Basics 基础\n{link(EN, 'Attention')}\n{link(ZH, '注意力')}")


def test_captions_on_disk_replace_requests_and_answer_in_both_languages(workshop: Workshop) -> None:
    report = workshop.build(talks(workshop), captions=workshop.folder / "captions")
    assert (report.entries, report.resources, report.updated, report.embedded) == (2, 2, 2, 2)
    assert (report.states[State.INDEXED], workshop.asked()) == (2, [])
    statuses = workshop.statuses()
    assert [(s.resource.title, s.resource.sections, s.languages) for s in statuses.values()] == [
        ("Attention", (("Basics 基础",),), ("en",)),
        ("注意力", (("Basics 基础",),), ("zh",)),
    ]
    for question, video_id in (("what does the mask hide?", EN), ("掩码有什么用", ZH)):
        found = seekpoint.ask(
            question, workshop.library, encoder=workshop.encoder, language=statuses[video_id].languages[0]
        )
        assert found.moments[0].link.startswith(f"https://www.youtube.com/watch?v={video_id}&t=")


def test_of_two_files_in_a_language_one_is_used_and_reported_once(workshop: Workshop) -> None:
    list_file = talks(workshop)
    folder = workshop.write(f"captions/Other [{EN}].en.srt", webvtt("the cache")).parent
    workshop.build(list_file, captions=folder)
    left_out = f'captions "Other [{EN}].en.srt": left out, "Attention explained [{EN}].en.vtt" has the same language'
    assert workshop.events.lines == [left_out]
    workshop.build(list_file, captions=folder)
    assert workshop.events.lines == []
    workshop.write(f"captions/Attention explained [{EN}].en.vtt", "damaged 损坏")
    workshop.build(list_file, captions=folder)
    assert workshop.encoder.embedded == ["the cache"]
    assert ["no cue found" in line and "indexed without it" in line for line in workshop.events.lines] == [True]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name of a file is text")
def test_files_with_undecodable_names(workshop: Workshop) -> None:
    list_file = talks(workshop)
    captions = workshop.folder / "captions"
    name = os.fsdecode("讲座".encode("gbk"))
    workshop.write(f"captions/{name} [{EN}].en.srt", webvtt("the cache"))
    workshop.write(f"captions/{name}.zh.vtt", webvtt("掩码"))
    report = workshop.build(list_file, captions, captions=captions)
    assert (report.states[State.INDEXED], report.states[State.UNAVAILABLE]) == (2, 1)
    assert [status.reason for status in workshop.statuses().values() if "rename it" in (status.reason or "")]
    for source in (workshop.write(f"{name}.md", link(EN)), workshop.write(f"{name}/a.en.vtt", webvtt("x")).parent):
        with pytest.raises(SourceError, match=r"can't be read as text: rename it"):
            workshop.build(source)


def test_a_second_build_changes_no_file(workshop: Workshop) -> None:
    list_file = talks(workshop)
    list_file.write_text(list_file.read_text("utf-8") + "\n<https://a.org/page>\n", "utf-8")
    workshop.build(list_file, captions=workshop.folder / "captions")
    before = workshop.content()
    report = workshop.build(list_file, captions=workshop.folder / "captions")
    assert (report.updated, report.embedded, workshop.encoder.embedded) == (0, 0, [])
    assert workshop.content() == before


def test_a_changed_caption_file_embeds_only_what_changed(workshop: Workshop) -> None:
    lines = [f"{ATTENTION[k % 3]} {k}" for k in range(40)]
    captions = workshop.write(f"captions/T [{EN}].en.vtt", webvtt(*lines))
    address = f"https://youtu.be/{EN}"
    whole = workshop.build(address, captions=captions.parent).embedded
    lines[20] = "softmax 归一化"
    captions.write_text(webvtt(*lines), "utf-8")
    report = workshop.build(address, captions=captions.parent)
    assert (report.updated, report.states[State.INDEXED]) == (1, 1)
    assert whole > 10 and report.embedded == len(workshop.encoder.embedded) <= 2
    assert all("归一化" in text for text in workshop.encoder.embedded)
    assert workshop.statuses()[EN].chunks == whole


@pytest.mark.parametrize(("text", "reason"), [("WEBVTT\n\nnothing", "no cue found"), ("", "the file is empty")])
def test_a_malformed_caption_file_has_a_state_with_the_reason(workshop: Workshop, text: str, reason: str) -> None:
    list_file, folder = talks(workshop), workshop.folder / "captions"
    workshop.write(f"captions/注意力机制 [{ZH}].zh.vtt", text)
    report = workshop.build(list_file, captions=folder)
    assert (report.states[State.INDEXED], report.states[State.NO_TRANSCRIPT]) == (1, 1)
    refused = workshop.statuses()[ZH]
    assert refused.state is State.NO_TRANSCRIPT and f'captions "注意力机制 [{ZH}].zh.vtt": {reason}' in str(
        refused.reason
    )


def test_a_caption_file_that_breaks_later_leaves_the_resource_as_it_was(workshop: Workshop) -> None:
    list_file, folder = talks(workshop), workshop.folder / "captions"
    workshop.build(list_file, captions=folder)
    before = workshop.statuses()
    workshop.write(f"captions/注意力机制 [{ZH}].zh.vtt", "WEBVTT\n\n00:99")
    report = workshop.build(list_file, captions=folder)
    assert (report.updated, report.states[State.INDEXED]) == (0, 2)
    assert workshop.statuses() == before
    (line,) = workshop.events.lines
    assert line.startswith("注意力: kept as it was") and "no cue found" in line


def test_captions_without_words_are_no_transcript(workshop: Workshop) -> None:
    captions = workshop.write(f"captions/T [{EN}].en.vtt", webvtt(" ", "\u200b"))
    workshop.build(f"https://youtu.be/{EN}", captions=captions.parent)
    assert workshop.statuses()[EN].state is State.NO_TRANSCRIPT


def test_languages_add_and_restrict(workshop: Workshop) -> None:
    folder = workshop.write(f"captions/T [{EN}].en.vtt", webvtt(*ATTENTION)).parent
    workshop.write(f"captions/T [{EN}].zh-TW.srt", webvtt("注意力給每個詞一個權重").removeprefix("WEBVTT"))
    for languages, indexed, embedded in [
        ((), ("en", "zh-TW"), 2),
        (("zh",), ("zh-TW",), 0),
        (("zh", "en"), ("en", "zh-TW"), 1),
    ]:
        report = workshop.build(f"https://youtu.be/{EN}", captions=folder, languages=languages)
        assert (workshop.statuses()[EN].languages, report.embedded) == (indexed, embedded)
    report = workshop.build(f"https://youtu.be/{EN}", captions=folder, languages=["de"])
    assert (report.updated, workshop.statuses()[EN].languages, workshop.asked()) == (0, ("en", "zh-TW"), [])


def test_recordings_beside_their_captions(workshop: Workshop) -> None:
    for name in ("讲座.ogg", "silent.ogg"):
        workshop.write(f"talks/{name}", "sound")
    workshop.write("talks/讲座.zh.vtt", webvtt("注意力给每个词一个权重"))
    report = workshop.build(
        workshop.write("list.md", "[讲座](talks/讲座.ogg) [silent](talks/silent.ogg) [gone](talks/gone.ogg)")
    )
    assert (report.states[State.INDEXED], report.states[State.NO_TRANSCRIPT], report.states[State.UNAVAILABLE]) == (
        1,
        1,
        1,
    )
    by_title = {status.resource.title: status for status in workshop.statuses().values()}
    assert by_title["讲座"].languages == ("zh",)
    assert "silent.LANGUAGE.vtt" in str(by_title["silent"].reason)
    assert "there is no file" in str(by_title["gone"].reason)


def test_a_folder_is_a_source_of_its_own(workshop: Workshop) -> None:
    talks(workshop)
    report = workshop.build(workshop.folder / "captions")
    assert (report.states[State.INDEXED], workshop.asked()) == (2, [])
    assert [status.resource.title for status in workshop.statuses().values()] == ["Attention explained", "注意力机制"]


def test_a_video_on_two_lists_has_both_sections_and_is_indexed_once(workshop: Workshop) -> None:
    talks(workshop)
    one = workshop.write("one.md", f"## Week 1\n{link(EN, 'Attention')}\n{link(EN)}")
    two = workshop.write("two.md", f"## 第二周\n{link(EN)}")
    report = workshop.build(one, two, captions=workshop.folder / "captions")
    assert (report.entries, report.resources, report.updated) == (3, 1, 1)
    (status,) = workshop.statuses().values()
    assert (status.resource.title, status.resource.sections) == ("Attention", (("Week 1",), ("第二周",)))


def test_unlisted_resources_stay_until_pruned(workshop: Workshop) -> None:
    list_file, folder = talks(workshop), workshop.folder / "captions"
    other = workshop.write("other.md", link("another0001"))
    workshop.build(list_file, captions=folder)
    workshop.build(other)
    list_file.write_text(link(EN), "utf-8")
    other.write_text("<https://a.org/page>", "utf-8")
    report = workshop.build(list_file, captions=folder)
    assert (report.resources, report.removed, set(workshop.statuses())) == (1, 0, {EN, ZH, "another0001"})
    report = workshop.build(list_file, captions=folder, prune=True)
    assert (report.removed, set(workshop.statuses())) == (1, {EN, "another0001"})


def test_pruning_keeps_resources_of_another_list(workshop: Workshop) -> None:
    list_file, folder = talks(workshop), workshop.folder / "captions"
    other = workshop.write("other.md", f"## Other\n{link(ZH)}")
    workshop.build(list_file, other, captions=folder)
    list_file.write_text(link(EN), "utf-8")
    assert workshop.build(list_file, captions=folder, prune=True).removed == 0
    assert workshop.statuses()[ZH].resource.sections == (("Other",),)


class InterruptingEvents(RecordedEvents):
    """Interrupts the build at the second resource."""

    def work_on(self, resource: Resource) -> None:
        super().work_on(resource)
        if len(self.worked_on) == 2:
            raise KeyboardInterrupt


def test_an_interrupted_build_keeps_what_was_finished(workshop: Workshop) -> None:
    list_file, folder = talks(workshop), workshop.folder / "captions"
    with pytest.raises(KeyboardInterrupt):
        workshop.build(list_file, captions=folder, events=InterruptingEvents())
    assert Manifest.load(workshop.library).database, "the library is sealed"
    states = {resource_id: status.state for resource_id, status in workshop.statuses().items()}
    assert states == {EN: State.INDEXED, ZH: State.PENDING}
    assert seekpoint.ask("mask", workshop.library, encoder=workshop.encoder).moments[0].resource.id == EN
    report = workshop.build(list_file, captions=folder)
    assert (report.updated, report.states[State.INDEXED]) == (1, 2)


def test_another_model_is_refused_and_nothing_changes(workshop: Workshop) -> None:
    list_file, folder = talks(workshop), workshop.folder / "captions"
    workshop.build(list_file, captions=folder)
    before = workshop.content()
    with pytest.raises(ModelMismatch, match=r"topics .*words .*seekpoint build SOURCE --model words"):
        workshop.build(list_file, captions=folder, encoder=TopicEncoder("words"))
    assert workshop.content() == before


def test_a_source_that_cannot_be_read_leaves_no_library_behind(workshop: Workshop) -> None:
    with pytest.raises(SourceError):
        workshop.build(talks(workshop), workshop.folder / "missing.md")
    assert not workshop.library.exists()


def test_an_id_is_the_same_however_the_path_is_written(workshop: Workshop) -> None:
    workshop.write("talks/讲座.zh.vtt", webvtt("注意力"))
    workshop.build(workshop.folder / "talks" / ".." / "talks")
    assert set(workshop.statuses()) == {resource_of_path(workshop.folder / "talks" / "讲座.zh.vtt").id}


def test_the_resources_of_a_renamed_list_are_pruned(workshop: Workshop) -> None:
    captions = workshop.write(f"captions/T [{EN}].en.vtt", webvtt("attention")).parent
    workshop.write(f"captions/讲座 [{ZH}].zh.vtt", webvtt("注意力"))
    old = workshop.write("old.txt", f"https://youtu.be/{EN} https://youtu.be/{ZH}")
    workshop.build(old, captions=captions)
    new = old.rename(workshop.folder / "新.txt")
    new.write_text(f"https://youtu.be/{EN}", "utf-8")
    assert workshop.build(new, captions=captions).removed == 0
    report = workshop.build(new, captions=captions, prune=True)
    assert (report.removed, list(workshop.statuses()), workshop.encoder.embedded) == (1, [EN], [])
    assert [line for line in workshop.events.lines if "old.txt is no longer there" in line]


def test_the_resources_of_a_list_on_a_missing_disk_are_kept(workshop: Workshop) -> None:
    captions = workshop.write(f"captions/T [{EN}].en.vtt", webvtt("attention")).parent
    workshop.build(workshop.write("disk/list.txt", f"https://youtu.be/{EN}"), captions=captions)
    (workshop.folder / "disk").rename(workshop.folder / "elsewhere")
    other = workshop.write("other.md", "<https://a.org/page>")
    assert workshop.build(other, prune=True).removed == 0
    assert workshop.statuses()[EN].state is State.INDEXED


def test_a_glossary_is_kept_for_later_builds(workshop: Workshop) -> None:
    captions = workshop.write(f"captions/T [{EN}].en.vtt", webvtt("welcome", "the cross entropy loss")).parent
    listed = workshop.write("list.md", f"<https://youtu.be/{EN}>")
    glossary = workshop.write("terms.tsv", "交叉熵损失\tcross entropy loss; log loss\n")
    workshop.build(listed, captions=captions, glossary=glossary)
    with open_reader(workshop.library) as library:
        assert library.translations("zh", ["交叉熵损失"]) == {"en": {"交叉熵损失": (("cross", "entropi", "loss"),)}}
    before = workshop.content()
    seekpoint.build(listed, workshop.library, captions=captions, encoder=workshop.encoder)
    assert workshop.content() == before, "the same dictionaries and the same glossary"


def test_an_invalid_glossary_stops_the_build_before_it_begins(workshop: Workshop) -> None:
    listed = workshop.write("list.md", f"<https://youtu.be/{EN}>")
    with pytest.raises(SourceError, match=r"terms\.tsv, line 1: write a term, a tab"):
        workshop.build(listed, glossary=workshop.write("terms.tsv", "no tab here"))
    assert not workshop.library.exists()


def test_captions_that_are_too_large_are_refused_unread_and_harm_no_other(workshop: Workshop) -> None:
    folder = workshop.write("talks/good.en.vtt", webvtt("attention")).parent
    for name in ("huge.zh.vtt", "both.zh.vtt", "both.en.json3"):
        with (folder / name).open("wb") as file:
            file.truncate(1 << 40)  # takes no room on the disk, and could not be read
    workshop.write("talks/both.en.json3", webvtt("the mask 掩码"))
    report = workshop.build(folder)
    assert (report.states[State.INDEXED], report.states[State.NO_TRANSCRIPT]) == (2, 1)
    too_much = "1099512 MB are too much (at most 20 MB): split it"
    assert [status.reason for status in workshop.statuses().values() if status.reason] == [
        f'captions "huge.zh.vtt": {too_much}'
    ]
    assert workshop.events.lines == [f'captions "both.zh.vtt": {too_much}; indexed without it']
    before = workshop.content()
    assert (workshop.build(folder).updated, workshop.content()) == (0, before)
